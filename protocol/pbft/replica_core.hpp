// The inside of a Replica: its state, and one member function per thing that may happen. The
// functions are defined by noun in replica_normal_case.cpp, replica_propose.cpp,
// replica_checkpoint.cpp, replica_view_change.cpp, replica_new_view.cpp, replica_status.cpp and
// replica_recovery.cpp.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "protocol/mempool.hpp"
#include "protocol/pbft/block_vote.hpp"
#include "protocol/pbft/effects.hpp"
#include "protocol/pbft/error.hpp"
#include "protocol/pbft/fetch.hpp"
#include "protocol/pbft/log_records.hpp"
#include "protocol/pbft/new_view.hpp"
#include "protocol/pbft/promises.hpp"
#include "protocol/pbft/relayed.hpp"
#include "protocol/pbft/slot.hpp"
#include "protocol/pbft/status.hpp"
#include "protocol/pbft/status_message.hpp"
#include "protocol/pbft/view_change.hpp"

namespace powershare::pbft {

class Core {
 public:
  /// Every block whose height divides by this is voted for, by all members alike;
  static constexpr std::uint64_t block_vote_interval = 16;
  /// and the newest one, when none has followed for so long.
  static constexpr std::int64_t block_vote_delay_ms = 20;
  /// What a member's STATUS says counts so long.
  static constexpr std::int64_t heard_lately_ms = 3'000;
  /// Most requests in the first batches of a new primary.
  static constexpr std::uint32_t first_batch_requests = 16;

  /// The signatory owns the key of one member.
  Core(Config config, const protocol::Signatory& signatory, RequestChecker checker,
       Recovered recovered);
  Effects start();
  Effects step(Input input);
  Status status() const;

  // From one epoch to the next (replica_epoch.cpp)
  /// What of this epoch's end is proven; set once it is over.
  const std::optional<EpochFinished>& finished() const { return finished_; }
  const EpochEndPointer& ending() const { return ending_; }
  const Position& executed() const { return executed_; }
  std::uint64_t certified_height() const { return certified_height_; }
  bool confirming() const { return confirming_; }
  bool transferring() const { return transferring_; }
  /// For long it has tried in vain to take part, or to prove the end of its epoch.
  bool left_alone() const;
  /// What it may have promised, while it does not know for sure.
  std::optional<Reservation> lost() const;
  /// Asks for state transfer as far as the others are; nothing is delivered meanwhile.
  Effects follow();
  /// Writes that take everything of this epoch out of the log but the reservation.
  std::vector<protocol::LogWrite> clear_log();
  /// From now on only answers members that lack something of this epoch: no votes, no timers.
  void retire();
  /// Takes over what does not belong to an epoch: waiting requests, what was executed, clocks,
  /// counters.
  void inherit(Core& predecessor);

 private:
  using Check = Result<void>;

  // Dispatch (replica_core.cpp)
  void on(Received& message);
  void on(Submit& submit);
  void on(Tick& tick);
  void on(Executed& executed);
  void on(Restored& restored);
  void on(HandOver&);
  Check dispatch(Received& message);
  Effects finish();
  void restart_timers();
  bool lags() const;

  // Small things (replica_core.cpp)
  Signature sign(MessageType type, ByteView body) const;
  bool verify(MemberIndex signer, MessageType type, ByteView body,
              const Signature& signature) const;
  void send_signed(std::optional<MemberIndex> recipient, MessageType type, Bytes body,
                   const Signature& signature, Channel channel = Channel::control);
  void send(std::optional<MemberIndex> recipient, MessageType type, Bytes body,
            Channel channel = Channel::control);
  void persist(Bytes key, Bytes value);
  void persist_later(Bytes key, Bytes value);
  void persist_deferred();
  void erase(Bytes key);
  void alarm(std::string sentence);
  void reserve(View view, Sequence sequence);
  std::uint32_t size() const { return committee_.size(); }
  Sequence high() const { return low_ + options_.window; }
  bool in_window(Sequence sequence) const {
    return sequence > low_ && (sequence <= high() || planted(Bug::no_window));
  }
  bool leads() const { return active_ && committee_.primary(view_) == self_; }
  Slot& slot_at(Sequence sequence);
  Slot* find_slot(Sequence sequence);
  bool may_vote(View view, Sequence sequence) const;
  Sequence vote_limit() const;
  void vote_above(Sequence former_limit);
  void note_ending(const EpochEndPointer& ending);
  void check_epoch_end();
  bool head_is_certified() const;
  bool may_change_view() const;
  std::int64_t ahead_of_clock(UtcMillis time) const;
  static Error refuse(ConsensusError code, const char* detail) { return Error{code, detail}; }

