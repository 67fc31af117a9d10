#include "ledger/slot_book.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "ledger/deviations.hpp"
#include "ledger/orders.hpp"
#include "ledger/origin.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

using market::ParticipantIndex;

/// Reads as "so much of this, within the capacity".
Energy within_capacity(Energy wanted, Coins capacity, Price limit) {
  if (!limit.is_positive()) return wanted;
  const auto most = affordable(larger(capacity, Coins{}), limit);
  return most ? smaller(wanted, *most) : wanted;
}

/// What is left when so much may be spent on it, at most.
Coins after_spending(Coins capacity, Energy energy, Price limit) {
  const auto most = multiply_divide_floor(limit.nano(), energy.nano(), nano_per_unit);
  if (!most || *most >= capacity.nano()) return {};
  return Coins::from_nano(capacity.nano() - *most - 1);  // rounded up
}

Energy minus(Energy a, Energy b) {
  return Energy::from_nano(a.nano() - b.nano());
}

class BookMaker {
 public:
  explicit BookMaker(const SlotInputs& inputs) : inputs_(inputs), positions_(positions_of(inputs)) {
    for (const Commitment& each : inputs.commitments) {
      for (const Digest& id : {each.bid, each.offer}) committed_[id] += each.trade.energy.nano();
    }
  }

  market::Book run() {
    book_.tariff = {inputs_.supply.tariff, inputs_.supply.feed_in};
    for (const Terms& terms : inputs_.terms)
      book_.participants.push_back(to_text(terms.participant));
    for (std::size_t i = 0; i < inputs_.terms.size(); ++i) {
      const Tradable tradable = tradable_of(inputs_, i);
      const Position position = positions_.empty() ? Position{} : positions_[i];
      const Energy bids = minus(tradable.imported, position.covered);
      const Energy offers = minus(tradable.exported, position.delivered);
      if (bids.is_positive()) add_bids(i, bids);
      if (offers.is_positive()) add_offers(i, offers);
      add_deviations(i, position);
    }
    return std::move(book_);
  }

 private:
  SlotFacts facts(std::size_t i) const {
    return inputs_.facts.empty() ? SlotFacts{} : inputs_.facts[i];
  }

  std::vector<const OrderTerms*> orders(std::size_t i, OrderSide side) const {
    return best_first(inputs_.terms[i].wishes.orders, side);
  }

  void add_bids(std::size_t i, Energy left) {
    const Terms& terms = inputs_.terms[i];
    Coins capacity = terms.capacity;
    for (const OrderTerms* order : orders(i, OrderSide::buy)) {
      const Energy energy = within_capacity(smaller(rest_of(*order), left), capacity, order->limit);
      if (!energy.is_positive()) continue;
      if (!add_explicit(i, market::Side::buy, *order, energy)) continue;
      left = minus(left, energy);
      capacity = after_spending(capacity, energy, order->limit);
    }
    if (!terms.buys || !left.is_positive()) return;
    const Energy energy = within_capacity(left, capacity, terms.buy_limit);
    if (!energy.is_positive()) return;
    market::Order order = new_order(i, market::Side::buy, energy, terms.buy_limit);
    order.only_green = terms.wishes.only_renewable;
    add_standing(std::move(order), terms.wishes.buy_partners, "/buy");
  }

  /// What is left of an order after the gate.
  Energy rest_of(const OrderTerms& order) const {
    const auto found = committed_.find(order.id);
    if (found == committed_.end()) return order.energy;
    return larger(Energy{}, minus(order.energy, Energy::from_nano(found->second)));
  }

  /// Who deviates buys at the tariff, or sells at feed-in, at worst: there the utility stands.
  void add_deviations(std::size_t i, const Position& position) {
    if (position.shortfall.is_positive()) {
      add_standing(new_order(i, market::Side::buy, position.shortfall, inputs_.supply.tariff), {},
                   shortfall_suffix);
    }
    if (position.unused.is_positive()) {
      auto order = new_order(i, market::Side::sell, position.unused, inputs_.supply.feed_in);
      order.green = false;  // not its own
      add_standing(std::move(order), {}, unused_suffix);
    }
  }

  void add_offers(std::size_t i, Energy left) {
    const Terms& terms = inputs_.terms[i];
    for (const OrderTerms* order : orders(i, OrderSide::sell)) {
      if (!left.is_positive()) break;
      const Energy energy = smaller(rest_of(*order), left);
      if (!energy.is_positive()) continue;
      if (!add_explicit(i, market::Side::sell, *order, energy)) continue;
      left = minus(left, energy);
    }
    const auto battery = facts(i).battery;
    const bool reserved = battery && *battery < terms.wishes.battery_reserve;
    if (!terms.sells || reserved || !left.is_positive()) return;
    add_standing(new_order(i, market::Side::sell, left, terms.sell_limit),
                 terms.wishes.sell_partners, "/sell");
  }

