#include "apps/ledger_audit.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "apps/key_files.hpp"
#include "crypto/quorum.hpp"
#include "ledger/membership.hpp"
#include "ledger/state_machine.hpp"
#include "protocol/block_store.hpp"
#include "protocol/wire/transaction_codec.hpp"
#include "storage/data_folder.hpp"

namespace powershare::apps {
namespace {

constexpr std::size_t max_problems = 20;
constexpr std::uint64_t progress_every = 256;

/// Verifies real signatures; an audit signs nothing.
class VerifyingSignatory final : public protocol::Signatory {
 public:
  bool owns(const crypto::PublicKey&) const override { return false; }
  crypto::Signature sign(const crypto::PublicKey&, ByteView) const override { return {}; }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const override {
    return crypto::verify(signer, statement, signature);
  }
};

/// The consensus key that the data folder belongs to. A peer may have joined after the genesis, or
/// changed its key: whether it was ever a member by this one shows when the ledger is replayed.
Result<crypto::PublicKey> key_of(const PeerConfig& config, const ledger::Genesis& genesis) {
  auto identity = storage::read_identity(config.data / "IDENTITY");
  if (!identity) return identity.error();
  if (*identity) return (*identity)->owner.public_key;
  const auto member = std::ranges::find(genesis.members, config.peer, &ledger::Member::peer);
  if (member != genesis.members.end()) return member->consensus_key;
  return Error{StorageError::lost, "IDENTITY is missing, and the genesis does not know the peer"};
}

class Replay {
 public:
  Replay(const ledger::Genesis& genesis, const protocol::LedgerSnapshot& snapshot,
         AuditResult& result)
      : snapshot_(snapshot),
        result_(result),
        genesis_hash_(genesis.hash()),
        machine_(genesis, wire::transaction_decoder(genesis_hash_)) {}

  void run(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    auto position = protocol::read_position(snapshot_);
    if (!position)
      return problem("the ledger's position cannot be read: " + position.error().detail());
    const auto newest = *position ? (*position)->position.height : 0;
    for (std::uint64_t height = 1; height <= newest && result_.problems.size() < max_problems;
         ++height) {
      if (!replay_block(height)) break;
      if (height % progress_every == 0) progress(height, newest);
    }
    note_members(ledger::current_epoch(machine_.state()).members);
    if (const auto next = ledger::next_epoch(machine_.state())) note_members(next->members);
    result_.height = machine_.head().height;
    result_.head = machine_.head_hash();
    result_.state_root = machine_.state_root();
    result_.origin = ledger::origin_balance(machine_.state());
    check_certificates();
    if (result_.problems.empty()) check_stored_state();
  }

  /// True when the peer has been, is or will be a member by that key.
  bool knows(const PeerId& peer, const crypto::PublicKey& key) const {
    return identities_.contains({peer, key});
  }

 private:
  void note_members(const std::vector<ledger::Member>& members) {
    for (const auto& member : members) identities_.emplace(member.peer, member.consensus_key);
  }

  void problem(std::string sentence) { result_.problems.push_back(std::move(sentence)); }

  void problem(std::uint64_t height, std::string sentence) {
    problem("block " + std::to_string(height) + ": " + std::move(sentence));
  }

  bool replay_block(std::uint64_t height) {
    auto stored = protocol::read_block(snapshot_, height);
    if (!stored || !*stored) {
      problem(height, stored ? "missing" : stored.error().detail());
      return false;
    }
    const auto& block = **stored;
    const auto epoch = ledger::epoch_of(machine_.state(), block.header.sequence);
    if (block.header.epoch != epoch) {
      problem(height, "its header says epoch " + std::to_string(block.header.epoch) +
                          ", the ledger's members make it epoch " + std::to_string(epoch));
      return false;
    }
    epochs_.push_back(epoch);
    auto ordered = pbft::verify(block.ordering, block.header.sequence, block.batch->digest(),
                                committee_of(block.header.sequence, epoch), signatory_);
    if (!ordered) problem(height, "ordering certificate: " + ordered.error().detail());
    ledger::DecidedBatch batch{block.header.epoch, block.header.sequence, block.batch->time(), {}};
    for (const auto request : block.batch->requests())
      batch.transactions.push_back(to_bytes(request));
    const auto executed = machine_.apply(batch);
    if (executed.header != block.header) {
      problem(height, "replaying it gives another header (state root " +
                          crypto::to_hex(executed.header.state_root) + " instead of " +
                          crypto::to_hex(block.header.state_root) + ")");
      return false;
    }
    if (executed.receipts != block.receipts)
      problem(height, "the stored receipts are not those of its execution");
    result_.transactions += executed.transactions.size();
    for (const auto& receipt : executed.receipts) {
      result_.readings += static_cast<std::uint64_t>(std::ranges::count(
          receipt.readings, ledger::ReadingResult::Kind::accepted, &ledger::ReadingResult::kind));
      if (receipt.code == "malformed")
        problem(height, "a transaction that is malformed or wrongly signed");
    }
    auto holds = machine_.check_invariants();
    if (!holds) problem(height, "invariant: " + holds.error().detail());
    result_.header_hashes.push_back(machine_.head_hash());
    return true;
  }

