#include "monitoring/metric_table.hpp"

#include "base/assert.hpp"

namespace powershare::monitoring {
namespace {

constexpr std::array duration_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
constexpr std::array apply_buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                   0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   5.0};
constexpr std::array batch_buckets{1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0};

using enum MetricType;

constexpr MetricDefinition table[] = {
    {Metric::consensus_view, "powershare_consensus_view", gauge, "PBFT view that this peer is in."},
    {Metric::consensus_height, "powershare_consensus_height", gauge,
     "Height of the last executed block."},
    {Metric::consensus_sequence, "powershare_consensus_sequence", gauge,
     "Highest sequence number committed locally."},
    {Metric::consensus_stable_checkpoint_sequence,
     "powershare_consensus_stable_checkpoint_sequence", gauge,
     "Sequence number of the last stable checkpoint."},
    {Metric::consensus_is_primary, "powershare_consensus_is_primary", gauge,
     "1 while this peer is the primary of its view, else 0."},
    {Metric::consensus_in_flight_batches, "powershare_consensus_in_flight_batches", gauge,
     "Batches proposed and not yet committed."},
    {Metric::consensus_mempool_transactions, "powershare_consensus_mempool_transactions", gauge,
     "Transactions that wait for a block."},
    {Metric::consensus_mempool_bytes, "powershare_consensus_mempool_bytes", gauge,
     "Bytes of the transactions that wait for a block."},
    {Metric::consensus_commit_duration_seconds,
     "powershare_consensus_commit_duration_seconds",
     histogram,
     "Time from a batch's PRE-PREPARE to its local commit.",
     {},
     duration_buckets},
    {Metric::consensus_batch_requests,
     "powershare_consensus_batch_requests",
     histogram,
     "Requests in a committed batch.",
     {},
     batch_buckets},
    {Metric::consensus_view_changes_total, "powershare_consensus_view_changes_total", counter,
     "View changes that this peer took part in."},
    {Metric::consensus_messages_total,
     "powershare_consensus_messages_total",
     counter,
     "Protocol messages received and accepted, by type.",
     {"type"}},
    {Metric::consensus_rejected_messages_total,
     "powershare_consensus_rejected_messages_total",
     counter,
     "Protocol messages refused, by reason.",
     {"reason"}},
    {Metric::consensus_needless_votes_total, "powershare_consensus_needless_votes_total", counter,
     "Votes that came when their quorum was complete and were dropped unverified."},
    {Metric::consensus_state_transfers_total,
     "powershare_consensus_state_transfers_total",
     counter,
     "State transfers finished, by result.",
     {"result"}},
    {Metric::consensus_equivocations_total, "powershare_consensus_equivocations_total", counter,
     "Pairs of contradicting signed messages of one peer kept as evidence."},

    {Metric::settlement_transactions_total,
     "powershare_settlement_transactions_total",
     counter,
     "Transactions executed, by type and result.",
     {"type", "result"}},
    {Metric::settlement_blocks_total, "powershare_settlement_blocks_total", counter,
     "Blocks executed."},
    {Metric::settlement_block_apply_duration_seconds,
     "powershare_settlement_block_apply_duration_seconds",
     histogram,
     "Time to execute one block in memory.",
     {},
     apply_buckets},
    {Metric::settlement_block_commit_duration_seconds,
     "powershare_settlement_block_commit_duration_seconds",
     histogram,
     "Time to make a group of executed blocks durable.",
     {},
     duration_buckets},
    {Metric::settlement_slots_closed_total, "powershare_settlement_slots_closed_total", counter,
     "Market slots closed and settled."},
    {Metric::settlement_slot_close_lag_seconds, "powershare_settlement_slot_close_lag_seconds",
     gauge, "Agreed time from the end of the last closed slot to its close."},
    {Metric::settlement_asset_imbalance,
     "powershare_settlement_asset_imbalance",
     gauge,
     "Sum of all accounts of an asset in whole units; anything but 0 is an alarm.",
     {"asset"}},
    {Metric::settlement_invariant_failures_total, "powershare_settlement_invariant_failures_total",
     counter, "Transactions refused because they would have broken an invariant."},

    {Metric::market_energy_traded_joules_total,
     "powershare_market_energy_traded_joules_total",
     counter,
     "Energy traded in settled slots, by venue (local, island, utility).",
     {"venue"}},
    {Metric::market_coins_traded_total,
     "powershare_market_coins_traded_total",
     counter,
     "Coins paid for energy in settled slots, by venue (local, island, utility).",
     {"venue"}},
    {Metric::market_clearing_price, "powershare_market_clearing_price", gauge,
     "Price of the last cleared slot in coins per kWh; pairwise rules: the mean by quantity."},
    {Metric::market_residual_energy_joules_total,
     "powershare_market_residual_energy_joules_total",
     counter,
     "Energy that found no neighbour, by side (buy, sell).",
     {"side"}},

    {Metric::metering_readings_accepted_total, "powershare_metering_readings_accepted_total",
     counter, "Meter readings acknowledged."},
    {Metric::metering_readings_duplicate_total, "powershare_metering_readings_duplicate_total",
     counter, "Meter readings sent again with the same content."},
    {Metric::metering_readings_late_total, "powershare_metering_readings_late_total", counter,
     "Meter readings that came after their slot was settled."},
    {Metric::metering_readings_rejected_total,
     "powershare_metering_readings_rejected_total",
     counter,
     "Meter readings refused, by reason.",
     {"reason"}},
    {Metric::metering_inbox_entries, "powershare_metering_inbox_entries", gauge,
     "Acknowledged readings not yet in the ledger."},
    {Metric::metering_acknowledge_duration_seconds,
     "powershare_metering_acknowledge_duration_seconds",
     histogram,
     "Time from a reading's arrival to its acknowledgement.",
     {},
     duration_buckets},
    {Metric::metering_lag_seconds, "powershare_metering_lag_seconds", gauge,
     "Age of the newest reading when it arrived."},
    {Metric::metering_suspicions_total, "powershare_metering_suspicions_total", counter,
     "Alarms about meters whose readings cannot be true."},
    {Metric::metering_quarantines_total, "powershare_metering_quarantines_total", counter,
     "Meters put in quarantine, by rule or by hand."},
    {Metric::metering_quarantined_meters, "powershare_metering_quarantined_meters", gauge,
     "Meters in quarantine: their energy is settled with the utility."},
    {Metric::metering_disputes, "powershare_metering_disputes", gauge,
     "Disputed readings that are not resolved."},
    {Metric::metering_live_meters, "powershare_metering_live_meters", gauge,
     "Meters whose present power this peer knows."},

    {Metric::storage_bytes,
     "powershare_storage_bytes",
     gauge,
     "Bytes in use, by environment (consensus, ledger, inbox).",
     {"environment"}},
    {Metric::storage_map_bytes,
     "powershare_storage_map_bytes",
     gauge,
     "Size of the memory map, by environment.",
     {"environment"}},
    {Metric::storage_commit_duration_seconds,
     "powershare_storage_commit_duration_seconds",
     histogram,
     "Time of a durable commit, by environment.",
     {"environment"},
     duration_buckets},
    {Metric::transport_frames_total,
     "powershare_transport_frames_total",
     counter,
     "Frames between peers, by direction (sent, received).",
     {"direction"}},
    {Metric::transport_bytes_total,
     "powershare_transport_bytes_total",
     counter,
     "Bytes of frames between peers, by direction (sent, received).",
     {"direction"}},
    {Metric::transport_dropped_frames_total, "powershare_transport_dropped_frames_total", counter,
     "Frames not sent because a queue was full or the peer away."},
    {Metric::transport_rejected_frames_total, "powershare_transport_rejected_frames_total", counter,
     "Frames from peers thrown away for their form or sender."},
    {Metric::transport_refused_handshakes_total, "powershare_transport_refused_handshakes_total",
     counter, "Connections refused for their key."},
    {Metric::transport_connected_peers, "powershare_transport_connected_peers", gauge,
     "Peers that this peer has a live connection to."},

    {Metric::gateway_requests_total,
     "powershare_gateway_requests_total",
     counter,
     "HTTP requests answered, by route pattern and status.",
     {"route", "status"}},
    {Metric::gateway_request_duration_seconds,
     "powershare_gateway_request_duration_seconds",
     histogram,
     "Time from a complete HTTP request to its answer, by route pattern.",
     {"route"},
     duration_buckets},
    {Metric::gateway_connections, "powershare_gateway_connections", gauge,
     "Open HTTP connections."},
    {Metric::neighbourhood_imported_watts, "powershare_neighbourhood_imported_watts", gauge,
     "Power that the neighbourhood's meters draw, from the latest readings."},
    {Metric::neighbourhood_exported_watts, "powershare_neighbourhood_exported_watts", gauge,
     "Power that the neighbourhood's meters feed in, from the latest readings."},
    {Metric::neighbourhood_produced_watts, "powershare_neighbourhood_produced_watts", gauge,
     "Power that the neighbourhood produces, from the latest readings."},
    {Metric::neighbourhood_imported_joules_total, "powershare_neighbourhood_imported_joules_total",
     counter, "Energy drawn by the neighbourhood's meters, settled slots."},
    {Metric::neighbourhood_exported_joules_total, "powershare_neighbourhood_exported_joules_total",
     counter, "Energy fed in by the neighbourhood's meters, settled slots."},
    {Metric::neighbourhood_produced_joules_total, "powershare_neighbourhood_produced_joules_total",
     counter, "Energy produced in the neighbourhood, settled slots."},

    {Metric::peer_energy_joules_total,
     "powershare_peer_energy_joules_total",
     counter,
     "Energy that this process used, by source of the figure (rapl, model).",
     {"source"}},
    {Metric::peer_cpu_seconds_total, "powershare_peer_cpu_seconds_total", counter,
     "User and system CPU time of this process."},
    {Metric::peer_resident_memory_bytes, "powershare_peer_resident_memory_bytes", gauge,
     "Resident memory of this process."},
    {Metric::peer_start_time_seconds, "powershare_peer_start_time_seconds", gauge,
     "Start of this process in seconds since the Unix epoch."},
    {Metric::peer_ready, "powershare_peer_ready", gauge,
     "1 while this peer reports ready, else 0."},
    {Metric::actor_mailbox_messages,
     "powershare_actor_mailbox_messages",
     gauge,
     "Messages that wait in an actor's mailbox.",
     {"actor"}},
    {Metric::build_info,
     "powershare_build_info",
     gauge,
     "1, with the version and compiler of this program.",
     {"version", "compiler"}},
};

constexpr bool in_order_of_the_enum() {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (static_cast<std::size_t>(table[i].id) != i) return false;
  return std::size(table) == static_cast<std::size_t>(Metric::build_info) + 1;
}
static_assert(in_order_of_the_enum());

constexpr bool histograms_alone_have_rising_buckets() {
  for (const auto& row : table) {
    if ((row.type == histogram) == row.buckets.empty()) return false;
    for (std::size_t i = 1; i < row.buckets.size(); ++i)
      if (row.buckets[i] <= row.buckets[i - 1]) return false;
  }
  return true;
}
static_assert(histograms_alone_have_rising_buckets());

}  // namespace

std::span<const MetricDefinition> metric_table() {
  return table;
}

const MetricDefinition& definition(Metric metric) {
  const auto index = static_cast<std::size_t>(metric);
  PS_ASSERT(index < std::size(table));
  return table[index];
}

}  // namespace powershare::monitoring
