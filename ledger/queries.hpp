// What the gateway asks. Plain structs from the state and from history; JSON is made elsewhere
// (shapes: DECISIONS 54).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/accounts.hpp"
#include "ledger/history.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/origin.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"
#include "ledger/state_reader.hpp"
#include "ledger/statement.hpp"

namespace powershare::ledger {

/// Where queries read history rows: a read transaction of the database, or rows in memory in tests.
class HistoryReader {
 public:
  virtual ~HistoryReader() = default;
  virtual std::optional<Bytes> get(std::string_view table, ByteView key) const = 0;
  /// Calls `visit(key, value)` for the rows of `table` whose key begins with `prefix` until it
  /// returns false. Ascending: from the first key >= `prefix ‖ from`. Descending: from the last key
  /// <= `prefix ‖ from`, or from the last one of the prefix where `from` is empty.
  virtual void scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                    const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
};

/// A slot as /v1/slots shows it.
struct SlotView {
  SlotRow row;  ///< of a slot that is not settled: what its readings say so far
  SlotState state = SlotState::open;
};
/// LedgerError::not_found before the first slot of the chain or where `start` starts no slot.
Result<SlotView> query_slot(const StateReader& state, const HistoryReader& history,
                            UtcMillis start);
/// Settled slots in [from, to), newest first, at most `limit`.
Result<std::vector<SlotView>> query_slots(const StateReader& state, const HistoryReader& history,
                                          UtcMillis from, UtcMillis to, std::size_t limit);

struct TradeView {
  std::string id;  ///< "<slot start in ms>-<index>"
  TradeRow row;
  SlotState state = SlotState::provisional;
};
struct TradeFilter {
  std::optional<ParticipantRef> participant;  ///< as buyer or seller; none: all
  std::optional<Venue> venue;                 ///< none: all
  UtcMillis from;                             ///< slot start, included
  UtcMillis to;                               ///< not included
  std::size_t limit = 100;
};
/// By slot and index, ascending, at most `limit`; to go on, ask from after the last id.
Result<std::vector<TradeView>> query_trades(const StateReader& state, const HistoryReader& history,
                                            const TradeFilter& filter,
                                            const std::optional<std::string>& after_id = {});

/// Bills of all participants, or of one, for slots in [from, to); late readings by when they were
/// settled.
Result<Statement> query_bills(const HistoryReader& history, UtcMillis from, UtcMillis to,
                              const std::optional<ParticipantRef>& participant = {});

/// A participant's certificates of one slot; nothing where the slot has none.
Result<std::optional<OriginRow>> query_origin(const HistoryReader& history,
                                              const ParticipantRef& who, UtcMillis slot);

/// One participant's settled slots with start in [from, to), ascending, until `visit` returns
/// false.
Result<void> for_each_participant_slot(const HistoryReader& history, const ParticipantRef& who,
                                       UtcMillis from, UtcMillis to,
                                       const std::function<bool(const ParticipantSlotRow&)>& visit);
/// Its late readings of slots with start in [from, to), likewise.
Result<void> for_each_late_row(const HistoryReader& history, const ParticipantRef& who,
                               UtcMillis from, UtcMillis to,
                               const std::function<bool(const LateRow&)>& visit);

/// What became of its explicit orders in slots with start in [from, to), likewise.
Result<void> for_each_order_slot(const HistoryReader& history, const ParticipantRef& who,
                                 UtcMillis from, UtcMillis to,
                                 const std::function<bool(const OrderSlotRow&)>& visit);

/// Readings of one meter with start in [from, to), ascending, at most `limit`.
Result<std::vector<SlotReading>> query_readings(const HistoryReader& history, const MeterId& meter,
                                                UtcMillis from, UtcMillis to, std::size_t limit);

struct AccountView {
  std::string id;  ///< to_text(AccountId)
  AccountId account;
  std::int64_t balance_nano = 0;
};
/// Accounts of one owner, or all, in byte order of their keys, at most `limit` after the first
/// `skip`.
std::vector<AccountView> query_accounts(const StateReader& state,
                                        const std::optional<ParticipantRef>& owner,
                                        std::size_t skip, std::size_t limit);

std::vector<Participant> query_participants(const StateReader& state, std::size_t skip,
                                            std::size_t limit);

struct MeterView {
  MeterRecord record;
  std::uint64_t in_ledger_through = 0;  ///< all sequences up to here are in the ledger
  std::optional<UtcMillis> last_end;
  StandingRecord standing{};
};
/// What was noticed about a meter and decided on it, newest first, at most `limit`.
Result<std::vector<MeterAlarmRow>> query_meter_alarms(const HistoryReader& history,
                                                      const MeterId& meter, std::size_t limit);
std::vector<MeterView> query_meters(const StateReader& state, std::size_t skip, std::size_t limit);

}  // namespace powershare::ledger
