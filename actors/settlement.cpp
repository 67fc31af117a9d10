#include "actors/settlement.hpp"

#include "actors/log.hpp"
#include "ledger/dedup.hpp"
#include "ledger/error.hpp"
#include "ledger/membership.hpp"
#include "ledger/parameters.hpp"
#include "protocol/catch_up.hpp"

namespace powershare::actors {

namespace {

using Self = SettlementActor::stateful_pointer<SettlementState>;
using monitoring::Metric;

constexpr auto no_space_retry = std::chrono::milliseconds(1'000);
constexpr auto certificate_patience = std::chrono::milliseconds(50);
constexpr auto transfer_tick = std::chrono::milliseconds(200);
constexpr std::size_t max_further_headers = 256;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Every block is kept, so a peer that lags behind replays blocks and its history stays complete.
protocol::CatchUpOptions replay_blocks() {
  protocol::CatchUpOptions options;
  options.snapshot_above_blocks = std::numeric_limits<std::uint64_t>::max();
  return options;
}

}  // namespace

class SettlementHost {
 public:
  SettlementHost(Self self, PeerContext& context, RestoredLedger restored)
      : self_(self),
        context_(context),
        machine_(std::move(restored.machine)),
        ledger_(restored.ledger),
        certified_height_(restored.certified_height),
        epochs_(std::move(restored.epochs)),
        catch_up_(*epochs_.committee(), context.number(), context.signatory, replay_blocks()) {}

  void connect(std::shared_ptr<const Links> links) {
    links_ = std::move(links);
    publish_head();
  }

  void execute(const std::vector<pbft::Decision>& decisions) {
    for (const auto& decision : decisions) {
      // State transfer may have been ahead of the log.
      if (decision.sequence <= ledger_.position.sequence) continue;
      execute(decision.epoch, decision.sequence, decision.batch, decision.certificate);
    }
    request_flush();
  }

  void store_certificates(const std::vector<pbft::BlockCertificate>& certificates) {
    for (const auto& certificate : certificates) {
      if (certificate.height > ledger_.position.height) continue;
      writes_.push_back(protocol::certificate_write(certificate.height, certificate.certificate));
      certified_height_ = std::max(certified_height_, certificate.height);
    }
    writes_.push_back(protocol::certified_height_write(certified_height_));
    flush_soon();
  }

  Admission admit(const ledger::Transaction& transaction) const {
    const auto admitted = machine_.admit(transaction, wall_clock_now());
    if (admitted) return {true, {}, {}};
    Admission refused{false, "not_admitted", admitted.error().detail()};
    if (admitted.error().code() == make_error_code(LedgerError::duplicate)) {
      const auto record =
          ledger::find_dedup(machine_.state(), transaction.principal, transaction.idempotency_key);
      if (record) refused.first = record->first;
    }
    return refused;
  }

  void prove(const ProveRecord& ask) {
    // Nobody hears of a block that is not durable.
    if (!flush()) return (*ask.done)(Error{StorageError::no_space, "the disk is full"});
    (*ask.done)(gateway::RecordProof{machine_.head(), machine_.prove(*ask.key)});
  }

  // ── State transfer ────────────────────────────────────────────────────────────────────────────
  void start_transfer(const pbft::TransferRequest& request) {
    log(LogLevel::info, "settlement",
        "catching up from height " + std::to_string(ledger_.position.height) + " to " +
            (request.target ? std::to_string(request.target->height) : "the others' head"));
    const auto peers = static_cast<std::uint32_t>(epochs_.roster()->peers().size());
    transfer(protocol::StartCatchUp{ledger_.position, request, *epochs_.committee(), peers, {}});
  }

  void receive(pbft::Received message) { transfer(std::move(message)); }

  /// Consensus has proof that epochs are over.
  void end_epochs(const std::vector<pbft::EpochFinished>& epochs) {
    for (const auto& finished : epochs) end_epoch(finished);
    request_flush();
  }

  void tick() {
    tick_queued_ = false;
    transfer(pbft::Tick{monotonic_now(), wall_clock_now(), false});
  }

