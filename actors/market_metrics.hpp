// The market's figures of one settled slot, as metrics for the grid operator.
#pragma once

#include "ledger/genesis.hpp"
#include "monitoring/metrics.hpp"
#include "protocol/ports.hpp"

namespace powershare::actors {

/// Adds what the slot that starts at `slot` settled: energy and coins traded, prices, the rest with
/// the utility, and the power that the neighbourhood drew and fed in. Reads one snapshot; a damaged
/// record leaves the metrics as they are.
void count_settled_slot(monitoring::Metrics& metrics, const protocol::LedgerStore& store,
                        UtcMillis slot, UtcMillis island_time);
/// The sum of all accounts by asset: anything but 0 is an alarm.
void gather_imbalance(monitoring::Metrics& metrics, const protocol::LedgerStore& store);

}  // namespace powershare::actors
