#include "gateway/composer/ledger_records.hpp"

#include "base/encoding.hpp"
#include "gateway/composer/instance.hpp"
#include "ledger/registry.hpp"
#include "ledger/rights.hpp"

namespace powershare::gateway::composer {
namespace {

using ledger::AssetClass;
using ledger::ParticipantRef;

std::string or_default(const std::string& id, AssetClass asset, const ParticipantRef& owner) {
  return id.empty() ? ledger::asset_id_of(asset, owner.id) : id;
}

constexpr std::size_t mark_bytes = 20;

Digest trade_mark(const Digest& genesis) {
  return crypto::sha256(Encoder().raw(as_bytes("powershare/composer/trade/1")).raw(genesis).data());
}

/// The fields of one of the five, by payload.
class PayloadRecord {
 public:
  explicit PayloadRecord(Record& record) : record_(record) {}

  void operator()(const ledger::EnergyToCoins& p) {
    record_.number("energyRate", p.energy_rate.nano()).number("energyValue", p.energy.nano());
    asset("coinsInc", AssetClass::coins, p.coins_inc, p.seller);
    asset("coinsDec", AssetClass::coins, p.coins_dec, p.buyer);
    asset("energyInc", AssetClass::energy, p.energy_inc, p.buyer);
    asset("energyDec", AssetClass::energy, p.energy_dec, p.seller);
  }
  void operator()(const ledger::CashToCoins& p) {
    record_.number("cashRate", p.cash_rate.nano()).number("cashValue", p.cash.nano());
    asset("coinsInc", AssetClass::coins, p.coins_inc, p.coins_to);
    asset("coinsDec", AssetClass::coins, p.coins_dec, p.coins_from);
    asset("cashInc", AssetClass::cash, p.cash_inc, p.coins_from);
    asset("cashDec", AssetClass::cash, p.cash_dec, p.coins_to);
  }
  void operator()(const ledger::TransferCoinsToEV& p) {
    record_.number("coinsValue", p.coins.nano());
    asset("coinsInc", AssetClass::coins, p.coins_inc, p.to);
    asset("coinsDec", AssetClass::coins, p.coins_dec, p.from);
  }
  void operator()(const ledger::CashFundingResident& p) {
    record_.number("cashValue", p.cash.nano());
    asset("cashInc", AssetClass::cash, p.cash_inc, p.resident);
  }
  void operator()(const ledger::CashWithdrawalResident& p) {
    record_.number("cashValue", p.cash.nano());
    asset("cashDec", AssetClass::cash, p.cash_dec, p.resident);
  }
  template <class Other>
  void operator()(const Other&) {}

