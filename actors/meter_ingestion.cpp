#include "actors/meter_ingestion.hpp"

#include <deque>
#include <map>
#include <set>
#include <span>

#include "actors/log.hpp"
#include "ledger/metering.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"
#include "protocol/reading_queue.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::actors {

namespace {

using Self = MeterIngestionActor::stateful_pointer<MeterIngestionState>;
using gateway::IngestAnswer;
using ledger::ReadingResult;
using ledger::SignedReading;
using monitoring::Metric;

constexpr std::size_t max_inbox_entries = 200'000;
/// A body with more is judged piece by piece, between the bodies of others.
constexpr std::size_t max_judged_at_once = 256;
constexpr std::size_t max_long_bodies = 64;
constexpr std::int64_t batch_expiry_ms = 5 * millis_per_minute;
constexpr auto poll_interval = std::chrono::seconds(1);

Bytes inbox_key(const ledger::Reading& reading) {
  return Encoder().raw(as_bytes(reading.meter.text())).u8(0).u64(reading.sequence).data();
}

Bytes inbox_value(const SignedReading& reading) {
  Encoder out;
  ledger::encode_signed_reading(reading, out);
  return std::move(out).take();
}

}  // namespace

class IngestionHost {
 public:
  IngestionHost(Self self, PeerContext& context, const std::vector<std::pair<Bytes, Bytes>>& inbox)
      : self_(self), context_(context) {
    for (const auto& [key, value] : inbox) {
      Decoder in(value);
      auto reading = ledger::decode_signed_reading(in);
      if (!in.finished())
        context_.fatal(Error{StorageError::damaged, "an inbox entry is no reading"});
      keep(key, reading);
    }
  }

  void connect(std::shared_ptr<const Links> links) {
    links_ = std::move(links);
    reconcile();
    propose();
  }

  void ingest(const IngestCall& call) {
    if (context_.board->stopping()) return refuse(call, IngestAnswer::Kind::unavailable);
    const bool is_long = call.readings->size() > max_judged_at_once;
    if (entries_.size() + to_judge_ + call.readings->size() > max_inbox_entries ||
        (is_long && bodies_.size() >= max_long_bodies)) {
      return refuse(call, IngestAnswer::Kind::inbox_full);
    }
    Body body{call, 0, {call.done, {}, std::chrono::steady_clock::now()}};
    if (!is_long) {
      judge_piece(body);
      return;
    }
    to_judge_ += call.readings->size();
    bodies_.push_back(std::move(body));
    request_judging();
  }

  /// One piece of one long body; the next one's turn comes after what others have sent meanwhile.
  void judge_next() {
    judging_queued_ = false;
    if (bodies_.empty()) return;
    Body body = std::move(bodies_.front());
    bodies_.pop_front();
    const auto judged_before = body.judged;
    const bool goes_on = judge_piece(body);
    to_judge_ -= goes_on ? body.judged - judged_before : body.call.readings->size() - judged_before;
    if (goes_on) bodies_.push_back(std::move(body));
    if (!bodies_.empty()) request_judging();
  }

  /// Takes out of the inbox what the ledger has decided on.
  void committed(const std::vector<CommittedBlock>& blocks) {
    for (const auto& block : blocks) {
      for (const auto& receipt : block.receipts) {
        const auto found = batches_.find(receipt.transaction);
        if (found == batches_.end()) continue;
        settle(found->second.keys, receipt);
        batches_.erase(found);
      }
    }
    propose();
  }

  void refused(const std::vector<pbft::Refused>& requests) {
    for (const auto& request : requests) {
      const auto found = batches_.find(request.request);
      if (found == batches_.end()) continue;
      retry(found->second.keys);
      batches_.erase(found);
    }
  }

  /// Of bodies that are not judged to their end nothing is acknowledged: their meters ask again.
  void refuse_bodies() {
    for (const auto& body : bodies_) refuse(body.call, IngestAnswer::Kind::unavailable);
    bodies_.clear();
    to_judge_ = 0;
  }

  void poll() {
    const auto now = wall_clock_now();
    for (auto it = batches_.begin(); it != batches_.end();) {
      if (it->second.expires > now) {
        ++it;
        continue;
      }
      retry(it->second.keys);
      it = batches_.erase(it);
    }
    propose();
    if (!erase_.empty()) request_flush();
    context_.metrics->set(Metric::metering_inbox_entries, static_cast<double>(entries_.size()));
  }

