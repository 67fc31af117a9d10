// Rows of derived history: what screens and bills ask for. Execution writes them and never reads
// them; docs/formats-market.md lists keys and values byte by byte.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ledger/error.hpp"
#include "ledger/metering.hpp"
#include "ledger/receipt.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

namespace history_table {
/// text meter ‖ i64 start -> one reading, or its share in one slot
inline constexpr std::string_view readings = "readings";
/// i64 start -> SlotRow
inline constexpr std::string_view slots = "slots";
/// i64 slot ‖ u32 index -> SettledTrade
inline constexpr std::string_view trades = "trades";
/// participant ‖ i64 slot -> ParticipantSlotRow
inline constexpr std::string_view participant_slots = "participant_slots";
/// participant ‖ i64 slot ‖ text meter ‖ i64 start -> LateRow
inline constexpr std::string_view late = "late_readings";
/// participant ‖ i64 slot ‖ 32 order -> OrderSlotRow
inline constexpr std::string_view order_slots = "order_slots";
}  // namespace history_table

struct SlotRow {
  UtcMillis start;
  std::string rule;
  std::optional<Price> clearing_price;
  Energy imported;
  Energy exported;
  Energy traded;
  Energy from_utility;
  Energy to_utility;
  std::uint32_t missing_meters = 0;  ///< expected and not complete when it was settled last
  std::uint32_t trades = 0;          ///< rows of `trades`
  std::uint32_t pairs = 0;           ///< of them between neighbours
  friend bool operator==(const SlotRow&, const SlotRow&) = default;
};
HistoryRow slot_row(const SlotRow& row);
Result<SlotRow> parse_slot_row(ByteView key, ByteView value);

struct TradeRow {
  UtcMillis slot;
  std::uint32_t index = 0;
  SettledTrade trade;
  friend bool operator==(const TradeRow&, const TradeRow&) = default;
};
HistoryRow trade_row(const TradeRow& row);
HistoryRow no_trade_row(UtcMillis slot, std::uint32_t index);
Result<TradeRow> parse_trade_row(ByteView key, ByteView value);

/// One participant's slot, with its own trades.
struct ParticipantSlotRow {
  ParticipantRef participant;
  UtcMillis slot;
  Supply supply;
  Settled settled;
  std::vector<TradeRow> trades;
  friend bool operator==(const ParticipantSlotRow&, const ParticipantSlotRow&) = default;
};
HistoryRow participant_slot_row(const ParticipantSlotRow& row);
Result<ParticipantSlotRow> parse_participant_slot_row(ByteView key, ByteView value);

HistoryRow reading_row(const SlotReading& reading);
Result<SlotReading> parse_reading_row(ByteView key, ByteView value);

/// Energy of a slot that was final already, settled with the utility.
struct LateRow {
  ParticipantRef participant;
  UtcMillis slot;
  MeterId meter;
  UtcMillis start;
  UtcMillis settled_at;  ///< island time: the bill that it stands on
  Energy from_utility;
  Energy to_utility;
  Coins charge;
  Coins credit;
  friend bool operator==(const LateRow&, const LateRow&) = default;
};
HistoryRow late_row(const LateRow& row);
Result<LateRow> parse_late_row(ByteView key, ByteView value);

/// What became of an explicit order in one of its slots, from the gate on.
struct OrderSlotRow {
  UtcMillis slot;
  OrderOutcome outcome;
  friend bool operator==(const OrderSlotRow&, const OrderSlotRow&) = default;
};
HistoryRow order_slot_row(const OrderSlotRow& row);
Result<OrderSlotRow> parse_order_slot_row(ByteView key, ByteView value);

/// Keys for scans. Text in them ends with a zero byte, as in ledger/state_keys.hpp.
namespace history_key {
Bytes time(UtcMillis time);
Bytes participant(const ParticipantRef& ref);
Bytes meter(const MeterId& meter);
}  // namespace history_key

}  // namespace powershare::ledger
