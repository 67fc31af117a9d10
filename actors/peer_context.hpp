// What all actors of one peer share: who it is, its keys, its disk, its status and metrics. Built
// before the first actor, gone after the last.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "actors/needless_votes.hpp"
#include "actors/peer_keys.hpp"
#include "actors/status_board.hpp"
#include "actors/verified_requests.hpp"
#include "crypto/keys.hpp"
#include "ledger/genesis.hpp"
#include "monitoring/metrics.hpp"
#include "protocol/pbft/committee.hpp"
#include "protocol/pbft/options.hpp"
#include "protocol/ports.hpp"
#include "protocol/roster.hpp"
#include "storage/data_folder.hpp"

namespace powershare::actors {

/// Ed25519 with the consensus keys of one peer.
class KeySignatory final : public protocol::Signatory {
 public:
  explicit KeySignatory(const std::vector<PeerKeys>& keys) : keys_(keys) {}
  bool owns(const crypto::PublicKey& key) const override { return find(key) != nullptr; }
  crypto::Signature sign(const crypto::PublicKey& as, ByteView statement) const override {
    const auto* keys = find(as);
    PS_ASSERT(keys != nullptr);
    return keys->consensus.sign(statement);
  }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const override {
    return crypto::verify(signer, statement, signature);
  }

 private:
  const PeerKeys* find(const crypto::PublicKey& key) const {
    for (const auto& keys : keys_) {
      if (keys.consensus.public_key() == key) return &keys;
    }
    return nullptr;
  }

  const std::vector<PeerKeys>& keys_;
};

struct PeerContext {
  PeerContext(const ledger::Genesis& chain_genesis, PeerId own_id, std::vector<PeerKeys> own_keys)
      : genesis(chain_genesis),
        genesis_hash(genesis.hash()),
        peer(std::move(own_id)),
        keys(std::move(own_keys)),
        options(options_of(genesis.consensus)),
        roster_(std::make_shared<const protocol::Roster>(genesis)) {}
  PeerContext(const PeerContext&) = delete;
  PeerContext& operator=(const PeerContext&) = delete;

  static pbft::Options options_of(const ledger::ConsensusConstants& constants) {
    pbft::Options options;
    options.checkpoint_interval = constants.checkpoint_interval;
    options.window = constants.window;
    return options;
  }

  const ledger::Genesis genesis;
  const crypto::Digest genesis_hash;
  const PeerId peer;
  const std::vector<PeerKeys> keys;  ///< one or two sets, the newer one first
  const pbft::Options options;
  KeySignatory signatory{keys};

  /// Who is who now; from any thread.
  std::shared_ptr<const protocol::Roster> roster() const {
    const std::lock_guard lock(roster_mutex_);
    return roster_;
  }
  /// By settlement, when members or epoch change.
  void set_roster(std::shared_ptr<const protocol::Roster> roster) {
    {
      const std::lock_guard lock(roster_mutex_);
      roster_ = roster;
    }
    if (on_roster) on_roster(*roster);
  }
  /// Called by set_roster: the link and the status follow.
  std::function<void(const protocol::Roster&)> on_roster;
  /// Own number among the peers; one past them while the chain does not know this peer.
  pbft::MemberIndex number() const {
    const auto known = roster();
    return known->number_of(peer).value_or(static_cast<pbft::MemberIndex>(known->peers().size()));
  }
  /// The set that the chain knows in the present epoch; the newest where it knows none.
  const PeerKeys& present_keys() const {
    const auto known = roster();
    const auto number = known->number_of(peer);
    for (const auto& set : keys) {
      if (number && known->peers()[*number].member.consensus_key == set.consensus.public_key()) {
        return set;
      }
    }
    return keys.front();
  }

  std::unique_ptr<storage::DataFolder> folder;
  std::unique_ptr<monitoring::Metrics> metrics;
  std::unique_ptr<StatusBoard> board;
  std::unique_ptr<VerifiedRequests> verified_requests;
  NeedlessVotes needless_votes;
  std::uint32_t feature_level_max = ledger::known_feature_level;
  /// Ends the process on what cannot be borne (docs/failure-table.md); does not return.
  std::function<void(const Error&)> fatal;
  /// Frames between the link thread and consensus; past the limit they are dropped and repaired by
  /// STATUS.
  std::atomic<std::int64_t> frames_in_flight{0};
  static constexpr std::int64_t max_frames_in_flight = 8'192;

 private:
  mutable std::mutex roster_mutex_;
  std::shared_ptr<const protocol::Roster> roster_;
};

}  // namespace powershare::actors
