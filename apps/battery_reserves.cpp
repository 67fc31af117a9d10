#include "apps/battery_reserves.hpp"

#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/feeder.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::json;

Result<void> wish(PeerConnections& peers, const std::string& api_key, const Json& criteria) {
  std::string reason = "no peer answers";
  for (std::size_t peer = 0; peer < peers.size(); ++peer) {
    const auto response = peers.request(peer, "POST", "/v1/transactions", criteria.dump(), api_key);
    if (response && response->status == 200) return {};
    if (response) reason = response->body;
  }
  return Error{AppError::failed, "--battery-reserve: " + reason};
}

}  // namespace

Result<void> wish_battery_reserves(const UpOptions& options, const UpFolder& folder,
                                   const Profiles* profiles) {
  const auto storage = storage_options(options.storage, options.vehicles, options.battery_reserve);
  if (!storage) return storage.error();
  if (!folder.fresh || profiles == nullptr || storage->batteries == BatteryMode::none ||
      storage->reserve.is_zero()) {
    return {};
  }
  std::vector<std::uint16_t> ports;
  for (const auto& peer : folder.island.microgrids.front().peers) ports.push_back(peer.http_port);
  PeerConnections peers(ports, folder.island.certificate_authority.string());
  for (const HomeBattery& battery : profiles->storage().batteries) {
    const Json criteria = {
        {"type", "SetCriteria"},
        {"participant", "Resident:" + profiles->homes()[battery.home].resident.text()},
        {"battery_reserve_kwh", to_text(storage->reserve)}};
    if (auto wished = wish(peers, folder.island.administrator_api_key, criteria); !wished) {
      return wished;
    }
  }
  return {};
}

}  // namespace powershare::apps
