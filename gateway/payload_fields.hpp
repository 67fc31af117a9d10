// The fields of every payload, once: the same list writes JSON, reads JSON and describes it in the
// OpenAPI document. An archive has field(name, member) for what must be there and optional(name,
// member) for what may be missing or null; sparse() is optional(), and what is empty is not
// written.
#pragma once

#include <concepts>
#include <string_view>

#include "ledger/transaction.hpp"

namespace powershare::gateway {

/// An int64 count of nano-units whose unit depends on another field.
struct NanoAmount {
  std::int64_t& nano;
};
/// Watts in the ledger, kW with decimals in JSON (DECISIONS 56).
struct Kilowatts {
  std::int64_t& watts;
};
/// A bit set of ledger::Scope, a list of names in JSON.
struct ScopeSet {
  std::uint32_t& bits;
};
/// A PEM text, with line breaks.
struct LongText {
  std::string& text;
};

template <class A>
void fields(A& a, ledger::ParticipantRef& ref) {
  a.field("type", ref.type);
  a.field("id", ref.id);
}

template <class A>
void fields(A& a, ledger::Participant& p) {
  fields(a, p.ref);
  a.optional("buy_rate", p.buy_rate);
  a.optional("sell_rate", p.sell_rate);
  a.optional("owner", p.owner);
  a.optional("vehicle_type", p.vehicle_type);
  a.optional("brand", p.brand);
  a.optional("model", p.model);
  a.optional("name", p.name);
  a.optional("supplier", p.supplier);
  a.optional("tariff", p.tariff);
  a.optional("feed_in", p.feed_in);
  a.optional("profile", p.profile);
}

template <class A>
void fields(A& a, ledger::AssetReferences& p) {
  a.sparse("energy", p.energy);
  a.sparse("coins", p.coins);
  a.sparse("cash", p.cash);
}
template <class A>
void fields(A& a, ledger::AddParticipant& p) {
  a.field("participant", p.participant);
  a.sparse("assets", p.assets);
}
template <class A>
void fields(A& a, ledger::UpdateParticipant& p) {
  a.field("participant", p.participant);
  a.sparse("assets", p.assets);
}
template <class A>
void fields(A& a, ledger::DeleteParticipant& p) {
  a.field("participant", p.ref);
}

template <class A, class P>
void asset_fields(A& a, P& p) {
  a.field("owner", p.owner);
  a.field("asset", p.asset);
  a.optional("currency", p.currency);
  a.sparse("id", p.id);
}
template <class A>
void fields(A& a, ledger::ProvisionAsset& p) {
  asset_fields(a, p);
  NanoAmount balance{p.balance_nano};
  a.field("balance", balance);
  a.sparse("units", p.units);
}
template <class A>
void fields(A& a, ledger::AdjustAsset& p) {
  asset_fields(a, p);
  NanoAmount balance{p.balance_nano};
  a.field("balance", balance);
  a.sparse("units", p.units);
  a.sparse("new_owner", p.new_owner);
}
template <class A>
void fields(A& a, ledger::DeleteAsset& p) {
  asset_fields(a, p);
}

template <class A>
void fields(A& a, ledger::RegisterMeter& p) {
  a.field("meter", p.meter);
  a.field("owner", p.owner);
  a.optional("public_key", p.public_key);
  a.optional("parent", p.parent);
  a.optional("kind", p.kind);
  Kilowatts plant{p.plant_watts};
  a.optional("plant_kw", plant);
  a.optional("cpe", p.cpe);
}
template <class A>
void fields(A& a, ledger::RetireMeter& p) {
  a.field("meter", p.meter);
}

template <class A>
void fields(A& a, ledger::IssueIdentity& p) {
  a.field("identity", p.identity);
  a.field("name", p.name);
  a.field("participant", p.participant);
  a.optional("secret_hash", p.secret_hash);
  LongText certificate{p.certificate};
  a.optional("certificate", certificate);
}
template <class A>
void fields(A& a, ledger::RevokeIdentity& p) {
  a.field("identity", p.identity);
}
template <class A>
void fields(A& a, ledger::AddApiKey& p) {
  a.field("hash", p.hash);
  a.field("role", p.role);
  a.field("label", p.label);
  a.optional("max_requests_per_second", p.max_requests_per_second);
  a.optional("expires", p.expires);
}
template <class A>
void fields(A& a, ledger::RevokeApiKey& p) {
  a.field("hash", p.hash);
}
template <class A>
void fields(A& a, ledger::BindKey& p) {
  a.field("key", p.key);
  a.field("principal", p.principal);
  ScopeSet scopes{p.scopes};
  a.field("scopes", scopes);
}
template <class A>
void fields(A& a, ledger::RevokeKey& p) {
  a.field("key", p.key);
}

template <class A>
void fields(A& a, ledger::EnergyToCoins& p) {
  a.field("energy_rate", p.energy_rate);
  a.field("energy_kwh", p.energy);
  a.field("seller", p.seller);
  a.field("buyer", p.buyer);
  a.sparse("coins_inc", p.coins_inc);
  a.sparse("coins_dec", p.coins_dec);
  a.sparse("energy_inc", p.energy_inc);
  a.sparse("energy_dec", p.energy_dec);
}
template <class A>
void fields(A& a, ledger::CashToCoins& p) {
  a.field("cash_rate", p.cash_rate);
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("coins_to", p.coins_to);
  a.field("coins_from", p.coins_from);
  a.sparse("coins_inc", p.coins_inc);
  a.sparse("coins_dec", p.coins_dec);
  a.sparse("cash_inc", p.cash_inc);
  a.sparse("cash_dec", p.cash_dec);
}
template <class A>
void fields(A& a, ledger::TransferCoinsToEV& p) {
  a.field("amount_coins", p.coins);
  a.field("from", p.from);
  a.field("to", p.to);
  a.sparse("coins_inc", p.coins_inc);
  a.sparse("coins_dec", p.coins_dec);
}
template <class A>
void fields(A& a, ledger::CashFundingResident& p) {
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("resident", p.resident);
  a.sparse("cash_inc", p.cash_inc);
}
template <class A>
void fields(A& a, ledger::CashWithdrawalResident& p) {
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("resident", p.resident);
  a.sparse("cash_dec", p.cash_dec);
}
template <class A>
void fields(A& a, ledger::SignedReading& p) {
  a.field("meter", p.reading.meter);
  a.field("seq", p.reading.sequence);
  a.field("start", p.reading.start);
  a.field("seconds", p.reading.seconds);
  a.field("imported_kwh", p.reading.imported);
  a.field("exported_kwh", p.reading.exported);
  a.optional("produced_kwh", p.reading.produced);
  a.optional("battery_kwh", p.reading.battery);
  a.optional("corrects", p.reading.corrects);
  a.optional("signature", p.signature);
}
template <class A>
void fields(A& a, ledger::ReadingBatch& p) {
  a.field("readings", p.readings);
}
template <class A>
void fields(A& a, ledger::WeeklyWindow& p) {
  a.field("weekdays", p.weekdays);
  a.field("from_minute", p.from_minute);
  a.field("to_minute", p.to_minute);
}
template <class A>
void fields(A& a, ledger::SideRules& p) {
  a.sparse("tariff_offset", p.tariff_offset);
  a.sparse("windows", p.windows);
  a.sparse("partners", p.partners);
}
template <class A>
void fields(A& a, ledger::SetCriteria& p) {
  a.field("participant", p.participant);
  a.optional("sell_enabled", p.sell_enabled);
  a.optional("sell_price", p.sell_price);
  a.optional("buy_enabled", p.buy_enabled);
  a.optional("buy_price", p.buy_price);
  a.sparse("sell_rules", p.sell_rules);
  a.sparse("buy_rules", p.buy_rules);
  a.optional("automatic", p.automatic);
  a.optional("battery_reserve_kwh", p.battery_reserve);
  a.optional("only_renewable", p.only_renewable);
  a.optional("pay_more_for_green", p.pay_more_for_green);
}
template <class A>
void fields(A& a, ledger::ClockStep& p) {
  a.field("to", p.to);
}
template <class A>
void fields(A& a, ledger::SetParameter& p) {
  a.field("name", p.name);
  a.field("value", p.value);
}

template <class A>
void fields(A& a, ledger::Member& m) {
  a.field("peer", m.peer);
  a.field("consensus_key", m.consensus_key);
  a.field("gateway_key", m.gateway_key);
  a.field("transport_key", m.transport_key);
}
template <class A>
void fields(A& a, ledger::AddMember& p) {
  fields(a, p.member);
  a.optional("control_endpoint", p.control_endpoint);
  a.optional("bulk_endpoint", p.bulk_endpoint);
}
template <class A>
void fields(A& a, ledger::RemoveMember& p) {
  a.field("peer", p.peer);
}
template <class A>
void fields(A& a, ledger::ReplaceMemberKeys& p) {
  fields(a, p.member);
}
template <class A>
void fields(A& a, ledger::SetFeatureLevel& p) {
  a.field("level", p.level);
}

template <class A>
void fields(A& a, ledger::SealedKey& p) {
  a.field("salt", p.salt);
  a.field("memory_kib", p.memory_kib);
  a.field("passes", p.passes);
  a.field("box", p.box);
}
template <class A>
void fields(A& a, ledger::Invite& p) {
  a.field("invitation", p.invitation);
  a.field("participant", p.participant);
  a.field("expires", p.expires);
}
template <class A>
void fields(A& a, ledger::WithdrawInvitation& p) {
  a.field("invitation", p.invitation);
}
template <class A>
void fields(A& a, ledger::AcceptInvitation& p) {
  a.field("key", p.key);
  a.optional("login", p.login);
  a.sparse("sealed", p.sealed);
}
template <class A>
void fields(A& a, ledger::SetLogin& p) {
  a.field("participant", p.participant);
  a.field("login", p.login);
  a.field("key", p.key);
  a.field("sealed", p.sealed);
}
template <class A>
void fields(A& a, ledger::RemoveLogin& p) {
  a.field("participant", p.participant);
  a.field("login", p.login);
}
template <class A>
void fields(A& a, ledger::OpenSession& p) {
  a.field("participant", p.participant);
  a.field("session", p.session);
  a.field("refresh", p.refresh);
  a.field("expires", p.expires);
  a.field("refresh_expires", p.refresh_expires);
}
template <class A>
void fields(A& a, ledger::CloseSession& p) {
  a.field("participant", p.participant);
  a.optional("session", p.session);
}
template <class A>
void fields(A& a, ledger::PlaceOrder& p) {
  a.field("participant", p.participant);
  a.field("side", p.side);
  a.field("first_slot", p.first_slot);
  a.optional("slots", p.slots);
  a.field("energy_kwh", p.energy);
  a.field("limit", p.limit);
  a.sparse("partners", p.partners);
  a.optional("only_renewable", p.only_renewable);
}
template <class A>
void fields(A& a, ledger::CancelOrder& p) {
  a.field("participant", p.participant);
  a.field("order", p.order);
}
template <class A>
void fields(A& a, ledger::UtcOffset& p) {
  a.field("from", p.from);
  a.field("minutes", p.minutes);
}
template <class A>
void fields(A& a, ledger::SetCalendar& p) {
  a.field("zone", p.zone);
  a.field("offsets", p.offsets);
}
template <class A>
void fields(A& a, ledger::NetworkFee& p) {
  a.optional("per_kwh", p.per_kwh);
  a.optional("tariff_ppm", p.tariff_ppm);
  a.sparse("windows", p.windows);
}
template <class A>
void fields(A& a, ledger::NetworkZone& p) {
  a.field("id", p.id);
  a.sparse("parent", p.parent);
  a.sparse("fees", p.fees);
  a.optional("loss_nano", p.loss_nano);
  a.sparse("max_export_kwh", p.max_export);
  a.sparse("max_import_kwh", p.max_import);
}
template <class A>
void fields(A& a, ledger::NetworkMember& p) {
  a.field("participant", p.participant);
  a.field("zone", p.zone);
}
template <class A>
void fields(A& a, ledger::NetworkLoss& p) {
  a.field("from", p.from);
  a.field("to", p.to);
  a.field("loss_nano", p.loss_nano);
}
template <class A>
void fields(A& a, ledger::SetNetwork& p) {
  a.field("zones", p.zones);
  a.sparse("members", p.members);
  a.sparse("losses", p.losses);
}
template <class A>
void fields(A& a, ledger::SetSource& p) {
  a.field("meter", p.meter);
  a.field("source", p.source);
}
template <class A>
void fields(A& a, ledger::MemberShare& p) {
  a.field("participant", p.participant);
  NanoAmount share{p.share_nano};
  a.field("share", share);
}
template <class A>
void fields(A& a, ledger::PairShare& p) {
  a.field("producer", p.producer);
  a.field("consumer", p.consumer);
  NanoAmount share{p.share_nano};
  a.field("share", share);
}
template <class A>
void fields(A& a, ledger::SetShares& p) {
  a.field("from", p.from);
  a.sparse("shares", p.shares);
  a.sparse("pairs", p.pairs);
  a.sparse("price", p.price);
}
template <class A>
void fields(A& a, ledger::TariffBand& p) {
  a.field("name", p.name);
  a.field("price", p.price);
  a.optional("feed_in", p.feed_in);
  a.sparse("windows", p.windows);
}
template <class A>
void fields(A& a, ledger::MixPart& p) {
  a.field("source", p.source);
  a.field("ppm", p.ppm);
}
template <class A>
void fields(A& a, ledger::SetTariff& p) {
  a.field("utility", p.utility);
  a.field("from", p.from);
  a.sparse("bands", p.bands);
  a.sparse("mix", p.mix);
}
template <class A>
void fields(A& a, ledger::SetPreferences& p) {
  a.field("participant", p.participant);
  a.optional("ranking", p.ranking);
  a.optional("low_balance_coins", p.low_balance);
  a.optional("top_up_below_coins", p.top_up_below);
  a.optional("top_up_amount_coins", p.top_up_amount);
}
template <class A>
void fields(A& a, ledger::RequestCash& p) {
  a.field("participant", p.participant);
  a.field("withdrawal", p.withdrawal);
  a.field("cash", p.cash);
  a.field("currency", p.currency);
}
template <class A>
void fields(A& a, ledger::ResolveCashRequest& p) {
  a.field("request", p.request);
  a.field("approved", p.approved);
}
template <class A>
void fields(A& a, ledger::UpdateMeter& p) {
  a.field("meter", p.meter);
  a.sparse("owner", p.owner);
  a.sparse("public_key", p.public_key);
  a.sparse("plant_watts", p.plant_watts);
  a.sparse("cpe", p.cpe);
}
template <class A>
void fields(A& a, ledger::SetMeterStanding& p) {
  a.field("meter", p.meter);
  a.field("standing", p.standing);
}
template <class A>
void fields(A& a, ledger::DisputeReading& p) {
  a.field("meter", p.meter);
  a.field("seq", p.sequence);
  a.field("reason", p.reason);
}
template <class A>
void fields(A& a, ledger::ResolveDispute& p) {
  a.field("meter", p.meter);
  a.field("seq", p.sequence);
  a.field("upheld", p.upheld);
}

/// An archive that looks at nothing.
struct NoArchive {
  template <class T>
  void field(std::string_view, T&) {}
  template <class T>
  void optional(std::string_view, T&) {}
  template <class T>
  void sparse(std::string_view, T&) {}
};
/// What is an object in JSON. A ParticipantRef is a text, "Resident:H01".
template <class T>
concept Record = !std::same_as<T, ledger::ParticipantRef> && requires(T & record, NoArchive& none) {
  fields(none, record);
};

// ── Bodies of /v1/meters ────────────────────────────────────────────────────────────────────────

/// UpdateMeter, whose meter stands in the path.
struct MeterChange {
  std::optional<ledger::ParticipantRef> owner;
  std::optional<ledger::PublicKey> public_key;
  std::int64_t plant_watts = -1;  ///< -1: stays as it is
  std::optional<std::string> cpe;
};
template <class A>
void fields(A& a, MeterChange& p) {
  a.sparse("owner", p.owner);
  a.sparse("public_key", p.public_key);
  Kilowatts plant{p.plant_watts};
  a.optional("plant_kw", plant);
  a.sparse("cpe", p.cpe);
}
struct StandingChange {
  ledger::MeterStanding standing = ledger::MeterStanding::trusted;
};
template <class A>
void fields(A& a, StandingChange& p) {
  a.field("standing", p.standing);
}
struct DisputeDecision {
  bool upheld = false;
};
template <class A>
void fields(A& a, DisputeDecision& p) {
  a.field("upheld", p.upheld);
}

}  // namespace powershare::gateway
