#include "apps/adapter_config.hpp"

#include <algorithm>

#include "apps/config_fields.hpp"
#include "apps/error.hpp"
#include "apps/files.hpp"
#include "apps/key_files.hpp"

namespace powershare::apps {
namespace {

constexpr std::size_t max_meters = 64;
constexpr std::size_t max_peers = 64;

/// A secret's first line.
Result<std::string> read_secret(const std::filesystem::path& file) {
  auto text = read_secret_file(file);
  if (!text) return text;
  return text->substr(0, text->find_first_of("\r\n"));
}

std::string secret(const ConfigFields& fields, const std::string& name) {
  if (!fields.has(name)) return {};
  auto text = read_secret(fields.path(name));
  if (text) return *text;
  fields.wrong(name, "cannot be used: " + text.error().detail());
  return {};
}

std::uint16_t port(const ConfigFields& fields, std::uint16_t otherwise) {
  return static_cast<std::uint16_t>(fields.number_or("port", otherwise, 1, 65'535));
}

TasmotaSource read_tasmota_source(const ConfigFields& fields) {
  fields.allow({"topic", "group", "imported", "exported", "power"});
  TasmotaSource source;
  source.topic = fields.text("topic");
  source.fields.group = fields.text_or("group", source.fields.group);
  source.fields.imported = fields.text_or("imported", source.fields.imported);
  source.fields.exported = fields.text_or("exported", source.fields.exported);
  source.fields.power = fields.text_or("power", source.fields.power);
  return source;
}

ShellyGen1Source read_shelly_gen1_source(const ConfigFields& fields) {
  fields.allow({"topic", "channels"});
  return {fields.text("topic"), static_cast<std::size_t>(fields.number_or("channels", 1, 1, 3))};
}

ShellySource read_shelly_source(const ConfigFields& fields) {
  fields.allow({"topic", "component"});
  ShellySource source{fields.text("topic"), fields.text_or("component", "em:0")};
  const auto component = adapters::ShellyComponent::create(source.prefix, source.component);
  if (!component) fields.wrong("component", "is not known: " + component.error().detail());
  return source;
}

P1Source read_p1_source(const ConfigFields& fields) {
  fields.allow(
      {"host", "port", "path", "baud", "parity", "checksum", "clock", "winter_offset_minutes"});
  P1Source source;
  if (fields.has("host") == fields.has("path")) {
    fields.wrong("host", "or path must be given, and not both");
  } else if (fields.has("host")) {
    source.line.host = fields.text("host");
    source.line.port = port(fields, 23);
  } else {
    source.line.path = fields.path("path").string();
  }
  source.line.baud = static_cast<unsigned>(fields.number_or("baud", 115'200, 1'200, 115'200));
  const auto parity = fields.text_or("parity", "8N1");
  if (parity != "8N1" && parity != "7E1") fields.wrong("parity", "must be 8N1 or 7E1");
  source.line.seven_even_one = parity == "7E1";
  source.options.checksum_required = fields.flag_or("checksum", true);
  const auto clock = fields.text_or("clock", "meter");
  if (clock != "meter" && clock != "box") fields.wrong("clock", "must be meter or box");
  source.meter_clock = clock == "meter";
  // What stands in a file already was heard at another time than now.
  source.line.from_end = !source.meter_clock;
  source.options.winter_offset_minutes =
      static_cast<int>(fields.number_or("winter_offset_minutes", 60, 0, 840));
  return source;
}

MeterSource read_source(const ConfigFields& fields, bool& over_mqtt) {
  const std::vector<std::string> kinds{"tasmota", "shelly_gen1", "shelly", "p1"};
  if (std::ranges::count_if(kinds, [&](const auto& kind) { return fields.has(kind); }) != 1) {
    fields.wrong("meter", "needs exactly one of tasmota, shelly_gen1, shelly, p1");
    return TasmotaSource{};
  }
  if (fields.has("p1")) return read_p1_source(fields.map("p1"));
  over_mqtt = true;
  if (fields.has("tasmota")) return read_tasmota_source(fields.map("tasmota"));
  if (fields.has("shelly")) return read_shelly_source(fields.map("shelly"));
  return read_shelly_gen1_source(fields.map("shelly_gen1"));
}

AdaptedMeter read_meter(const ConfigFields& fields, bool& over_mqtt) {
  fields.allow(
      {"meter", "key", "tasmota", "shelly_gen1", "shelly", "p1", "max_kw", "wraps_at_kwh"});
  AdaptedMeter meter;
  if (auto id = MeterId::parse(fields.text("meter"))) {
    meter.meter = *id;
  } else {
    fields.wrong("meter", "is " + id.error().detail());
  }
  meter.source = read_source(fields, over_mqtt);
  if (fields.has("key")) {
    auto key = load_key(fields.path("key"));
    if (key) {
      meter.key = *key;
    } else {
      fields.wrong("key", "cannot be used: " + key.error().detail());
    }
  }
  meter.max_watts = static_cast<std::int64_t>(fields.number_or("max_kw", 100, 1, 100'000)) * 1'000;
  if (fields.has("wraps_at_kwh")) {
    const auto wraps = fields.number_or("wraps_at_kwh", 0, 1'000, 1'000'000'000);
    meter.wraps_at = Energy::from_nano(static_cast<std::int64_t>(wraps) * nano_per_unit);
  }
  return meter;
}

BrokerConfig read_broker(const ConfigFields& fields) {
  fields.allow(
      {"host", "port", "client_id", "username", "password_file", "ca_file", "home_assistant"});
  BrokerConfig broker;
  broker.host = fields.text("host");
  broker.ca_file = fields.has("ca_file") ? fields.path("ca_file").string() : "";
  broker.port = port(fields, broker.ca_file.empty() ? 1'883 : 8'883);
  broker.client_id = fields.text_or("client_id", broker.client_id);
  broker.username = fields.text_or("username", "");
  broker.password = secret(fields, "password_file");
  if (fields.has("home_assistant")) {
    const auto map = fields.map("home_assistant");
    map.allow({"discovery_prefix", "state_prefix", "price_unit"});
    adapters::HomeAssistantOptions options;
    options.discovery_prefix = map.text_or("discovery_prefix", options.discovery_prefix);
    options.state_prefix = map.text_or("state_prefix", options.state_prefix);
    options.price_unit = map.text_or("price_unit", options.price_unit);
    for (const auto& [name, prefix] : {std::pair("discovery_prefix", options.discovery_prefix),
                                       std::pair("state_prefix", options.state_prefix)}) {
      if (prefix.find_first_of("+#") != std::string::npos) map.wrong(name, "must be a plain topic");
    }
    broker.home_assistant = options;
  }
  return broker;
}

void read_peers(const ConfigFields& fields, AdapterConfig& config) {
  for (const auto& url : fields.texts("peers")) {
    auto peer = parse_peer_url(url);
    if (peer) {
      config.peers.push_back(*peer);
    } else {
      fields.wrong("peers", "has a wrong entry: " + peer.error().detail());
    }
  }
  if (config.peers.empty() || config.peers.size() > max_peers) {
    fields.wrong("peers", "must name 1 to " + std::to_string(max_peers) + " peers");
  }
  if (fields.has("certificate_authority")) {
    config.certificate_authority = fields.path("certificate_authority").string();
  }
  const bool secure = std::any_of(config.peers.begin(), config.peers.end(),
                                  [](const PeerAddress& peer) { return peer.secure; });
  if (secure && config.certificate_authority.empty()) {
    fields.wrong("peers", "has https, which needs certificate_authority");
  }
}

void check(const ConfigFields& fields, const AdapterConfig& config, bool over_mqtt) {
  if (config.meters.empty() || config.meters.size() > max_meters) {
    fields.wrong("meters", "must name 1 to " + std::to_string(max_meters) + " meters");
  }
  if (over_mqtt && !config.mqtt) fields.wrong("mqtt", "is missing, and a meter speaks MQTT");
  for (std::size_t i = 0; i < config.meters.size(); ++i) {
    const auto& meter = config.meters[i];
    if (!meter.key && config.api_key.empty()) {
      fields.wrong("meters", "has " + meter.meter.text() + " with neither key nor api_key_file");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (config.meters[j].meter == meter.meter) {
        fields.wrong("meters", "has " + meter.meter.text() + " twice");
      }
    }
  }
}

}  // namespace

Result<AdapterConfig> load_adapter_config(const std::filesystem::path& file) {
  auto loaded = ConfigFields::load(file);
  if (!loaded) return loaded.error();
  const auto& fields = *loaded;
  fields.allow({"state", "peers", "certificate_authority", "genesis", "api_key_file", "interval",
                "live", "mqtt", "meters"});
  AdapterConfig config;
  config.state = fields.path("state");
  read_peers(fields, config);
  if (fields.has("genesis")) config.genesis = fields.path("genesis");
  config.api_key = secret(fields, "api_key_file");
  if (fields.has("interval")) {
    const auto interval = parse_duration_ms(fields.text("interval"));
    if (interval && *interval > 0 && *interval % millis_per_second == 0) {
      config.interval_ms = *interval;
    } else {
      fields.wrong("interval", "must be whole seconds, as 15m");
    }
  }
  config.live = fields.flag_or("live", true);
  if (fields.has("mqtt")) config.mqtt = read_broker(fields.map("mqtt"));
  bool over_mqtt = false;
  for (const auto& meter : fields.maps("meters")) {
    config.meters.push_back(read_meter(meter, over_mqtt));
  }
  check(fields, config, over_mqtt);
  if (const auto fault = fields.fault()) return *fault;
  return config;
}

}  // namespace powershare::apps
