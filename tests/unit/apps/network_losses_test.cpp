#include "apps/network_losses.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/governance.hpp"

using namespace powershare;
using namespace powershare::apps;
using nlohmann::json;

namespace {

/// A feeder of two buses behind the source: B1 and B2 at phases 1 and 2 of the first, C1 at phase 1
/// of the second. Goes with the test.
class Folder {
 public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-feeder-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    write("buses.csv", "bus,x_m,y_m\nA,0,0\nB,1,0\nC,2,0\n");
    write("lines.csv",
          "line,bus_from,bus_to,linecode,length_m\nL1,A,B,code,500\nL2,B,C,code,500\n");
    write("linecodes.csv",
          "linecode,r1_ohm_per_km,x1_ohm_per_km,r0_ohm_per_km,x0_ohm_per_km\n"
          "code,0.3,0.1,1,0.3\n");
    write("loads.csv",
          "load,bus,phase,rated_kw,power_factor,profile\n"
          "B1,B,1,1,0.95,1\nB2,B,2,1,0.95,2\nC1,C,1,1,0.95,3\n");
    write("profiles_1min_kw.csv", "minute,p1,p2,p3\n0,1,1,2\n1,0.5,0.25,1\n2,1,1,1\n");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const char* name, const std::string& content) const {
    std::ofstream(path / name) << content;
  }
  NetworkLossesOptions options() const {
    NetworkLossesOptions result;
    result.feeder = path;
    result.minutes = "0-2";
    return result;
  }

  std::filesystem::path path;
};

json network_of(const NetworkLossesOptions& options) {
  const auto losses = find_network_losses(options);
  REQUIRE_MESSAGE(losses, (losses ? "" : losses.error().detail()));
  return json::parse(losses->payload);
}

std::string fault_of(const NetworkLossesOptions& options, AppError code) {
  const auto losses = find_network_losses(options);
  REQUIRE_FALSE(losses);
  CHECK(losses.error().code() == make_error_code(code));
  return losses.error().detail();
}

}  // namespace