  // ── Group commit ──────────────────────────────────────────────────────────────────────────────
  /// True when all that was pending is durable.
  bool flush() {
    flush_queued_ = late_flush_queued_ = false;
    if (!writes_.empty() || !executed_.empty()) {
      auto writes = writes_;
      if (!executed_.empty()) writes.push_back(protocol::position_write(ledger_));
      const auto begin = std::chrono::steady_clock::now();
      auto committed = context_.folder->ledger().commit(writes);
      if (!committed) return wait_for_space(committed.error());
      context_.metrics->observe(Metric::settlement_block_commit_duration_seconds,
                                seconds_since(begin));
      context_.metrics->observe(Metric::storage_commit_duration_seconds, seconds_since(begin),
                                {"ledger"});
      writes_.clear();
    }
    context_.board->set_no_space(StatusBoard::Writer::settlement, false);
    publish();
    if (install_pending_) {
      install_pending_ = false;
      transfer(protocol::Installed{ledger_.position, epochs_.committee()});
    }
    return true;
  }

 private:
  void execute(std::uint64_t epoch, pbft::Sequence sequence, const pbft::BatchPointer& batch,
               const pbft::OrderingCertificate& ordering) {
    // Null batches leave no trace but a gap in the sequences: between the blocks of a transfer, and
    // wherever a stable checkpoint with this very head let the replica pass them.
    PS_ASSERT(sequence > ledger_.position.sequence);
    const auto before = ledger_.position;
    ledger_.position.sequence = sequence;
    if (!batch->is_null()) {
      ledger::DecidedBatch decided{epoch, sequence, batch->time(), {}};
      for (const auto request : batch->requests())
        decided.transactions.push_back(to_bytes(request));
      if (machine_.makes_block(decided)) apply(decided, batch, ordering);
    }
    if (epochs_.advanced(machine_.state(), before, ledger_.position, writes_)) epochs_changed();
    executed_.push_back({ledger_.position, epochs_.epoch_end()});
  }

  /// False where the proof does not fit this ledger.
  bool end_epoch(const pbft::EpochFinished& finished) {
    const auto present = epochs_.committee()->epoch;
    if (!epochs_.finished(machine_.state(), finished, ledger_.position, writes_)) return false;
    writes_.push_back(protocol::position_write(ledger_));
    if (epochs_.committee()->epoch == present) return true;
    const auto known =
        ledger::check_feature_level(epochs_.committee()->feature_level, context_.feature_level_max);
    if (!known) context_.fatal(known.error());
    epochs_changed();
    return true;
  }

  void epochs_changed() {
    if (const auto& end = epochs_.epoch_end();
        end && end->next_feature_level > context_.feature_level_max) {
      log(LogLevel::error, "settlement",
          "after sequence " + std::to_string(end->last_sequence) +
              " the chain is at feature level " + std::to_string(end->next_feature_level) +
              "; this program knows " + std::to_string(context_.feature_level_max) +
              " and will stop there: upgrade it");
    }
    context_.set_roster(epochs_.roster());
  }

  void apply(const ledger::DecidedBatch& decided, const pbft::BatchPointer& batch,
             const pbft::OrderingCertificate& ordering) {
    const auto level = ledger::epoch_for(machine_.state(), decided.sequence).feature_level;
    const auto known = ledger::check_feature_level(level, context_.feature_level_max);
    if (!known) context_.fatal(known.error());
    const auto begin = std::chrono::steady_clock::now();
    auto block = machine_.apply(decided);
    context_.metrics->observe(Metric::settlement_block_apply_duration_seconds,
                              seconds_since(begin));
    protocol::append_block_writes(block, batch, ordering, writes_);
    ledger_.position.height = block.header.height;
    ledger_.position.head = machine_.head_hash();
    ledger_.executed_transactions += block.transactions.size();
    for (const auto& event : block.events) {
      using Kind = ledger::Event::Kind;
      if (event.kind == Kind::alarm) log(LogLevel::error, "ledger", event.detail);
      if (event.kind == Kind::meter_suspected) log(LogLevel::warning, "metering", event.detail);
      if (event.kind == Kind::meter_quarantined) {
        log(LogLevel::warning, "metering", "quarantined: " + event.detail);
      }
    }
    committed_.push_back({block.header, ledger_.position.head, std::move(block.transactions),
                          std::move(block.receipts), std::move(block.events)});
  }

