// What a household should hear of: rows of derived history, few and small. Notifications and the
// household's event stream are made of them. Never read by execution.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/queries.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

namespace history_table {
/// participant ‖ u64 height ‖ u64 index -> NewsRow
inline constexpr std::string_view household_news = "household_news";
}  // namespace history_table

enum class NewsKind : std::uint8_t {
  low_balance = 1,        ///< coins fell below what the household wants: amount = that bound
  top_up,                 ///< coins were bought: amount
  cash_request_approved,  ///< subject = request, amount = cash
  cash_request_refused,   ///< likewise
  invitation,             ///< somebody was invited to act for the household
  access_added,           ///< an invitation was accepted
  login_changed,          ///< a password or key was changed
  login_removed,
  log_in,             ///< somebody logged in
  meter_quarantined,  ///< subject = meter
  meter_trusted,      ///< subject = meter
  reading_disputed,   ///< subject = meter, number = sequence
  dispute_upheld,     ///< likewise
  dispute_dismissed,  ///< likewise
  slot_corrected,     ///< slot; amount = what the correction brought in coins
};
std::string_view to_text(NewsKind kind);

struct NewsRow {
  ParticipantRef participant;
  std::uint64_t height = 0;
  std::uint64_t index = 0;
  UtcMillis time;  ///< island time
  NewsKind kind = NewsKind::low_balance;
  std::string subject;
  std::uint64_t number = 0;
  std::optional<UtcMillis> slot;
  std::int64_t amount_nano = 0;
  std::int64_t balance_nano = 0;  ///< of coins, afterwards; low_balance and top_up
  friend bool operator==(const NewsRow&, const NewsRow&) = default;
};
HistoryRow news_row(const NewsRow& row);
Result<NewsRow> parse_news_row(ByteView key, ByteView value);

// ── For the state machine: `changes` is an overlay on `below` ───────────────────────────────────

/// Adds `row`, with its place, to the block's history.
void tell_news(const BlockContext& context, NewsRow row);
void tell_transaction_news(const Overlay& changes, const StateReader& below,
                           const BlockContext& context, const Transaction& transaction);
void tell_slot_news(const Overlay& changes, const StateReader& below, const BlockContext& context,
                    UtcMillis slot);

// ── For queries ─────────────────────────────────────────────────────────────────────────────────

struct NewsPlace {
  std::uint64_t height = 0;
  std::uint64_t index = 0;
  friend auto operator<=>(const NewsPlace&, const NewsPlace&) = default;
};
/// News of one participant before `before`, newest first, until `visit` returns false.
Result<void> for_each_news_before(const HistoryReader& history, const ParticipantRef& who,
                                  NewsPlace before,
                                  const std::function<bool(const NewsRow&)>& visit);
/// News of one block, in order.
Result<void> for_each_news_of_block(const HistoryReader& history, const ParticipantRef& who,
                                    std::uint64_t height,
                                    const std::function<bool(const NewsRow&)>& visit);

}  // namespace powershare::ledger
