#include "ledger/slots.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "ledger/allocation.hpp"
#include "ledger/claims.hpp"
#include "ledger/error.hpp"
#include "ledger/forward.hpp"
#include "ledger/history.hpp"
#include "ledger/household_news.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/metering.hpp"
#include "ledger/movements.hpp"
#include "ledger/orders.hpp"
#include "ledger/origin.hpp"
#include "ledger/plausibility.hpp"
#include "ledger/registry.hpp"
#include "ledger/sharing.hpp"
#include "ledger/slot_book.hpp"
#include "ledger/slot_evidence.hpp"
#include "ledger/slot_explanation.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/slot_settlement.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/top_up.hpp"

namespace powershare::ledger {
namespace {

Bytes progress_key() {
  return state_key::table(StateTable::slot_progress);
}

void put_progress(Overlay& state, const SlotProgress& progress) {
  state.put(progress_key(), progress.encode());
}

/// The first slot from `from` on in which the meter is waited for: it is active, and was not silent
/// for longer than silent_ms when the slot began.
std::optional<UtcMillis> next_expected(const StateReader& state, const MeterRecord& meter,
                                       UtcMillis from, std::int64_t silent_ms) {
  if (meter.kind == MeterKind::transformer) return std::nullopt;
  const UtcMillis slot = std::max(from, meter.active_from);
  if (!meter.active_at(slot)) return std::nullopt;
  const UtcMillis heard = meter_progress(state, meter.meter).last_end().value_or(meter.active_from);
  if (slot.value - heard.value > silent_ms) return std::nullopt;
  return slot;
}

bool covers_slot(const MeterProgress& progress, UtcMillis slot, std::int64_t slot_ms) {
  const auto begin = static_cast<std::uint64_t>(slot.value);
  return progress.coverage.covers({begin, begin + static_cast<std::uint64_t>(slot_ms)});
}

}  // namespace

std::uint32_t missing_meters(const StateReader& state, const Parameters& parameters, UtcMillis slot,
                             std::uint32_t stop_at) {
  std::uint32_t missing = 0;
  for_each_meter(state, [&](const MeterRecord& meter) {
    const bool expected = next_expected(state, meter, slot, parameters.silent_meter_ms) == slot;
    if (expected && !covers_slot(meter_progress(state, meter.meter), slot, parameters.slot_ms)) {
      ++missing;
    }
    return missing < stop_at;
  });
  return missing;
}

namespace {

/// Sums of signed energies; false once one has left its range.
class NetEnergy {
 public:
  void add(std::int64_t& sum, std::int64_t part) {
    fits_ = fits_ && !__builtin_add_overflow(sum, part, &sum);
  }
  /// What a net sum is as import or export, on top of what is there.
  void take(std::int64_t net, Energy& imported, Energy& exported) {
    fits_ = fits_ && net > INT64_MIN;
    if (!fits_) return;
    std::int64_t total = (net < 0 ? exported : imported).nano();
    add(total, net < 0 ? -net : net);
    (net < 0 ? exported : imported) = Energy::from_nano(total);
  }
  bool fits() const { return fits_; }