  void request_flush() {
    if (flush_queued_) return;
    flush_queued_ = true;
    self_->send(SettlementActor(self_), Flush{});
  }

  /// Certificates go with the next block; where none follows they wait only this long. Nobody is
  /// promised them, and each write to the disk delays the next block.
  void flush_soon() {
    if (flush_queued_ || late_flush_queued_) return;
    late_flush_queued_ = true;
    self_->delayed_send(SettlementActor(self_), certificate_patience, Flush{});
  }

  bool wait_for_space(const Error& error) {
    if (error.code() != make_error_code(StorageError::no_space)) context_.fatal(error);
    if (!context_.board->no_space()) log(LogLevel::error, "settlement", error.detail());
    context_.board->set_no_space(StatusBoard::Writer::settlement, true);
    flush_queued_ = true;
    self_->delayed_send(SettlementActor(self_), no_space_retry, Flush{});
    return false;
  }

  /// Tells the others of what has just become durable.
  void publish() {
    if (!executed_.empty()) {
      auto executed =
          std::make_shared<const std::vector<pbft::Executed>>(std::exchange(executed_, {}));
      self_->send(links_->consensus, LedgerAdvanced{std::move(executed)});
    }
    if (committed_.empty()) return;
    publish_head();
    const BlocksCommitted news{
        std::make_shared<const std::vector<CommittedBlock>>(std::exchange(committed_, {}))};
    self_->send(links_->gateway, news);
    self_->send(links_->meter_ingestion, news);
    self_->send(links_->order_matching, news);
    self_->send(links_->people, news);
    self_->send(links_->live_power, news);
    self_->send(links_->news_delivery, news);
    self_->send(links_->telemetry, news);
  }

  void publish_head() {
    context_.board->set_head(machine_.head(), machine_.head_hash(),
                             ledger::island_time(machine_.state()), ledger_.executed_transactions);
  }

  void transfer(protocol::CatchUpInput input) {
    act(catch_up_.step(pbft::Tick{monotonic_now(), wall_clock_now(), false}));
    act(catch_up_.step(std::move(input)));
    if (catch_up_.running() && !tick_queued_) {
      tick_queued_ = true;
      self_->delayed_send(SettlementActor(self_), transfer_tick, Wake{});
    }
  }

  void act(protocol::CatchUpEffects effects) {
    if (!effects.send.empty()) {
      self_->send(links_->transport,
                  SendMessages{std::make_shared<const std::vector<pbft::Outgoing>>(
                      std::move(effects.send))});
    }
    for (const auto& asked : effects.serve_blocks) transfer(read_blocks(asked));
    if (!effects.install.empty()) install(effects.install);
    if (effects.certificate) store_certificates({*effects.certificate});
    if (effects.epoch_finished) {
      if (!end_epoch(*effects.epoch_finished)) return transfer(protocol::InstallFailed{});
      install_pending_ = true;
      request_flush();
    }
    if (effects.finished) {
      context_.metrics->add(Metric::consensus_state_transfers_total, 1, {"done"});
      log(LogLevel::info, "settlement",
          "caught up at height " + std::to_string(effects.finished->height));
      self_->send(links_->consensus,
                  LedgerRestored{std::make_shared<const pbft::Restored>(
                      pbft::Restored{*effects.finished, std::exchange(installed_requests_, {}),
                                     false, epochs_.epoch_end(), epochs_.committee()})});
    }
  }

  /// Executes verified blocks; each must give the very header that the quorum certified.
  void install(const std::vector<protocol::VerifiedBlock>& blocks) {
    for (const auto& block : blocks) {
      execute(block.header.epoch, block.header.sequence, block.batch, block.ordering);
      if (ledger_.position.head != block.header.hash()) {
        context_.fatal(Error{LedgerError::diverged,
                             "block " + std::to_string(block.header.height) +
                                 " gave another header than the one that a quorum certified"});
      }
    }
    for (const auto& block : blocks) {
      const auto& ids = block.batch->ids();
      installed_requests_.insert(installed_requests_.end(), ids.begin(), ids.end());
    }
    executed_.clear();  // the replica hears of it by LedgerRestored
    install_pending_ = true;
    writes_.push_back(protocol::position_write(ledger_));
    request_flush();
  }

