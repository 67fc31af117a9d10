// The members of one epoch, who leads which view, and the bytes that their signatures cover.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "crypto/quorum.hpp"
#include "protocol/pbft/planted.hpp"
#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

struct Committee {
  Digest genesis{};
  std::uint64_t epoch = 0;
  std::vector<PublicKey> members;  ///< consensus keys, by index

  std::uint32_t size() const { return static_cast<std::uint32_t>(members.size()); }
  std::uint32_t quorum() const {
    return crypto::quorum(size()) - (planted(Bug::quorum_2f) ? 1 : 0);
  }
  std::uint32_t weak_quorum() const { return crypto::weak_quorum(size()); }
  MemberIndex primary(View view) const { return static_cast<MemberIndex>(view % size()); }

  /// What a member signs for a message: "powershare/pbft/1" ‖ genesis ‖ epoch ‖ type ‖ body as
  /// received. Of a PRE-PREPARE only the first 48 bytes of the body are signed (view, sequence,
  /// digest): the batch behind them is bound by its digest, so that a prepared certificate need not
  /// carry it. A BLOCK vote signs ledger::block_statement, which auditors know. The sender is not
  /// inside: it is the key that verifies.
  Bytes statement(MessageType type, ByteView body) const;
};

/// As Committee::statement, for those that check envelopes without a Committee.
Bytes signed_statement(const Digest& genesis, std::uint64_t epoch, MessageType type, ByteView body);

}  // namespace powershare::pbft
