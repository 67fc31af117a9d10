// What all actors of one peer share: who it is, its keys, its disk, its status and metrics. Built
// before the first actor, gone after the last.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/status_board.hpp"
#include "actors/verified_requests.hpp"
#include "crypto/keys.hpp"
#include "ledger/genesis.hpp"
#include "monitoring/metrics.hpp"
#include "protocol/pbft/committee.hpp"
#include "protocol/pbft/options.hpp"
#include "protocol/ports.hpp"
#include "storage/data_folder.hpp"

namespace powershare::actors {

/// Ed25519 as one member.
class KeySignatory final : public protocol::Signatory {
 public:
  explicit KeySignatory(const crypto::KeyPair& keys) : keys_(keys) {}
  bool owns(const crypto::PublicKey& key) const override { return key == keys_.public_key(); }
  crypto::PublicKey key() const override { return keys_.public_key(); }
  crypto::Signature sign(const crypto::PublicKey&, ByteView statement) const override {
    return keys_.sign(statement);
  }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const override {
    return crypto::verify(signer, statement, signature);
  }

 private:
  const crypto::KeyPair& keys_;
};

struct PeerContext {
  PeerContext(const ledger::Genesis& chain_genesis, pbft::MemberIndex own_index,
              const crypto::KeyPair& consensus, const crypto::KeyPair& gateway)
      : genesis(chain_genesis),
        genesis_hash(genesis.hash()),
        self(own_index),
        committee{
            genesis_hash, 0, ledger::consensus_keys(genesis.members), {}, genesis.feature_level},
        options(options_of(genesis.consensus)),
        consensus_keys(consensus),
        gateway_keys(gateway) {}
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
  const pbft::MemberIndex self;
  const pbft::Committee committee;
  const pbft::Options options;
  const crypto::KeyPair consensus_keys;
  const crypto::KeyPair gateway_keys;
  KeySignatory signatory{consensus_keys};
  std::unique_ptr<storage::DataFolder> folder;
  std::unique_ptr<monitoring::Metrics> metrics;
  std::unique_ptr<StatusBoard> board;
  std::unique_ptr<VerifiedRequests> verified_requests;
  std::uint32_t feature_level_max = ledger::known_feature_level;
  /// Ends the process on what cannot be borne (docs/failure-table.md); does not return.
  std::function<void(const Error&)> fatal;
  /// Frames between the link thread and consensus; past the limit they are dropped and repaired by
  /// STATUS.
  std::atomic<std::int64_t> frames_in_flight{0};
  static constexpr std::int64_t max_frames_in_flight = 8'192;
};

}  // namespace powershare::actors
