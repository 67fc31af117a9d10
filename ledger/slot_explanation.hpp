// Why a slot gave a participant what it got: the orders that it was cleared from, kept as derived
// history, and what of them may be told to one household (DECISIONS 60).
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "ledger/queries.hpp"
#include "ledger/receipt.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

namespace history_table {
/// i64 start -> SlotBookRow
inline constexpr std::string_view slot_books = "slot_books";
}  // namespace history_table

/// All orders of a slot as it was cleared last. docs/formats-market.md has it byte by byte.
struct SlotBookRow {
  UtcMillis slot;
  std::vector<BookOrder> orders;
  friend bool operator==(const SlotBookRow&, const SlotBookRow&) = default;
};
HistoryRow slot_book_row(const SlotBookRow& row);
Result<SlotBookRow> parse_slot_book_row(ByteView key, ByteView value);
/// Nothing where the slot was settled by a program that kept no books.
Result<std::optional<SlotBookRow>> find_slot_book(const HistoryReader& history, UtcMillis slot);

/// Some orders of others. Energies are told only where that tells nobody's own.
struct OrderGroup {
  std::uint32_t orders = 0;
  std::uint32_t participants = 0;
  std::optional<Energy> energy;
  std::optional<Energy> matched;
};

/// Why an order was matched no further.
enum class MatchOutcome : std::uint8_t {
  all = 1,            ///< all of it was traded with neighbours
  limit_not_reached,  ///< others of its side had better limits, or the other side asked too much
  at_the_margin,      ///< shared with others at the same limit, or the last to be served
  restricted,         ///< its partners, or renewable energy, were not there
  nobody_opposite,    ///< the other side of the book was empty
};
/// "all", "limit_not_reached", "at_the_margin", "restricted", "nobody_opposite".
std::string_view to_text(MatchOutcome outcome);

struct OwnOrder {
  BookOrder order;
  MatchOutcome outcome = MatchOutcome::all;
  OrderGroup better;  ///< others of its side: buyers who offered more, sellers who asked less
  OrderGroup equal;
  OrderGroup worse;
};

struct SlotExplanation {
  Energy wanted;   ///< sum of all bids
  Energy offered;  ///< sum of all offers
  Energy matched;  ///< with neighbours
  std::uint32_t buyers = 0;
  std::uint32_t sellers = 0;
  /// Prices at which exactly this is traded: no bid below and no offer above is served, none beyond
  /// is left. Nothing without trades, and where restrictions, fees or a formula decide.
  std::optional<std::pair<Price, Price>> interval;
  std::vector<OwnOrder> own;
};
/// Fewer participants than this in a group of others hide the group's energies, and those of the
/// other two, since their sum is public.
inline constexpr std::uint32_t smallest_told_group = 3;

/// What a slot's trades were worth: what buyers would have paid at most, less what sellers wanted
/// at least.
struct Welfare {
  Coins reached;
  Coins possible;  ///< of the same orders, dearest bid with cheapest offer, whoever they want
};
/// LedgerError::overflow where a sum leaves its range.
Result<Welfare> welfare(const SlotBookRow& book);

/// LedgerError::overflow where a sum leaves its range.
Result<SlotExplanation> explain(const SlotBookRow& book, const ParticipantRef& who);

}  // namespace powershare::ledger
