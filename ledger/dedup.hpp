// Idempotency: one effect per (principal, idempotency key), whoever signs and however often
// (DECISIONS 16).
#pragma once

#include <optional>

#include "ledger/overlay.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Lives under the state root until the transaction's expiry.
struct DedupRecord {
  Digest first{};  ///< id of the transaction that came first: its receipt counts
  UtcMillis expires;
  Bytes encode() const;
  static std::optional<DedupRecord> decode(ByteView value);
};

std::optional<DedupRecord> find_dedup(const StateReader& state, std::string_view principal,
                                      ByteView idempotency_key);

/// How many live records a principal may have: a participant, or a peer's gateway and the
/// administrator.
std::size_t dedup_quota(std::string_view principal);
/// Expired records that one block forgets at most; the others do no harm, expiry is checked before.
inline constexpr std::size_t max_dedup_forgotten_per_block = 4096;

}  // namespace powershare::ledger
