#include "ledger/criteria.hpp"

#include "ledger/calendar.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

/// tariff + offset, at least 0.
Price tied_to(Price tariff, Price offset) {
  const auto price = add(tariff, offset);
  return price ? larger(*price, Price{}) : tariff;
}

/// feed-in + half of (tariff - feed-in): neighbours share the advantage (DECISIONS 45).
Price half_way(const Supply& supply) {
  const auto half = multiply_divide(supply.tariff.nano() - supply.feed_in.nano(), 1, 2);
  return Price::from_nano(supply.feed_in.nano() + half.value());  // both are within check_rate
}

SideStance side_of(bool enabled, const std::optional<Price>& fixed, const SideRules& rules,
                   Price registry_rate, const Supply& supply) {
  SideStance side;
  side.open = enabled;
  side.price = fixed.value_or(registry_rate);
  if (rules.tariff_offset) {
    side.price = supply.supplier ? tied_to(supply.tariff, *rules.tariff_offset) : registry_rate;
  }
  side.partners = rules.partners;
  return side;
}

}  // namespace

Stance stance_of(const StateReader& state, const ParticipantRef& ref, UtcMillis slot,
                 const Supply& supply) {
  Stance stance;
  stance.sell.price = stance.buy.price = default_rate;
  if (const auto record = find_participant_record(state, ref)) {
    stance.sell.price = record->participant.sell_rate;
    stance.buy.price = record->participant.buy_rate;
  }
  const auto criteria = find_criteria(state, ref, slot);
  if (!criteria) return stance;
  const Price sell_rate = stance.sell.price;
  const Price buy_rate = stance.buy.price;
  stance.sell = side_of(criteria->sell_enabled, criteria->sell_price, criteria->sell_rules,
                        sell_rate, supply);
  stance.buy =
      side_of(criteria->buy_enabled, criteria->buy_price, criteria->buy_rules, buy_rate, supply);
  if (criteria->automatic) {
    stance.sell.price = supply.supplier ? half_way(supply) : sell_rate;
    stance.buy.price = supply.supplier ? supply.tariff : buy_rate;
  }
  stance.only_renewable = criteria->only_renewable;
  stance.pay_more_for_green = criteria->pay_more_for_green;
  stance.battery_reserve = criteria->battery_reserve;
  if (!criteria->sell_rules.windows.empty() || !criteria->buy_rules.windows.empty()) {
    const auto time = find_calendar(state).local(slot);
    stance.sell.open = stance.sell.open && in_windows(criteria->sell_rules.windows, time);
    stance.buy.open = stance.buy.open && in_windows(criteria->buy_rules.windows, time);
  }
  return stance;
}

}  // namespace powershare::ledger
