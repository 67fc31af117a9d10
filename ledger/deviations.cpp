#include "ledger/deviations.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"

namespace powershare::ledger {
namespace {

__extension__ using Wide = __int128;

Energy minus(Energy a, Energy b) {
  return Energy::from_nano(a.nano() - b.nano());  // both are >= 0
}

std::size_t index_of(const std::vector<Terms>& terms, const ParticipantRef& ref) {
  const auto at = position_of(terms, ref);
  PS_ASSERT(at.has_value());  // whoever has committed has terms in the slot
  return *at;
}

/// round up(a × b / nano_per_unit).
Result<std::int64_t> multiply_up(std::int64_t a, std::int64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  Wide result = product / nano_per_unit;
  if (result * nano_per_unit < product) ++result;
  if (result > INT64_MAX || result < INT64_MIN) {
    return Error{BaseError::overflow, "an amount of a deviation is out of range"};
  }
  return static_cast<std::int64_t>(result);
}

/// What a kWh costs who must buy for a shortfall, at least, and brings who sells what is unused, at
/// most.
struct ImbalancePrices {
  Price buy;
  Price sell;
};
Result<ImbalancePrices> imbalance_prices(Price spot, std::int64_t margin_nano) {
  const std::int64_t size = spot.is_negative() ? -spot.nano() : spot.nano();
  const auto margin = multiply_up(size, margin_nano);
  if (!margin) return margin.error();
  const Price step = Price::from_nano(*margin);
  const auto buy = add(spot, step);
  const auto sell = subtract(spot, step);
  if (!buy || !sell) return Error{BaseError::overflow, "an imbalance price is out of range"};
  return ImbalancePrices{*buy, *sell};
}

Result<void> add_margin(const ImbalancePrices& prices, SettledTrade& trade) {
  if (trade.covers_short) {
    const auto least = multiply_up(prices.buy.nano(), trade.energy.nano());
    if (!least) return least.error();
    trade.buyer_margin = larger(Coins{}, Coins::from_nano(*least - trade.amount.nano()));
  }
  if (trade.sells_unused) {
    const auto most = multiply_divide_floor(prices.sell.nano(), trade.energy.nano(), nano_per_unit);
    if (!most) return most.error();
    trade.seller_margin = larger(Coins{}, Coins::from_nano(trade.amount.nano() - *most));
  }
  return {};
}

/// Outcomes by participant and order, each kept in the order in which it was matched first.
class Outcomes {
 public:
  explicit Outcomes(const std::vector<Terms>& terms) : terms_(terms) {}

  OrderOutcome& of(const ParticipantRef& who, const Digest& id, OrderSide side) {
    const auto [at, fresh] = place_.try_emplace({who, id}, list_.size());
    if (!fresh) return list_[at->second];
    OrderOutcome outcome;
    outcome.participant = who;
    outcome.order = id;
    outcome.side = side;
    for (const OrderTerms& order : terms_[index_of(terms_, who)].wishes.orders) {
      if (order.id != id) continue;
      outcome.ordered = order.energy;
      outcome.limit = order.limit;
    }
    list_.push_back(outcome);
    return list_.back();
  }

  void take(const std::vector<Commitment>& commitments) {
    for (const Commitment& each : commitments) {
      const SettledTrade& trade = each.trade;
      add(of(trade.buyer, each.bid, OrderSide::buy), trade, true);
      add(of(trade.seller, each.offer, OrderSide::sell), trade, true);
    }
  }
  static void add(OrderOutcome& outcome, const SettledTrade& trade, bool committed) {
    const bool buys = outcome.side == OrderSide::buy;
    const std::int64_t extra =
        buys ? trade.total_fees().nano() + trade.losses.nano() : std::int64_t{0};
    Energy& energy = committed ? outcome.committed : outcome.spot;
    Coins& amount = committed ? outcome.amount : outcome.spot_amount;
    // Parts of sums that the settlement has checked.
    energy = Energy::from_nano(energy.nano() + trade.energy.nano());
    amount = Coins::from_nano(amount.nano() + trade.amount.nano() + extra);
  }

