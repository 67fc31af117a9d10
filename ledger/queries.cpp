#include "ledger/queries.hpp"

#include <charconv>
#include <utility>

#include "ledger/error.hpp"
#include "ledger/metering.hpp"
#include "ledger/parameters.hpp"

namespace powershare::ledger {
namespace {

struct Position {
  UtcMillis slot;
  std::uint32_t index = 0;
};

std::string trade_id(const TradeRow& row) {
  return std::to_string(row.slot.value) + "-" + std::to_string(row.index);
}

std::optional<Position> parse_trade_id(std::string_view id) {
  Position position;
  const char* end = id.data() + id.size();
  const auto slot = std::from_chars(id.data(), end, position.slot.value);
  if (slot.ec != std::errc() || slot.ptr == end || *slot.ptr != '-') return std::nullopt;
  const auto index = std::from_chars(slot.ptr + 1, end, position.index);
  if (index.ec != std::errc() || index.ptr != end || position.slot.value < 0) return std::nullopt;
  return position;
}

/// Collects trades that pass the filter, until the limit.
class TradeCollector {
 public:
  TradeCollector(const StateReader& state, const TradeFilter& filter,
                 const std::optional<Position>& after)
      : state_(state), filter_(filter), after_(after) {
    const Parameters all = parameters(state);
    slot_ms_ = all.slot_ms;
    now_ = island_time(state);
  }

  UtcMillis from() const { return after_ ? std::max(after_->slot, filter_.from) : filter_.from; }

  /// False when no more are wanted.
  bool take(const TradeRow& row) {
    if (row.slot >= filter_.to || result_.size() >= filter_.limit) return false;
    const bool seen = after_ && (row.slot < after_->slot ||
                                 (row.slot == after_->slot && row.index <= after_->index));
    if (seen || row.slot < filter_.from) return true;
    if (filter_.venue && row.trade.venue != *filter_.venue) return true;
    result_.push_back({trade_id(row), row, slot_state(state_, row.slot, now_, slot_ms_)});
    return result_.size() < filter_.limit;
  }

  std::vector<TradeView> result() && { return std::move(result_); }