 private:
  bool fits_ = true;
};

}  // namespace

Result<std::map<ParticipantRef, Metered>> metered_energy(const StateReader& state, UtcMillis slot,
                                                         const std::vector<MeterId>& quarantined) {
  struct Net {
    std::int64_t trusted = 0;
    std::int64_t apart = 0;
    std::int64_t produced = 0;
  };
  struct Counted {
    std::int64_t energy = 0;
    std::int64_t produced = 0;
  };
  std::map<ParticipantRef, Net> nets;
  std::map<MeterId, Counted> by_meter;
  NetEnergy sums;
  for_each_reading(state, slot, [&](const SlotReading& reading) {
    Counted& counted = by_meter[reading.meter];
    sums.add(counted.energy, reading.imported.nano());
    sums.add(counted.energy, -reading.exported.nano());
    sums.add(counted.produced, reading.produced.nano());
    return true;
  });
  const auto part_of = [&](Net& net, const MeterId& meter) -> std::int64_t& {
    const bool apart = std::binary_search(quarantined.begin(), quarantined.end(), meter);
    return apart ? net.apart : net.trusted;
  };
  for_each_meter(state, [&](const MeterRecord& meter) {
    if (meter.kind == MeterKind::transformer || !meter.active_at(slot)) return true;
    Net& own = nets[meter.owner_at(slot)];
    const auto found = by_meter.find(meter.meter);
    if (found == by_meter.end()) return true;
    sums.add(part_of(own, meter.meter), found->second.energy);
    sums.add(own.produced, found->second.produced);
    const auto parent = meter.parent ? find_meter(state, *meter.parent) : std::nullopt;
    if (parent) {
      sums.add(part_of(nets[parent->owner_at(slot)], parent->meter), -found->second.energy);
    }
    return true;
  });
  std::map<ParticipantRef, Metered> result;
  for (const auto& [participant, net] : nets) {
    Metered& metered = result[participant];
    sums.take(net.apart, metered.apart.imported, metered.apart.exported);
    metered.all.imported = metered.apart.imported;
    metered.all.exported = metered.apart.exported;
    sums.take(net.trusted, metered.all.imported, metered.all.exported);
    metered.all.produced = Energy::from_nano(net.produced);
  }
  if (!sums.fits()) return Error{LedgerError::overflow, "the energy of a slot leaves its range"};
  return result;
}

namespace {

/// The first slot from `from` on that is not empty: a meter is waited for, or a reading or
/// commitments are there.
std::optional<UtcMillis> next_needed(const StateReader& state, const Parameters& parameters,
                                     UtcMillis from) {
  auto needed = next_slot_with_readings(state, from);
  if (const auto committed = next_forward(state, from);
      committed && (!needed || *committed < *needed)) {
    needed = committed;
  }
  for_each_meter(state, [&](const MeterRecord& meter) {
    const auto expected = next_expected(state, meter, from, parameters.silent_meter_ms);
    if (expected && (!needed || *expected < *needed)) needed = expected;
    return needed != from;
  });
  return needed;
}

struct NextClose {
  UtcMillis slot;    ///< all before it are closed, or empty and past their grace
  bool due = false;  ///< `slot` can be closed
};

NextClose next_close(const StateReader& state, const Parameters& parameters, UtcMillis from,
                     UtcMillis now) {
  if (from.value + parameters.slot_ms > now.value) return {from, false};
  const auto needed = next_needed(state, parameters, from);
  // The first slot whose grace is not over.
  const UtcMillis waiting = slot_start(
      {std::max<std::int64_t>(0, now.value - parameters.close_grace_ms)}, parameters.slot_ms);
  NextClose next{std::max(from, waiting), false};
  if (needed && *needed < next.slot) next.slot = *needed;
  if (needed != next.slot) return next;
  const std::int64_t end_ms = next.slot.value + parameters.slot_ms;
  if (end_ms > now.value) return next;
  next.due = end_ms + parameters.close_grace_ms <= now.value ||
             missing_meters(state, parameters, next.slot, 1) == 0;
  return next;
}

/// One slot's settlement from what the state holds, booked and told.
class Settlement {
 public:
  Settlement(Overlay& state, const BlockContext& context, UtcMillis slot)
      : state_(state), context_(context), slot_(slot) {}

  Result<void> run() {
    auto record = find_slot(state_, slot_);
    const bool first = !record;
    if (!record) {
      record = SlotRecord{
          slot_, context_.parameters.clearing_rule, current_supply(state_, slot_), {}, {}, 0};
      record->quarantined = quarantined_meters(state_);
      record->network = current_network(state_, slot_);
    }
    auto energies = metered_energy(state_, slot_, record->quarantined);
    if (!energies) return energies.error();
    const auto forward = find_forward(state_, slot_);
    if (forward) {
      for (const Commitment& each : forward->commitments) {
        energies->try_emplace(each.trade.buyer);
        energies->try_emplace(each.trade.seller);
      }
      if (auto released = release_held(state_, slot_); !released) return released;
    }
    add_new_participants(*record, *energies, forward);
    SlotInputs inputs{slot_, record->rule, record->supply, record->terms, {}, {}, {}, {}, {}};
    if (forward) {
      inputs.commitments = forward->commitments;
      inputs.margin_nano = forward->margin_nano;
    }
    for (const Terms& terms : record->terms) {
      const Metered& metered = (*energies)[terms.participant];
      inputs.metered.push_back(metered.all);
      inputs.apart.push_back(metered.apart);
    }
    if (const auto network = find_network(state_, record->network.version)) {
      inputs.network =
          market_network(*network, record->network.minute_of_week, record->supply, record->terms);
    }
    if (needs_facts(inputs.terms)) {
      inputs.facts = slot_facts(state_, slot_, inputs.terms, inputs.metered);
    }
    if (const auto shares = find_shares(state_, slot_)) {
      inputs.sharing = market_sharing(*shares, inputs.terms);
    }
    std::optional<SlotEvidence> evidence;
    auto result = settle(inputs, &evidence);
    if (!result) return result.error();
    if (auto sound = check_settled(slot_, record->terms, result->settled); !sound) return sound;
    if (auto booked =
            book(state_, slot_, record->supply, record->terms, record->settled, result->settled);
        !booked) {
      return booked;
    }
    if (forward) {
      // What was held and is not needed pays what its owner owes.
      for (const Held& each : forward->held) {
        if (auto paid = pay_claims(state_, each.participant); !paid) return paid.error();
      }
    }
    if (auto certified =
            settle_origin(state_, context_, inputs, record->quarantined, *result, first);
        !certified) {
      return certified;
    }
    tell(*record, *result);
    prove(*record, *result, evidence);
    record->settled = result->settled;
    record->trades = static_cast<std::uint32_t>(result->trades.size());
    put_slot(state_, *record);
    flag_quarantined(*record);
    judge_slot(state_, context_, slot_);
    return {};
  }