  void flush() {
    flush_queued_ = false;
    if (!put_.empty() || !erase_.empty()) {
      const auto begin = std::chrono::steady_clock::now();
      auto updated = context_.folder->inbox().update(put_, erase_);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      context_.metrics->observe(Metric::storage_commit_duration_seconds, seconds.count(),
                                {"inbox"});
      if (!updated) return withdraw(updated.error());
      context_.board->set_no_space(StatusBoard::Writer::inbox, false);
      erase_.clear();
    }
    for (const auto& [key, value] : put_) enqueue(key);
    put_.clear();
    answer_waiting();
    propose();
  }

 private:
  struct Waiting {
    std::shared_ptr<gateway::IngestCallback> done;
    IngestAnswer answer;
    std::chrono::steady_clock::time_point since;
  };
  struct Batch {
    std::vector<Bytes> keys;
    bool has_backlog = false;
    UtcMillis expires;
  };
  /// A request that is being judged.
  struct Body {
    IngestCall call;
    std::size_t judged = 0;  ///< readings, from the first
    Waiting waiting;
  };

  /// False when the body has been judged to its end, and is answered or waits to be.
  bool judge_piece(Body& body) {
    auto snapshot = context_.folder->ledger().snapshot();
    if (!snapshot) {
      refuse(body.call, IngestAnswer::Kind::unavailable);
      return false;
    }
    const protocol::SnapshotState state(**snapshot);
    const std::span all(*body.call.readings);
    const auto piece =
        all.subspan(body.judged, std::min(max_judged_at_once, all.size() - body.judged));
    judge(state, piece, body.waiting.answer);
    body.judged += piece.size();
    request_flush();
    if (body.judged < all.size()) return true;
    const auto is_rejected = [](const ReadingResult& result) {
      return result.kind == ReadingResult::Kind::rejected;
    };
    // A meter takes a rejection for final: only a peer that knows the present state may say it.
    if (context_.board->behind() &&
        std::ranges::any_of(body.waiting.answer.readings, is_rejected)) {
      refuse(body.call, IngestAnswer::Kind::unavailable);
    } else {
      waiting_.push_back(std::move(body.waiting));
    }
    return false;
  }

  void request_judging() {
    if (judging_queued_) return;
    judging_queued_ = true;
    self_->send(MeterIngestionActor(self_), Wake{});
  }

  void keep(const Bytes& key, const SignedReading& reading) {
    const auto& content = reading.reading;
    if (!content.corrects) pending_[content.meter][content.start.value] = end_of(content);
    entries_.emplace(key, reading);
  }

  void forget(const Bytes& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    const auto& content = found->second.reading;
    const auto intervals = pending_.find(content.meter);
    if (!content.corrects && intervals != pending_.end()) {
      intervals->second.erase(content.start.value);
      if (intervals->second.empty()) pending_.erase(intervals);
    }
    entries_.erase(found);
  }

  static std::int64_t end_of(const ledger::Reading& reading) {
    return reading.start.value + std::int64_t{reading.seconds} * millis_per_second;
  }

  /// Whether an acknowledged reading that the ledger has not got yet covers part of its interval.
  bool overlaps_pending(const ledger::Reading& reading) const {
    const auto intervals = pending_.find(reading.meter);
    if (intervals == pending_.end()) return false;
    auto next = intervals->second.lower_bound(reading.start.value);
    if (next != intervals->second.end() && next->first < end_of(reading)) return true;
    return next != intervals->second.begin() && std::prev(next)->second > reading.start.value;
  }

  static void refuse(const IngestCall& call, IngestAnswer::Kind kind) {
    IngestAnswer answer;
    answer.kind = kind;
    (*call.done)(std::move(answer));
  }

  /// Judges as the ledger will, on an overlay that is thrown away.
  UtcMillis island_now(const ledger::Clock& clock) const {
    return context_.genesis.simulated ? clock.island : std::max(clock.island, wall_clock_now());
  }

  void judge(const ledger::StateReader& state, std::span<const SignedReading> readings,
             IngestAnswer& answer) {
    ledger::Overlay scratch(state);
    const auto parameters = ledger::parameters(state);
    std::vector<ledger::HistoryRow> history;
    std::vector<ledger::Event> events;
    const auto clock = ledger::clock(state);
    const auto island = island_now(clock);
    live_age_ms_ = parameters.slot_ms + parameters.close_grace_ms;
    newest_island_ = island;
    const ledger::BlockContext context{context_.genesis,
                                       context_.genesis_hash,
                                       0,
                                       clock.block,
                                       island,
                                       parameters,
                                       0,
                                       history,
                                       events};
    for (const auto& reading : readings) {
      auto result = judge_one(scratch, context, reading);
      count(result);
      if (result.kind == ReadingResult::Kind::accepted) count_delay(state, reading.reading, island);
      answer.readings.push_back(std::move(result));
    }
    for (const auto& reading : readings) {
      const auto& meter = reading.reading.meter;
      if (answer.in_ledger_through.contains(meter.text())) continue;
      const auto through = ledger::meter_progress(state, meter).in_ledger_through();
      if (through > 0) answer.in_ledger_through.emplace(meter.text(), through);
    }
  }

