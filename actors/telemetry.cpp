#include "actors/telemetry.hpp"

#include <algorithm>

#include "actors/market_metrics.hpp"
#include "crypto/quorum.hpp"
#include "ledger/meter_standing.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::actors {
namespace {

using Self = TelemetryActor::stateful_pointer<TelemetryState>;
using monitoring::Metric;
using monitoring::Metrics;

constexpr auto poll_interval = std::chrono::seconds(5);
// Blocks whose state roots are compared between peers: every 64th; a peer shows its last four, so
// that one that is up to three marks behind can still be compared.
constexpr std::uint64_t blocks_per_mark = 64;
constexpr std::uint64_t marks = 4;
constexpr std::uint64_t imbalance_every = 12;  // polls: all accounts are summed once a minute

/// The others' clocks minus the own one, their median; 0 while nobody was heard.
double clock_offset_seconds(const pbft::Status& status) {
  std::vector<std::int64_t> offsets;
  for (const auto& peer : status.peers) {
    if (peer.heard) offsets.push_back(peer.clock_offset_ms);
  }
  if (offsets.empty()) return 0;
  const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
  std::ranges::nth_element(offsets, middle);
  return static_cast<double>(*middle) / 1000;
}

void gather_membership(Metrics& metrics, const pbft::Status& status) {
  const auto flag = [](bool value) { return value ? 1.0 : 0.0; };
  metrics.set(Metric::consensus_epoch, static_cast<double>(status.epoch));
  metrics.set(Metric::consensus_members, status.members);
  metrics.set(Metric::consensus_quorum, status.members == 0 ? 0 : crypto::quorum(status.members));
  metrics.set(Metric::consensus_view_active, flag(status.view_active));
  metrics.set(Metric::consensus_quarantined, flag(status.quarantined));
  metrics.set(Metric::consensus_recovering, flag(status.recovering));
  metrics.set(Metric::consensus_clock_suspect, flag(status.clock_suspect));
  metrics.set(Metric::consensus_clock_offset_seconds, clock_offset_seconds(status));
}

void mark_state_root(Metrics& metrics, const ledger::Header& header) {
  if (header.height % blocks_per_mark != 0) return;
  double fingerprint = 0;  // 48 bits: exact in a double
  for (std::size_t i = 0; i < 6; ++i) fingerprint = fingerprint * 256 + header.state_root[i];
  const auto mark = std::to_string(header.height / blocks_per_mark % marks);
  metrics.set(Metric::consensus_state_root_height, static_cast<double>(header.height), {mark});
  metrics.set(Metric::consensus_state_root_fingerprint, fingerprint, {mark});
}

void gather_consensus(Metrics& metrics, const PeerContext& context) {
  const auto status = context.board->consensus();
  const auto as_double = [](auto value) { return static_cast<double>(value); };
  metrics.set(Metric::consensus_view, as_double(status.view));
  metrics.set(Metric::consensus_height, as_double(status.executed.height));
  metrics.set(Metric::consensus_sequence, as_double(status.delivered));
  metrics.set(Metric::consensus_stable_checkpoint_sequence, as_double(status.stable_checkpoint));
  const auto roster = context.roster();
  const auto own = protocol::Roster::index_in(roster->members(), context.number());
  metrics.set(Metric::consensus_is_primary, status.member && own == status.primary ? 1 : 0);
  metrics.set(Metric::consensus_in_flight_batches, as_double(status.in_flight));
  metrics.set(Metric::consensus_mempool_transactions, as_double(status.mempool_requests));
  metrics.set(Metric::consensus_mempool_bytes, as_double(status.mempool_bytes));
  metrics.raise_to(Metric::consensus_view_changes_total, as_double(status.view_changes));
  metrics.raise_to(Metric::consensus_equivocations_total, as_double(status.equivocations));
  for (const auto& [reason, count] : status.rejects) {
    metrics.raise_to(Metric::consensus_rejected_messages_total, as_double(count),
                     {"replica_" + reason});
  }
  gather_membership(metrics, status);
  metrics.set(Metric::peer_ready, context.board->node_status().not_ready.empty() ? 1 : 0);
}

void gather_storage(Metrics& metrics, std::string_view environment,
                    const storage::StorageStatistics& statistics) {
  metrics.set(Metric::storage_bytes, static_cast<double>(statistics.bytes_used), {environment});
  metrics.set(Metric::storage_map_bytes, static_cast<double>(statistics.map_bytes), {environment});
  metrics.set(Metric::storage_free_bytes, static_cast<double>(statistics.disk_free_bytes),
              {environment});
  metrics.raise_to(Metric::storage_stalls_total, static_cast<double>(statistics.stalls),
                   {environment});
}

void gather_link(Metrics& metrics, const net::LinkStatistics& link, std::size_t connected) {
  metrics.raise_to(Metric::transport_frames_total, static_cast<double>(link.sent_frames), {"sent"});
  metrics.raise_to(Metric::transport_frames_total, static_cast<double>(link.received_frames),
                   {"received"});
  metrics.raise_to(Metric::transport_bytes_total, static_cast<double>(link.sent_bytes), {"sent"});
  metrics.raise_to(Metric::transport_bytes_total, static_cast<double>(link.received_bytes),
                   {"received"});
  metrics.raise_to(Metric::transport_dropped_frames_total,
                   static_cast<double>(link.dropped_frames));
  metrics.raise_to(Metric::transport_rejected_frames_total,
                   static_cast<double>(link.rejected_frames));
  metrics.raise_to(Metric::transport_refused_handshakes_total,
                   static_cast<double>(link.refused_handshakes));
  metrics.set(Metric::transport_connected_peers, static_cast<double>(connected));
}

void gather_meters(PeerContext& context) {
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return;
  const protocol::SnapshotState state(**snapshot);
  std::size_t disputes = 0;
  ledger::for_each_dispute(state, std::nullopt, [&](const ledger::Dispute&) {
    ++disputes;
    return true;
  });
  const auto quarantined = ledger::quarantined_meters(state).size();
  if (state.fault()) return;
  context.metrics->set(Metric::metering_quarantined_meters, static_cast<double>(quarantined));
  context.metrics->set(Metric::metering_disputes, static_cast<double>(disputes));
}

void gather_power(Metrics& metrics, monitoring::PowerMeter& meter) {
  const auto reading = meter.sample();
  metrics.raise_to(Metric::peer_energy_joules_total, reading.joules,
                   {reading.from_rapl ? "rapl" : "model"});
  metrics.raise_to(Metric::peer_cpu_seconds_total, reading.cpu_seconds);
  metrics.set(Metric::peer_resident_memory_bytes, reading.resident_bytes);
}

const char* to_text(ledger::Outcome outcome) {
  switch (outcome) {
    case ledger::Outcome::applied:
      return "applied";
    case ledger::Outcome::rejected:
      return "rejected";
    case ledger::Outcome::duplicate:
      return "duplicate";
  }
  return "unknown";
}

void count_block(PeerContext& context, const CommittedBlock& block) {
  auto& metrics = *context.metrics;
  metrics.add(Metric::settlement_blocks_total);
  for (std::size_t i = 0; i < block.transactions.size(); ++i) {
    const auto transaction = wire::decode_verified_transaction(
        block.transactions[i], context.genesis_hash, ledger::known_feature_level);
    const auto type = transaction ? ledger::payload_name(transaction->payload) : "malformed";
    metrics.add(Metric::settlement_transactions_total, 1,
                {type, to_text(block.receipts[i].outcome)});
    if (block.receipts[i].code == "invariant") {
      metrics.add(Metric::settlement_invariant_failures_total);
    }
  }
}

void count_meter_alarms(PeerContext& context, const CommittedBlock& block) {
  using Kind = ledger::Event::Kind;
  for (const auto& event : block.events) {
    if (event.kind == Kind::meter_suspected) {
      context.metrics->add(Metric::metering_suspicions_total);
    } else if (event.kind == Kind::meter_quarantined) {
      context.metrics->add(Metric::metering_quarantines_total);
    }
  }
}

/// A slot that is cleared again for late readings is not counted again.
void count_slots(Self self, PeerContext& context, const CommittedBlock& block) {
  for (const auto& event : block.events) {
    if (event.kind != ledger::Event::Kind::slot_closed) continue;
    if (event.slot <= self->state.counted_through) continue;
    self->state.counted_through = event.slot;
    context.metrics->add(Metric::settlement_slots_closed_total);
    count_settled_slot(*context.metrics, context.folder->ledger(), event.slot,
                       context.board->node_status().time);
  }
}

}  // namespace

