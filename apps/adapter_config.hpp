// adapter.yaml: which devices of other makers speak for which meters (docs/adapters.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/dsmr_p1.hpp"
#include "adapters/home_assistant.hpp"
#include "adapters/shelly.hpp"
#include "adapters/tasmota.hpp"
#include "apps/peer_client.hpp"
#include "base/ids.hpp"
#include "crypto/keys.hpp"
#include "net/byte_source.hpp"

namespace powershare::apps {

struct TasmotaSource {
  std::string topic;  ///< "tele/house/SENSOR"
  adapters::TasmotaFields fields;
};
struct ShellyGen1Source {
  std::string prefix;  ///< "shellies/shellyem3-ABC123"
  std::size_t channels = 1;
};
struct ShellySource {
  std::string prefix;     ///< "shellypro3em-b8d61a"
  std::string component;  ///< "em:0"
};
struct P1Source {
  net::ByteSourceOptions line;
  adapters::P1Options options;
  bool meter_clock = true;  ///< the telegram's time stamp; else when it was heard
};
using MeterSource = std::variant<TasmotaSource, ShellyGen1Source, ShellySource, P1Source>;

struct AdaptedMeter {
  MeterId meter;
  std::optional<crypto::KeyPair> key;  ///< signs its readings; none: sent with the API key
  MeterSource source;
  std::int64_t max_watts = 100'000;
  std::optional<Energy> wraps_at;
};

struct BrokerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string client_id = "powershare-adapter";
  std::string username;
  std::string password;
  std::string ca_file;
  std::optional<adapters::HomeAssistantOptions> home_assistant;
};

struct AdapterConfig {
  std::filesystem::path state;  ///< file of this program's own
  std::vector<PeerAddress> peers;
  std::string certificate_authority;             ///< PEM file; where a peer is reached over https
  std::optional<std::filesystem::path> genesis;  ///< none: what the first peer says is kept
  std::string api_key;                           ///< empty: none
  std::optional<std::int64_t> interval_ms;       ///< none: the market's slot
  bool live = true;                              ///< bring live power to the peers
  std::optional<BrokerConfig> mqtt;
  std::vector<AdaptedMeter> meters;
};

/// Reads a configuration and the key files that it names; relative paths are taken from its own
/// folder. AppError::bad_configuration in one sentence.
Result<AdapterConfig> load_adapter_config(const std::filesystem::path& file);

}  // namespace powershare::apps
