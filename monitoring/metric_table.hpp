// The one table of this product's metrics: names, types, help, labels and buckets. Dashboards,
// alerts and the exposition are checked against it. Prometheus's conventions hold: prefix
// powershare_, base units (seconds, bytes, joules, watts), _total on counters, and never a
// household, meter or order in a label.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace powershare::monitoring {

enum class Metric : std::uint8_t {
  consensus_view,
  consensus_height,
  consensus_sequence,
  consensus_stable_checkpoint_sequence,
  consensus_is_primary,
  consensus_in_flight_batches,
  consensus_mempool_transactions,
  consensus_mempool_bytes,
  consensus_commit_duration_seconds,
  consensus_batch_requests,
  consensus_view_changes_total,
  consensus_messages_total,
  consensus_rejected_messages_total,
  consensus_needless_votes_total,
  consensus_state_transfers_total,
  consensus_equivocations_total,
  consensus_epoch,
  consensus_members,
  consensus_quorum,
  consensus_view_active,
  consensus_quarantined,
  consensus_recovering,
  consensus_clock_offset_seconds,
  consensus_clock_suspect,
  consensus_state_root_height,
  consensus_state_root_fingerprint,

  settlement_transactions_total,
  settlement_blocks_total,
  settlement_block_apply_duration_seconds,
  settlement_block_commit_duration_seconds,
  settlement_slots_closed_total,
  settlement_slot_close_lag_seconds,
  settlement_asset_imbalance,
  settlement_invariant_failures_total,

  market_energy_traded_joules_total,
  market_coins_traded_total,
  market_clearing_price,
  market_residual_energy_joules_total,

  metering_readings_accepted_total,
  metering_readings_duplicate_total,
  metering_readings_late_total,
  metering_readings_rejected_total,
  metering_inbox_entries,
  metering_acknowledge_duration_seconds,
  metering_lag_seconds,
  metering_suspicions_total,
  metering_quarantines_total,
  metering_quarantined_meters,
  metering_disputes,
  metering_live_meters,
  metering_missing_meters,

  storage_bytes,
  storage_map_bytes,
  storage_commit_duration_seconds,
  storage_free_bytes,
  storage_stalls_total,

  transport_frames_total,
  transport_bytes_total,
  transport_dropped_frames_total,
  transport_rejected_frames_total,
  transport_refused_handshakes_total,
  transport_connected_peers,

  gateway_requests_total,
  gateway_request_duration_seconds,
  gateway_connections,
  gateway_certificate_expiry_timestamp_seconds,
  gateway_screens_total,
  gateway_client_errors_total,

  delivery_sent_total,
  delivery_failures_total,
  delivery_given_up_total,
  delivery_waiting,

  neighbourhood_imported_watts,
  neighbourhood_exported_watts,
  neighbourhood_produced_watts,
  neighbourhood_imported_joules_total,
  neighbourhood_exported_joules_total,
  neighbourhood_produced_joules_total,

  peer_energy_joules_total,
  peer_cpu_seconds_total,
  peer_resident_memory_bytes,
  peer_start_time_seconds,
  peer_ready,
  actor_mailbox_messages,
  build_info,
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct MetricDefinition {
  Metric id;
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::array<std::string_view, 3> labels{};  ///< names; unused ones are empty and stand last
  std::span<const double> buckets{};         ///< upper bounds, rising, of a histogram

  constexpr std::size_t label_count() const {
    std::size_t count = 0;
    while (count < labels.size() && !labels[count].empty()) ++count;
    return count;
  }
};

/// All metrics in the order of `Metric`.
std::span<const MetricDefinition> metric_table();
const MetricDefinition& definition(Metric metric);

}  // namespace powershare::monitoring
