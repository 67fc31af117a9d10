#include "apps/up_folder.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "apps/error.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_config.hpp"
#include "apps/time_zone.hpp"
#include "apps/tls_files.hpp"
#include "crypto/hash.hpp"

namespace powershare::apps {
namespace {

constexpr const char* microgrid = "funchal";

/// A replay makes slots final after a day of island time, so that its state stays small (DECISIONS
/// 22).
constexpr std::int64_t replay_final_after_ms = millis_per_day;

/// Made anew at each start.
constexpr int certificate_days = 365;

Result<void> check_port_free(int port) {
  if (port < 1 || port > 65'535) {
    return Error{AppError::usage, "port " + std::to_string(port) + " is outside 1 to 65535"};
  }
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  if (free) return {};
  return Error{AppError::unavailable, "port " + std::to_string(port) + " is taken"};
}

std::string endpoint(int port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}

int control_port(const UpOptions& options, int peer) {
  return options.peer_port + 2 * peer;
}
int bulk_port(const UpOptions& options, int peer) {
  return control_port(options, peer) + 1;
}

Result<void> check_ports(const UpOptions& options) {
  for (int peer = 0; peer < options.peers; ++peer) {
    for (const int port : {options.http_port + peer, options.metrics_port + peer,
                           control_port(options, peer), bulk_port(options, peer)}) {
      auto free = check_port_free(port);
      if (!free) return free;
    }
  }
  return {};
}

PeerId peer_id(int peer) {
  return *PeerId::parse(std::string(microgrid) + "-" + std::to_string(peer));
}

/// What a folder's genesis depends on, as text: a second start must say the same.
std::string fixed_options(const UpOptions& options, UtcMillis start) {
  std::string text = "peers " + std::to_string(options.peers) + "\nstart " + to_iso8601(start) +
                     "\nslot " + options.slot + "\nrule " + options.rule + "\nopening_coins " +
                     options.opening_coins + "\nseed " + std::to_string(options.seed) + "\n";
  if (options.empty) text += "empty\n";
  if (options.storage != "none") text += "storage " + options.storage + "\n";
  if (options.vehicles != "none") text += "vehicles " + options.vehicles + "\n";
  if (options.battery_reserve != "0") {
    text += "battery_reserve " + options.battery_reserve + "\n";
  }
  if (!options.zone.empty()) text += "zone " + options.zone + "\n";
  if (options.profiles) {
    text += "profiles " + std::filesystem::weakly_canonical(*options.profiles).string() + "\n";
  }
  return text;
}

Result<void> check_same_options(const std::filesystem::path& folder, const std::string& fixed) {
  const auto file = folder / "up.options";
  std::error_code code;
  if (!std::filesystem::exists(file, code)) return write_file(file, fixed, 0600);
  auto before = read_file(file, 1u << 16);
  if (!before) return before.error();
  if (*before == fixed) return {};
  return Error{AppError::bad_configuration, folder.string() + " was made with other options (see " +
                                                file.string() +
                                                "); give another --data or the same options"};
}

Result<ledger::Genesis> make_genesis(const UpOptions& options,
                                     const std::filesystem::path& chain_folder,
                                     const std::vector<ledger::Member>& members,
                                     const std::vector<crypto::PublicKey>& meter_keys,
                                     const Profiles* profiles, UtcMillis start) {
  ledger::Genesis genesis;
  genesis.chain = *ChainId::parse(microgrid);
  genesis.created = {std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count()};
  genesis.members = members;
  auto administrator = make_key(chain_folder / "administrator.key");
  if (!administrator) return administrator.error();
  genesis.administrator_key = administrator->public_key();
  auto opening = parse_quantity<Coins>(options.opening_coins);
  if (!opening || opening->is_negative())
    return Error{AppError::usage, "--opening-coins takes an amount, as 1000"};
  auto slot_ms = parse_duration_ms(options.slot);
  if (!slot_ms || !is_slot_length(*slot_ms))
    return Error{AppError::usage, "--slot takes 1m, 5m, 15m, 30m or 1h"};
  genesis.parameters.slot_ms = *slot_ms;
  genesis.parameters.clearing_rule = options.rule;
  // A trial's administrator has nothing but the API key: the limits of a day are as high as they
  // go.
  genesis.parameters.gateway_daily_coins = Coins::from_nano(1'000'000'000 * nano_per_unit);
  genesis.parameters.gateway_daily_cash = Cash::from_nano(1'000'000'000 * nano_per_unit);
  if (profiles != nullptr) {
    genesis.simulated = true;
    genesis.simulated_start = start;
    genesis.parameters.final_after_ms = replay_final_after_ms;
    auto feeder = make_key(chain_folder / "feeder.key");
    if (!feeder) return feeder.error();
    genesis.feeder_key = feeder->public_key();
    genesis.registry = neighbourhood_registry(profiles->homes(), meter_keys, ledger::default_rate,
                                              Price{}, *opening);
  }
  auto calendar = read_time_zone(options.zone.empty() ? default_zone : options.zone,
                                 first_calendar_year, last_calendar_year);
  if (calendar) {
    genesis.registry.emplace_back(*std::move(calendar));
  } else if (!options.zone.empty()) {
    return calendar.error();
  } else {
    std::fprintf(stderr, "powershare: %s; the chain's local time is UTC\n",
                 calendar.error().detail().c_str());
  }
  // The door of each peer acts for the administrator's API key (DECISIONS 17).
  for (const auto& member : members) {
    genesis.registry.emplace_back(
        ledger::BindKey{member.gateway_key, "administrator",
                        static_cast<std::uint32_t>(ledger::Scope::administrator)});
  }
  return genesis;
}

Result<std::vector<crypto::KeyPair>> make_meter_keys(const std::filesystem::path& folder,
                                                     const Profiles* profiles) {
  std::vector<crypto::KeyPair> keys;
  if (profiles == nullptr) return keys;
  auto made = make_folder(folder);
  if (!made) return made.error();
  for (const auto& home : profiles->homes()) {
    auto key = make_key(folder / (home.meter.text() + ".key"));
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  return keys;
}

PeerConfig peer_config(const UpOptions& options, int peer, const std::string& api_key) {
  PeerConfig config;
  config.peer = peer_id(peer);
  config.genesis = "../genesis.json";
  config.keys = "keys";
  config.data = "data";
  config.http.port = static_cast<std::uint16_t>(options.http_port + peer);
  if (options.tls) {
    TlsConfig tls;
    tls.certificate = "../../tls/server.pem";
    tls.key = "../../tls/server.key";
    tls.hsts_seconds = 0;  // a browser would refuse plain HTTP on every other port of localhost
    config.http_tls = std::move(tls);
  }
  config.metrics.port = static_cast<std::uint16_t>(options.metrics_port + peer);
  config.control_endpoint = endpoint(control_port(options, peer));
  config.bulk_endpoint = endpoint(bulk_port(options, peer));
  for (int other = 0; other < options.peers; ++other) {
    if (other == peer) continue;
    config.remotes.push_back({peer_id(other), endpoint(control_port(options, other)),
                              endpoint(bulk_port(options, other))});
  }
  config.administrator_key_sha256 = crypto::to_hex(crypto::sha256(as_bytes(api_key)));
  config.composer_namespaces = options.composer_namespaces;
  for (int each = 0; each < options.peers; ++each) {
    config.web_peers.push_back(std::string(options.tls ? "https" : "http") +
                               "://127.0.0.1:" + std::to_string(options.http_port + each));
  }
  config.composer_multiuser = options.composer_multiuser;
  return config;
}

/// The API key of an earlier start, else the one given, else a new one.
std::string choose_api_key(const UpOptions& options, const std::filesystem::path& folder) {
  if (!options.api_key.empty()) return options.api_key;
  const auto before = read_island(folder);
  return before ? before->administrator_api_key : generate_api_key();
}

}  // namespace

Result<UpFolder> prepare_folder(const UpOptions& options, const std::filesystem::path& folder,
                                const Profiles* profiles, UtcMillis start) {
  auto ports = check_ports(options);
  if (!ports) return ports.error();
  const auto chain_folder = folder / microgrid;
  auto made = make_folder(chain_folder);
  if (!made) return made.error();
  auto same = check_same_options(folder, fixed_options(options, start));
  if (!same) return same.error();

  UpFolder result;
  result.folder = folder;
  result.island.administrator_api_key = choose_api_key(options, folder);
  if (options.tls) {
    auto tls = make_tls_files(folder / "tls", {}, certificate_days);
    if (!tls) return tls.error();
    result.island.certificate_authority = tls->authority;
  }
  IslandChain chain{*ChainId::parse(microgrid), {}};
  std::vector<ledger::Member> members;
  for (int peer = 0; peer < options.peers; ++peer) {
    const auto peer_folder = chain_folder / peer_id(peer).text();
    auto keys = make_peer_keys(peer_folder / "keys");
    if (!keys) return keys.error();
    members.push_back(member_of(peer_id(peer), *keys));
    const auto config = peer_config(options, peer, result.island.administrator_api_key);
    auto written = write_file(peer_folder / "peer.yaml", config.to_yaml(), 0600);
    if (!written) return written.error();
    chain.peers.push_back({peer_id(peer), 0, peer_folder / "peer.yaml", config.http.port,
                           config.metrics.port, peer_folder / "data"});
  }
  result.island.microgrids.push_back(std::move(chain));
  auto meter_keys = make_meter_keys(chain_folder / "meters", profiles);
  if (!meter_keys) return meter_keys.error();
  result.meter_keys = std::move(*meter_keys);

  const auto genesis_file = chain_folder / "genesis.json";
  std::error_code code;
  if (!std::filesystem::exists(genesis_file, code)) {
    std::vector<crypto::PublicKey> public_keys;
    for (const auto& key : result.meter_keys) public_keys.push_back(key.public_key());
    auto genesis = make_genesis(options, chain_folder, members, public_keys, profiles, start);
    if (!genesis) return genesis.error();
    auto written = write_file(genesis_file, genesis->to_json() + "\n", 0644);
    if (!written) return written.error();
    result.fresh = true;
  }
  auto genesis = load_genesis(genesis_file);
  if (!genesis) return genesis.error();
  result.genesis = std::move(*genesis);
  if (result.genesis.simulated) {
    auto feeder = load_key(chain_folder / "feeder.key");
    if (!feeder) return feeder.error();
    result.feeder_key = std::move(*feeder);
  }
  return result;
}

std::optional<pid_t> running_up(const std::filesystem::path& folder) {
  std::ifstream file(folder / "up.pid");
  pid_t pid = 0;
  if (!(file >> pid) || pid <= 0 || pid == ::getpid() || ::kill(pid, 0) != 0) return std::nullopt;
  std::ifstream command_line("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string arguments{std::istreambuf_iterator<char>(command_line), {}};
  const bool ours = arguments.find(std::string("\0up\0", 4)) != std::string::npos ||
                    arguments.ends_with(std::string("\0up\0", 4));
  return ours ? std::optional<pid_t>(pid) : std::nullopt;
}

Result<void> note_running_up(const std::filesystem::path& folder) {
  return write_file(folder / "up.pid", std::to_string(::getpid()) + "\n", 0600);
}

}  // namespace powershare::apps
