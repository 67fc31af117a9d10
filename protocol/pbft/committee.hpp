// The members of one epoch, who leads which view, and the bytes that their signatures cover.
#pragma once

#include <memory>
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
  Position start{};  ///< where the ledger stood when the epoch began; not read in epoch 0
  std::uint32_t feature_level = 1;  ///< what transactions may hold (ledger::known_feature_level)

  std::uint32_t size() const { return static_cast<std::uint32_t>(members.size()); }
  std::uint32_t quorum() const {
    return crypto::quorum(size()) - (planted(Bug::quorum_2f) ? 1 : 0);
  }
  std::uint32_t weak_quorum() const { return crypto::weak_quorum(size()); }
  MemberIndex primary(View view) const { return static_cast<MemberIndex>(view % size()); }
  /// The checkpoint that needs no certificate of this epoch: the genesis, or the last of the epoch
  /// before, which its members have certified.
  Position begin() const { return epoch == 0 ? Position{0, 0, genesis} : start; }

  /// What a member signs for a message: "powershare/pbft/1" ‖ genesis ‖ epoch ‖ type ‖ body as
  /// received. Of a PRE-PREPARE only the first 48 bytes of the body are signed (view, sequence,
  /// digest): the batch behind them is bound by its digest, so that a prepared certificate need not
  /// carry it. A BLOCK vote signs ledger::block_statement, which auditors know. The sender is not
  /// inside: it is the key that verifies.
  Bytes statement(MessageType type, ByteView body) const;
};

/// A change of members (or of the feature level) that the ledger has executed and that waits for
/// the end of the epoch. Nobody votes above `last_sequence` in this epoch; the next one begins
/// after it.
struct EpochEnd {
  Sequence last_sequence = 0;
  std::vector<PublicKey> next_members;
  std::uint32_t next_feature_level = 1;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};
using EpochEndPointer = std::shared_ptr<const EpochEnd>;

/// As Committee::statement, for those that check envelopes without a Committee.
Bytes signed_statement(const Digest& genesis, std::uint64_t epoch, MessageType type, ByteView body);

}  // namespace powershare::pbft
