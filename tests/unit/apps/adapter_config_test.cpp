#include "apps/adapter_config.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "apps/exit.hpp"
#include "apps/files.hpp"

using namespace powershare;
using namespace powershare::apps;

namespace {

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-box-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    REQUIRE(write_file(path / "H01.key", std::string(64, 'a') + "\n", 0600).ok());
    REQUIRE(write_file(path / "api.key", "ps_secret\n", 0600).ok());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Result<AdapterConfig> load(const std::string& text) const {
    std::ofstream(path / "adapter.yaml") << text;
    return load_adapter_config(path / "adapter.yaml");
  }
  std::filesystem::path path;
};

const std::string good =
    "state: box/adapter.state\n"
    "peers: [\"http://127.0.0.1:8080\", \"http://[::1]:8081\"]\n"
    "api_key_file: api.key\n"
    "interval: 5m\n"
    "mqtt:\n"
    "  host: 127.0.0.1\n"
    "  username: box\n"
    "  password_file: api.key\n"
    "  home_assistant: {price_unit: CVE/kWh}\n"
    "meters:\n"
    "  - meter: H01\n"
    "    key: H01.key\n"
    "    tasmota: {topic: tele/house/SENSOR, group: SML, imported: Total_in}\n"
    "    wraps_at_kwh: 100000\n"
    "  - meter: H02\n"
    "    shelly: {topic: shellypro3em-b8, component: \"em1:0\"}\n"
    "  - meter: H03\n"
    "    shelly_gen1: {topic: shellies/shellyem3-A1, channels: 3}\n"
    "  - meter: H04\n"
    "    p1: {host: 192.0.2.7, port: 2001}\n"
    "    max_kw: 20\n"
    "  - meter: H05\n"
    "    p1: {path: line, clock: box, parity: 7E1, baud: 9600, checksum: false}\n";

std::string changed(std::string_view from, std::string_view to) {
  auto text = good;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("an adapter's configuration names its meters and their devices") {
  const Folder folder;
  const auto config = folder.load(good);
  if (!config) FAIL(config.error().detail());
  CHECK(config->state == folder.path / "box/adapter.state");
  CHECK(config->peers[1].port == 8081);
  CHECK(config->api_key == "ps_secret");
  CHECK(config->interval_ms == 300'000);
  CHECK(config->mqtt->port == 1883);
  CHECK(config->mqtt->password == "ps_secret");
  CHECK(config->mqtt->home_assistant->price_unit == "CVE/kWh");
  REQUIRE(config->meters.size() == 5);
  CHECK(config->meters[0].key.has_value());
  CHECK(config->meters[0].wraps_at == Energy::from_nano(100'000 * nano_per_unit));
  CHECK(std::get<TasmotaSource>(config->meters[0].source).fields.imported == "Total_in");
  CHECK(std::get<ShellySource>(config->meters[1].source).component == "em1:0");
  CHECK(std::get<ShellyGen1Source>(config->meters[2].source).channels == 3);
  CHECK(std::get<P1Source>(config->meters[3].source).meter_clock);
  CHECK(config->meters[3].max_watts == 20'000);
  const auto& line = std::get<P1Source>(config->meters[4].source);
  CHECK(line.line.path == folder.path / "line");
  CHECK(line.line.from_end);
  CHECK_FALSE(line.options.checksum_required);
}

TEST_CASE("a configuration with a fault is refused in one sentence that names it") {
  const Folder folder;
  const std::vector<std::pair<std::string, const char*>> faults{
      {changed("interval", "intervall"), "unknown field intervall"},
      {changed("interval: 5m", "interval: 5m\ninterval: 6m"), "interval stands twice"},
      {changed("interval: 5m", "interval: 250ms"), "interval must be whole seconds"},
      {changed("state: box/adapter.state\n", ""), "missing field state"},
      {changed("http://127.0.0.1:8080", "ftp://127.0.0.1"), "peers has a wrong entry"},
      {changed("http://127.0.0.1:8080", "https://127.0.0.1:8080"), "needs certificate_authority"},
      {changed("[\"http://127.0.0.1:8080\", \"http://[::1]:8081\"]", "[]"), "peers must name"},
      {changed("api_key_file: api.key\n", ""), "H02 with neither key nor api_key_file"},
      {changed("api.key", "none.key"), "api_key_file cannot be used"},
      {changed("host: 127.0.0.1\n", "port: 5\n"), "missing field mqtt.host"},
      {changed("  host", "  port: 70000\n  host"), "mqtt.port must be a whole number"},
      {changed("price_unit", "prise_unit"), "unknown field mqtt.home_assistant.prise_unit"},
      {changed("meter: H01", "meter: H/01"), "meters.meter is not a valid meter id"},
      {changed("meter: H02", "meter: H01"), "has H01 twice"},
      {changed("key: H01.key", "key: H09.key"), "meters.key cannot be used"},
      {changed("topic: tele/house/SENSOR, ", ""), "missing field meters.tasmota.topic"},
      {changed("em1:0", "light:0"), "meters.shelly.component is not known"},
      {changed("channels: 3", "channels: 4"), "from 1 to 3"},
      {changed("host: 192.0.2.7, ", ""), "host or path must be given"},
      {changed("parity: 7E1", "parity: 9X9"), "parity must be 8N1 or 7E1"},
      {changed("checksum: false", "checksum: maybe"), "must be true or false"},
      {changed("clock: box", "clock: wall"), "clock must be meter or box"},
      {changed("    p1: {host: 192.0.2.7, port: 2001}\n", ""), "needs exactly one of"},
      {changed("meters:", "metres:"), "unknown field metres"},
      {"meters: 5\npeers: 7\nstate: x\n", "is not a list"},
      {"- 1\n- 2\n", "the file is not a map of fields"},
      {"state: [\n", "adapter.yaml"},
      {"", "not a map"}};
  for (const auto& [text, sentence] : faults) {
    const auto config = folder.load(text);
    CAPTURE(sentence);
    REQUIRE_FALSE(config.ok());
    CAPTURE(config.error().detail());
    CHECK(config.error().detail().find(sentence) != std::string::npos);
    CHECK(exit_code_of(config.error()) == ExitCode::bad_configuration);
  }
}

TEST_CASE("a meter over MQTT needs a broker") {
  const Folder folder;
  const auto begin = good.find("mqtt:");
  const auto end = good.find("meters:");
  const auto config = folder.load(good.substr(0, begin) + good.substr(end));
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().detail().find("mqtt is missing") != std::string::npos);
}

TEST_CASE("a key file that others may read is refused") {
  const Folder folder;
  REQUIRE(::chmod((folder.path / "H01.key").c_str(), 0644) == 0);
  CHECK_FALSE(folder.load(good).ok());
}
