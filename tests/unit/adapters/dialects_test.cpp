#include <doctest/doctest.h>

#include "adapters/error.hpp"
#include "adapters/home_assistant.hpp"
#include "adapters/json_numbers.hpp"
#include "adapters/shelly.hpp"
#include "adapters/tasmota.hpp"

using namespace powershare;
using namespace powershare::adapters;

namespace {

Energy kwh(std::string_view text) {
  return parse_quantity<Energy>(text).value();
}

Power watts(std::string_view text) {
  return parse_quantity<Power>(text).value();
}

bool is(const Error& error, AdapterError code) {
  return error.code() == make_error_code(code);
}

}  // namespace

TEST_CASE("a Tasmota plug's registers are taken digit by digit") {
  const auto report = read_tasmota(
      R"({"Time":"2026-11-30T12:00:00","ENERGY":{"TotalStartTime":"2020-01-01T00:00:00",)"
      R"("Total":9007199.254740993,"Yesterday":1.5,"Today":0.25,"ExportActive":12.001,)"
      R"("Power":-230.5,"Voltage":230}})");
  REQUIRE(report.ok());
  CHECK(report->imported == kwh("9007199.254740993"));  // one more digit than a double has
  CHECK(report->exported == kwh("12.001"));
  CHECK(report->power == watts("-230.5"));
  CHECK_FALSE(report->time.has_value());
}

TEST_CASE("a Tasmota meter of three phases is summed") {
  const auto report =
      read_tasmota(R"({"ENERGY":{"Total":[1.1,2.2,3.3],"Power":[100,-50,7],"TotalReturned":0.5}})");
  REQUIRE(report.ok());
  CHECK(report->imported == kwh("6.6"));
  CHECK(report->exported == kwh("0.5"));
  CHECK(report->power == watts("57"));
}

TEST_CASE("a script of Tasmota's smart-meter interface has names of its own") {
  TasmotaFields fields;
  fields.group = "SML";
  fields.imported = "Total_in";
  fields.exported = "Total_out";
  fields.power = "Power_curr";
  const auto report =
      read_tasmota(R"({"SML":{"Total_in":1234.5678,"Total_out":1e3,"Power_curr":-12}})", fields);
  REQUIRE(report.ok());
  CHECK(report->imported == kwh("1234.5678"));
  CHECK(report->exported == kwh("1000"));
  CHECK(report->power == watts("-12"));
}

