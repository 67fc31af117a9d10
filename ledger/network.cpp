#include "ledger/network.hpp"

#include <algorithm>
#include <set>

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

bool is_loss(std::int64_t loss_nano) {
  return loss_nano >= 0 && loss_nano <= nano_per_unit;
}

Result<void> check_fee(const NetworkFee& fee) {
  if (fee.per_kwh.is_negative() || fee.per_kwh.nano() > NetworkLimits::max_fee_nano) {
    return malformed("a network fee must be between 0 and 1000 coins per kWh");
  }
  if (fee.tariff_ppm > NetworkLimits::max_tariff_ppm) {
    return malformed("a network fee is at most the whole tariff");
  }
  if (fee.windows.size() > NetworkLimits::max_windows) return malformed("at most 16 windows");
  return check_windows(fee.windows);
}

Result<void> check_zone(const NetworkZone& zone, std::uint32_t position) {
  if (zone.id.empty() || !is_label(zone.id, NetworkLimits::max_id_bytes)) {
    return malformed("a zone has an id of 1 to 64 bytes");
  }
  if (position == 0 ? zone.parent.has_value() : !zone.parent || *zone.parent >= position) {
    return malformed("a zone's parent stands before it, and only the first has none");
  }
  if (!is_loss(zone.loss_nano)) return malformed("a loss must be between 0 and 1");
  for (const auto& limit : {zone.max_export, zone.max_import}) {
    if (limit && limit->is_negative()) return malformed("the limit of a border is negative");
  }
  if (zone.fees.size() > NetworkLimits::max_fees) return malformed("a zone has at most 8 fees");
  for (const NetworkFee& fee : zone.fees) {
    if (auto valid = check_fee(fee); !valid) return valid;
  }
  return {};
}

/// What a level takes for a kWh of the slot.
Price fee_of(const NetworkZone& zone, const LocalTime& time, Price tariff) {
  std::int64_t sum = 0;
  for (const NetworkFee& fee : zone.fees) {
    if (!in_windows(fee.windows, time)) continue;
    const auto part = multiply_divide(tariff.nano(), fee.tariff_ppm, 1'000'000);
    // A tariff is at most 1,000 coins, and a level has at most 8 fees: far inside 64 bits.
    sum += fee.per_kwh.nano() + part.value();
  }
  return Price::from_nano(std::min(sum, NetworkLimits::max_fee_nano));
}

Bytes network_key(std::uint64_t version) {
  return state_key::Builder(StateTable::network).u64(version).take();
}

/// Versions that are kept, ascending.
std::vector<std::uint64_t> versions(const StateReader& state) {
  std::vector<std::uint64_t> result;
  state.scan(state_key::table(StateTable::network), {}, [&](ByteView key, ByteView) {
    result.push_back(state_key::Reader(key).u64());
    return true;
  });
  return result;
}

}  // namespace

Result<void> check_network(const SetNetwork& network) {
  if (network.zones.size() > NetworkLimits::max_zones) return malformed("at most 1000 zones");
  if (network.members.size() > NetworkLimits::max_members)
    return malformed("at most 10000 members");
  if (network.losses.size() > NetworkLimits::max_losses) return malformed("at most 20000 losses");
  const auto is_zone = [&](std::uint32_t position) { return position < network.zones.size(); };
  std::set<std::string_view> ids;
  for (std::uint32_t i = 0; i < network.zones.size(); ++i) {
    if (auto valid = check_zone(network.zones[i], i); !valid) return valid;
    if (!ids.insert(network.zones[i].id).second) return malformed("a zone is named twice");
  }
  std::set<ParticipantRef> members;
  for (const NetworkMember& member : network.members) {
    if (to_text(member.participant.type) == "unknown" || member.participant.id.empty()) {
      return malformed("a member of a zone is no participant");
    }
    if (!is_zone(member.zone)) return malformed("a member is in a zone that is not there");
    if (!members.insert(member.participant).second) return malformed("a member is named twice");
  }
  std::optional<std::pair<std::uint32_t, std::uint32_t>> before;
  for (const NetworkLoss& loss : network.losses) {
    const std::pair zones(loss.from, loss.to);
    if (!is_zone(loss.from) || !is_zone(loss.to)) {
      return malformed("a loss is between zones that are not there");
    }
    if (!is_loss(loss.loss_nano)) return malformed("a loss must be between 0 and 1");
    if (before && zones <= *before) return malformed("losses stand by zones, each pair once");
    before = zones;
  }
  return {};
}

NetworkStand current_network(const StateReader& state, UtcMillis slot) {
  const auto kept = versions(state);
  if (kept.empty()) return {};
  const auto network = find_network(state, kept.back());
  if (network->zones.empty()) return {};
  const LocalTime time = find_calendar(state).local(slot);
  return {kept.back(), static_cast<std::uint16_t>(time.weekday * minutes_per_day + time.minute)};
}

std::optional<SetNetwork> find_network(const StateReader& state, std::uint64_t version) {
  const auto value = state.get(network_key(version));
  if (!value) return std::nullopt;
  Decoder in(*value);
  auto network = decode_network(in);
  PS_ASSERT(in.finished());  // our own record
  return network;
}

void put_network(Overlay& state, const SetNetwork& network) {
  const auto kept = versions(state);
  std::set<std::uint64_t> needed;
  for_each_slot(state, [&](const SlotRecord& record) {
    needed.insert(record.network.version);
    return true;
  });
  for (const std::uint64_t version : kept) {
    if (needed.count(version) == 0) state.erase(network_key(version));
  }
  SetNetwork sorted = network;
  std::sort(
      sorted.members.begin(), sorted.members.end(),
      [](const NetworkMember& a, const NetworkMember& b) { return a.participant < b.participant; });
  state.put(network_key(kept.empty() ? 1 : kept.back() + 1), encoded(sorted));
}

market::Network market_network(const SetNetwork& network, std::uint16_t minute_of_week,
                               const Supply& supply, const std::vector<Terms>& terms) {
  LocalTime time;
  time.weekday = minute_of_week / minutes_per_day;
  time.minute = minute_of_week % minutes_per_day;
  const Price tariff = supply.supplier ? supply.tariff : Price{};
  market::Network result;
  result.loss_price = tariff;
  for (const NetworkZone& zone : network.zones) {
    result.zones.push_back({zone.id, zone.parent.value_or(market::no_zone),
                            fee_of(zone, time, tariff), zone.loss_nano, zone.max_export,
                            zone.max_import});
  }
  for (const NetworkLoss& loss : network.losses) {
    result.losses.push_back({loss.from, loss.to, loss.loss_nano});
  }
  for (const Terms& each : terms) {
    const auto found =
        std::lower_bound(network.members.begin(), network.members.end(), each.participant,
                         [](const NetworkMember& member, const ParticipantRef& ref) {
                           return member.participant < ref;
                         });
    const bool known = found != network.members.end() && found->participant == each.participant;
    result.zone_of.push_back(known ? found->zone : 0);
  }
  return result;
}

}  // namespace powershare::ledger
