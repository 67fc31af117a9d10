#include "adapters/home_assistant.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"

namespace powershare::adapters {
namespace {

struct Sensor {
  const char* id;
  const char* name;
  const char* device_class;
  const char* state_class;  ///< a price has none: of money Home Assistant knows totals only
  const char* unit;         ///< none: the unit of prices
};

constexpr std::array<Sensor, 6> sensors{{
    {"imported", "Imported energy", "energy", "total_increasing", "kWh"},
    {"exported", "Exported energy", "energy", "total_increasing", "kWh"},
    {"power", "Power drawn", "power", "measurement", "W"},
    {"bought", "Bought from neighbours this year", "energy", "total_increasing", "kWh"},
    {"sold", "Sold to neighbours this year", "energy", "total_increasing", "kWh"},
    {"price", "Price among neighbours", "monetary", nullptr, nullptr},
}};

std::string state_topic(const HomeAssistantOptions& options, const MeterId& meter,
                        std::string_view sensor) {
  return options.state_prefix + "/" + topic_name(meter) + "/" + std::string(sensor);
}

}  // namespace

std::string availability_topic(const HomeAssistantOptions& options) {
  return options.state_prefix + "/availability";
}

std::string topic_name(const MeterId& meter) {
  std::string result;
  for (const char c : meter.text()) {
    const bool plain =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
      result += c;
    } else {
      result += "-" + to_hex(as_bytes({&c, 1}));
    }
  }
  return result;
}

std::vector<Publication> discovery(const HomeAssistantOptions& options, const MeterId& meter) {
  const auto node = "powershare_" + topic_name(meter);
  std::vector<Publication> result;
  for (const auto& sensor : sensors) {
    nlohmann::ordered_json config;
    config["name"] = sensor.name;
    config["unique_id"] = node + "_" + sensor.id;
    config["state_topic"] = state_topic(options, meter, sensor.id);
    config["device_class"] = sensor.device_class;
    if (sensor.state_class != nullptr) config["state_class"] = sensor.state_class;
    config["unit_of_measurement"] = sensor.unit == nullptr ? options.price_unit : sensor.unit;
    config["availability_topic"] = availability_topic(options);
    config["device"] = {{"identifiers", {node}},
                        {"name", "Power Share " + meter.text()},
                        {"manufacturer", "Power Share"},
                        {"model", "Meter"}};
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    result.push_back({options.discovery_prefix + "/sensor/" + node + "/" + sensor.id + "/config",
                      config.dump(-1, ' ', false, replace)});
  }
  return result;
}

std::vector<Publication> states(const HomeAssistantOptions& options, const MeterId& meter,
                                const MeterStates& values) {
  std::vector<Publication> result;
  const auto add = [&](const char* sensor, const auto& value) {
    if (value) result.push_back({state_topic(options, meter, sensor), to_text(*value)});
  };
  add("imported", values.imported);
  add("exported", values.exported);
  add("power", values.power);
  add("bought", values.bought);
  add("sold", values.sold);
  add("price", values.price);
  return result;
}

}  // namespace powershare::adapters
