// The peers that agree on a chain: who they are and by which keys the others know them.
#pragma once

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare::ledger {

using crypto::Digest;
using crypto::PublicKey;

/// One peer of the chain. Its addresses are not under any signature: they may change.
struct Member {
  PeerId peer;
  PublicKey consensus_key{};  ///< Ed25519: votes and blocks
  PublicKey gateway_key{};    ///< Ed25519: transactions that this peer's gateway submits
  std::array<std::uint8_t, 32> transport_key{};  ///< CURVE public key
  friend bool operator==(const Member&, const Member&) = default;
};

inline constexpr std::size_t min_members = 4;
/// Of a genesis. Membership transactions stop at max_members_by_change.
inline constexpr std::size_t max_members = 64;
inline constexpr std::size_t max_members_by_change = 40;

/// SHA-256 over the encoded members; Header::next_members.
Digest members_hash(const std::vector<Member>& members);
std::vector<PublicKey> consensus_keys(const std::vector<Member>& members);
/// One sentence unless there are min_members to max_members with names, and keys of their own:
/// LedgerError::malformed.
Result<void> check_members(const std::vector<Member>& members);

}  // namespace powershare::ledger