TEST_CASE("what no Tasmota meter says is refused") {
  const auto code = [](std::string_view text) { return read_tasmota(text).error(); };
  CHECK(is(code(R"({"Time":"x","AM2301":{"Temperature":21.5}})"), AdapterError::no_meter));
  CHECK(is(code(R"({"ENERGY":{"Total":"12"}})"), AdapterError::no_meter));
  CHECK(is(code(R"({"ENERGY":{"Total":null}})"), AdapterError::no_meter));
  CHECK(is(code("42"), AdapterError::no_meter));
  for (const char* text :
       {"", "{", "nonsense", R"({"ENERGY":{"Total":-1}})", R"({"ENERGY":{"Total":1e30}})",
        R"({"ENERGY":{"Total":1e999}})", R"({"ENERGY":{"Total":NaN}})",
        R"({"ENERGY":{"Total":1,"Total":2}})", R"({"ENERGY":{"Total":[9e9,9e9]}})",
        R"({"ENERGY":{"Total":1}} x)", "{\"ENERGY\":{\"Total\":1,\"x\":\"\xff\"}}"}) {
    CAPTURE(text);
    CHECK(is(code(text), AdapterError::malformed));
  }
  CHECK(is(code(std::string(70'000, ' ')), AdapterError::too_large));
  CHECK(is(code(std::string(20, '[')), AdapterError::too_large));
  std::string many = "[0";
  for (int i = 0; i < 2'000; ++i) many += ",1";
  CHECK(is(code(many + "]"), AdapterError::too_large));
}

TEST_CASE("elements of arrays are counted whatever they are") {
  const auto numbers = JsonNumbers::parse(R"({"a":[null,true,"x",[5],{"b":6},7]})");
  REQUIRE(numbers.ok());
  CHECK(numbers->at("a.3.0") == std::vector<std::string_view>{"5"});
  CHECK(numbers->at("a.4.b") == std::vector<std::string_view>{"6"});
  CHECK(numbers->at("a.5") == std::vector<std::string_view>{"7"});
  CHECK(numbers->at("a").empty());  // the first element is no number
}

TEST_CASE("a first-generation Shelly reports when all its channels have spoken") {
  ShellyGen1 meter("shellies/shellyem3-A1", 3);
  CHECK(meter.topics() == "shellies/shellyem3-A1/emeter/+/+");
  const auto say = [&](const std::string& topic, std::string_view payload) {
    return meter.take("shellies/shellyem3-A1/emeter/" + topic, payload).value();
  };
  for (const char* channel : {"0", "1", "2"}) {
    const auto c = std::string(channel);
    const auto power = say(c + "/power", "-100.25");
    CHECK(power.power.has_value() == (c == "2"));
    if (power.power) CHECK(power.power == watts("-300.75"));
    CHECK(say(c + "/voltage", "231.1") == Report{});
    CHECK(say(c + "/total", "1000.1") == Report{});
    const auto report = say(c + "/total_returned", "20.05");
    CHECK(report.imported.has_value() == (c == "2"));
    if (c != "2") continue;
    CHECK(report.imported == kwh("3.0003"));
    CHECK(report.exported == kwh("0.06015"));
  }
  // The next round begins from nothing.
  CHECK(say("2/total", "1001") == Report{});
  CHECK(say("2/total_returned", "21") == Report{});
  // Other topics, other devices, other channels.
  CHECK(meter.take("shellies/shellyem3-A1/relay/0", "on").value() == Report{});
  CHECK(meter.take("shellies/shellyem3-A2/emeter/0/total", "1").value() == Report{});
  CHECK(say("3/total", "1") == Report{});
  CHECK(say("/total", "1") == Report{});
  CHECK(say("0", "1") == Report{});
  for (const char* text : {"", "x", "1,5", "-1", "1e99", "nan", "0x10", " 1"}) {
    CAPTURE(text);
    CHECK(is(meter.take("shellies/shellyem3-A1/emeter/0/total", text).error(),
             AdapterError::malformed));
  }
  CHECK(is(meter.take("shellies/shellyem3-A1/emeter/0/power", std::string(40, '1')).error(),
           AdapterError::too_large));
}

TEST_CASE("a second-generation Shelly has power and registers in two documents") {
  const auto meter = ShellyComponent::create("shellypro3em-b8", "em:0");
  REQUIRE(meter.ok());
  CHECK(meter->topics() ==
        std::vector<std::string>{"shellypro3em-b8/status/em:0", "shellypro3em-b8/status/emdata:0"});
  const auto power = meter->take("shellypro3em-b8/status/em:0",
                                 R"({"id":0,"a_act_power":5.1,"total_act_power":-1234.567})");
  REQUIRE(power.ok());
  CHECK(*power == Report{{}, {}, watts("-1234.567"), {}});
  const auto data =
      meter->take("shellypro3em-b8/status/emdata:0",
                  R"({"id":0,"a_total_act_energy":1,"total_act":1234567.89,"total_act_ret":0.01})");
  REQUIRE(data.ok());
  CHECK(*data == Report{kwh("1234.56789"), kwh("0.00001"), {}, {}});
  CHECK(meter->take("shellypro3em-b8/status/em:1", "no JSON").value() == Report{});
  CHECK_FALSE(meter->take("shellypro3em-b8/status/em:0", "no JSON").ok());
}

TEST_CASE("a phase and a plug of the second generation") {
  const auto phase = ShellyComponent::create("p", "em1:2").value();
  CHECK(phase.take("p/status/em1:2", R"({"id":2,"act_power":7})")->power == watts("7"));
  CHECK(phase.take("p/status/em1data:2", R"({"total_act_energy":12.5,"total_act_ret_energy":3})")
            .value() == Report{kwh("0.0125"), kwh("0.003"), {}, {}});
  const auto plug = ShellyComponent::create("p", "switch:0").value();
  CHECK(plug.topics() == std::vector<std::string>{"p/status/switch:0"});
  CHECK(plug.take("p/status/switch:0",
                  R"({"output":true,"apower":8.9,"aenergy":{"total":6532.1,"by_minute":[1,2,3]}})")
            .value() == Report{kwh("6.5321"), {}, watts("8.9"), {}});
  for (const char* component : {"em", "em:", "em:x", "em:-1", "em:1234", "light:0", ":0", ""}) {
    CAPTURE(component);
    CHECK_FALSE(ShellyComponent::create("p", component).ok());
  }
}

TEST_CASE("Home Assistant finds six sensors per meter") {
  const auto meter = MeterId::parse("H-1").value();
  CHECK(topic_name(meter) == "H-2d1");
  CHECK(topic_name(MeterId::parse("H.2:x_Y").value()) == "H-2e2-3ax_Y");
  const HomeAssistantOptions options;
  const auto configs = discovery(options, meter);
  REQUIRE(configs.size() == 6);
  CHECK(configs[0].topic == "homeassistant/sensor/powershare_H-2d1/imported/config");
  CHECK(configs[0].payload ==
        R"({"name":"Imported energy","unique_id":"powershare_H-2d1_imported",)"
        R"("state_topic":"powershare/H-2d1/imported","device_class":"energy",)"
        R"("state_class":"total_increasing","unit_of_measurement":"kWh",)"
        R"("availability_topic":"powershare/availability","device":{"identifiers":)"
        R"(["powershare_H-2d1"],"name":"Power Share H-1","manufacturer":"Power Share",)"
        R"("model":"Meter"}})");
  CHECK(configs[5].payload.find(R"("device_class":"monetary","unit_of_measurement":"EUR/kWh")") !=
        std::string::npos);
  MeterStates values;
  values.imported = kwh("12.5");
  values.price = parse_quantity<Price>("0.1629").value();
  CHECK(states(options, meter, values) ==
        std::vector<Publication>{{"powershare/H-2d1/imported", "12.5"},
                                 {"powershare/H-2d1/price", "0.1629"}});
}