  /// Whose votes count in the epoch of the block that is replayed next.
  const pbft::Committee& committee_of(std::uint64_t sequence, std::uint64_t epoch) {
    const auto found = committees_.find(epoch);
    if (found != committees_.end()) return found->second;
    const auto members = ledger::epoch_for(machine_.state(), sequence).members;
    note_members(members);
    pbft::Committee committee;
    committee.genesis = genesis_hash_;
    committee.epoch = epoch;
    committee.members = ledger::consensus_keys(members);
    return committees_.emplace(epoch, std::move(committee)).first->second;
  }

  /// Every certificate must hold; blocks below a certified one are covered by the chain of hashes.
  void check_certificates() {
    auto scanned =
        snapshot_.scan(protocol::table::certificates, {}, {}, false, [&](ByteView key, ByteView) {
          Decoder in(key);
          const auto height = in.u64();
          if (height == 0 || height > result_.header_hashes.size()) return true;
          auto certificate = protocol::read_certificate(snapshot_, height);
          if (!certificate || !*certificate) {
            problem(height, "its block certificate cannot be read");
            return true;
          }
          const auto epoch = epochs_[height - 1];
          const auto statement = ledger::block_statement(genesis_hash_, epoch, height,
                                                         result_.header_hashes[height - 1]);
          auto valid =
              crypto::verify_certificate(**certificate, statement, committees_.at(epoch).members);
          if (!valid) problem(height, "block certificate: " + valid.error().detail());
          return result_.problems.size() < max_problems;
        });
    if (!scanned) problem("block certificates: " + scanned.error().detail());
  }

  void check_stored_state() {
    const protocol::SnapshotState stored(snapshot_);
    std::uint64_t records = 0;
    bool same = true;
    stored.scan({}, {}, [&](ByteView key, ByteView value) {
      const auto replayed = machine_.state().get(key);
      same = same && replayed && equal(*replayed, value);
      ++records;
      return same;
    });
    std::uint64_t expected = 0;
    machine_.state().scan({}, {}, [&](ByteView, ByteView) { return ++expected, true; });
    if (!same || records != expected || stored.fault()) {
      problem("the stored state is not the one that replaying all blocks gives");
    }
  }

  const protocol::LedgerSnapshot& snapshot_;
  AuditResult& result_;
  crypto::Digest genesis_hash_;
  std::map<std::uint64_t, pbft::Committee> committees_;  ///< by epoch
  std::vector<std::uint64_t> epochs_;                    ///< of block 1, 2, …
  /// Who has been a member by which key, in any epoch that was replayed or is pending.
  std::set<std::pair<PeerId, crypto::PublicKey>> identities_;
  VerifyingSignatory signatory_;
  ledger::StateMachine machine_;
};

}  // namespace

Result<AuditResult> audit_ledger(
    const PeerConfig& config, const ledger::Genesis& genesis,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  AuditResult result;
  result.peer = config.peer;
  result.chain = genesis.chain;
  const auto key = key_of(config, genesis);
  if (!key) {
    result.problems.push_back(key.error().detail());
    return result;
  }
  auto folder = storage::DataFolder::open(config.data,
                                          {genesis.chain, config.peer, *key, genesis.hash()}, {});
  if (!folder) {
    if (folder.error().code() == make_error_code(StorageError::locked)) return folder.error();
    result.problems.push_back(folder.error().detail());
    return result;
  }
  auto snapshot = (*folder)->ledger().snapshot();
  if (!snapshot) return snapshot.error();
  Replay replay(genesis, **snapshot, result);
  replay.run(progress);
  if (result.problems.empty() && !replay.knows(config.peer, *key)) {
    result.problems.push_back("the peer has never been a member by the key of its folder");
  }
  return result;
}

std::vector<std::string> compare_peers(const std::vector<AuditResult>& peers) {
  std::vector<std::string> problems;
  for (std::size_t i = 1; i < peers.size(); ++i) {
    const auto& first = peers.front().header_hashes;
    const auto& other = peers[i].header_hashes;
    const auto common = std::min(first.size(), other.size());
    for (std::size_t k = 0; k < common; ++k) {
      if (first[k] == other[k]) continue;
      problems.push_back("block " + std::to_string(k + 1) + " of " + peers[i].peer.text() +
                         " is not that of " + peers.front().peer.text());
      break;
    }
  }
  return problems;
}

}  // namespace powershare::apps
