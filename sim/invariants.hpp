// What must hold in every run, watched over all honest peers, across their restarts.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "protocol/pbft/log_records.hpp"
#include "sim/chain.hpp"
#include "sim/world.hpp"

namespace powershare::sim {

/// One executed block as the first honest peer gave it; every other must give the same.
struct BlockSeen {
  crypto::Digest hash{};
  std::vector<ledger::Receipt> receipts;
};

class Invariants {
 public:
  using Report = std::function<void(Violation)>;
  Invariants(const Chain& chain, std::vector<bool> honest, Report report);

  /// no_equivocation, view_monotonic, view_bounded, certificates, persist_before_send.
  void sent(std::uint32_t peer, const pbft::Outgoing& message, const Disk& disk);
  /// view_joined: f + 1 members that ask for higher views move an honest one at once.
  void view_change_heard(std::uint32_t peer, const pbft::Received& message,
                         const pbft::Status& status);
  /// bounded, checkpoint_monotonic.
  void persisted(std::uint32_t peer, const Disk& disk);
  /// epoch_agreement: every honest peer takes the same members into an epoch.
  void epoch_began(std::uint32_t peer, const pbft::Committee& committee);
  /// Nothing before an honest peer has come there.
  const pbft::Committee* committee(std::uint64_t epoch) const;
  /// In any epoch so far.
  bool was_member(const crypto::PublicKey& key) const;
  const pbft::Committee& newest_committee() const { return committees_.rbegin()->second; }
  /// agreement, total_order.
  void delivered(std::uint32_t peer, const pbft::Decision& decision);
  /// state_root_equal, exactly_once, validity; now and then conservation and non_negative.
  void executed(std::uint32_t peer, const ledger::ExecutedBlock& block,
                const pbft::BatchPointer& batch, const ledger::StateMachine& machine);
  void certified(std::uint32_t peer, const pbft::BlockCertificate& certificate);
  void alarmed(std::uint32_t peer, const std::string& sentence);
  void check_ledger(std::uint32_t peer, const ledger::StateMachine& machine);

  void crashed(std::uint32_t peer) {
    last_delivered_[peer] = 0;
    heard_[peer] = {};
  }
  /// Its log is gone: what it knew of checkpoints may be lower than before.
  void lost_log(std::uint32_t peer) { stable_[peer] = 0; }
  /// Without IDENTITY only the others can tell which views it asked for, and they may not have
  /// heard of all: a wiped peer is one of the f, as far as views are concerned.
  void wiped(std::uint32_t peer) {
    for (auto& [epoch, views] : asked_) views.erase(peer);
  }

  std::uint64_t height() const { return blocks_.empty() ? 0 : blocks_.rbegin()->first; }
  const BlockSeen* block(std::uint64_t height) const;
  pbft::View highest_view() const { return highest_view_; }
  std::uint64_t transactions() const { return transactions_; }

 private:
  using Kind = pbft::MessageType;
  void violated(const char* invariant, std::uint32_t peer, std::string what,
                std::optional<pbft::Sequence> sequence = {});
  void check_certificates(std::uint32_t peer, const pbft::Outgoing& message);
  void check_vote(std::uint32_t peer, std::uint64_t epoch, Kind type, const pbft::Vote& vote);
  void check_durable(std::uint32_t peer, Kind type, const pbft::Vote& vote, const Disk& disk);
  std::optional<pbft::Sequence> stable_sequence(const Disk& disk) const;
  void check_window(std::uint32_t peer, pbft::Sequence stable, const Disk& disk);
  void new_block(std::uint32_t peer, const ledger::ExecutedBlock& block,
                 const pbft::BatchPointer& batch);

  const Chain& chain_;
  std::vector<bool> honest_;
  Report report_;
  std::map<std::uint64_t, pbft::Committee> committees_;  ///< by epoch
  std::map<pbft::Sequence, std::pair<std::uint64_t, crypto::Digest>> decided_;
  std::map<std::uint64_t, BlockSeen> blocks_;
  std::map<std::tuple<std::uint32_t, std::uint64_t, Kind, pbft::View, pbft::Sequence>,
           crypto::Digest>
      votes_;
  /// What a dedup record promises: not again before it expires.
  struct Once {
    std::uint64_t height = 0;
    UtcMillis expires;
  };
  std::map<std::pair<std::string, Bytes>, Once> executed_once_;
  std::uint64_t transactions_ = 0;
  std::map<std::uint64_t, std::map<std::uint32_t, pbft::View>> asked_;  ///< by epoch and peer
  /// The highest views of the VIEW-CHANGEs that a peer has heard in its epoch, by member.
  struct Heard {
    std::uint64_t epoch = 0;
    std::map<pbft::MemberIndex, pbft::View> views;
  };
  std::vector<Heard> heard_;
  std::vector<pbft::Sequence> stable_;
  std::vector<pbft::Sequence> last_delivered_;
  std::vector<std::uint32_t> persisted_;
  pbft::View highest_view_ = 0;
  std::map<std::uint64_t, pbft::View> honest_view_;  ///< the highest asked for, by epoch
  UtcMillis time_;
};

}  // namespace powershare::sim
