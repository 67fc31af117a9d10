#include "ledger/forward.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/deviations.hpp"
#include "ledger/history.hpp"
#include "ledger/membership.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/movements.hpp"
#include "ledger/network.hpp"
#include "ledger/orders.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_trades.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

__extension__ using Wide = __int128;

Bytes progress_key() {
  return state_key::table(StateTable::next_gate);
}

/// The slot up to which all gates were passed; nothing before the first order of level 4.
std::optional<UtcMillis> next_gate(const StateReader& state) {
  const auto value = state.get(progress_key());
  if (!value) return std::nullopt;
  Decoder in(*value);
  return in.time();
}

void put_next_gate(Overlay& state, UtcMillis slot) {
  if (next_gate(state) != slot) state.put(progress_key(), Encoder().time(slot).data());
}

/// The first slot whose gate is ahead of `now`.
UtcMillis first_ahead(const Parameters& parameters, UtcMillis now) {
  const UtcMillis edge{now.value + parameters.gate_closure_ms};
  return {slot_start(edge, parameters.slot_ms).value + parameters.slot_ms};
}

/// price × energy, rounded up, within what a wallet can hold.
std::int64_t worth_up(Price price, Energy energy) {
  const Wide product = static_cast<Wide>(price.nano()) * energy.nano();
  return static_cast<std::int64_t>(
      std::min<Wide>((product + nano_per_unit - 1) / nano_per_unit, INT64_MAX / 4));
}

/// One slot's orders, cleared against one another.
class GateClearing {
 public:
  GateClearing(Overlay& state, const BlockContext& context, UtcMillis slot)
      : state_(state), context_(context), slot_(slot), supply_(current_supply(state, slot)) {}

  Result<void> run() {
    // Without a supplier nobody stands behind who deviates.
    if (!supply_.supplier) return {};
    collect();
    market::Book book = make_book();
    const NetworkStand stand = current_network(state_, slot_);
    market::Network network;
    if (const auto found = find_network(state_, stand.version)) {
      network = market_network(*found, stand.minute_of_week, supply_, terms_);
    }
    const auto clearing = clear_book(context_.parameters.clearing_rule, book, network);
    if (!clearing) return clearing.error();
    auto trades = trades_of(network, book, *clearing, terms_);
    if (!trades) return trades.error();
    if (trades->empty()) return {};
    ForwardRecord record{slot_, context_.parameters.deviation_margin_nano, {}, {}};
    for (BookTrade& each : *trades) {
      each.trade.forward = true;
      record.commitments.push_back(
          {std::move(each.trade), id_of(book.orders[each.bid]), id_of(book.orders[each.offer])});
    }
    if (auto held = hold_coins(record); !held) return held;
    put_forward(state_, record);
    for (const OrderOutcome& each : gate_outcomes(terms_, record.commitments)) {
      context_.history.push_back(order_slot_row({slot_, each}));
    }
    return {};
  }

 private:
  static Digest id_of(const market::Order& order) {
    const auto id = crypto::digest_from_hex(order.id);
    PS_ASSERT(id.ok());  // as make_book() writes it
    return *id;
  }

  /// A promise is about what a meter will say: one that is trusted and counts in the slot.
  bool has_meter(const ParticipantRef& who, const std::vector<MeterId>& quarantined) const {
    for (const MeterRecord& meter : meters_of(state_, who)) {
      if (meter.kind == MeterKind::transformer || !meter.active_at(slot_)) continue;
      if (!std::binary_search(quarantined.begin(), quarantined.end(), meter.meter)) return true;
    }
    return false;
  }

  /// Who has orders that can be promised, by participant. Renewable energy cannot: only the
  /// readings say what is.
  void collect() {
    std::map<ParticipantRef, std::vector<OrderTerms>> orders;
    for_each_order_in(state_, slot_, context_.parameters.slot_ms, [&](const LiveOrder& live) {
      if (live.order.only_renewable) return;
      orders[live.order.participant].push_back(order_terms(live));
    });
    const auto quarantined = quarantined_meters(state_);
    for (auto& [who, list] : orders) {
      if (!has_meter(who, quarantined)) continue;
      Terms terms;
      terms.participant = who;
      terms.wishes.orders = std::move(list);
      terms_.push_back(std::move(terms));
    }
  }

