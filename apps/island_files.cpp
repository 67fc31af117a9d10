#include "apps/island_files.hpp"

#include <signal.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const IslandPeer& peer, bool secure) {
  const auto url = [](std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); };
  const auto rest =
      (secure ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(peer.http_port);
  return {{"id", peer.id.text()},
          {"pid", peer.pid},
          {"config", peer.config.string()},
          {"http", rest},
          {"metrics", url(peer.metrics_port) + "/metrics"},
          {"data", peer.data.string()}};
}

/// The port of "http://127.0.0.1:8080" or "http://127.0.0.1:9464/metrics".
std::uint16_t port_of(const std::string& url) {
  const auto colon = url.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos) {
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  }
  return port;
}

IslandPeer peer_from(const Json& json) {
  return {PeerId::parse(json.at("id").get<std::string>()).value(),
          json.at("pid").get<pid_t>(),
          json.at("config").get<std::string>(),
          port_of(json.at("http").get<std::string>()),
          port_of(json.at("metrics").get<std::string>()),
          json.at("data").get<std::string>()};
}

}  // namespace

Result<void> write_island(const std::filesystem::path& folder, const Island& island) {
  Json microgrids = Json::array();
  for (const auto& chain : island.microgrids) {
    Json peers = Json::array();
    for (const auto& peer : chain.peers) {
      peers.push_back(to_json(peer, !island.certificate_authority.empty()));
    }
    microgrids.push_back({{"id", chain.id.text()}, {"peers", std::move(peers)}});
  }
  Json document = {{"microgrids", std::move(microgrids)},
                   {"island", nullptr},
                   {"admin_api_key", island.administrator_api_key}};
  if (!island.certificate_authority.empty()) {
    document["certificate_authority"] = island.certificate_authority.string();
  }
  return write_file(folder / "island.json", document.dump(2) + "\n", 0600);
}

Result<Island> read_island(const std::filesystem::path& folder) {
  const auto file = folder / "island.json";
  auto text = read_file(file, 1u << 20);
  if (!text) return text.error();
  try {
    const auto document = Json::parse(*text);
    Island island;
    island.administrator_api_key = document.at("admin_api_key").get<std::string>();
    island.certificate_authority = document.value("certificate_authority", "");
    for (const auto& microgrid : document.at("microgrids")) {
      IslandChain chain;
      auto id = ChainId::parse(microgrid.at("id").get<std::string>());
      if (!id) return id.error();
      chain.id = *id;
      for (const auto& peer : microgrid.at("peers")) {
        if (!is_plain_name(peer.at("id").get<std::string>())) {
          return Error{AppError::bad_configuration, file.string() + ": a peer without a proper id"};
        }
        chain.peers.push_back(peer_from(peer));
      }
      island.microgrids.push_back(std::move(chain));
    }
    return island;
  } catch (const nlohmann::json::exception& error) {
    return Error{AppError::bad_configuration, file.string() + ": " + error.what()};
  }
}

std::optional<pid_t> running_peer(const std::filesystem::path& data) {
  std::ifstream file(data / "peer.pid");
  pid_t pid = 0;
  if (!(file >> pid) || pid <= 0 || ::kill(pid, 0) != 0) return std::nullopt;
  // The pid may belong to another program by now: a peer names its configuration on its command
  // line.
  std::ifstream command_line("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string arguments{std::istreambuf_iterator<char>(command_line), {}};
  const auto folder = data.lexically_normal().parent_path().filename().string();
  const bool ours = arguments.find(std::string("\0peer\0", 6)) != std::string::npos &&
                    arguments.find(folder) != std::string::npos;
  return ours ? std::optional<pid_t>(pid) : std::nullopt;
}

}  // namespace powershare::apps