  ReadingResult judge_one(ledger::Overlay& scratch, const ledger::BlockContext& context,
                          const SignedReading& reading) {
    const auto key = inbox_key(reading.reading);
    if (const auto known = entries_.find(key); known != entries_.end()) {
      if (known->second.reading == reading.reading) return {ReadingResult::Kind::duplicate, {}};
      return {ReadingResult::Kind::rejected, "conflict"};
    }
    auto result = ledger::accept_reading(scratch, context, reading, true);
    if (result.kind == ReadingResult::Kind::accepted) {
      if (!reading.reading.corrects && overlaps_pending(reading.reading)) {
        return {ReadingResult::Kind::rejected, "overlap"};
      }
      put_.emplace_back(key, inbox_value(reading));
      keep(key, reading);
    }
    return result;
  }

  void count(const ReadingResult& result) {
    if (result.kind == ReadingResult::Kind::accepted) {
      context_.metrics->add(Metric::metering_readings_accepted_total);
    } else if (result.kind == ReadingResult::Kind::duplicate) {
      context_.metrics->add(Metric::metering_readings_duplicate_total);
    } else if (result.kind == ReadingResult::Kind::rejected) {
      context_.metrics->add(Metric::metering_readings_rejected_total, 1, {result.reason});
    }
  }

  void count_delay(const ledger::StateReader& state, const ledger::Reading& reading,
                   UtcMillis island) {
    const auto end_ms = reading.start.value + std::int64_t{reading.seconds} * millis_per_second;
    context_.metrics->set(Metric::metering_lag_seconds,
                          static_cast<double>(island.value - end_ms) / 1000);
    const auto progress = ledger::slot_progress(state);
    if (progress && reading.start < progress->next_close) {
      context_.metrics->add(Metric::metering_readings_late_total);
    }
  }

