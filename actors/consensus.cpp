#include "actors/consensus.hpp"

#include <map>

#include "actors/log.hpp"
#include "actors/transport.hpp"
#include "protocol/heard_clock.hpp"

namespace powershare::actors {

namespace {

using Self = ConsensusActor::stateful_pointer<ConsensusState>;
constexpr std::int64_t no_space_retry_ms = 1'000;
constexpr std::int64_t status_interval_ms = 100;

}  // namespace

/// The replica and the effects that wait for the next durable write.
class ConsensusHost {
 public:
  ConsensusHost(Self self, PeerContext& context, ConsensusStart start, net::ZmqLink& link)
      : self_(self),
        context_(context),
        link_(link),
        replica_(
            {*start.committee, context.options}, context.signatory,
            [&context](ByteView request, UtcMillis batch_time, std::uint32_t feature_level) {
              return context.verified_requests->check(request, batch_time, feature_level);
            },
            std::move(start.recovered)) {}

  void connect(std::shared_ptr<const Links> links) {
    links_ = std::move(links);
    pending_.merge(replica_.step(tick()));
    collect(replica_.start());
  }

  void step(pbft::Input input) {
    pending_.merge(replica_.step(tick()));
    collect(replica_.step(std::move(input)));
  }

  void step_message(pbft::Received message) {
    // Without disk space nothing may be promised; what is dropped here comes again by STATUS.
    if (blocked_) return;
    context_.metrics->add(monitoring::Metric::consensus_messages_total, 1,
                          {pbft::to_text(message.type)});
    if (message.type == pbft::MessageType::pre_prepare) note_proposal(message.body);
    step(std::move(message));
  }

  void set_slot_due(bool due) {
    if (slot_due_ == due) return;
    slot_due_ = due;
    collect(replica_.step(tick()));
  }

  void wake() {
    // A wake that an earlier one has overtaken comes nevertheless; following it would begin a
    // second chain of wakes, which would never end.
    if (wake_scheduled_ && monotonic_now() < *wake_scheduled_) return;
    wake_scheduled_.reset();
    collect(replica_.step(tick()));
  }

  /// One durable write for all that was queued, then the sends.
  void flush() {
    if (flush_queued_) clock_.heard(flush_queued_at_);
    flush_queued_ = false;
    if (was_recovering_) refuse_forgotten_folder();
    if (!make_durable()) return;
    act();
    publish_status();
  }

 private:
  /// An empty folder whose owner the others know is a lost disk, or one that is not mounted: only
  /// an operator can tell, by --recover.
  void refuse_forgotten_folder() {
    const auto& folder = *context_.folder;
    if (!folder.is_new() || folder.identity().recovering || !replica_.status().votes_forgotten) {
      return;
    }
    if (auto taken_back = context_.folder->take_back_creation(); !taken_back) {
      context_.fatal(taken_back.error());
    }
    context_.fatal(Error{StorageError::lost,
                         "the data folder is new, but the others hold votes of this peer: mount "
                         "its disk, or start it once with --recover"});
  }

  pbft::Tick tick() {
    return {clock_.read(monotonic_now(), !self_->mailbox().empty()), wall_clock_now(), slot_due_};
  }

  void collect(pbft::Effects&& effects) {
    context_.needless_votes.note(effects);
    pending_.merge(std::move(effects));
    if (flush_queued_ || blocked_) return;
    flush_queued_ = true;
    flush_queued_at_ = monotonic_now();
    self_->send(ConsensusActor(self_), Flush{});
  }

  /// False while there is no space; then everything stays pending and is tried again.
  bool make_durable() {
    if (pending_.reserve) {
      auto reserved = context_.folder->reserve(
          {pending_.reserve->epoch, pending_.reserve->view, pending_.reserve->sequence});
      if (!reserved) return wait_for_space(reserved.error());
    }
    if (!pending_.persist.empty()) {
      const auto begin = std::chrono::steady_clock::now();
      auto appended = context_.folder->consensus_log().append(pending_.persist);
      observe_since(monitoring::Metric::storage_commit_duration_seconds, begin, {"consensus"});
      if (!appended) return wait_for_space(appended.error());
    }
    if (blocked_) {
      log(LogLevel::info, "consensus", "there is space on the disk again");
      context_.board->set_no_space(StatusBoard::Writer::consensus, false);
    }
    blocked_ = false;
    return true;
  }

  bool wait_for_space(const Error& error) {
    if (error.code() != make_error_code(StorageError::no_space)) context_.fatal(error);
    if (!blocked_) log(LogLevel::error, "consensus", error.detail());
    blocked_ = true;
    context_.board->set_no_space(StatusBoard::Writer::consensus, true);
    self_->delayed_send(ConsensusActor(self_), std::chrono::milliseconds(no_space_retry_ms),
                        Flush{});
    return false;
  }