  market::Book make_book() {
    market::Book book;
    book.tariff = {supply_.tariff, supply_.feed_in};
    for (const Terms& terms : terms_) book.participants.push_back(to_text(terms.participant));
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const ParticipantRef& who = terms_[i].participant;
      const Wide coins = balance(state_, participant_account(who, asset_coins));
      const Wide owed = claims_on(state_, who).nano();
      // Bids are backed by coins that can be held; offers by what the shortfall would cost, for
      // which credit is good too.
      Wide left = add_side(book, i, OrderSide::buy, std::max<Wide>(coins - owed, 0));
      left += std::min<Wide>(coins - owed, 0) + context_.parameters.credit_limit.nano();
      add_side(book, i, OrderSide::sell, std::max<Wide>(left, 0));
    }
    return book;
  }

  /// Adds a participant's orders of one side, best first, as far as `backing` nano-coins reach;
  /// what is left of them.
  Wide add_side(market::Book& book, std::size_t i, OrderSide side, Wide backing) {
    for (const OrderTerms* terms : best_first(terms_[i].wishes.orders, side)) {
      const Price price = side == OrderSide::buy ? terms->limit : shortfall_price();
      Energy energy = terms->energy;
      if (price.is_positive()) {
        const Wide most = backing * nano_per_unit / price.nano();
        if (most < energy.nano()) energy = Energy::from_nano(static_cast<std::int64_t>(most));
      }
      if (!energy.is_positive()) continue;
      market::Order order;
      order.id = crypto::to_hex(terms->id);
      order.participant = static_cast<market::ParticipantIndex>(i);
      order.side = side == OrderSide::buy ? market::Side::buy : market::Side::sell;
      order.energy = energy;
      order.limit = terms->limit;
      order.accepted = terms->accepted;
      for (const ParticipantRef& partner : terms->partners) {
        const auto at = position_of(terms_, partner);
        if (at) order.partners.push_back(static_cast<market::ParticipantIndex>(*at));
      }
      if (!terms->partners.empty() && order.partners.empty()) continue;
      backing -= std::min<Wide>(backing, worth_up(price, energy));
      book.orders.push_back(std::move(order));
    }
    return backing;
  }

  /// What a kWh that is not delivered costs, where the utility brings it.
  Price shortfall_price() const {
    const Wide nano = static_cast<Wide>(supply_.tariff.nano()) *
                      (nano_per_unit + context_.parameters.deviation_margin_nano);
    return Price::from_nano(static_cast<std::int64_t>((nano + nano_per_unit - 1) / nano_per_unit));
  }

  /// Each buyer's coins at the limits of its bids, as far as it has them.
  Result<void> hold_coins(ForwardRecord& record) {
    std::map<ParticipantRef, std::map<Digest, std::int64_t>> bought;
    for (const Commitment& each : record.commitments) {
      bought[each.trade.buyer][each.bid] += each.trade.energy.nano();
    }
    for (const auto& [who, by_order] : bought) {
      Wide sum = 0;
      for (const OrderTerms& order : terms_[*position_of(terms_, who)].wishes.orders) {
        const auto found = by_order.find(order.id);
        if (found == by_order.end()) continue;
        sum += worth_up(order.limit, Energy::from_nano(found->second));
      }
      const Wide coins = balance(state_, participant_account(who, asset_coins));
      const Held held{who, Coins::from_nano(static_cast<std::int64_t>(std::min<Wide>(sum, coins)))};
      if (!held.coins.is_positive()) continue;
      if (auto done = hold(state_, held); !done) return done;
      record.held.push_back(held);
    }
    return {};
  }

  Overlay& state_;
  const BlockContext& context_;
  UtcMillis slot_;
  Supply supply_;
  std::vector<Terms> terms_;  ///< participants and their orders alone
};

void clear_gate(Overlay& state, const BlockContext& context, UtcMillis slot) {
  Overlay changes(state);
  if (auto cleared = GateClearing(changes, context, slot).run(); !cleared) {
    context.events.push_back(
        {Event::Kind::alarm, slot,
         "gate of slot " + to_iso8601(slot) + " not cleared: " + cleared.error().text(), 0,
         Energy{}});
    return;
  }
  tell_gate_movements(changes, state, context, slot);
  changes.merge_into(state);
}

}  // namespace

UtcMillis first_open_slot(const StateReader& state, const Parameters& parameters, UtcMillis now) {
  // After the gate has been brought nearer to the slots, those that were cleared stay closed.
  return std::max(first_ahead(parameters, now), next_gate(state).value_or(UtcMillis{}));
}

void begin_forward(Overlay& state, const Parameters& parameters, UtcMillis now) {
  if (current_feature_level(state) < ForwardLimits::feature_level || next_gate(state)) return;
  put_next_gate(state, first_ahead(parameters, now));
}

std::optional<UtcMillis> gate_due(const StateReader& state, const Parameters& parameters,
                                  UtcMillis now) {
  const auto from = next_gate(state);
  const UtcMillis ahead = first_ahead(parameters, now);
  if (!from || *from >= ahead) return std::nullopt;
  return first_ordered_slot(state, *from, ahead);
}

void clear_forward(Overlay& state, const BlockContext& context) {
  const Parameters& parameters = context.parameters;
  for (std::size_t k = 0; k < ForwardLimits::max_gates_per_block; ++k) {
    const auto slot = gate_due(state, parameters, context.island_time);
    if (!slot) break;
    clear_gate(state, context, *slot);
    put_next_gate(state, {slot->value + parameters.slot_ms});
  }
  const auto from = next_gate(state);
  const UtcMillis ahead = first_ahead(parameters, context.island_time);
  if (from && *from < ahead && !gate_due(state, parameters, context.island_time)) {
    put_next_gate(state, ahead);  // nothing was ordered for those between
  }
}

}  // namespace powershare::ledger