 private:
  /// Terms are frozen when a participant's energy first counts in the slot.
  void add_new_participants(SlotRecord& record, const std::map<ParticipantRef, Metered>& energies,
                            const std::optional<ForwardRecord>& forward) const {
    for (const auto& [participant, energy] : energies) {
      const auto at = std::lower_bound(
          record.terms.begin(), record.terms.end(), participant,
          [](const Terms& terms, const ParticipantRef& ref) { return terms.participant < ref; });
      if (at != record.terms.end() && at->participant == participant) continue;
      const auto position = at - record.terms.begin();
      record.settled.insert(record.settled.begin() + position, Settled{});
      Terms terms =
          terms_of(state_, participant, slot_, record.supply, context_.parameters.credit_limit);
      if (forward) {
        // What it has bought at the gate is spent.
        const auto left =
            subtract(terms.capacity, committed_cost(forward->commitments, participant));
        terms.capacity = left ? larger(*left, Coins{}) : Coins{};
      }
      record.terms.insert(at, std::move(terms));
    }
  }

  /// Readings of meters that were settled apart are shown so.
  void flag_quarantined(const SlotRecord& record) const {
    if (record.quarantined.empty()) return;
    for_each_reading(state_, slot_, [&](const SlotReading& reading) {
      if (std::binary_search(record.quarantined.begin(), record.quarantined.end(), reading.meter)) {
        SlotReading flagged = reading;
        flagged.quarantined = true;
        context_.history.push_back(reading_row(flagged));
      }
      return true;
    });
  }

  /// What others can check: who was given which energy, and that no clearing had been better.
  void prove(const SlotRecord& record, const SlotResult& result,
             const std::optional<SlotEvidence>& evidence) {
    AllocationVector vector{slot_, {}};
    for (std::size_t i = 0; i < record.terms.size(); ++i) {
      const Settled& settled = result.settled[i];
      vector.entries.push_back({record.terms[i].participant, settled.bought, settled.sold,
                                settled.from_utility, settled.to_utility});
    }
    put_allocation(state_, context_, vector);
    if (record.rule != "optimal") return;
    context_.history.push_back(evidence ? evidence_row(slot_, *evidence) : no_evidence_row(slot_));
  }

