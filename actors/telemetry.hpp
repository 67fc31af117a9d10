// telemetry: fills the metrics that nobody counts on the way: gauges from the status board, the
// databases and the link, the market's figures from settled slots, and what the peer itself
// consumes.
#pragma once

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "monitoring/power_meter.hpp"

namespace powershare::actors {

struct TelemetryState {
  static inline const char* name = "telemetry";
  std::shared_ptr<monitoring::PowerMeter> power_meter;
  UtcMillis counted_through;  ///< start of the newest slot that is in the market's figures
  std::uint64_t polls = 0;
};

TelemetryActor::behavior_type telemetry(TelemetryActor::stateful_pointer<TelemetryState> self,
                                        PeerContext& context, net::ZmqLink& link,
                                        double watts_per_core);

}  // namespace powershare::actors