 private:
  const StateReader& state_;
  const TradeFilter& filter_;
  std::optional<Position> after_;
  std::int64_t slot_ms_ = 0;
  UtcMillis now_;
  std::vector<TradeView> result_;
};

/// The key of a slot's row or trades for scanning; times before the epoch are the epoch.
Bytes time_key(UtcMillis time) {
  return history_key::time({std::max<std::int64_t>(0, time.value)});
}

/// Scans rows that `parse` reads until `take` returns false; keeps the first error.
template <class Parse, class Take>
Result<void> scan_rows(const HistoryReader& history, std::string_view table, ByteView prefix,
                       ByteView from, Parse parse, Take take) {
  Result<void> result;
  history.scan(table, prefix, from, false, [&](ByteView key, ByteView value) {
    auto row = parse(key, value);
    if (!row) {
      result = row.error();
      return false;
    }
    Result<bool> goes_on = take(*row);
    if (!goes_on) {
      result = goes_on.error();
      return false;
    }
    return *goes_on;
  });
  return result;
}

/// The first key in byte order after all keys of the participant whose prefix this is.
Bytes after_participant(Bytes prefix) {
  prefix.back() = 1;  // it was 0, and no id holds a byte as small as 1
  return prefix;
}

/// All participants that have rows in `table`, whose keys begin with the participant.
std::vector<Bytes> participant_prefixes(const HistoryReader& history, std::string_view table) {
  std::vector<Bytes> prefixes;
  Bytes from;
  while (true) {
    Bytes found;
    history.scan(table, {}, from, false, [&](ByteView key, ByteView) {
      std::size_t end = 1;
      while (end < key.size() && key[end] != 0) ++end;
      if (end < key.size()) found = to_bytes(key.first(end + 1));
      return false;
    });
    if (found.empty()) return prefixes;
    from = after_participant(found);
    prefixes.push_back(std::move(found));
  }
}

}  // namespace

Result<SlotView> query_slot(const StateReader& state, const HistoryReader& history,
                            UtcMillis start) {
  const Parameters all = parameters(state);
  const auto progress = slot_progress(state);
  if (!progress || start < progress->first || slot_start(start, all.slot_ms) != start) {
    return Error{LedgerError::not_found, "no slot of this chain starts then"};
  }
  SlotView view;
  view.state = slot_state(state, start, island_time(state), all.slot_ms);
  view.row.start = start;
  view.row.rule = all.clearing_rule;
  if (const auto value = history.get(history_table::slots, time_key(start))) {
    auto row = parse_slot_row(time_key(start), *value);
    if (!row) return row.error();
    view.row = *std::move(row);
    return view;
  }
  if (view.state == SlotState::provisional || view.state == SlotState::final) return view;
  const auto energies = metered_energy(state, start, quarantined_meters(state));
  if (!energies) return energies.error();
  for (const auto& [participant, metered] : *energies) {
    auto imported = add(view.row.imported, metered.all.imported);
    auto exported = add(view.row.exported, metered.all.exported);
    if (!imported || !exported) return Error{LedgerError::overflow, "a sum leaves its range"};
    view.row.imported = *imported;
    view.row.exported = *exported;
  }
  view.row.missing_meters = missing_meters(state, all, start, UINT32_MAX);
  return view;
}

Result<std::vector<SlotView>> query_slots(const StateReader& state, const HistoryReader& history,
                                          UtcMillis from, UtcMillis to, std::size_t limit) {
  std::vector<SlotView> views;
  Result<void> result;
  if (to.value <= 0 || limit == 0) return views;
  const std::int64_t slot_ms = parameters(state).slot_ms;
  const UtcMillis now = island_time(state);
  history.scan(history_table::slots, {}, time_key({to.value - 1}), true,
               [&](ByteView key, ByteView value) {
                 auto row = parse_slot_row(key, value);
                 if (!row) {
                   result = row.error();
                   return false;
                 }
                 if (row->start < from) return false;
                 const SlotState slot = slot_state(state, row->start, now, slot_ms);
                 views.push_back({*std::move(row), slot});
                 return views.size() < limit;
               });
  if (!result) return result.error();
  return views;
}

Result<std::vector<TradeView>> query_trades(const StateReader& state, const HistoryReader& history,
                                            const TradeFilter& filter,
                                            const std::optional<std::string>& after_id) {
  std::optional<Position> after;
  if (after_id) {
    after = parse_trade_id(*after_id);
    if (!after) return Error{LedgerError::malformed, "not the id of a trade"};
  }
  TradeCollector collector(state, filter, after);
  const Bytes from = time_key(collector.from());
  Result<void> scanned;
  if (filter.limit == 0) return std::vector<TradeView>{};
  if (filter.participant) {
    scanned = scan_rows(history, history_table::participant_slots,
                        history_key::participant(*filter.participant), from,
                        parse_participant_slot_row, [&](const ParticipantSlotRow& row) {
                          if (row.slot >= filter.to) return false;
                          for (const TradeRow& trade : row.trades) {
                            if (!collector.take(trade)) return false;
                          }
                          return true;
                        });
  } else {
    scanned = scan_rows(history, history_table::trades, {}, from, parse_trade_row,
                        [&](const TradeRow& row) { return collector.take(row); });
  }
  if (!scanned) return scanned.error();
  return std::move(collector).result();
}

Result<void> for_each_participant_slot(
    const HistoryReader& history, const ParticipantRef& who, UtcMillis from, UtcMillis to,
    const std::function<bool(const ParticipantSlotRow&)>& visit) {
  return scan_rows(history, history_table::participant_slots, history_key::participant(who),
                   time_key(from), parse_participant_slot_row,
                   [&](const ParticipantSlotRow& row) { return row.slot < to && visit(row); });
}

Result<void> for_each_late_row(const HistoryReader& history, const ParticipantRef& who,
                               UtcMillis from, UtcMillis to,
                               const std::function<bool(const LateRow&)>& visit) {
  return scan_rows(history, history_table::late, history_key::participant(who), time_key(from),
                   parse_late_row, [&](const LateRow& row) { return row.slot < to && visit(row); });
}

Result<std::optional<OriginRow>> query_origin(const HistoryReader& history,
                                              const ParticipantRef& who, UtcMillis slot) {
  Bytes key = history_key::participant(who);
  const Bytes time = time_key(slot);
  key.insert(key.end(), time.begin(), time.end());
  const auto value = history.get(history_table::origins, key);
  if (!value) return std::optional<OriginRow>();
  auto row = parse_origin_row(key, *value);
  if (!row) return row.error();
  return std::optional(*std::move(row));
}

Result<void> for_each_order_slot(const HistoryReader& history, const ParticipantRef& who,
                                 UtcMillis from, UtcMillis to,
                                 const std::function<bool(const OrderSlotRow&)>& visit) {
  return scan_rows(history, history_table::order_slots, history_key::participant(who),
                   time_key(from), parse_order_slot_row,
                   [&](const OrderSlotRow& row) { return row.slot < to && visit(row); });
}

Result<Statement> query_bills(const HistoryReader& history, UtcMillis from, UtcMillis to,
                              const std::optional<ParticipantRef>& participant) {
  StatementBuilder builder(from, to);
  const auto prefixes = [&](std::string_view table) {
    if (participant) return std::vector<Bytes>{history_key::participant(*participant)};
    return participant_prefixes(history, table);
  };
  for (const Bytes& prefix : prefixes(history_table::participant_slots)) {
    auto scanned =
        scan_rows(history, history_table::participant_slots, prefix, time_key(from),
                  parse_participant_slot_row, [&](const ParticipantSlotRow& row) -> Result<bool> {
                    if (row.slot >= to) return false;
                    if (auto added = builder.add(row); !added) return added.error();
                    const auto origin = query_origin(history, row.participant, row.slot);
                    if (!origin) return origin.error();
                    if (!*origin) return true;
                    if (auto added = builder.add(**origin, row.settled); !added) {
                      return added.error();
                    }
                    return true;
                  });
    if (!scanned) return scanned.error();
  }
  // By slot, not by when they were settled: few, so all of a participant's are looked at.
  for (const Bytes& prefix : prefixes(history_table::late)) {
    auto scanned = scan_rows(history, history_table::late, prefix, {}, parse_late_row,
                             [&](const LateRow& row) -> Result<bool> {
                               if (row.settled_at < from || row.settled_at >= to) return true;
                               if (auto added = builder.add(row); !added) return added.error();
                               return true;
                             });
    if (!scanned) return scanned.error();
  }
  auto scanned = scan_rows(history, history_table::slots, {}, time_key(from), parse_slot_row,
                           [&](const SlotRow& row) -> Result<bool> {
                             if (row.start >= to) return false;
                             if (auto added = builder.add(row); !added) return added.error();
                             return true;
                           });
  if (!scanned) return scanned.error();
  return builder.finish();
}

Result<std::vector<SlotReading>> query_readings(const HistoryReader& history, const MeterId& meter,
                                                UtcMillis from, UtcMillis to, std::size_t limit) {
  std::vector<SlotReading> readings;
  if (limit == 0) return readings;
  auto scanned = scan_rows(history, history_table::readings, history_key::meter(meter),
                           time_key(from), parse_reading_row, [&](const SlotReading& reading) {
                             if (reading.start >= to) return false;
                             readings.push_back(reading);
                             return readings.size() < limit;
                           });
  if (!scanned) return scanned.error();
  return readings;
}

std::vector<AccountView> query_accounts(const StateReader& state,
                                        const std::optional<ParticipantRef>& owner,
                                        std::size_t skip, std::size_t limit) {
  std::vector<AccountView> views;
  if (limit == 0) return views;
  const auto visit = [&](const AccountId& account, std::int64_t balance_nano) {
    if (skip > 0) {
      --skip;
      return true;
    }
    views.push_back({to_text(account), account, balance_nano});
    return views.size() < limit;
  };
  if (owner) {
    for_each_account_of(state, *owner, visit);
  } else {
    for_each_account(state, visit);
  }
  return views;
}

std::vector<Participant> query_participants(const StateReader& state, std::size_t skip,
                                            std::size_t limit) {
  std::vector<Participant> result;
  if (limit == 0) return result;
  for_each_participant(state, [&](const Participant& participant) {
    if (skip > 0) {
      --skip;
      return true;
    }
    result.push_back(participant);
    return result.size() < limit;
  });
  return result;
}

std::vector<MeterView> query_meters(const StateReader& state, std::size_t skip, std::size_t limit) {
  std::vector<MeterView> views;
  if (limit == 0) return views;
  for_each_meter(state, [&](const MeterRecord& record) {
    if (skip > 0) {
      --skip;
      return true;
    }
    const auto progress = meter_progress(state, record.meter);
    auto standing = find_standing(state, record.meter).value_or(StandingRecord{});
    views.push_back(
        {record, progress.in_ledger_through(), progress.last_end(), std::move(standing)});
    return views.size() < limit;
  });
  return views;
}

Result<std::vector<MeterAlarmRow>> query_meter_alarms(const HistoryReader& history,
                                                      const MeterId& meter, std::size_t limit) {
  std::vector<MeterAlarmRow> rows;
  Result<void> result;
  if (limit == 0) return rows;
  history.scan(history_meter_alarms, history_key::meter(meter), {}, true,
               [&](ByteView key, ByteView value) {
                 auto row = parse_meter_alarm_row(key, value);
                 if (!row) {
                   result = row.error();
                   return false;
                 }
                 rows.push_back(*std::move(row));
                 return rows.size() < limit;
               });
  if (!result) return result.error();
  return rows;
}

}  // namespace powershare::ledger
