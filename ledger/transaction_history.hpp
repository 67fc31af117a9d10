// The indexes by which screens find transactions: derived history, never read by execution.
#pragma once

#include <vector>

#include "ledger/receipt.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// id (32) ‖ u64 height ‖ u32 index -> u8 outcome. The first row of an id is where it had its effect, if it had one.
inline constexpr std::string_view history_transactions = "transactions";
/// i64 time ‖ u64 height ‖ u32 index -> TransactionRow. All but ReadingBatch and ClockStep.
inline constexpr std::string_view history_transactions_by_time = "transactions_by_time";
/// name of the type ‖ 0x00 ‖ i64 time ‖ u64 height ‖ u32 index -> TransactionRow
inline constexpr std::string_view history_transactions_by_type = "transactions_by_type";
/// principal, or participant as text ‖ 0x00 ‖ i64 time ‖ u64 height ‖ u32 index -> TransactionRow
inline constexpr std::string_view history_transactions_by_participant =
    "transactions_by_participant";

/// What the lists of transactions show without reading the block. Time is the block's.
struct TransactionRow {
  Digest id{};
  Outcome outcome = Outcome::applied;
  std::string type;
  Bytes encode() const;
  static Result<TransactionRow> decode(ByteView value);
};

/// Where a row's key says that its transaction stands.
struct TransactionPlace {
  UtcMillis time;
  std::uint64_t height = 0;
  std::uint32_t index = 0;
};
/// The last 20 bytes of a key of the three indexes with times.
Result<TransactionPlace> place_of_row(ByteView key);
/// The prefix of all rows of one type, participant or principal.
Bytes history_prefix(std::string_view text);

/// The participants that a transaction is about, without repetition.
std::vector<ParticipantRef> participants_of(const Payload& payload);

/// The rows of one transaction.
std::vector<HistoryRow> transaction_rows(const Transaction& transaction, const Receipt& receipt,
                                         const TransactionPlace& place);

}  // namespace powershare::ledger
