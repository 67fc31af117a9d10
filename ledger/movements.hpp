// What came into and went out of each participant's accounts, and why: rows of derived history,
// written from the very postings of each transaction and each slot, so that they add up to every
// balance to the nano-unit. Never read by execution. docs/formats-ledger.md has them byte by byte.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/queries.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

namespace history_table {
/// participant ‖ text asset ‖ text name ‖ i64 time ‖ u64 height ‖ u64 index -> MovementRow
inline constexpr std::string_view movements = "movements";
}  // namespace history_table

enum class MovementKind : std::uint8_t {
  energy_bought = 1,  ///< paid to neighbours in a slot
  energy_sold,        ///< earned from neighbours in a slot
  utility_charge,     ///< energy from the utility in a slot
  utility_credit,     ///< energy to the utility in a slot
  settlement,         ///< anything else that a slot brought
  due,                ///< what the utility has advanced (> 0), or was paid back of it (< 0)
  late_reading,       ///< energy of a slot that was final already
  energy_trade,       ///< EnergyToCoins
  cash_exchange,      ///< CashToCoins
  ev_transfer,        ///< TransferCoinsToEV
  funding,            ///< cash paid in
  withdrawal,         ///< cash paid out or reserved for it; > 0: given back
  top_up,             ///< coins bought by themselves
  order,              ///< reserved for an order, or given back
  adjustment,         ///< by the administrator: assets opened, set, closed
  other,
  network_fees,  ///< for what was bought from neighbours in a slot
  losses,        ///< for what was lost on its way
  reward,        ///< of a final slot: SolarCoins, NRGcoins; < 0: spent for renewable energy
  deviation,     ///< for what was committed at a gate and not kept; > 0: got for it
};
std::string_view to_text(MovementKind kind);

struct MovementLine {
  MovementKind kind = MovementKind::other;
  std::int64_t amount_nano = 0;  ///< > 0 into the account
  friend bool operator==(const MovementLine&, const MovementLine&) = default;
};

/// One change of one account. Claims on a participant are its account "due"; their name is the
/// utility's id.
struct MovementRow {
  ParticipantRef participant;
  std::string asset;  ///< "CO", "EN", "CA:EUR", "due"
  std::string name;   ///< of the account; empty where it is the owner's only one
  UtcMillis time;     ///< island time when it was booked
  std::uint64_t height = 0;
  std::uint64_t index = 0;          ///< transaction ‖ position in the block's history
  std::optional<UtcMillis> slot;    ///< of settlements and top-ups
  Digest transaction{};             ///< zero for settlements
  std::vector<MovementLine> lines;  ///< they sum to the change of the balance
  std::int64_t balance_nano = 0;    ///< afterwards
  friend bool operator==(const MovementRow&, const MovementRow&) = default;
};
HistoryRow movement_row(const MovementRow& row);
Result<MovementRow> parse_movement_row(ByteView key, ByteView value);

// ── For the state machine ───────────────────────────────────────────────────────────────────────

/// The place of the next row of history in its block.
std::uint64_t next_history_index(const BlockContext& context);
/// Adds a row for each participant's account that `changes`, an overlay on `below`, has changed.
void tell_transaction_movements(const Overlay& changes, const StateReader& below,
                                const BlockContext& context, const Transaction& transaction);
/// The same for a slot that was settled (again).
void tell_slot_movements(const Overlay& changes, const StateReader& below,
                         const BlockContext& context, UtcMillis slot);
void tell_reward_movements(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, UtcMillis slot);
/// What was held for bids at the gate of a slot.
void tell_gate_movements(const Overlay& changes, const StateReader& below,
                         const BlockContext& context, UtcMillis slot);
void tell_top_up_movements(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, UtcMillis slot);

// ── For queries ─────────────────────────────────────────────────────────────────────────────────

struct MovementTotal {
  MovementKind kind = MovementKind::other;
  std::int64_t in_nano = 0;   ///< of lines that came in
  std::int64_t out_nano = 0;  ///< of lines that went out, > 0
  std::uint64_t count = 0;
};
struct AccountStatement {
  std::string asset;
  std::string name;
  std::int64_t opening_nano = 0;
  std::int64_t closing_nano = 0;
  std::vector<MovementTotal> totals;  ///< by kind
};
/// Opening and closing balance and what moved in [from, to) of each account that the participant
/// has or had. closing = opening + in - out, to the nano-unit. BaseError::out_of_range beyond
/// `max_rows`.
Result<std::vector<AccountStatement>> query_movement_totals(const StateReader& state,
                                                            const HistoryReader& history,
                                                            const ParticipantRef& who,
                                                            UtcMillis from, UtcMillis to,
                                                            std::size_t max_rows);
/// Movements of one account in [from, to), oldest first, until `visit` returns false.
Result<void> for_each_movement(const HistoryReader& history, const ParticipantRef& who,
                               std::string_view asset, std::string_view name, UtcMillis from,
                               UtcMillis to, const std::function<bool(const MovementRow&)>& visit);

}  // namespace powershare::ledger
