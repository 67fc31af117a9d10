// The small words of PBFT: views, sequence numbers, members, message types.
#pragma once

#include <cstdint>

#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare::pbft {

using crypto::Digest;
using crypto::PublicKey;
using crypto::Signature;

using View = std::uint64_t;
using Sequence = std::uint64_t;     ///< 1 for the first batch; null batches have one too
using MemberIndex = std::uint32_t;  ///< position in the epoch's list of members

/// More members than any chain has; sizes of bit masks and of certificates are bounded by it.
inline constexpr std::uint32_t max_members = 64;

/// What a signed message is; part of what is signed. Values are on the wire: never reuse one.
enum class MessageType : std::uint8_t {
  request = 1,  ///< requests forwarded to the primary, or to all when it does not order them
  pre_prepare = 2,
  prepare = 3,
  commit = 4,
  checkpoint = 5,
  view_change = 6,
  new_view = 7,
  block_vote = 8,  ///< signs ledger::block_statement
  status = 9,      ///< what I have and what I miss: repairs every loss
  fetch = 10,      ///< asks for a batch, or for decided entries of the log
  fetched_batch = 11,
  fetched_entry = 12,  ///< a decided batch with its ordering certificate
  stable_proof = 13,   ///< a checkpoint certificate
  ask_promises = 14,   ///< after a start: what did I sign last?
  promises = 15,       ///< the newest messages held that the asker signed
  relayed = 16,        ///< a VIEW-CHANGE or NEW-VIEW of another member, as that member signed it
  fetch_blocks = 32,   ///< 32 and above: state transfer, for protocol::CatchUp
  blocks = 33,
  fetch_manifest = 34,
  manifest = 35,
  fetch_chunk = 36,
  chunk = 37,
  profile_offer = 48,  ///< 48 and above: what is kept off the ledger, for protocol::ProfileExchange
  profile_kept = 49,   ///< 32 bytes: the commitment to a profile that the sender has on disk
  profile_ask = 50,
  profile = 51,
  live_power = 52,     ///< for protocol::LiveBoard
  news_delivery = 53,  ///< for protocol::NewsDesk
};

/// True for the types that the host hands to protocol::CatchUp instead of the Replica.
constexpr bool is_state_transfer(MessageType type) {
  const auto value = static_cast<std::uint8_t>(type);
  return value >= 32 && value < 48;
}
/// True for the types that are about what the chain only commits to.
constexpr bool is_off_ledger(MessageType type) {
  return static_cast<std::uint8_t>(type) >= 48;
}
/// True for the types that no member signs: whom they come from is the link's word, and what they
/// say proves itself.
constexpr bool is_unsigned(MessageType type) {
  return is_state_transfer(type) || is_off_ledger(type);
}
bool is_known(MessageType type);
const char* to_text(MessageType type);

/// Where a ledger stands: after executing everything up to `sequence` its newest block is `height`,
/// whose header hashes to `head` (the genesis hash at height 0).
struct Position {
  Sequence sequence = 0;
  std::uint64_t height = 0;
  Digest head{};
  friend bool operator==(const Position&, const Position&) = default;
};

}  // namespace powershare::pbft