  // Normal case (replica_normal_case.cpp)
  Check on_pre_prepare(Received& message);
  Check on_vote(const Received& message);
  Check check_batch(Sequence sequence, const Batch& batch) const;
  void accept(Sequence sequence, const Vote& vote, const Signature& signature, BatchPointer batch);
  void keep_batch(Sequence sequence, Slot& slot, BatchPointer batch);
  void drop_needless_batches(Sequence sequence, Slot& slot);
  bool record_vote(std::vector<MemberVote>& votes, MemberIndex member, MessageType type,
                   const Vote& vote, const Signature& signature);
  void vote_prepare(Sequence sequence, Slot& slot);
  void advance(Sequence sequence);
  void try_prepare(Sequence sequence, Slot& slot);
  void try_commit(Sequence sequence, Slot& slot);
  void decide(Sequence sequence, Slot& slot, const Vote& vote, OrderingCertificate certificate);
  void deliver();
  void remember_delivered(const std::vector<Digest>& ids);

  // Requests and proposals (replica_propose.cpp)
  Check on_request(const Received& message);
  void forward_requests();
  void tell_everyone();
  void propose();
  bool ready_to_propose() const;
  void propose_batch(BatchPointer batch);
  void adapt_batch_limit(const Slot& slot, std::size_t requests);
  void check_request_timers();
  void watch_head();

  // Checkpoints and block certificates (replica_checkpoint.cpp)
  Check on_checkpoint(const Received& message);
  Check on_stable_proof(const Received& message);
  Check on_block_vote(const Received& message);
  void take_checkpoint();
  void try_stable(Sequence sequence);
  void adopt_stable(CheckpointCertificate certificate);
  void compare_with_stable();
  void collect_garbage();
  void forget_passed();
  void forget_slot(Sequence sequence, Slot& slot);
  void block_executed();
  void vote_block();
  void check_block_vote();
  void try_certify(std::uint64_t height);
  void quarantine(const std::string& why);

  // View changes (replica_view_change.cpp, replica_new_view.cpp)
  Check on_view_change(const Received& message);
  Check on_new_view(const Received& message);
  void start_view_change(View view, const std::string& why);
  Check verify_view_change(SignedViewChange& message);
  bool prepared_is_known(const PreparedCertificate& certificate);
  void join_view_change();
  void check_view_changes();
  void make_new_view(const std::vector<SignedViewChangePointer>& chosen);
  void enter_view(View view, const Obligations& obligations,
                  const std::vector<Signature>& signatures);
  void remake_request_index();
  void check_new_view_timer();
  void grant_filling(MemberIndex member, Sequence wish);
  void fetch_parked(MemberIndex member, const StatusMessage& its);
  std::int64_t backed_off(std::int64_t base_ms) const;

  // STATUS and repair (replica_status.cpp)
  Check on_status(const Received& message);
  Check on_fetch(const Received& message);
  Check on_fetched_batch(Received& message);
  Check on_fetched_entry(Received& message);
  void send_status();
  StatusMessage make_status();
  bool needs_repair();
  void asked_too_early();
  void fetch_missing();
  void send_new_view(MemberIndex peer);
  Check on_relayed(Received& message);
  void repair_view(MemberIndex peer, const StatusMessage& its);
  void repair_slots(MemberIndex peer, const StatusMessage& its);
  void repair_checkpoints(MemberIndex peer, const StatusMessage& its);
  void repair_block_votes(MemberIndex peer, const StatusMessage& its);
  void check_transfer();
  void check_clock();
  std::string why_stuck() const;
  std::optional<MonotonicMillis> next_wake();

  // Start, lost logs (replica_recovery.cpp)
  void load(const Recovered& recovered);
  bool load_record(const protocol::LogWrite& record);
  bool load_slot_record(LogTag tag, Sequence sequence, const Bytes& value);
  Check on_ask_promises(const Received& message);
  Check on_promises(const Received& message);
  bool in_own_log(const Promise& promise) const;
  void resume_votes();
  void normalise(Position& position) const;
  void lose_log(Reservation promised, const std::string& why);
  void end_confirmation();
  void end_recovery_if_done();

  // Who
  Options options_;
  Committee committee_;
  EpochEndPointer ending_;  ///< a change of members waits for the end of this epoch
  std::optional<EpochFinished> finished_;
  bool retired_ = false;
  MemberIndex self_;
  const protocol::Signatory& signatory_;
  RequestChecker checker_;
  Effects effects_;
  std::vector<protocol::LogWrite> deferred_;  ///< records that the next write takes along

  // Views
  View view_ = 0;
  bool active_ = true;      ///< false between VIEW-CHANGE and NEW-VIEW
  Sequence inherited_ = 0;  ///< max-s of the NEW-VIEW: proposals up to here are not fresh
  MonotonicMillis active_since_;
  std::vector<SignedViewChangePointer> view_changes_;  ///< by member: its newest
  Bytes new_view_;  ///< body of the NEW-VIEW of the active view; empty in view 0
  Signature new_view_signature_{};
  std::optional<MonotonicMillis> new_view_deadline_;
  std::uint32_t failed_views_ = 0;  ///< view changes since the last progress