TelemetryActor::behavior_type telemetry(Self self, PeerContext& context, net::ZmqLink& link,
                                        double watts_per_core) {
  monitoring::PowerMeterOptions options;
  options.watts_per_core = watts_per_core;
  self->state.power_meter = std::make_shared<monitoring::PowerMeter>(options);
  context.metrics->set(Metric::peer_start_time_seconds,
                       static_cast<double>(wall_clock_now().value) / 1000.0);
  context.metrics->set(Metric::build_info, 1, {POWERSHARE_VERSION, __VERSION__});
  return {[self](const Connect&) { self->send(TelemetryActor(self), Poll{}); },
          [self, &context](const BlocksCommitted& news) {
            for (const auto& block : *news.blocks) {
              count_block(context, block);
              mark_state_root(*context.metrics, block.header);
              count_slots(self, context, block);
              count_meter_alarms(context, block);
            }
          },
          [self, &context, &link](Poll) {
            auto& metrics = *context.metrics;
            gather_consensus(metrics, context);
            gather_storage(metrics, "consensus", context.folder->consensus_log().statistics());
            gather_storage(metrics, "ledger", context.folder->ledger().statistics());
            gather_storage(metrics, "inbox", context.folder->inbox().statistics());
            gather_link(metrics, link.statistics(), context.board->connected_peers());
            metrics.set(Metric::actor_mailbox_messages,
                        static_cast<double>(context.frames_in_flight.load()), {"verifier"});
            gather_power(metrics, *self->state.power_meter);
            if (self->state.polls++ % imbalance_every == 0) {
              gather_imbalance(metrics, context.folder->ledger());
              gather_meters(context);
            }
            self->delayed_send(TelemetryActor(self), poll_interval, Poll{});
          }};
}

}  // namespace powershare::actors
