#include "actors/verifier.hpp"

#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/certificate.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/wire/gatekeeper.hpp"

namespace powershare::actors {
namespace {

/// Votes and the like, with their envelope.
constexpr std::size_t short_frame_bytes = 1'024;

/// Checks the requests of a proposal, and those on their way to the primary, here, where it delays
/// no vote of another sequence.
void warm_requests(PeerContext& context, const pbft::Received& message) {
  if (message.type == pbft::MessageType::request) {
    const auto requests = pbft::decode_requests(message.body, context.options.batch);
    if (!requests) return;
    for (const auto& request : *requests) context.verified_requests->warm(*request);
    return;
  }
  if (message.type != pbft::MessageType::pre_prepare) return;
  if (message.body.size() < pbft::Vote::encoded_bytes) return;
  const auto batch =
      pbft::Batch::decode(message.body, pbft::Vote::encoded_bytes, context.options.batch);
  if (!batch) return;
  for (const auto& request : (*batch)->requests()) context.verified_requests->warm(request);
}

/// To the actor that the message is for, or to nobody.
void admit(PeerContext& context, const Links& links, pbft::MemberIndex sender, ByteView frame) {
  const auto refuse = [&context](const char* reason) {
    context.metrics->add(monitoring::Metric::consensus_rejected_messages_total, 1, {reason});
  };
  auto envelope = wire::decode_envelope(frame);
  if (!envelope) return refuse("malformed");
  if (context.needless_votes.contains(*envelope)) {
    context.metrics->add(monitoring::Metric::consensus_needless_votes_total);
    return;
  }
  auto admitted = wire::admit(std::move(*envelope), sender, *context.roster(), context.signatory);
  if (const auto* refusal = std::get_if<wire::Refusal>(&admitted)) {
    return refuse(wire::to_text(*refusal));
  }
  auto message = std::make_shared<pbft::Received>(std::move(std::get<pbft::Received>(admitted)));
  warm_requests(context, *message);
  if (pbft::is_state_transfer(message->type)) {
    caf::anon_send(links.settlement, VerifiedMessage{std::move(message)});
  } else if (message->type == pbft::MessageType::live_power) {
    caf::anon_send(links.live_power, VerifiedMessage{std::move(message)});
  } else if (message->type == pbft::MessageType::news_delivery) {
    caf::anon_send(links.news_delivery, VerifiedMessage{std::move(message)});
  } else if (pbft::is_off_ledger(message->type)) {
    caf::anon_send(links.people, VerifiedMessage{std::move(message)});
  } else {
    caf::anon_send(links.consensus, VerifiedMessage{std::move(message)});
  }
}

}  // namespace

VerifierActor::behavior_type verifier(VerifierActor::stateful_pointer<VerifierState> self,
                                      PeerContext& context) {
  return {[self](const Connect& connect) { self->state.links = connect.links; },
          [self, &context](const ReceivedFrame& received) {
            --context.frames_in_flight;
            admit(context, *self->state.links, received.sender, *received.frame);
          }};
}

void receive_frame(PeerContext& context, const Links& links, pbft::MemberIndex sender,
                   net::Channel channel, Bytes frame) {
  if (channel == net::Channel::control && frame.size() <= short_frame_bytes) {
    return admit(context, links, sender, frame);
  }
  if (context.frames_in_flight.fetch_add(1) >= PeerContext::max_frames_in_flight) {
    --context.frames_in_flight;
    context.metrics->add(monitoring::Metric::transport_dropped_frames_total);
    return;
  }
  const auto bulk = links.verifiers.size() - 1;
  const auto lane = channel == net::Channel::bulk ? bulk : sender % bulk;
  caf::anon_send(links.verifiers[lane],
                 ReceivedFrame{sender, std::make_shared<const Bytes>(std::move(frame))});
}

}  // namespace powershare::actors
