// The walk from epoch to epoch.
#include "protocol/pbft/replica.hpp"

#include <algorithm>
#include <deque>

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {
namespace {

/// Messages of the next epoch that come while this member still finishes the present one.
constexpr std::size_t kept_early_messages = 512;
constexpr std::size_t kept_early_bytes = 8 << 20;

bool is_member(const Committee& committee, const protocol::Signatory& signatory) {
  return std::any_of(committee.members.begin(), committee.members.end(),
                     [&](const PublicKey& key) { return signatory.owns(key); });
}

/// What a member that is behind may ask of an epoch that is over here.
bool is_answered_when_retired(MessageType type) {
  return type == MessageType::status || type == MessageType::fetch ||
         type == MessageType::ask_promises;
}

}  // namespace

class Replica::Epochs {
 public:
  Epochs(Config config, const protocol::Signatory& signatory, RequestChecker checker,
         Recovered recovered)
      : options_(config.options),
        committee_(std::move(config.committee)),
        signatory_(signatory),
        checker_(std::move(checker)) {
    read_epoch(recovered);
    position_ = recovered.executed;
    if (is_member(committee_, signatory_)) core_ = make_core(std::move(recovered), true);
  }

  Effects start() {
    Effects effects = std::move(at_start_);
    if (core_) effects.merge(core_->start());
    after(effects);
    return effects;
  }

  Effects step(Input input) {
    auto effects = std::visit([this](auto& it) { return on(it); }, input);
    after(effects);
    return effects;
  }

  Status status() const {
    if (core_) return core_->status();
    Status status;
    status.epoch = committee_.epoch;
    status.member = false;
    status.members = committee_.size();
    status.executed = position_;
    status.delivered = position_.sequence;
    status.transferring = following_;
    status.why_stuck = "not a member of epoch " + std::to_string(committee_.epoch) +
                       ": follows the chain without a vote";
    return status;
  }

  const Committee& committee() const { return committee_; }

 private:
  std::unique_ptr<Core> make_core(Recovered recovered, bool confirm) {
    Config config{committee_, options_};
    config.options.confirm_at_start = confirm && options_.confirm_at_start;
    return std::make_unique<Core>(std::move(config), signatory_, checker_, std::move(recovered));
  }

  /// The log may be of a later epoch than the ledger (a ledger that was lost and is fetched anew)
  /// or of an earlier one (state transfer was ahead of it): what it says of an earlier one binds
  /// nobody any more.
  void read_epoch(Recovered& recovered) {
    std::uint64_t epoch_of_log = 0;
    for (const auto& record : recovered.log) {
      if (record.key != log_key(LogTag::epoch) || !record.value) continue;
      auto decoded = EpochRecord::decode(*record.value, committee_.genesis);
      if (!decoded) {  // of which epoch its promises are cannot be told: as good as lost
        if (!recovered.lost) recovered.lost = Reservation{committee_.epoch, 0, 0};
        continue;
      }
      epoch_of_log = decoded->committee.epoch;
      if (!decoded->end.checkpoints.endorsements.empty()) {
        at_start_.epochs_finished.push_back({epoch_of_log - 1, decoded->end});
      }
      if (epoch_of_log > committee_.epoch) {
        committee_ = std::move(decoded->committee);
        recovered.epoch_end.reset();
      }
    }
    if (epoch_of_log >= committee_.epoch) return;
    const auto obsolete = [](const protocol::LogWrite& record) {
      return record.key != log_key(LogTag::reservation);
    };
    for (const auto& record : recovered.log) {
      if (obsolete(record)) at_start_.persist.push_back(log_erase(record.key));
    }
    std::erase_if(recovered.log, obsolete);
    persist_epoch({{}, {}}, at_start_);
    // The ledger came here by state transfer: it may be ahead of a log that has only begun.
    const auto reached = Encoder().u64(recovered.executed.sequence).boolean(false).data();
    at_start_.persist.push_back(log_put(log_key(LogTag::transfer), reached));
    recovered.log.push_back(log_put(log_key(LogTag::transfer), reached));
  }

  void persist_epoch(CheckpointCertificate end, Effects& effects) {
    end.position = committee_.begin();
    effects.persist.push_back(
        log_put(log_key(LogTag::epoch), EpochRecord{committee_, std::move(end)}.encode()));
  }

  Effects on(Received& message) {
    if (message.epoch == committee_.epoch) {
      return core_ ? core_->step(std::move(message)) : Effects{};
    }
    if (message.epoch < committee_.epoch) {
      Effects effects;
      if (former_ && message.epoch + 1 == committee_.epoch &&
          is_answered_when_retired(message.type)) {
        effects.send = former_->step(std::move(message)).send;
      }
      return effects;
    }
    if (!later_since_) later_since_ = now_;
    if (core_ && message.epoch == committee_.epoch + 1 && early_.size() < kept_early_messages &&
        early_bytes_ + message.body.size() <= kept_early_bytes) {
      early_bytes_ += message.body.size();
      early_.push_back(std::move(message));
    }
    return {};
  }

  Effects on(Tick& tick) {
    if (tick.now > now_) now_ = tick.now;
    if (former_) static_cast<void>(former_->step(tick));
    Effects effects;
    if (core_) effects = core_->step(tick);
    if (should_follow()) {
      follow_at_ = now_.value + options_.status_interval_ms;
      if (core_) {
        effects.merge(core_->follow());
      } else {
        following_ = true;
        effects.transfer = TransferRequest{std::nullopt, {}};
      }
    }
    return effects;
  }

  /// Without a vote here, or overtaken by the others' epochs and nobody left to help in this one:
  /// who was removed meanwhile is not spoken to in later epochs.
  bool should_follow() const {
    if (now_.value < follow_at_) return false;
    if (!core_) return !following_;
    const bool overtaken =
        later_since_ && now_.value - later_since_->value >= options_.status_interval_ms;
    return (overtaken || core_->left_alone()) && !core_->transferring();
  }

  Effects on(Executed& executed) {
    position_ = executed.position;
    return core_ ? core_->step(std::move(executed)) : Effects{};
  }

  Effects on(Restored& restored) {
    following_ = false;
    position_ = restored.position;
    if (restored.committee && restored.committee->epoch > committee_.epoch) {
      return move_to(std::move(restored));
    }
    return core_ ? core_->step(std::move(restored)) : Effects{};
  }

  Effects on(Submit& submit) {
    if (core_) return core_->step(std::move(submit));
    Effects effects;
    effects.refused.push_back(
        {crypto::sha256(submit.request), make_error_code(ConsensusError::not_a_member)});
    return effects;
  }

  Effects on(HandOver& hand_over) { return core_ ? core_->step(hand_over) : Effects{}; }

  void after(Effects& effects) {
    while (core_ && core_->finished()) advance(effects);
    // With every step: hosts go by the newest one's.
    if (!core_) effects.wake_at = MonotonicMillis{now_.value + options_.status_interval_ms};
  }

  /// The epoch ended in order: the next one begins where it ended.
  void advance(Effects& effects) {
    const auto finished = *core_->finished();
    const auto ending = core_->ending();
    Recovered recovered;
    recovered.executed = core_->executed();
    recovered.certified_height = recovered.executed.height;
    recovered.lost = core_->lost();
    const bool confirm = core_->confirming();
    effects.epochs_finished.push_back(finished);
    auto cleared = core_->clear_log();
    effects.persist.insert(effects.persist.end(), std::make_move_iterator(cleared.begin()),
                           std::make_move_iterator(cleared.end()));
    committee_ = Committee{committee_.genesis, committee_.epoch + 1, ending->next_members,
                           finished.end.position, ending->next_feature_level};
    persist_epoch(finished.end, effects);
    enter(std::move(recovered), confirm, effects);
    // A transfer that was asked for goes on, and following would begin another beside it.
    following_ = !core_ && former_->transferring();
  }

  /// State transfer has brought the ledger into a later epoch.
  Effects move_to(Restored restored) {
    Effects effects;
    Recovered recovered;
    recovered.executed = restored.position;
    recovered.certified_height = restored.position.height > 0 ? restored.position.height - 1 : 0;
    recovered.epoch_end = std::exchange(restored.epoch_end, nullptr);
    // That the ledger is ahead of the new epoch's log is no sign of a lost one.
    recovered.log.push_back(
        log_put(log_key(LogTag::transfer),
                Encoder().u64(restored.position.sequence).boolean(false).data()));
    if (core_) {
      recovered.lost = core_->lost();
      effects.persist = core_->clear_log();
    }
    committee_ = *restored.committee;
    persist_epoch({{}, {}}, effects);
    enter(std::move(recovered), true, effects);
    restored.committee.reset();
    if (core_) effects.merge(core_->step(std::move(restored)));
    return effects;
  }

  void enter(Recovered recovered, bool confirm, Effects& effects) {
    auto predecessor = std::move(core_);
    later_since_.reset();
    if (is_member(committee_, signatory_)) {
      core_ = make_core(std::move(recovered), confirm);
      if (predecessor) core_->inherit(*predecessor);
      effects.merge(core_->start());
    }
    if (predecessor) {
      predecessor->retire();
      former_ = std::move(predecessor);
    }
    effects.alarms.push_back("epoch " + std::to_string(committee_.epoch) + " begins with " +
                             std::to_string(committee_.size()) + " members" +
                             (core_ ? "" : "; this peer is none of them"));
    replay_early(effects);
  }

  void replay_early(Effects& effects) {
    auto early = std::exchange(early_, {});
    early_bytes_ = 0;
    for (auto& message : early) {
      if (core_ && message.epoch == committee_.epoch)
        effects.merge(core_->step(std::move(message)));
    }
  }

  Options options_;
  Committee committee_;
  const protocol::Signatory& signatory_;
  RequestChecker checker_;
  Effects at_start_;
  std::unique_ptr<Core> core_;    ///< none while this peer is no member
  std::unique_ptr<Core> former_;  ///< of the epoch before, retired
  Position position_;
  MonotonicMillis now_;
  std::deque<Received> early_;
  std::size_t early_bytes_ = 0;
  std::optional<MonotonicMillis> later_since_;  ///< others speak of a later epoch
  std::int64_t follow_at_ = 0;
  bool following_ = false;
};

Replica::Replica(Config config, const protocol::Signatory& signatory, RequestChecker checker,
                 Recovered recovered)
    : epochs_(std::make_unique<Epochs>(std::move(config), signatory, std::move(checker),
                                       std::move(recovered))) {}
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

Effects Replica::start() {
  return epochs_->start();
}
Effects Replica::step(Input input) {
  return epochs_->step(std::move(input));
}
Status Replica::status() const {
  return epochs_->status();
}
const Committee& Replica::committee() const {
  return epochs_->committee();
}

}  // namespace powershare::pbft