  void tell(const SlotRecord& record, const SlotResult& result) {
    auto& history = context_.history;
    SlotRow row;
    row.start = slot_;
    row.rule = record.rule;
    row.clearing_price = result.clearing_price;
    // Sums within the range that the bookings have checked.
    const auto sum = [&](Energy Settled::*field) {
      std::int64_t total = 0;
      for (const Settled& settled : result.settled) total += (settled.*field).nano();
      return Energy::from_nano(total);
    };
    row.imported = sum(&Settled::imported);
    row.exported = sum(&Settled::exported);
    std::int64_t traded = sum(&Settled::bought).nano();
    std::int64_t from_utility = sum(&Settled::from_utility).nano();
    std::int64_t to_utility = sum(&Settled::to_utility).nano();
    for (const Settled& settled : result.settled) {
      traded += settled.forward.short_local.nano();
      from_utility += settled.forward.short_utility.nano();
      to_utility += settled.forward.unused_utility.nano();
    }
    row.traded = Energy::from_nano(traded);
    row.from_utility = Energy::from_nano(from_utility);
    row.to_utility = Energy::from_nano(to_utility);
    row.missing_meters = missing_meters(state_, context_.parameters, slot_, UINT32_MAX);
    row.trades = static_cast<std::uint32_t>(result.trades.size());
    row.pairs = static_cast<std::uint32_t>(
        std::count_if(result.trades.begin(), result.trades.end(),
                      [](const SettledTrade& trade) { return trade.venue == Venue::local; }));
    history.push_back(slot_row(row));
    history.push_back(slot_book_row({slot_, result.book}));

    std::vector<ParticipantSlotRow> own;
    std::map<ParticipantRef, std::size_t> position;
    for (std::size_t i = 0; i < record.terms.size(); ++i) {
      position[record.terms[i].participant] = i;
      own.push_back({record.terms[i].participant, slot_, record.supply, result.settled[i], {}});
    }
    for (std::uint32_t index = 0; index < row.trades; ++index) {
      const TradeRow trade{slot_, index, result.trades[index]};
      history.push_back(trade_row(trade));
      for (const ParticipantRef* side : {&trade.trade.buyer, &trade.trade.seller}) {
        const auto found = position.find(*side);
        if (found != position.end()) own[found->second].trades.push_back(trade);
      }
    }
    for (std::uint32_t index = row.trades; index < record.trades; ++index) {
      history.push_back(no_trade_row(slot_, index));
    }
    for (const ParticipantSlotRow& each : own) history.push_back(participant_slot_row(each));
    for (const OrderOutcome& each : result.orders) history.push_back(order_slot_row({slot_, each}));
    if (row.pairs > 0) {
      context_.events.push_back({Event::Kind::trade, slot_, {}, row.pairs, row.traded});
    }
    context_.events.push_back({Event::Kind::slot_closed, slot_, {}, row.pairs, row.traded});
  }