  protocol::BlocksRead read_blocks(const protocol::ServeBlocks& asked) {
    protocol::BlocksRead answer{asked.peer, asked.from_height, {}, {}, {}, {}};
    auto snapshot = context_.folder->ledger().snapshot();
    if (!snapshot) return answer;
    std::size_t bytes = 0;
    auto height = asked.from_height;
    bool epoch_is_over = false;
    for (; answer.blocks.size() < asked.max_blocks; ++height) {
      auto block = protocol::read_block(**snapshot, height);
      epoch_is_over = block && (!*block || (*block)->header.epoch != asked.epoch);
      if (!block || epoch_is_over) break;
      bytes += (*block)->batch->encoded().size();
      if (bytes > asked.max_bytes && !answer.blocks.empty()) break;
      answer.blocks.push_back(
          {(*block)->header, to_bytes((*block)->batch->encoded()), (*block)->ordering});
    }
    if (!answer.blocks.empty()) add_certificate(**snapshot, height - 1, asked.epoch, answer);
    if (!epoch_is_over) return answer;
    auto end = protocol::read_epoch_end(**snapshot, asked.epoch);
    if (end && *end && (*end)->position.height + 1 == height) answer.epoch_end = std::move(**end);
    return answer;
  }

  /// The nearest certificate at or above `height`, with the headers on the way; where there is
  /// none, the headers up to the head.
  static void add_certificate(const protocol::LedgerSnapshot& snapshot, std::uint64_t height,
                              std::uint64_t epoch, protocol::BlocksRead& answer) {
    for (std::size_t i = 0; i <= max_further_headers; ++i, ++height) {
      if (i > 0) {
        auto block = protocol::read_block(snapshot, height);
        if (!block || !*block || (*block)->header.epoch != epoch) return;
        answer.further_headers.push_back((*block)->header);
      }
      auto certificate = protocol::read_certificate(snapshot, height);
      if (!certificate) return;
      if (*certificate) {
        answer.certificate = **certificate;
        return;
      }
    }
  }

  Self self_;
  PeerContext& context_;
  std::shared_ptr<const Links> links_;
  ledger::StateMachine machine_;
  protocol::LedgerPosition ledger_;
  std::uint64_t certified_height_ = 0;
  protocol::EpochTracker epochs_;
  protocol::CatchUp catch_up_;
  // Executed, not durable yet.
  std::vector<protocol::TableWrite> writes_;
  std::vector<pbft::Executed> executed_;
  std::vector<CommittedBlock> committed_;
  std::vector<crypto::Digest> installed_requests_;  ///< since the present state transfer began
  bool flush_queued_ = false;
  bool late_flush_queued_ = false;
  bool tick_queued_ = false;
  bool install_pending_ = false;
};

SettlementActor::behavior_type settlement(Self self, PeerContext& context,
                                          std::shared_ptr<RestoredLedger> restored) {
  auto host = std::make_shared<SettlementHost>(self, context, std::move(*restored));
  self->state.host = host;
  auto* settlement = host.get();
  return {
      [settlement](const Connect& connect) { settlement->connect(connect.links); },
      [settlement](const Decided& decided) { settlement->execute(*decided.decisions); },
      [settlement](const Certified& certified) {
        settlement->store_certificates(*certified.certificates);
      },
      [settlement](const EpochsFinished& finished) { settlement->end_epochs(*finished.epochs); },
      [settlement](const StartTransfer& start) { settlement->start_transfer(start.request); },
      [settlement](const VerifiedMessage& verified) {
        settlement->receive(std::move(*verified.message));
      },
      [settlement](const AskAdmission& ask) { return settlement->admit(*ask.transaction); },
      [settlement](const ProveRecord& ask) { settlement->prove(ask); },
      [settlement](Flush) { settlement->flush(); },
      [settlement](Wake) { settlement->tick(); },
      [settlement](Drain) {
        settlement->flush();
        return Drained{};
      },
  };
}

}  // namespace powershare::actors