  market::Order new_order(std::size_t i, market::Side side, Energy energy, Price limit) const {
    market::Order order;
    order.participant = static_cast<ParticipantIndex>(i);
    order.side = side;
    order.green = side == market::Side::sell && facts(i).renewable;
    order.energy = energy;
    order.limit = limit;
    return order;
  }

  bool add_explicit(std::size_t i, market::Side side, const OrderTerms& terms, Energy energy) {
    market::Order order = new_order(i, side, energy, terms.limit);
    order.id = crypto::to_hex(terms.id);
    order.accepted = terms.accepted;
    order.only_green = terms.only_renewable;
    return add(std::move(order), terms.partners);
  }

  void add_standing(market::Order order, const std::vector<ParticipantRef>& partners,
                    std::string_view suffix) {
    order.standing = true;
    order.id = book_.participants[order.participant];
    order.id += suffix;
    order.tie_key = crypto::sha256(Encoder().time(inputs_.slot).raw(as_bytes(order.id)).data());
    add(std::move(order), partners);
  }

  /// False where none of the partners is in the slot: an order without partners would be anyone's.
  bool add(market::Order order, const std::vector<ParticipantRef>& partners) {
    for (const ParticipantRef& partner : partners) {
      const auto position = position_of(inputs_.terms, partner);
      if (position) order.partners.push_back(static_cast<ParticipantIndex>(*position));
    }
    if (!partners.empty() && order.partners.empty()) return false;
    book_.orders.push_back(std::move(order));
    return true;
  }

  const SlotInputs& inputs_;
  std::vector<Position> positions_;
  std::map<Digest, std::int64_t> committed_;  ///< energy by order
  market::Book book_;
};

/// What one meter says in a slot.
struct MeterFacts {
  std::int64_t exported = 0;
  std::int64_t produced = 0;
  std::optional<std::int64_t> battery;
};

/// Sums that leave their range stay at its end: such a slot is not settled anyway.
void add_to(std::int64_t& sum, std::int64_t part) {
  if (__builtin_add_overflow(sum, part, &sum)) sum = INT64_MAX;
}

}  // namespace

market::Book slot_book(const SlotInputs& inputs) {
  PS_ASSERT(inputs.facts.empty() || inputs.facts.size() == inputs.terms.size());
  return BookMaker(inputs).run();
}

bool needs_facts(const std::vector<Terms>& terms) {
  return std::any_of(terms.begin(), terms.end(), [](const Terms& entry) {
    const Wishes& wishes = entry.wishes;
    return wishes.only_renewable || wishes.battery_reserve.is_positive() ||
           std::any_of(wishes.orders.begin(), wishes.orders.end(),
                       [](const OrderTerms& order) { return order.only_renewable; });
  });
}

std::vector<SlotFacts> slot_facts(const StateReader& state, UtcMillis slot,
                                  const std::vector<Terms>& terms,
                                  const std::vector<Settled>& metered) {
  PS_ASSERT(terms.size() == metered.size());
  std::map<MeterId, MeterFacts> by_meter;
  for_each_reading(state, slot, [&](const SlotReading& reading) {
    MeterFacts& facts = by_meter[reading.meter];
    add_to(facts.exported, reading.exported.nano());
    add_to(facts.produced, reading.produced.nano());
    if (reading.battery) facts.battery = reading.battery->nano();  // readings come by start
    return true;
  });
  std::vector<std::int64_t> produced(terms.size());
  std::vector<SlotFacts> result(terms.size());
  for_each_meter(state, [&](const MeterRecord& meter) {
    if (meter.kind == MeterKind::transformer || !meter.active_at(slot)) return true;
    const auto found = by_meter.find(meter.meter);
    const auto at = position_of(terms, meter.owner_at(slot));
    if (found == by_meter.end() || !at) return true;
    const MeterFacts& facts = found->second;
    const bool plant = meter.kind == MeterKind::plant;
    if (is_renewable(source_of(state, meter.meter, slot)))
      add_to(produced[*at], plant ? std::max(facts.produced, facts.exported) : facts.produced);
    if (facts.battery) {
      std::int64_t sum = result[*at].battery.value_or(Energy{}).nano();
      add_to(sum, *facts.battery);
      result[*at].battery = Energy::from_nano(sum);
    }
    return true;
  });
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Energy exported = metered[i].exported;
    result[i].renewable = exported.is_positive() && produced[i] >= exported.nano();
  }
  return result;
}

}  // namespace powershare::ledger
