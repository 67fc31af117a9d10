#include "apps/genesis_files.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

Result<crypto::PublicKey> key_from(const Json& json, const char* name) {
  const auto found = json.find(name);
  const auto bytes = found == json.end() || !found->is_string()
                         ? std::nullopt
                         : from_hex(found->get_ref<const std::string&>());
  crypto::PublicKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return Error{AppError::bad_configuration,
                 std::string("member: ") + name + " is not a key of 64 hexadecimal digits"};
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

ledger::ProvisionAsset provision(const ledger::ParticipantRef& owner, ledger::AssetClass asset,
                                 std::int64_t balance_nano) {
  const bool cash = asset == ledger::AssetClass::cash;
  return {owner, asset, cash ? "EUR" : "", balance_nano};
}

}  // namespace

std::string member_to_json(const ledger::Member& member) {
  return Json{{"peer", member.peer.text()},
              {"consensus_key", to_hex(member.consensus_key)},
              {"gateway_key", to_hex(member.gateway_key)},
              {"transport_key", to_hex(member.transport_key)}}
      .dump();
}

Result<ledger::Member> member_from_json(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("peer") || !json["peer"].is_string()) {
    return Error{AppError::bad_configuration, "not a member line as `powershare keys` prints it"};
  }
  auto peer = PeerId::parse(json["peer"].get_ref<const std::string&>());
  if (!peer) return peer.error();
  auto consensus = key_from(json, "consensus_key");
  if (!consensus) return consensus.error();
  auto gateway = key_from(json, "gateway_key");
  if (!gateway) return gateway.error();
  auto transport = key_from(json, "transport_key");
  if (!transport) return transport.error();
  return ledger::Member{*peer, *consensus, *gateway, *transport};
}

Result<ledger::Genesis> load_genesis(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return text.error();
  auto genesis = ledger::Genesis::from_json(*text);
  if (!genesis) {
    return Error{AppError::bad_configuration, file.string() + ": " + genesis.error().detail()};
  }
  return genesis;
}

std::vector<ledger::Payload> institutions_registry(const std::string& utility, Price tariff,
                                                   Price feed_in) {
  using namespace ledger;
  Participant supplier;
  supplier.ref = {ParticipantType::utility_company, *ParticipantId::parse(utility)};
  supplier.name = utility;
  supplier.supplier = true;
  supplier.tariff = tariff;
  supplier.feed_in = feed_in;
  Participant bank;
  bank.ref = {ParticipantType::bank, *ParticipantId::parse("B1")};
  bank.name = "Bank";
  return {AddParticipant{supplier}, AddParticipant{bank}};
}

std::vector<ledger::Payload> neighbourhood_registry(
    const std::vector<SimulatedHome>& homes, const std::vector<crypto::PublicKey>& meter_keys,
    Price tariff, Price feed_in, Coins opening_coins) {
  using namespace ledger;
  auto registry = institutions_registry("EEM", tariff, feed_in);
  for (std::size_t i = 0; i < homes.size(); ++i) {
    Participant resident;
    resident.ref = {ParticipantType::resident, homes[i].resident};
    resident.buy_rate = homes[i].buy_rate;
    resident.sell_rate = homes[i].sell_rate;
    registry.emplace_back(AddParticipant{resident});
    registry.emplace_back(provision(resident.ref, AssetClass::coins, opening_coins.nano()));
    registry.emplace_back(provision(resident.ref, AssetClass::energy, 0));
    registry.emplace_back(provision(resident.ref, AssetClass::cash, 0));
    registry.emplace_back(RegisterMeter{homes[i].meter, resident.ref, meter_keys[i], std::nullopt,
                                        MeterKind::home, homes[i].plant_watts, ""});
  }
  return registry;
}

}  // namespace powershare::apps