  Overlay& state_;
  const BlockContext& context_;
  UtcMillis slot_;
};

/// Settles on an overlay of its own: what fails has no effect but the alarm.
void settle_slot(Overlay& state, const BlockContext& context, UtcMillis slot) {
  Overlay changes(state);
  if (auto settled = Settlement(changes, context, slot).run(); !settled) {
    context.events.push_back(
        {Event::Kind::alarm, slot,
         "slot " + to_iso8601(slot) + " not settled: " + settled.error().text(), 0, Energy{}});
    return;
  }
  tell_slot_movements(changes, state, context, slot);
  tell_slot_news(changes, state, context, slot);
  changes.merge_into(state);
}

void close_slots(Overlay& state, const BlockContext& context, SlotProgress& progress) {
  for (std::size_t closed = 0; closed < SlotLimits::max_closed_per_block; ++closed) {
    const auto next =
        next_close(state, context.parameters, progress.next_close, context.island_time);
    // A slot is closed after its gate.
    const auto gate = gate_due(state, context.parameters, context.island_time);
    progress.next_close = gate ? std::min(next.slot, *gate) : next.slot;
    if (!next.due || progress.next_close != next.slot) return;
    settle_slot(state, context, next.slot);
    top_up_households(state, context, next.slot);
    unmark(state, next.slot);
    progress.next_close.value += context.parameters.slot_ms;
  }
}

void clear_again(Overlay& state, const BlockContext& context) {
  for (const UtcMillis slot : to_clear_again(state, SlotLimits::max_cleared_again_per_block)) {
    settle_slot(state, context, slot);
    unmark(state, slot);
  }
}

void finalise(Overlay& state, const BlockContext& context, SlotProgress& progress) {
  const Parameters& parameters = context.parameters;
  // The first slot that ends too late to be final.
  const UtcMillis young =
      slot_start({std::max<std::int64_t>(0, context.island_time.value - parameters.final_after_ms)},
                 parameters.slot_ms);
  const UtcMillis bound = std::min(young, progress.next_close);
  for (std::size_t done = 0; progress.next_final < bound; ++done) {
    const auto record = next_slot_record(state, progress.next_final);
    const auto readings = next_slot_with_readings(state, progress.next_final);
    const auto marked = to_clear_again(state, 1);
    UtcMillis slot = bound;
    if (record) slot = std::min(slot, *record);
    if (const auto forward = next_forward(state, progress.next_final)) {
      slot = std::min(slot, *forward);
    }
    if (readings) slot = std::min(slot, *readings);  // of a slot that could not be settled
    if (!marked.empty()) slot = std::min(slot, marked.front());
    progress.next_final = std::max(progress.next_final, slot);  // slots without a record were empty
    if (slot >= bound || is_marked(state, slot)) return;
    if (done == SlotLimits::max_final_per_block) return;
    forget_readings(state, slot);
    finish_origin(state, context, slot);
    forget_allocations(state, slot);
    erase_slot(state, slot);
    forget_forward(state, slot);
    context.events.push_back({Event::Kind::slot_final, slot, {}, 0, Energy{}});
    progress.next_final.value += parameters.slot_ms;
  }
}

}  // namespace

std::string_view to_text(SlotState state) {
  switch (state) {
    case SlotState::open:
      return "open";
    case SlotState::metering:
      return "metering";
    case SlotState::provisional:
      return "provisional";
    case SlotState::final:
      return "final";
  }
  return "unknown";
}

Bytes SlotProgress::encode() const {
  return Encoder().time(first).time(next_close).time(next_final).data();
}

Result<SlotProgress> SlotProgress::decode(ByteView bytes) {
  Decoder in(bytes);
  SlotProgress progress;
  progress.first = in.time();
  progress.next_close = in.time();
  progress.next_final = in.time();
  if (!in.finished()) return Error{LedgerError::malformed, "not the progress of slots"};
  return progress;
}

void start_market(Overlay& state, UtcMillis island_time, std::int64_t slot_ms) {
  const UtcMillis first = slot_start(island_time, slot_ms);
  put_progress(state, {first, first, first});
}

std::optional<SlotProgress> slot_progress(const StateReader& state) {
  const auto value = state.get(progress_key());
  if (!value) return std::nullopt;
  auto progress = SlotProgress::decode(*value);
  PS_ASSERT(progress.ok());
  return *progress;
}

UtcMillis oldest_slot_not_final(const StateReader& state) {
  const auto progress = slot_progress(state);
  return progress ? progress->next_final : UtcMillis{};
}

UtcMillis next_slot(UtcMillis island_time, std::int64_t slot_ms) {
  return {slot_start(island_time, slot_ms).value + slot_ms};
}

bool slot_due(const StateReader& state, const Parameters& parameters, UtcMillis island_now) {
  const auto progress = slot_progress(state);
  if (!progress) return false;
  return gate_due(state, parameters, island_now) ||
         next_close(state, parameters, progress->next_close, island_now).due ||
         !to_clear_again(state, 1).empty();
}

void close_due_slots(Overlay& state, const BlockContext& context) {
  const auto before = slot_progress(state);
  if (!before) return;
  SlotProgress progress = *before;
  clear_forward(state, context);
  close_slots(state, context, progress);
  forget_orders_before(state, progress.next_close);
  clear_again(state, context);
  finalise(state, context, progress);
  if (progress.encode() != before->encode()) put_progress(state, progress);
}

SlotState slot_state(const StateReader& state, UtcMillis start, UtcMillis island_now,
                     std::int64_t slot_ms) {
  const auto progress = slot_progress(state);
  if (progress && start < progress->next_final) return SlotState::final;
  if (progress && start < progress->next_close) return SlotState::provisional;
  return island_now.value < start.value + slot_ms ? SlotState::open : SlotState::metering;
}

Result<void> check_slots(const StateReader& state) {
  Result<void> result;
  for_each_slot(state, [&](const SlotRecord& record) {
    result = check_settled(record.start, record.terms, record.settled);
    if (!result) return false;
    // And against the readings themselves, unless newer ones wait to be settled.
    const auto energies = metered_energy(state, record.start, record.quarantined);
    if (!energies || is_marked(state, record.start)) return true;
    for (std::size_t i = 0; i < record.terms.size(); ++i) {
      const auto found = energies->find(record.terms[i].participant);
      const Settled now = found == energies->end() ? Settled{} : found->second.all;
      if (now.imported != record.settled[i].imported ||
          now.exported != record.settled[i].exported) {
        result = Error{LedgerError::invariant, "slot " + to_iso8601(record.start) +
                                                   ": settled energy is not what was metered"};
        return false;
      }
    }
    return true;
  });
  return result;
}

}  // namespace powershare::ledger
