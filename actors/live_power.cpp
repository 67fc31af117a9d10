#include "actors/live_power.hpp"

#include "actors/transport.hpp"
#include "ledger/registry.hpp"

namespace powershare::actors {
namespace {

using Self = LivePowerActor::stateful_pointer<LivePowerState>;
constexpr auto poll_interval = std::chrono::seconds(1);

/// Which meters there are, and whose.
void follow_ledger(PeerContext& context, SharedLiveBoard& board) {
  auto snapshot = context.folder->ledger().snapshot();
  if (!snapshot) return;  // settlement meets the same disk and decides what to do
  const protocol::SnapshotState state(**snapshot);
  std::map<MeterId, ledger::ParticipantRef> meters;
  ledger::for_each_meter(state, [&](const ledger::MeterRecord& meter) {
    if (!meter.retired) meters.emplace(meter.meter, meter.owner);
    return true;
  });
  if (state.fault()) return;
  board.use([&](protocol::LiveBoard& live) { live.follow(std::move(meters)); });
}

void tell_others(PeerContext& context, net::ZmqLink& link, SharedLiveBoard& board) {
  const auto bodies = board.use([](protocol::LiveBoard& live) { return live.outgoing(); });
  if (bodies.empty()) return;
  const auto roster = context.roster();
  for (const auto number : roster->members().numbers) {
    if (number == context.number()) continue;
    for (const auto& body : bodies) {
      pbft::Outgoing out;
      out.recipient = number;
      out.type = pbft::MessageType::live_power;
      out.body = body;
      out.channel = pbft::Channel::bulk;
      out.epoch = roster->present();
      send_message(context, link, out);
    }
  }
}

}  // namespace

LivePowerActor::behavior_type live_power(Self self, PeerContext& context, net::ZmqLink& link,
                                         std::shared_ptr<SharedLiveBoard> board) {
  self->state.board = board;
  auto* live = board.get();  // lives as long as the state
  return {[self](const Connect&) { self->send(LivePowerActor(self), Poll{}); },
          [live](const VerifiedMessage& verified) {
            const auto& message = *verified.message;
            live->use([&](protocol::LiveBoard& known) {
              known.receive(message.sender, message.body, wall_clock_now());
            });
          },
          [self](const BlocksCommitted&) { self->state.ledger_changed = true; },
          [self, live, &context, &link](Poll) {
            if (self->state.ledger_changed) {
              self->state.ledger_changed = false;
              follow_ledger(context, *live);
            }
            tell_others(context, link, *live);
            const auto known =
                live->use([](const protocol::LiveBoard& board_now) { return board_now.size(); });
            context.metrics->set(monitoring::Metric::metering_live_meters,
                                 static_cast<double>(known));
            self->delayed_send(LivePowerActor(self), poll_interval, Poll{});
          }};
}

std::vector<bool> LivePort::put(const std::vector<gateway::LivePower>& values) {
  std::vector<bool> taken;
  taken.reserve(values.size());
  const auto at = now();
  board_->use([&](protocol::LiveBoard& live) {
    for (auto value : values) {
      value.at = at;
      taken.push_back(live.put(value, at));
    }
  });
  return taken;
}

std::optional<gateway::LivePower> LivePort::last(const MeterId& meter) const {
  return board_->use([&](protocol::LiveBoard& live) { return live.last(meter); });
}

std::vector<gateway::LivePower> LivePort::last(const ledger::ParticipantRef& owner) const {
  return board_->use([&](protocol::LiveBoard& live) { return live.last(owner); });
}

std::vector<gateway::LiveMinute> LivePort::ring(const MeterId& meter, UtcMillis from) const {
  return board_->use([&](protocol::LiveBoard& live) { return live.ring(meter, from); });
}

UtcMillis LivePort::now() const {
  return wall_clock_now();
}

}  // namespace powershare::actors
