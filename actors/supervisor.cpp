#include "actors/supervisor.hpp"

#include "actors/error.hpp"

namespace powershare::actors {
namespace {

constexpr auto beat_interval = std::chrono::seconds(1);
/// A commit that has been running for longer is a stalled disk (docs/failure-table.md).
constexpr std::int64_t stall_ms = 10'000;

void watch_commits(PeerContext& context) {
  const auto running = std::max({context.folder->consensus_log().statistics().running_commit_ms,
                                 context.folder->ledger().statistics().running_commit_ms,
                                 context.folder->inbox().statistics().running_commit_ms});
  if (running <= stall_ms) return;
  context.fatal(Error{StorageError::io, "a write to the disk has not ended for more than 10 s"});
}

}  // namespace

void supervisor(caf::event_based_actor* self, PeerContext& context,
                std::shared_ptr<const Links> links) {
  self->set_down_handler([&context](const caf::down_msg& down) {
    if (context.board->stopping()) return;
    context.fatal(Error{ActorError::died, "an actor died: " + caf::to_string(down.reason)});
  });
  self->monitor(links->transport);
  for (const auto& verifier : links->verifiers) self->monitor(verifier);
  self->monitor(links->consensus);
  self->monitor(links->settlement);
  self->monitor(links->order_matching);
  self->monitor(links->meter_ingestion);
  self->monitor(links->gateway);
  self->monitor(links->people);
  self->monitor(links->live_power);
  self->monitor(links->news_delivery);
  self->monitor(links->telemetry);
  self->become([self, &context](Poll) {
    context.board->beat();
    watch_commits(context);
    self->delayed_send(self, beat_interval, Poll{});
  });
  self->send(self, Poll{});
}

}  // namespace powershare::actors
