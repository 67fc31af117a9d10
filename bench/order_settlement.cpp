#include "bench/order_settlement.hpp"

#include "bench/error.hpp"
#include "protocol/block_store.hpp"

namespace powershare::bench {
namespace {

using Self = actors::SettlementActor::stateful_pointer<OrderSettlementState>;

constexpr auto certificate_patience = std::chrono::milliseconds(50);

crypto::Digest next_link(const crypto::Digest& chain, const crypto::Digest& batch) {
  return crypto::Sha256().update(chain).update(batch).finish();
}

}  // namespace

void ChainBoard::set(std::uint64_t height, const crypto::Digest& chain, std::uint64_t requests) {
  const std::lock_guard lock(mutex_);
  height_ = height;
  chain_ = chain;
  requests_ = requests;
}

void ChainBoard::read(PeerStatistics& statistics) const {
  const std::lock_guard lock(mutex_);
  statistics.height = height_;
  statistics.chain = chain_;
  statistics.requests = requests_;
}

class OrderSettlement {
 public:
  OrderSettlement(Self self, actors::PeerContext& context, ChainBoard& board, SendReplies send)
      : self_(self), context_(context), board_(board), send_(std::move(send)) {
    ledger_.position.head = context.genesis_hash;
    board_.set(0, ledger_.position.head, 0);
  }

  void connect(std::shared_ptr<const actors::Links> links) { links_ = std::move(links); }

  void execute(const std::vector<pbft::Decision>& decisions) {
    for (const auto& decision : decisions) execute(decision);
    request_flush();
    // A decision outlives any crash without the ledger: a quorum has it on disk as prepared.
    for (const auto& replies : std::exchange(replies_, {})) send_(replies);
  }

  void store_certificates(const std::vector<pbft::BlockCertificate>& certificates) {
    for (const auto& certificate : certificates) {
      writes_.push_back(protocol::certificate_write(certificate.height, certificate.certificate));
    }
    // As settlement does: with the next block, or a little later.
    if (flush_queued_ || late_flush_queued_) return;
    late_flush_queued_ = true;
    self_->delayed_send(actors::SettlementActor(self_), certificate_patience, actors::Flush{});
  }

  void flush() {
    flush_queued_ = late_flush_queued_ = false;
    if (executed_.empty() && writes_.empty()) return;
    if (!executed_.empty()) writes_.push_back(protocol::position_write(ledger_));
    auto committed = context_.folder->ledger().commit(writes_);
    if (!committed) context_.fatal(committed.error());
    writes_.clear();
    if (!executed_.empty()) {
      self_->send(links_->consensus,
                  actors::LedgerAdvanced{std::make_shared<const std::vector<pbft::Executed>>(
                      std::exchange(executed_, {}))});
    }
    board_.set(ledger_.position.height, ledger_.position.head, ledger_.executed_transactions);
  }

  /// No peer of a benchmark is down for so long that the others' logs no longer hold what it lacks.
  void refuse_transfer() {
    context_.fatal(Error{BenchError::unavailable, "this peer fell behind the others' logs"});
  }

 private:
  void execute(const pbft::Decision& decision) {
    auto& position = ledger_.position;
    position.sequence = decision.sequence;
    if (!decision.batch->is_null()) {
      ++position.height;
      position.head = next_link(position.head, decision.batch->digest());
      Replies replies{position.height, position.head, {}};
      for (const auto request : decision.batch->requests()) {
        const auto head = head_of(request);
        replies.executed.push_back(head.name);
        ledger_.executed_transactions += head.requests;
      }
      replies_.push_back(std::move(replies));
      Encoder block;
      block.raw(position.head).bytes(decision.batch->encoded());
      decision.certificate.encode(block);
      writes_.push_back({std::string(protocol::table::blocks),
                         Encoder().u64(position.height).data(), std::move(block).take()});
    }
    executed_.push_back({position});
  }

  void request_flush() {
    if (flush_queued_) return;
    flush_queued_ = true;
    self_->send(actors::SettlementActor(self_), actors::Flush{});
  }

  Self self_;
  actors::PeerContext& context_;
  ChainBoard& board_;
  SendReplies send_;
  std::shared_ptr<const actors::Links> links_;
  protocol::LedgerPosition ledger_;
  std::vector<protocol::TableWrite> writes_;
  std::vector<pbft::Executed> executed_;
  std::vector<Replies> replies_;
  bool flush_queued_ = false;
  bool late_flush_queued_ = false;
};

actors::SettlementActor::behavior_type order_settlement(Self self, actors::PeerContext& context,
                                                        ChainBoard& board, SendReplies send) {
  auto host = std::make_shared<OrderSettlement>(self, context, board, std::move(send));
  self->state.host = host;
  auto* settlement = host.get();
  return {
      [settlement](const actors::Connect& connect) { settlement->connect(connect.links); },
      [settlement](const actors::Decided& decided) { settlement->execute(*decided.decisions); },
      [settlement](const actors::Certified& certified) {
        settlement->store_certificates(*certified.certificates);
      },
      [](const actors::EpochsFinished&) {},  // its members never change
      [settlement](const actors::StartTransfer&) { settlement->refuse_transfer(); },
      [](const actors::VerifiedMessage&) {},
      [](const actors::AskAdmission&) {
        return actors::Admission{true, {}, {}, {}};
      },
      [](const actors::ProveRecord&) {},  // nobody asks
      [settlement](actors::Flush) { settlement->flush(); },
      [](actors::Wake) {},
      [settlement](actors::Drain) {
        settlement->flush();
        return actors::Drained{};
      },
  };
}

}  // namespace powershare::bench
