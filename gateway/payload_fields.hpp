// The fields of every payload, once: the same list writes JSON, reads JSON and describes it in the
// OpenAPI document. An archive has field(name, member) for what must be there and optional(name,
// member) for what may be missing or null.
#pragma once

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
void fields(A& a, ledger::AddParticipant& p) {
  a.field("participant", p.participant);
}
template <class A>
void fields(A& a, ledger::UpdateParticipant& p) {
  a.field("participant", p.participant);
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
}
template <class A>
void fields(A& a, ledger::ProvisionAsset& p) {
  asset_fields(a, p);
  NanoAmount balance{p.balance_nano};
  a.field("balance", balance);
}
template <class A>
void fields(A& a, ledger::AdjustAsset& p) {
  asset_fields(a, p);
  NanoAmount balance{p.balance_nano};
  a.field("balance", balance);
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
}
template <class A>
void fields(A& a, ledger::CashToCoins& p) {
  a.field("cash_rate", p.cash_rate);
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("coins_to", p.coins_to);
  a.field("coins_from", p.coins_from);
}
template <class A>
void fields(A& a, ledger::TransferCoinsToEV& p) {
  a.field("amount_coins", p.coins);
  a.field("from", p.from);
  a.field("to", p.to);
}
template <class A>
void fields(A& a, ledger::CashFundingResident& p) {
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("resident", p.resident);
}
template <class A>
void fields(A& a, ledger::CashWithdrawalResident& p) {
  a.field("cash", p.cash);
  a.field("currency", p.currency);
  a.field("resident", p.resident);
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
void fields(A& a, ledger::SetCriteria& p) {
  a.field("participant", p.participant);
  a.optional("sell_enabled", p.sell_enabled);
  a.optional("sell_price", p.sell_price);
  a.optional("buy_enabled", p.buy_enabled);
  a.optional("buy_price", p.buy_price);
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

}  // namespace powershare::gateway