 private:
  void asset(std::string_view name, AssetClass asset, const std::string& id,
             const ParticipantRef& owner) {
    record_.reference(name, type_of(asset).name, or_default(id, asset, owner));
  }
  Record& record_;
};

}  // namespace

Record asset_record(const ledger::AssetView& asset) {
  const auto& type = type_of(asset.asset);
  Record record;
  record.text("$class", type.full_name()).text(type.id_field, asset.id);
  if (asset.asset == AssetClass::energy) record.text("units", asset.units);
  if (asset.asset == AssetClass::cash) record.text("currency", asset.currency);
  record.number("value", asset.balance_nano).text("ownerID", asset.owner.id.text());
  record.text("ownerEntity", std::string(ledger::to_text(asset.owner.type)));
  return record;
}

Row participant_row(const ledger::StateReader& state, const ledger::Participant& participant) {
  const auto& ref = participant.ref;
  const auto& type = type_of(ref.type);
  const auto assets = ledger::asset_references(state, ref);
  Row row;
  auto& record = row.record;
  record.text("$class", type.full_name());
  for (const auto& field : type.fields) {
    const auto name = field.name;
    if (name == type.id_field) {
      record.text(name, ref.id.text());
    } else if (name == "firstName" || name == "lastName" || name == "email") {
      record.text(name, {});
      row.profile = participant.profile;
    } else if (name == "buyRate") {
      record.number(name, participant.buy_rate.nano());
    } else if (name == "sellRate") {
      record.number(name, participant.sell_rate.nano());
    } else if (name == "type") {
      record.text(name, std::string(ledger::to_text(participant.vehicle_type)));
    } else if (name == "brand") {
      record.text(name, participant.brand);
    } else if (name == "model") {
      record.text(name, participant.model);
    } else if (name == "ownerID") {
      record.text(name, participant.owner ? participant.owner->text() : std::string());
    } else if (name == "name") {
      record.text(name, participant.name);
    } else if (name == "coins") {
      record.reference(name, field.target, or_default(assets.coins, AssetClass::coins, ref));
    } else if (name == "cash") {
      record.reference(name, field.target, or_default(assets.cash, AssetClass::cash, ref));
    } else if (name == "energy") {
      record.reference(name, field.target, or_default(assets.energy, AssetClass::energy, ref));
    }
  }
  return row;
}

void set_profile(Record& record, const Profile& profile) {
  const auto set = [&](std::string_view name, const std::string& value) {
    if (auto* cell = record.find(name)) cell->text = value;
  };
  set("firstName", profile.first_name);
  set("lastName", profile.last_name);
  set("email", profile.email);
}

std::optional<Row> find_row(const ledger::StateReader& state, const Type& type,
                            const std::string& id) {
  if (const auto asset = asset_class(type)) {
    const auto found = ledger::find_asset(state, *asset, id);
    if (!found) return std::nullopt;
    return Row{asset_record(*found), {}};
  }
  const auto participant = participant_type(type);
  const auto participant_id = ParticipantId::parse(id);
  if (!participant || !participant_id) return std::nullopt;
  const auto found = ledger::find_participant(state, {*participant, *participant_id});
  if (!found) return std::nullopt;
  return participant_row(state, *found);
}

std::optional<Record> transaction_record(const Type& type, const std::string& id,
                                         const ledger::Payload& payload, UtcMillis time) {
  if (ledger::payload_name(payload) != type.name) return std::nullopt;
  Record record;
  record.text("$class", type.full_name());
  std::visit(PayloadRecord(record), payload);
  record.text("transactionId", id).time("timestamp", time);
  return record;
}

Record trade_record(const std::string& id, const ledger::SettledTrade& trade, UtcMillis time) {
  ledger::EnergyToCoins payload;
  payload.energy_rate = trade.price;
  payload.energy = trade.energy;
  payload.seller = trade.seller;
  payload.buyer = trade.buyer;
  return *transaction_record(*find_type("EnergyToCoins"), id, payload, time);
}

std::string trade_id(const Digest& genesis, UtcMillis slot, std::uint32_t index) {
  const auto mark = trade_mark(genesis);
  return to_hex(Encoder().raw(ByteView(mark).first(mark_bytes)).time(slot).u32(index).data());
}

std::optional<TradeKey> parse_trade_id(const Digest& genesis, std::string_view id) {
  if (id.size() != 2 * sizeof(Digest)) return std::nullopt;
  const auto bytes = from_hex(id);
  const auto mark = trade_mark(genesis);
  if (!bytes || to_hex(*bytes) != id ||
      !equal(ByteView(*bytes).first(mark_bytes), ByteView(mark).first(mark_bytes))) {
    return std::nullopt;
  }
  Decoder in(ByteView(*bytes).subspan(mark_bytes));
  TradeKey key;
  key.slot = in.time();
  key.index = in.u32();
  return key;
}

void resolve(Record& record, const ledger::StateReader& state, std::string_view principal) {
  for (auto& [name, cell] : record.cells()) {
    if (cell.kind != Cell::Kind::reference) continue;
    const auto reference = parse_reference(cell.text, {});
    const auto dot = reference.full_type.rfind('.');
    const auto* type = find_type(dot == std::string::npos ? reference.full_type
                                                          : reference.full_type.substr(dot + 1));
    const auto asset = type == nullptr ? std::nullopt : asset_class(*type);
    if (!asset) continue;
    const auto found = ledger::find_asset(state, *asset, reference.id);
    if (!found) continue;
    if (!principal.empty() && !ledger::controls(state, principal, found->owner)) continue;
    cell = {Cell::Kind::json, to_json(asset_record(*found)), 0};
  }
}

}  // namespace powershare::gateway::composer
