// Shares of the allocation keys as state records, and as the market takes them for one slot.
#pragma once

#include "ledger/market_payloads.hpp"
#include "ledger/overlay.hpp"
#include "ledger/slot_settlement.hpp"
#include "market/book.hpp"

namespace powershare::ledger {

struct SharingLimits {
  static constexpr std::size_t max_shares = 10'000;
  static constexpr std::size_t max_pairs = 20'000;
  static constexpr std::size_t max_versions = 64;  ///< that may count in some slot
};

/// LedgerError::malformed with one sentence.
Result<void> check_shares(const SetShares& shares);
/// What is in force in the slot; nothing: all alike.
std::optional<SetShares> find_shares(const StateReader& state, UtcMillis slot);
/// All that may still count, by when they begin.
std::vector<SetShares> share_versions(const StateReader& state);
/// False where there are too many versions. Forgets those that no slot from `oldest_needed` on goes
/// by. As `from` lies ahead, a slot that was settled keeps its shares.
bool put_shares(Overlay& state, const SetShares& shares, UtcMillis oldest_needed);
/// For participants in the order of `terms`; who has no share gets nothing.
market::Sharing market_sharing(const SetShares& shares, const std::vector<Terms>& terms);

}  // namespace powershare::ledger