  void answer_waiting() {
    for (auto& waiting : waiting_) {
      const auto seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - waiting.since);
      context_.metrics->observe(Metric::metering_acknowledge_duration_seconds, seconds.count());
      (*waiting.done)(std::move(waiting.answer));
    }
    waiting_.clear();
  }

  /// Nothing of what came since the last flush was made durable: nothing is acknowledged.
  void withdraw(const Error& error) {
    if (error.code() != make_error_code(StorageError::no_space)) context_.fatal(error);
    if (!context_.board->no_space()) log(LogLevel::error, "meter_ingestion", error.detail());
    context_.board->set_no_space(StatusBoard::Writer::inbox, true);
    for (const auto& [key, value] : put_) forget(key);
    put_.clear();
    refuse_bodies();
    // Tried again each second, without effect on any reading: it tells when there is space again.
    if (erase_.empty()) erase_.push_back(Bytes{0});
    for (auto& waiting : waiting_) {
      IngestAnswer answer;
      answer.kind = IngestAnswer::Kind::unavailable;
      (*waiting.done)(std::move(answer));
    }
    waiting_.clear();
  }

  void request_flush() {
    if (flush_queued_) return;
    flush_queued_ = true;
    self_->send(MeterIngestionActor(self_), Flush{});
  }

  /// Batches what waits into transactions, a few under way at a time: while they are, the next ones
  /// fill.
  void propose() {
    const auto has = [this](const Bytes& key) { return entries_.contains(key); };
    // Old enough that no slot waits for it.
    const UtcMillis live_from{newest_island_.value - live_age_ms_};
    while (unsent_.size() > 0) {
      const auto with_backlog = static_cast<std::size_t>(std::ranges::count_if(
          batches_, [](const auto& entry) { return entry.second.has_backlog; }));
      auto next = unsent_.take(live_from, batches_.size(), with_backlog, has);
      if (next.keys.empty()) return;
      ledger::ReadingBatch content;
      content.readings.reserve(next.keys.size());
      for (const auto& key : next.keys) content.readings.push_back(entries_.at(key));
      submit({std::move(next.keys), next.has_backlog, {}}, std::move(content));
    }
  }

  void enqueue(const Bytes& key) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) unsent_.add({end_of(found->second.reading)}, key);
  }

  void submit(Batch batch, ledger::ReadingBatch content) {
    ledger::Transaction transaction;
    transaction.genesis = context_.genesis_hash;
    transaction.principal = "gateway:" + context_.peer.text();
    transaction.idempotency_key.resize(16);
    crypto::random_bytes(transaction.idempotency_key);
    batch.expires = {wall_clock_now().value + batch_expiry_ms};
    transaction.expires = batch.expires;
    transaction.payload = std::move(content);
    auto bytes = std::make_shared<const Bytes>(
        wire::encode_and_sign(transaction, context_.present_keys().gateway));
    const auto id = crypto::sha256(*bytes);
    context_.verified_requests->remember(id, {batch.expires, 1});  // signed by this very peer
    batches_.emplace(id, std::move(batch));
    self_->send(links_->consensus, SubmitRequest{std::move(bytes)});
  }

  void settle(const std::vector<Bytes>& keys, const ledger::Receipt& receipt) {
    if (receipt.readings.size() != keys.size()) {
      log(LogLevel::error, "meter_ingestion",
          "a batch of readings was refused: " + receipt.code + " " + receipt.message);
      return retry(keys);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (receipt.readings[i].kind == ReadingResult::Kind::rejected) {
        log(LogLevel::warning, "meter_ingestion",
            "the ledger refused an acknowledged reading: " + receipt.readings[i].reason);
      }
      forget(keys[i]);
      erase_.push_back(keys[i]);
    }
    request_flush();
  }

  void retry(const std::vector<Bytes>& keys) {
    for (const auto& key : keys) enqueue(key);
  }

  /// After a start: entries that the ledger has already go, the others are proposed again.
  void reconcile() {
    auto snapshot = context_.folder->ledger().snapshot();
    if (!snapshot) context_.fatal(snapshot.error());
    const protocol::SnapshotState state(**snapshot);
    const auto parameters = ledger::parameters(state);
    live_age_ms_ = parameters.slot_ms + parameters.close_grace_ms;
    newest_island_ = island_now(ledger::clock(state));
    for (auto it = entries_.begin(); it != entries_.end();) {
      const auto& reading = it->second.reading;
      const auto progress = ledger::meter_progress(state, reading.meter);
      if (progress.sequences.contains(static_cast<std::int64_t>(reading.sequence))) {
        const auto key = it++->first;
        forget(key);
        erase_.push_back(key);
      } else {
        enqueue(it->first);
        ++it;
      }
    }
    if (!erase_.empty()) request_flush();
  }

  Self self_;
  PeerContext& context_;
  std::shared_ptr<const Links> links_;
  std::map<Bytes, SignedReading> entries_;  ///< acknowledged or about to be, not in the ledger yet
  /// Their intervals, corrections excepted: start -> end in ms, by meter.
  std::map<MeterId, std::map<std::int64_t, std::int64_t>> pending_;
  protocol::ReadingQueue unsent_;
  UtcMillis newest_island_;       ///< as of the last look at the ledger
  std::int64_t live_age_ms_ = 0;  ///< a reading that ended longer ago is of a backlog
  std::deque<Body> bodies_;       ///< long ones that are being judged, in turn
  std::size_t to_judge_ = 0;      ///< readings in them
  bool judging_queued_ = false;
  std::map<crypto::Digest, Batch> batches_;  ///< in flight, by transaction id
  std::vector<std::pair<Bytes, Bytes>> put_;
  std::vector<Bytes> erase_;
  std::vector<Waiting> waiting_;
  bool flush_queued_ = false;
};

MeterIngestionActor::behavior_type meter_ingestion(
    Self self, PeerContext& context, std::shared_ptr<std::vector<std::pair<Bytes, Bytes>>> inbox) {
  auto host = std::make_shared<IngestionHost>(self, context, *inbox);
  self->state.host = host;
  auto* ingestion = host.get();
  return {[self, ingestion](const Connect& connect) {
            ingestion->connect(connect.links);
            self->delayed_send(MeterIngestionActor(self), poll_interval, Poll{});
          },
          [ingestion](const IngestCall& call) { ingestion->ingest(call); },
          [ingestion](const BlocksCommitted& news) { ingestion->committed(*news.blocks); },
          [ingestion](const RequestsRefused& news) { ingestion->refused(*news.refused); },
          [ingestion](Flush) { ingestion->flush(); },
          [ingestion](Wake) { ingestion->judge_next(); },
          [self, ingestion](Poll) {
            ingestion->poll();
            self->delayed_send(MeterIngestionActor(self), poll_interval, Poll{});
          },
          [ingestion](Drain) {
            ingestion->flush();
            ingestion->refuse_bodies();
            return Drained{};
          }};
}

}  // namespace powershare::actors