  void act() {
    auto effects = std::exchange(pending_, {});
    for (const auto& alarm : effects.alarms) log(LogLevel::warning, "consensus", alarm);
    for (const auto& evidence : effects.evidence) {
      log(LogLevel::error, "consensus",
          "equivocation by member " + std::to_string(evidence.member) + " of epoch " +
              std::to_string(evidence.epoch) + " at view " + std::to_string(evidence.first.view) +
              ", sequence " + std::to_string(evidence.first.sequence));
    }
    for (const auto& message : effects.send) {
      if (message.type == pbft::MessageType::pre_prepare) note_proposal(message.body);
    }
    // Not by way of the transport actor: that would be one more thread to wake for every vote.
    for (const auto& message : effects.send) send_message(context_, link_, message);
    if (!effects.epochs_finished.empty()) {
      self_->send(links_->settlement, EpochsFinished{share(std::move(effects.epochs_finished))});
    }
    for (const auto& decision : effects.deliver) {
      note_decision(decision.sequence);
      context_.metrics->observe(monitoring::Metric::consensus_batch_requests,
                                static_cast<double>(decision.batch->requests().size()));
    }
    if (!effects.deliver.empty()) {
      self_->send(links_->settlement, Decided{share(std::move(effects.deliver))});
    }
    if (!effects.block_certificates.empty()) {
      self_->send(links_->settlement, Certified{share(std::move(effects.block_certificates))});
    }
    if (effects.transfer) self_->send(links_->settlement, StartTransfer{*effects.transfer});
    if (!effects.refused.empty()) {
      const RequestsRefused refused{share(std::move(effects.refused))};
      self_->send(links_->gateway, refused);
      self_->send(links_->meter_ingestion, refused);
    }
    if (effects.wake_at) schedule_wake(*effects.wake_at);
  }

  void observe_since(monitoring::Metric metric, std::chrono::steady_clock::time_point begin,
                     monitoring::LabelValues labels = {}) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    context_.metrics->observe(metric, seconds.count(), labels);
  }

  /// When this peer first saw a proposal for each sequence, for the commit latency.
  void note_proposal(ByteView body) {
    if (body.size() < pbft::Vote::encoded_bytes || proposed_at_.size() >= context_.options.window)
      return;
    const auto vote = pbft::Vote::decode(body.first(pbft::Vote::encoded_bytes));
    if (vote) proposed_at_.emplace(vote->sequence, std::chrono::steady_clock::now());
  }

  void note_decision(pbft::Sequence sequence) {
    const auto found = proposed_at_.find(sequence);
    if (found != proposed_at_.end()) {
      observe_since(monitoring::Metric::consensus_commit_duration_seconds, found->second);
    }
    proposed_at_.erase(proposed_at_.begin(), proposed_at_.upper_bound(sequence));
  }

  template <class T>
  static std::shared_ptr<const T> share(T&& value) {
    return std::make_shared<const T>(std::move(value));
  }

  void schedule_wake(MonotonicMillis at) {
    at.value += clock_.lag_ms();
    if (wake_scheduled_ && *wake_scheduled_ <= at) return;
    wake_scheduled_ = at;
    const auto delay = std::max<std::int64_t>(1, at.value - monotonic_now().value);
    self_->delayed_send(ConsensusActor(self_), std::chrono::milliseconds(delay), Wake{});
  }

  void publish_status() {
    const auto now = monotonic_now().value;
    if (now - last_status_ms_ < status_interval_ms) return;
    last_status_ms_ = now;
    auto status = replica_.status();
    note(context_.folder->note_stable_checkpoint(status.stable_checkpoint));
    if (was_recovering_ && !status.recovering) {
      was_recovering_ = !note(context_.folder->note_recovered());
    }
    context_.board->set_consensus(std::move(status));
  }

  /// IDENTITY's notes may wait for space: they only make a later start quicker. False when to be
  /// tried again.
  bool note(const Result<void>& noted) {
    if (!noted && noted.error().code() != make_error_code(StorageError::no_space)) {
      context_.fatal(noted.error());
    }
    return noted.ok();
  }

  Self self_;
  PeerContext& context_;
  net::ZmqLink& link_;
  pbft::Replica replica_;
  protocol::HeardClock clock_;
  std::shared_ptr<const Links> links_;
  pbft::Effects pending_;
  std::map<pbft::Sequence, std::chrono::steady_clock::time_point> proposed_at_;
  std::optional<MonotonicMillis> wake_scheduled_;
  std::int64_t last_status_ms_ = 0;
  bool slot_due_ = false;
  bool flush_queued_ = false;
  MonotonicMillis flush_queued_at_;  ///< all that came before it is stepped when it is handled
  bool blocked_ = false;
  bool was_recovering_ = true;
};

ConsensusActor::behavior_type consensus(Self self, PeerContext& context,
                                        std::shared_ptr<ConsensusStart> start, net::ZmqLink& link) {
  auto host = std::make_shared<ConsensusHost>(self, context, std::move(*start), link);
  self->state.host = host;
  auto* replica = host.get();
  return {
      [replica](const Connect& connect) { replica->connect(connect.links); },
      [replica](const VerifiedMessage& verified) {
        replica->step_message(std::move(*verified.message));
      },
      [replica](const SubmitRequest& submit) {
        replica->step(pbft::Submit{*submit.request, true});
      },
      [replica](const LedgerAdvanced& advanced) {
        for (const auto& executed : *advanced.executed) replica->step(executed);
      },
      [replica](const LedgerRestored& restored) { replica->step(*restored.restored); },
      [replica](SlotDue due) { replica->set_slot_due(due.due); },
      [replica](Wake) { replica->wake(); },
      [replica](Flush) { replica->flush(); },
      [replica](HandOver) {
        replica->step(pbft::HandOver{});
        replica->flush();
        return Drained{};
      },
  };
}

}  // namespace powershare::actors