  // Window
  std::map<Sequence, Slot> slots_;
  Sequence low_ = 0;  ///< the highest certified checkpoint
  CheckpointCertificate stable_;
  Sequence delivered_ = 0;
  Position executed_;
  Sequence next_ = 1;                   ///< as primary: the next sequence to propose
  std::map<Digest, Sequence> ordered_;  ///< requests in slots of the window

  // Requests
  protocol::Mempool mempool_;
  std::deque<std::shared_ptr<const Bytes>> to_forward_;
  MonotonicMillis forwarded_at_;
  MonotonicMillis told_at_;  ///< when the mempool was last searched for what to tell everyone
  std::optional<MonotonicMillis> filling_since_;
  std::uint32_t batch_limit_;  ///< requests in a batch, so that it is decided long before time-outs
  Digest head_{};              ///< the request that waits longest, and since when it has been that
  std::optional<MonotonicMillis> head_since_;
  Sequence highest_proposal_ = 0;  ///< of the present view
  std::optional<MonotonicMillis>
      undelivered_since_;  ///< a proposal waits and nothing was delivered
  std::set<Digest> delivered_ids_;
  std::deque<Digest> delivered_order_;
  std::optional<MonotonicMillis> ending_since_;  ///< nothing was delivered towards the epoch's end
  std::optional<MonotonicMillis> work_due_since_;
  bool work_due_ = false;
  Sequence fill_to_ = 0;  ///< propose null batches up to here, for a recovering member

  // Checkpoints and blocks
  std::map<Sequence, Position> own_checkpoints_;
  std::vector<std::map<Sequence, std::pair<Position, Signature>>> checkpoint_votes_;  ///< by member
  std::map<std::uint64_t, Digest> own_blocks_;  ///< the newest few hundred
  std::vector<std::map<std::uint64_t, std::pair<Digest, Signature>>> block_votes_;  ///< by member
  std::uint64_t certified_height_ = 0;  ///< the newest that is; what lies below is covered by it
  std::uint64_t voted_height_ = 0;      ///< the newest block that this member voted for
  MonotonicMillis block_executed_at_;
  MonotonicMillis block_voted_at_;

  // Time
  MonotonicMillis now_;
  UtcMillis wall_clock_;
  bool clock_known_ = false;
  MonotonicMillis status_sent_at_;
  std::uint32_t status_rounds_ = 0;
  std::uint32_t fruitless_rounds_ = 0;  ///< repair rounds without progress: then they slow down
  std::int64_t repair_patience_ms_;     ///< grows while what was missing comes twice
  std::optional<MonotonicMillis> lagging_since_;  ///< below the low mark

  // Others
  std::vector<PeerStatus> peers_;
  std::vector<std::optional<MonotonicMillis>> repaired_at_;
  /// A member that left the view alone and waits in a later one: since when, and when it was last
  /// fetched back.
  struct Parked {
    std::optional<MonotonicMillis> since;
    std::optional<MonotonicMillis> fetched_at;
    std::int64_t pause_ms = 0;  ///< from then on, until it is fetched again
  };
  std::vector<Parked> parked_;
  /// How far null batches were granted to a recovering member, and what of that counts still.
  struct Filling {
    Sequence to = 0;
    std::int64_t owed = 0;  ///< sequences
    MonotonicMillis repaid_at;
  };
  std::vector<Filling> fillings_;
  std::set<std::pair<MemberIndex, Sequence>> evidence_kept_;

  // Promises
  Reservation reservation_;
  bool confirming_ = false;  ///< asking the others what was signed before; no votes meanwhile
  std::set<MemberIndex> confirmed_by_;
  Sequence answered_stable_ = 0;  ///< the highest certified checkpoint among the answers
  struct Promised {
    std::optional<Vote> accepted;
    std::optional<View> prepared;
  };
  std::map<Sequence, Promised> promised_at_start_;
  Sequence low_at_start_ = 0;
  View view_at_start_ = 0;
  bool lost_ = false;
  bool votes_forgotten_ = false;  ///< others hold what this member signed and its log lacks
  bool over_before(std::uint64_t epoch) const;
  Reservation lost_promise_;  ///< what IDENTITY said when the log was lost
  Reservation floor_;  ///< while lost_: no votes below this view, nor at or below this sequence
  bool quarantined_ = false;
  bool transferring_ = false;
  std::optional<MonotonicMillis> apart_since_;   ///< neither confirmed nor in an active view
  std::optional<MonotonicMillis> at_end_since_;  ///< all executed, the end not proven yet
  bool follows_ = false;                         ///< the transfer has no target
  Sequence transferred_ = 0;                     ///< state transfer has reached this
  Sequence log_cut_ = 0;                         ///< the log holds no sequence up to here

  // Counters
  Status counters_;
};

}  // namespace powershare::pbft
