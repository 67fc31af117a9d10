#include "actors/order_matching.hpp"

#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"

namespace powershare::actors {
namespace {

using Self = OrderMatchingActor::stateful_pointer<OrderMatchingState>;
constexpr auto poll_interval = std::chrono::seconds(1);

/// In a genesis marked simulated time stands still between ClockSteps.
UtcMillis island_now(const PeerContext& context, const ledger::StateReader& state) {
  return context.genesis.simulated ? ledger::island_time(state) : wall_clock_now();
}

void check(Self self, PeerContext& context) {
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return;  // settlement meets the same disk and decides what to do
  const protocol::SnapshotState state(**snapshot);
  const bool due = ledger::slot_due(state, ledger::parameters(state), island_now(context, state)) &&
                   !state.fault();
  if (due == self->state.due) return;
  self->state.due = due;
  self->send(self->state.links->consensus, SlotDue{due});
}

}  // namespace

OrderMatchingActor::behavior_type order_matching(Self self, PeerContext& context) {
  return {[self](const Connect& connect) {
            self->state.links = connect.links;
            self->delayed_send(OrderMatchingActor(self), poll_interval, Poll{});
          },
          [self, &context](const BlocksCommitted&) { check(self, context); },
          [self, &context](Poll) {
            check(self, context);
            self->delayed_send(OrderMatchingActor(self), poll_interval, Poll{});
          }};
}

}  // namespace powershare::actors