TEST_CASE("minutes are numbers and ranges, ascending, each once") {
  CHECK(*read_minutes("566") == std::vector<std::uint32_t>{566});
  CHECK(*read_minutes("10-20/5,3,15-16") == std::vector<std::uint32_t>{3, 10, 15, 16, 20});
  CHECK(read_minutes("0-1439")->size() == 1'440);
  for (const char* wrong :
       {"", "a", "5-3", "1-2-3", "1/0", "1-9/", "1,", "-4", "0-9999999999", "0-4294967295"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_minutes(wrong));
  }
}

TEST_CASE("the feeder's factors become a network whose zones are houses, phases or named ones") {
  const Folder folder;
  auto options = folder.options();
  const json by_load = network_of(options);
  CHECK(by_load["type"] == "SetNetwork");
  REQUIRE(by_load["zones"].size() == 6);
  CHECK(by_load["zones"][0]["id"] == "island");
  CHECK_FALSE(by_load["zones"][0].contains("parent"));
  CHECK(by_load["zones"][2]["id"] == "feeder");
  CHECK(by_load["zones"][5]["id"] == "C1");
  CHECK(by_load["zones"][5]["parent"] == 2);
  CHECK(by_load["members"][2] == json{{"participant", "Resident:C1"}, {"zone", 5}});
  REQUIRE(by_load["losses"].size() == 6);
  // From the near house to the far one on the same phase it loses, back it saves: 0.
  const auto loss = [&](const json& network, int from, int to) {
    for (const json& each : network["losses"]) {
      if (each["from"] == from && each["to"] == to) return each["loss_nano"].get<std::int64_t>();
    }
    return std::int64_t{-1};
  };
  CHECK(loss(by_load, 3, 5) > 1'000'000);
  CHECK(loss(by_load, 5, 3) == 0);

  options.zones = "phase";
  const json by_phase = network_of(options);
  REQUIRE(by_phase["zones"].size() == 5);
  CHECK(by_phase["zones"][3]["id"] == "feeder phase 1");
  CHECK(by_phase["members"][2]["zone"] == 3);
  // Within phase 1 the two directions cancel out; phase 2 alone has no pair of its own.
  CHECK(loss(by_phase, 3, 3) == 0);
  CHECK(loss(by_phase, 4, 4) == -1);

  folder.write("zones.csv", "B1,near\nC1,far\nB2,near\n");
  folder.write("homes.csv", "B1,Resident:H1\r\nB2,Resident:H2\r\nC1,ElectricVehicle:V1\r\n");
  options.zones = folder.path / "zones.csv";
  options.participants = folder.path / "homes.csv";
  options.method = "average";
  options.fees = {"feeder=0.01", "island=0.02"};
  options.transformer_kva = 100;
  options.name = "street";
  const json named = network_of(options);
  CHECK(named["zones"][3]["id"] == "near");
  CHECK(named["zones"][4]["id"] == "far");
  CHECK(named["members"][2] == json{{"participant", "ElectricVehicle:V1"}, {"zone", 4}});
  CHECK(named["zones"][2]["id"] == "street");
  CHECK(named["zones"][2]["fees"][0]["per_kwh"] == "0.01");
  CHECK(named["zones"][2]["max_export_kwh"] == "25");
  CHECK(named["zones"][2]["max_import_kwh"] == "25");
  CHECK(named["zones"][0]["fees"][0]["per_kwh"] == "0.02");
  CHECK(loss(named, 3, 4) > 0);
}

TEST_CASE("the same feeder gives the same bytes, and governance takes them") {
  const Folder folder;
  const auto once = find_network_losses(folder.options());
  const auto again = find_network_losses(folder.options());
  REQUIRE(once);
  REQUIRE(again);
  CHECK(once->payload == again->payload);
  CHECK(once->table.find("3 buses, 2 lines, 3 loads; 3 operating points") == 0);
  folder.write("network.json", once->payload);
  GovernanceOptions options;
  options.action = GovernanceAction::network;
  options.file = folder.path / "network.json";
  const auto payload = governance_payload(options);
  REQUIRE_MESSAGE(payload, (payload ? "" : payload.error().detail()));
  CHECK(std::get<ledger::SetNetwork>(*payload).losses.size() == 6);
  folder.write("network.json", R"({"type":"ClockStep","to":"2021-02-15T00:00:00Z"})");
  CHECK(governance_payload(options).error().detail().ends_with("no SetNetwork"));
  folder.write("network.json", R"({"type":"SetNetwork","zones":[{"id":"a","parent":3}]})");
  CHECK_FALSE(governance_payload(options));
}

TEST_CASE("what is wrong with a feeder or an option is said in one sentence") {
  const Folder folder;
  auto options = folder.options();
  options.method = "exact";
  CHECK(fault_of(options, AppError::usage) == "--method takes marginal or average");
  options = folder.options();
  options.minutes = "0-5";
  CHECK(fault_of(options, AppError::bad_configuration).ends_with("the profiles have no minute 3"));
  options = folder.options();
  options.load_kw = "many";
  CHECK(fault_of(options, AppError::usage) == "--load-kw takes a number of kW");
  options.load_kw = "1000";
  CHECK(fault_of(options, AppError::failed).starts_with("the feeder cannot deliver what is drawn"));
  options = folder.options();
  options.fees = {"street=1"};
  CHECK(fault_of(options, AppError::usage) ==
        "--fee takes feeder=COINS, neighbourhood=COINS or island=COINS");
  options.fees = {"feeder=-1"};
  CHECK(fault_of(options, AppError::usage) ==
        "a network fee must be between 0 and 1000 coins per kWh");
  options = folder.options();
  folder.write("zones.csv", "B1,near\nC1,far\n");
  options.zones = folder.path / "zones.csv";
  CHECK(fault_of(options, AppError::bad_configuration).ends_with("no line for load B2"));
  options.zones = folder.path / "nowhere.csv";
  fault_of(options, AppError::bad_configuration);
  options = folder.options();
  options.source = "Z";
  CHECK(fault_of(options, AppError::bad_configuration).ends_with("buses.csv: no bus Z"));
  folder.write("lines.csv", "line,bus_from,bus_to,linecode,length_m\nL1,A,B,code,500\n");
  options = folder.options();
  CHECK(fault_of(options, AppError::bad_configuration)
            .ends_with("no line leads from the source to bus C"));
  std::filesystem::remove(folder.path / "loads.csv");
  fault_of(options, AppError::bad_configuration);
}