  /// Lays a participant's deviation on its orders of that side, from the last to the first.
  void deviate(const ParticipantRef& who, OrderSide side, Energy energy, Coins cost) {
    std::int64_t left = energy.nano();
    std::int64_t laid = 0;
    std::int64_t spent = 0;
    for (auto at = list_.rbegin(); at != list_.rend() && left > 0; ++at) {
      if (at->participant != who || at->side != side) continue;
      const std::int64_t part = std::min(left, at->committed.nano());
      left -= part;
      laid += part;
      const auto until =
          static_cast<std::int64_t>(static_cast<Wide>(cost.nano()) * laid / energy.nano());
      at->deviation = Energy::from_nano(part);
      at->deviation_cost = Coins::from_nano(until - spent);
      spent = until;
    }
  }

  std::vector<OrderOutcome> sorted(bool settled) {
    for (OrderOutcome& each : list_) {
      each.settled = settled;
      // An order that was cancelled with its participant is known by what was committed.
      each.ordered = larger(each.ordered, each.committed);
    }
    std::sort(list_.begin(), list_.end(), [](const OrderOutcome& a, const OrderOutcome& b) {
      return a.participant != b.participant ? a.participant < b.participant : a.order < b.order;
    });
    return std::move(list_);
  }

 private:
  const std::vector<Terms>& terms_;
  std::vector<OrderOutcome> list_;
  std::map<std::pair<ParticipantRef, Digest>, std::size_t> place_;
};

}  // namespace

Tradable tradable_of(const SlotInputs& inputs, std::size_t index) {
  const Settled& metered = inputs.metered[index];
  if (inputs.apart.empty()) return {metered.imported, metered.exported};
  const Apart& apart = inputs.apart[index];
  return {minus(metered.imported, apart.imported), minus(metered.exported, apart.exported)};
}

std::vector<Position> positions_of(const SlotInputs& inputs) {
  if (inputs.commitments.empty()) return {};
  // Within 64 bits: an order is for 1,000,000 kWh at most, a participant has at most 64.
  std::vector<std::int64_t> net(inputs.terms.size());
  for (const Commitment& each : inputs.commitments) {
    net[index_of(inputs.terms, each.trade.buyer)] += each.trade.energy.nano();
    net[index_of(inputs.terms, each.trade.seller)] -= each.trade.energy.nano();
  }
  std::vector<Position> result(net.size());
  for (std::size_t i = 0; i < net.size(); ++i) {
    const Tradable metered = tradable_of(inputs, i);
    const Energy bought = Energy::from_nano(std::max<std::int64_t>(net[i], 0));
    const Energy sold = Energy::from_nano(std::max<std::int64_t>(-net[i], 0));
    Position& position = result[i];
    position.covered = smaller(metered.imported, bought);
    position.delivered = smaller(metered.exported, sold);
    position.unused = minus(bought, position.covered);
    position.shortfall = minus(sold, position.delivered);
  }
  return result;
}

bool covers_shortfall(const market::Order& order) {
  return order.standing && order.id.ends_with(shortfall_suffix);
}

bool sells_unused(const market::Order& order) {
  return order.standing && order.id.ends_with(unused_suffix);
}

void reserve_borders(market::Network& network, const SlotInputs& inputs) {
  if (network.zones.empty()) return;
  const auto reserve = [](std::optional<Energy>& limit, Energy energy) {
    if (limit) limit = larger(Energy{}, minus(*limit, energy));
  };
  const auto zone_of = [&](const ParticipantRef& ref) {
    return market::zone_of(network,
                           static_cast<market::ParticipantIndex>(index_of(inputs.terms, ref)));
  };
  for (const Commitment& each : inputs.commitments) {
    const auto levels =
        market::levels_between(network, zone_of(each.trade.seller), zone_of(each.trade.buyer));
    for (std::size_t k = 0; k + 1 < levels.size(); ++k) {
      const bool climbs = network.zones[levels[k]].parent == levels[k + 1];
      if (climbs) {
        reserve(network.zones[levels[k]].max_export, each.trade.energy);
      } else {
        reserve(network.zones[levels[k + 1]].max_import, each.trade.energy);
      }
    }
  }
}

std::optional<Price> spot_price(const SlotResult& result) {
  if (result.clearing_price) return result.clearing_price;
  std::int64_t energy = 0;
  std::int64_t amount = 0;
  for (const SettledTrade& trade : result.trades) {
    if (trade.venue != Venue::local || trade.forward) continue;
    energy += trade.energy.nano();  // parts of sums that are checked
    amount += trade.amount.nano();
  }
  if (energy == 0) return std::nullopt;
  const auto mean = multiply_divide(amount, nano_per_unit, energy);
  if (!mean) return std::nullopt;
  return Price::from_nano(*mean);
}

Result<void> add_margins(const SlotInputs& inputs, SlotResult& result) {
  const auto spot = spot_price(result);
  if (!spot) return {};
  const auto prices = imbalance_prices(*spot, inputs.margin_nano);
  if (!prices) return prices.error();
  for (SettledTrade& trade : result.trades) {
    if (!trade.covers_short && !trade.sells_unused) continue;
    if (auto added = add_margin(*prices, trade); !added) return added;
    const auto charge = [&](const ParticipantRef& who, Coins margin) -> Result<void> {
      Coins& sum = result.settled[index_of(inputs.terms, who)].forward.margin;
      const auto total = add(sum, margin);
      if (!total) return total.error();
      sum = *total;
      return {};
    };
    if (trade.covers_short) {
      if (auto charged = charge(trade.buyer, trade.buyer_margin); !charged) return charged;
    }
    if (trade.sells_unused) {
      if (auto charged = charge(trade.seller, trade.seller_margin); !charged) return charged;
    }
  }
  return {};
}

std::vector<OrderOutcome> order_outcomes(const SlotInputs& inputs, const SlotResult& result,
                                         const std::vector<SpotOrders>& spot) {
  Outcomes outcomes(inputs.terms);
  outcomes.take(inputs.commitments);
  for (const Terms& terms : inputs.terms) {
    for (const OrderTerms& order : terms.wishes.orders) {
      outcomes.of(terms.participant, order.id, order.side);
    }
  }
  const std::size_t first = inputs.commitments.size();
  for (std::size_t k = 0; k < spot.size(); ++k) {
    const SettledTrade& trade = result.trades[first + k];
    if (spot[k].bid) {
      Outcomes::add(outcomes.of(trade.buyer, *spot[k].bid, OrderSide::buy), trade, false);
    }
    if (spot[k].offer) {
      Outcomes::add(outcomes.of(trade.seller, *spot[k].offer, OrderSide::sell), trade, false);
    }
  }
  for (std::size_t i = 0; i < inputs.terms.size(); ++i) {
    const Forward& own = result.settled[i].forward;
    const ParticipantRef& who = inputs.terms[i].participant;
    const std::int64_t cost = own.paid.nano() + own.utility_charge.nano() + own.margin.nano() -
                              own.earned.nano() - own.utility_credit.nano();
    if (own.shortfall().is_positive()) {
      outcomes.deviate(who, OrderSide::sell, own.shortfall(), Coins::from_nano(cost));
    } else if (own.unused().is_positive()) {
      outcomes.deviate(who, OrderSide::buy, own.unused(), Coins::from_nano(cost));
    }
  }
  return outcomes.sorted(true);
}

std::vector<OrderOutcome> gate_outcomes(const std::vector<Terms>& terms,
                                        const std::vector<Commitment>& commitments) {
  Outcomes outcomes(terms);
  outcomes.take(commitments);
  return outcomes.sorted(false);
}

}  // namespace powershare::ledger
