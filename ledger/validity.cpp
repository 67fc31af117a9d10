#include "ledger/validity.hpp"

#include <algorithm>
#include <cstdlib>

#include "ledger/access.hpp"
#include "ledger/accounts.hpp"
#include "ledger/calendar.hpp"
#include "ledger/criteria.hpp"
#include "ledger/error.hpp"
#include "ledger/metering.hpp"
#include "ledger/network.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/sharing.hpp"
#include "ledger/tariffs.hpp"

namespace powershare::ledger {
namespace {

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

Result<void> check(const ParticipantRef& ref) {
  if (to_text(ref.type) == "unknown") return malformed("unknown type of participant");
  if (ref.id.empty()) return malformed("a participant without an id");
  return {};
}

Result<void> check_price(Price price, std::string_view what) {
  if (price.is_negative() || price.nano() > max_amount_nano) {
    return malformed(std::string(what) + " must be between 0 and 1000000000");
  }
  return {};
}

/// Rates that the market settles at, slot after slot: a bound far above any tariff keeps sums of
/// them inside 64 bits.
Result<void> check_rate(Price price, std::string_view what) {
  constexpr Price most = Price::from_nano(1'000 * nano_per_unit);
  if (price.is_negative() || price > most) {
    return malformed(std::string(what) + " must be between 0 and 1000 coins per kWh");
  }
  return {};
}

Result<void> check_positive(std::int64_t nano, std::string_view what) {
  if (nano <= 0 || nano > max_amount_nano) {
    return malformed(std::string(what) + " must be greater than 0 and at most 1000000000");
  }
  return {};
}

Result<void> check_balance(std::int64_t nano) {
  if (nano < 0 || nano > max_amount_nano) {
    return malformed("a balance must be between 0 and 1000000000");
  }
  return {};
}

Result<void> check_currency(const std::string& currency) {
  if (!is_currency(currency)) return malformed("a currency is three letters A to Z (ISO 4217)");
  return {};
}

Result<void> check_asset(const ParticipantRef& owner, AssetClass asset,
                         const std::string& currency) {
  auto result = check(owner);
  if (!result) return result;
  if (asset != AssetClass::energy && asset != AssetClass::coins && asset != AssetClass::cash) {
    return malformed("unknown class of asset");
  }
  if (asset == AssetClass::cash) return check_currency(currency);
  if (!currency.empty()) return malformed("only cash has a currency");
  return {};
}

/// Empty, or one that may name an asset.
Result<void> check_asset_id(const std::string& id) {
  if (id.empty() || (id.size() <= max_asset_id_bytes && is_participant_name(id))) return {};
  return malformed("an asset's id is 1 to 128 bytes of plain text");
}

Result<void> check_asset_ids(std::initializer_list<const std::string*> ids) {
  Result<void> result;
  for (const auto* id : ids) {
    if (result) result = check_asset_id(*id);
  }
  return result;
}

Result<void> check_text(const std::string& text, std::string_view what) {
  if (is_label(text)) return {};
  return malformed(std::string(what) + " is too long or not plain text");
}

Result<void> check_references(const AssetReferences& assets) {
  return check_asset_ids({&assets.energy, &assets.coins, &assets.cash});
}

Result<void> check_time(UtcMillis time) {
  if (time.value < 0) return malformed("a time before 1970");
  return {};
}

Result<void> check(const Participant& participant) {
  auto result = check(participant.ref);
  for (const auto price :
       {participant.buy_rate, participant.sell_rate, participant.tariff, participant.feed_in}) {
    if (result) result = check_rate(price, "a rate");
  }
  if (!result) return result;
  for (const auto& label : {participant.brand, participant.model, participant.name}) {
    if (!is_label(label)) return malformed("a name, brand or model is too long or not plain text");
  }
  if (participant.owner && participant.owner->empty()) return malformed("an owner without an id");
  if (to_text(participant.vehicle_type) == "unknown") return malformed("unknown type of vehicle");
  return {};
}

Result<void> check_member(const Member& member) {
  if (member.peer.empty()) return malformed("a member without a peer id");
  const bool keys = member.consensus_key != PublicKey{} && member.gateway_key != PublicKey{} &&
                    member.consensus_key != member.gateway_key &&
                    member.transport_key != std::array<std::uint8_t, 32>{};
  if (!keys) return malformed("a member needs three keys of its own");
  return {};
}

/// Empty, or "tcp://" and what follows without spaces: whoever connects resolves it.
Result<void> check_endpoint(std::string_view endpoint) {
  constexpr std::string_view scheme = "tcp://";
  if (endpoint.empty()) return {};
  const bool printable = std::all_of(endpoint.begin(), endpoint.end(),
                                     [](char letter) { return letter > ' ' && letter < 0x7f; });
  if (endpoint.size() > max_endpoint_bytes || !printable || endpoint.size() <= scheme.size() ||
      endpoint.substr(0, scheme.size()) != scheme) {
    return malformed("an endpoint is tcp://host:port");
  }
  return {};
}

Result<void> check_meter(const MeterId& meter) {
  if (meter.empty()) return malformed("a meter without an id");
  return {};
}

Result<void> check_plant(std::int64_t watts) {
  if (watts >= 0 && watts <= max_plant_watts) return {};
  return malformed("the power of a plant must be between 0 and 10 GW");
}

Result<void> check_cpe(const std::string& cpe) {
  if (is_label(cpe, max_cpe_bytes)) return {};
  return malformed("not a code of a point of delivery");
}

Result<void> check_reading(const MeterId& meter, std::uint64_t sequence) {
  if (sequence == 0) return malformed("a meter's numbers begin at 1");
  return check_meter(meter);
}

Result<void> check_partners(const ParticipantRef& owner,
                            const std::vector<ParticipantRef>& partners, std::size_t most) {
  if (partners.size() > most) return malformed("at most 64 partners");
  for (auto at = partners.begin(); at != partners.end(); ++at) {
    if (auto result = check(*at); !result) return result;
    if (*at == owner) return malformed("nobody is its own partner");
    if (std::find(partners.begin(), at, *at) != at) return malformed("a partner is named twice");
  }
  return {};
}

Result<void> check_keys(std::initializer_list<const PublicKey*> keys) {
  for (const auto* key : keys) {
    if (*key == PublicKey{}) return malformed("a key of zeros");
  }
  return {};
}

/// One side of `owner`'s criteria.
Result<void> check(const ParticipantRef& owner, const SideRules& rules,
                   const std::optional<Price>& fixed) {
  constexpr std::int64_t most = 1'000 * nano_per_unit;
  if (rules.tariff_offset) {
    if (fixed) return malformed("a price is fixed or tied to the tariff, not both");
    if (rules.tariff_offset->nano() > most || rules.tariff_offset->nano() < -most) {
      return malformed("an offset must be between -1000 and 1000 coins per kWh");
    }
  }
  if (auto valid = check_windows(rules.windows); !valid) return valid;
  return check_partners(owner, rules.partners, CriteriaLimits::max_partners);
}

/// What opens it must cost no peer more than it can afford.
Result<void> check(const SealedKey& sealed) {
  if (sealed.memory_kib < min_seal_memory_kib || sealed.memory_kib > max_seal_memory_kib ||
      sealed.passes == 0 || sealed.passes > max_seal_passes) {
    return malformed("a sealed key asks for 8 to 64 MiB and 1 to 8 passes");
  }
  if (sealed.box.size() != sealed_box_bytes) return malformed("a sealed key has 72 bytes");
  return {};
}

/// One overload per payload.
struct Checker {
  Result<void> operator()(const AddParticipant& payload) const {
    auto result = check(payload.participant);
    return result ? check_references(payload.assets) : result;
  }
  Result<void> operator()(const UpdateParticipant& payload) const {
    auto result = check(payload.participant);
    return result ? check_references(payload.assets) : result;
  }
  Result<void> operator()(const DeleteParticipant& payload) const { return check(payload.ref); }
  Result<void> operator()(const ProvisionAsset& payload) const {
    auto result = check_asset(payload.owner, payload.asset, payload.currency);
    if (result) result = check_balance(payload.balance_nano);
    if (result) result = check_asset_id(payload.id);
    return result ? check_text(payload.units, "a unit") : result;
  }
  Result<void> operator()(const AdjustAsset& payload) const {
    auto result = check_asset(payload.owner, payload.asset, payload.currency);
    if (result) result = check_balance(payload.balance_nano);
    if (result) result = check_asset_id(payload.id);
    if (result) result = check_text(payload.units, "a unit");
    return result && payload.new_owner ? check(*payload.new_owner) : result;
  }
  Result<void> operator()(const DeleteAsset& payload) const {
    auto result = check_asset(payload.owner, payload.asset, payload.currency);
    return result ? check_asset_id(payload.id) : result;
  }
  Result<void> operator()(const RegisterMeter& payload) const {
    if (payload.meter.empty()) return malformed("a meter without an id");
    if (payload.parent && payload.parent->empty()) return malformed("a parent meter without an id");
    if (payload.kind < MeterKind::home || payload.kind > MeterKind::transformer) {
      return malformed("unknown kind of meter");
    }
    auto result = check_plant(payload.plant_watts);
    if (result) result = check_cpe(payload.cpe);
    return result ? check(payload.owner) : result;
  }
  Result<void> operator()(const RetireMeter& payload) const {
    if (payload.meter.empty()) return malformed("a meter without an id");
    return {};
  }
  Result<void> operator()(const BindKey& payload) const {
    if (!is_principal(payload.principal)) return malformed("not a principal");
    if (payload.scopes == 0 || (payload.scopes & ~all_scopes) != 0) {
      return malformed("unknown scopes");
    }
    return {};
  }
  Result<void> operator()(const RevokeKey&) const { return {}; }
  Result<void> operator()(const EnergyToCoins& payload) const {
    auto result = check_price(payload.energy_rate, "energyRate");
    if (result) result = check_positive(payload.energy.nano(), "energyValue");
    if (result) result = check(payload.seller);
    if (result) result = check(payload.buyer);
    if (!result) return result;
    return check_asset_ids(
        {&payload.coins_inc, &payload.coins_dec, &payload.energy_inc, &payload.energy_dec});
  }
  Result<void> operator()(const CashToCoins& payload) const {
    auto result = check_price(payload.cash_rate, "cashRate");
    if (result) result = check_positive(payload.cash.nano(), "cashValue");
    if (result) result = check_currency(payload.currency);
    if (result) result = check(payload.coins_to);
    if (result) result = check(payload.coins_from);
    if (!result) return result;
    return check_asset_ids(
        {&payload.coins_inc, &payload.coins_dec, &payload.cash_inc, &payload.cash_dec});
  }
  Result<void> operator()(const TransferCoinsToEV& payload) const {
    auto result = check_positive(payload.coins.nano(), "coinsValue");
    if (result) result = check(payload.from);
    if (result) result = check(payload.to);
    return result ? check_asset_ids({&payload.coins_inc, &payload.coins_dec}) : result;
  }
  Result<void> operator()(const CashFundingResident& payload) const {
    auto result = check_positive(payload.cash.nano(), "cashValue");
    if (result) result = check_currency(payload.currency);
    if (result) result = check(payload.resident);
    return result ? check_asset_id(payload.cash_inc) : result;
  }
  Result<void> operator()(const CashWithdrawalResident& payload) const {
    auto result = check_positive(payload.cash.nano(), "cashValue");
    if (result) result = check_currency(payload.currency);
    if (result) result = check(payload.resident);
    return result ? check_asset_id(payload.cash_dec) : result;
  }
  Result<void> operator()(const ReadingBatch& payload) const {
    if (payload.readings.empty() || payload.readings.size() > max_readings_per_batch) {
      return malformed("a batch holds 1 to 4096 readings");
    }
    return {};
  }
  Result<void> operator()(const SetCriteria& payload) const {
    auto result = check(payload.participant);
    if (result && payload.sell_price) result = check_rate(*payload.sell_price, "sell price");
    if (result && payload.buy_price) result = check_rate(*payload.buy_price, "buy price");
    if (result) result = check(payload.participant, payload.sell_rules, payload.sell_price);
    if (result) result = check(payload.participant, payload.buy_rules, payload.buy_price);
    constexpr auto most = MeteringLimits::plausible_battery_kwh * nano_per_unit;
    if (result &&
        (payload.battery_reserve.is_negative() || payload.battery_reserve.nano() > most)) {
      return malformed("a battery's reserve must be between 0 and 100000 kWh");
    }
    return result;
  }
  Result<void> operator()(const ClockStep& payload) const {
    if (payload.to.value < 0) return malformed("a time before 1970");
    return {};
  }
  Result<void> operator()(const SetParameter& payload) const {
    Parameters any;
    any.origin = true;  // whether it is on is for the state to say
    return set_parameter(any, payload.name, payload.value, false);
  }
  Result<void> operator()(const AddMember& payload) const {
    auto result = check_member(payload.member);
    if (result) result = check_endpoint(payload.control_endpoint);
    return result ? check_endpoint(payload.bulk_endpoint) : result;
  }
  Result<void> operator()(const RemoveMember& payload) const {
    if (payload.peer.empty()) return malformed("a member without a peer id");
    return {};
  }
  Result<void> operator()(const ReplaceMemberKeys& payload) const {
    return check_member(payload.member);
  }
  Result<void> operator()(const SetFeatureLevel& payload) const {
    if (payload.level < 2) return malformed("a chain begins at feature level 1");
    return {};
  }

  Result<void> operator()(const IssueIdentity& payload) const {
    auto result = check(payload.participant);
    if (result && payload.identity == Digest{}) result = malformed("an identity without an id");
    if (result && payload.name.empty()) result = malformed("an identity without a name");
    if (result) result = check_text(payload.name, "a name");
    if (result && payload.certificate.size() > max_certificate_bytes) {
      result = malformed("a certificate has at most 8 KiB");
    }
    return result;
  }
  Result<void> operator()(const RevokeIdentity&) const { return {}; }
  Result<void> operator()(const AddApiKey& payload) const {
    if (payload.hash == Digest{}) return malformed("a key without a hash");
    if (payload.role < Role::administrator || payload.role > Role::meter) {
      return malformed("unknown role");
    }
    if (payload.label.empty() || !is_label(payload.label, 64)) {
      return malformed("a key has a label of 1 to 64 bytes");
    }
    return check_time(payload.expires);
  }
  Result<void> operator()(const RevokeApiKey&) const { return {}; }

  Result<void> operator()(const Invite& payload) const {
    auto result = check_keys({&payload.invitation});
    if (result) result = check(payload.participant);
    return result ? check_time(payload.expires) : result;
  }
  Result<void> operator()(const WithdrawInvitation& payload) const {
    return check_keys({&payload.invitation});
  }
  Result<void> operator()(const AcceptInvitation& payload) const {
    auto result = check_keys({&payload.key});
    if (!result || !crypto::is_zero(payload.login)) {
      return result ? check(payload.sealed) : result;
    }
    if (payload.sealed == SealedKey{}) return {};
    return malformed("a key is kept under a log-in only");
  }
  Result<void> operator()(const SetLogin& payload) const {
    auto result = check(payload.participant);
    if (result) result = check_keys({&payload.key});
    if (result && crypto::is_zero(payload.login)) return malformed("a log-in without a name");
    return result ? check(payload.sealed) : result;
  }
  Result<void> operator()(const RemoveLogin& payload) const { return check(payload.participant); }
  Result<void> operator()(const OpenSession& payload) const {
    auto result = check(payload.participant);
    if (result) result = check_keys({&payload.session, &payload.refresh});
    if (result && payload.session == payload.refresh) {
      return malformed("a session has two keys that differ");
    }
    if (result) result = check_time(payload.expires);
    return result ? check_time(payload.refresh_expires) : result;
  }
  Result<void> operator()(const CloseSession& payload) const { return check(payload.participant); }
  Result<void> operator()(const PlaceOrder& payload) const {
    auto result = check(payload.participant);
    if (result) result = check_rate(payload.limit, "limit");
    if (result) {
      result = check_partners(payload.participant, payload.partners, OrderLimits::max_partners);
    }
    if (!result) return result;
    if (payload.side < OrderSide::sell || payload.side > OrderSide::buy) {
      return malformed("an order sells or buys");
    }
    if (payload.slots < 1 || payload.slots > OrderLimits::max_slots) {
      return malformed("an order is for 1 to 96 slots");
    }
    if (!payload.energy.is_positive() ||
        payload.energy.nano() > OrderLimits::max_energy_kwh * nano_per_unit) {
      return malformed("an order's energy must be greater than 0 and at most 1000000 kWh per slot");
    }
    if (payload.side == OrderSide::sell && payload.only_renewable) {
      return malformed("only a bid asks for renewable energy");
    }
    return check_time(payload.first_slot);
  }
  Result<void> operator()(const CancelOrder& payload) const { return check(payload.participant); }
  Result<void> operator()(const SetCalendar& payload) const {
    if (payload.zone.empty() || !is_label(payload.zone, CalendarLimits::max_zone_bytes)) {
      return malformed("a calendar has the name of its zone, of 1 to 64 bytes");
    }
    if (payload.offsets.empty() || payload.offsets.size() > CalendarLimits::max_offsets) {
      return malformed("a calendar has 1 to 1024 offsets");
    }
    UtcMillis before{-1};
    for (const auto& offset : payload.offsets) {
      if (offset.from <= before || offset.from.value > MeteringLimits::max_time_ms) {
        return malformed("a calendar's offsets begin one after the other, from 1970 to 9999");
      }
      if (std::abs(offset.minutes) > CalendarLimits::max_offset_minutes) {
        return malformed("local time is at most 18 hours from UTC");
      }
      before = offset.from;
    }
    return {};
  }
  Result<void> operator()(const SetPreferences& payload) const {
    auto result = check(payload.participant);
    if (payload.ranking < RankingDisplay::anonymous || payload.ranking > RankingDisplay::hidden) {
      return malformed("unknown display in the ranking");
    }
    for (const auto amount : {payload.low_balance, payload.top_up_below, payload.top_up_amount}) {
      if (result) result = check_balance(amount.nano());
    }
    if (result && payload.top_up_below.is_zero() != payload.top_up_amount.is_zero()) {
      return malformed("an automatic top-up needs both a bound and an amount");
    }
    return result;
  }
  Result<void> operator()(const RequestCash& payload) const {
    auto result = check(payload.participant);
    if (result) result = check_positive(payload.cash.nano(), "cash");
    return result ? check_currency(payload.currency) : result;
  }
  Result<void> operator()(const ResolveCashRequest&) const { return {}; }
  Result<void> operator()(const UpdateMeter& payload) const {
    auto result = check_meter(payload.meter);
    if (result && payload.owner) result = check(*payload.owner);
    if (result && payload.public_key && *payload.public_key == PublicKey{}) {
      result = malformed("not a public key");
    }
    if (result && payload.plant_watts) result = check_plant(*payload.plant_watts);
    if (result && payload.cpe) result = check_cpe(*payload.cpe);
    const bool changes = payload.owner || payload.public_key || payload.plant_watts || payload.cpe;
    if (result && !changes) result = malformed("nothing of the meter changes");
    return result;
  }
  Result<void> operator()(const SetMeterStanding& payload) const {
    if (payload.standing != MeterStanding::trusted &&
        payload.standing != MeterStanding::quarantined) {
      return malformed("unknown standing of a meter");
    }
    return check_meter(payload.meter);
  }
  Result<void> operator()(const DisputeReading& payload) const {
    if (payload.reason < DisputeReason::too_high || payload.reason > DisputeReason::other) {
      return malformed("unknown reason of a dispute");
    }
    return check_reading(payload.meter, payload.sequence);
  }
  Result<void> operator()(const ResolveDispute& payload) const {
    return check_reading(payload.meter, payload.sequence);
  }
  Result<void> operator()(const SetNetwork& payload) const { return check_network(payload); }
  Result<void> operator()(const SetShares& payload) const { return check_shares(payload); }
  Result<void> operator()(const SetTariff& payload) const { return check_tariff(payload); }
  Result<void> operator()(const SetSource& payload) const {
    if (payload.meter.empty()) return malformed("a source of no meter");
    if (to_text(payload.source) == "unknown") return malformed("unknown source of energy");
    return {};
  }
};

}  // namespace

bool is_label(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return false;
  // is_participant_name() takes 1 to 128 bytes; a longer text is checked in pieces that begin at
  // characters.
  while (!text.empty()) {
    std::size_t piece = std::min<std::size_t>(text.size(), 128);
    while (piece < text.size() && piece > 0 &&
           (static_cast<std::uint8_t>(text[piece]) & 0xc0) == 0x80) {
      --piece;
    }
    if (piece == 0 || !is_participant_name(text.substr(0, piece))) return false;
    text.remove_prefix(piece);
  }
  return true;
}

Result<void> check_windows(const std::vector<WeeklyWindow>& windows) {
  if (windows.size() > CriteriaLimits::max_windows) return malformed("at most 16 windows");
  for (const auto& window : windows) {
    if (window.weekdays == 0 || window.weekdays > 127 || window.from_minute >= minutes_per_day ||
        window.to_minute > minutes_per_day) {
      return malformed("a window has weekdays, and minutes of the day");
    }
  }
  return {};
}

Result<void> check_payload(const Payload& payload) {
  return std::visit(Checker{}, payload);
}

Result<void> check_transaction(const Transaction& transaction, std::uint32_t feature_level) {
  if (!is_principal(transaction.principal)) return malformed("not a principal");
  const auto key_bytes = transaction.idempotency_key.size();
  if (key_bytes == 0 || key_bytes > max_idempotency_key_bytes) {
    return malformed("an idempotency key has 1 to 64 bytes");
  }
  if (transaction.expires.value <= 0) return malformed("a transaction needs an expiry");
  if (!is_label(transaction.initiator, max_initiator_bytes)) {
    return malformed("an initiator is at most 96 bytes of plain text");
  }
  auto valid = check_payload(transaction.payload);
  const auto* set = std::get_if<SetParameter>(&transaction.payload);
  if (!valid && set != nullptr && set->name == "clearing_rule") {
    return malformed(clearing_rule_fault(feature_level));
  }
  return valid;
}

}  // namespace powershare::ledger
