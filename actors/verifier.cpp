#include "actors/verifier.hpp"

#include "protocol/pbft/batch.hpp"
#include "protocol/pbft/certificate.hpp"
#include "protocol/pbft/request.hpp"
#include "protocol/wire/gatekeeper.hpp"

namespace powershare::actors {
namespace {

/// Why a frame is refused; a label of powershare_consensus_rejected_messages_total.
const char* reason_to_refuse(const PeerContext& context, pbft::MemberIndex sender,
                             const Result<wire::Envelope>& envelope) {
  if (!envelope) return "malformed";
  const auto refusal = wire::inspect(*envelope, sender, context.committee, context.signatory);
  return refusal == wire::Refusal::none ? nullptr : wire::to_text(refusal);
}

/// Checks the requests of a proposal, and those on their way to the primary, here, where it delays
/// no vote of another sequence.
void warm_requests(PeerContext& context, const wire::Envelope& envelope) {
  if (envelope.type == pbft::MessageType::request) {
    const auto requests = pbft::decode_requests(envelope.body, context.options.batch);
    if (!requests) return;
    for (const auto& request : *requests) context.verified_requests->warm(*request);
    return;
  }
  if (envelope.type != pbft::MessageType::pre_prepare) return;
  if (envelope.body.size() < pbft::Vote::encoded_bytes) return;
  const auto batch =
      pbft::Batch::decode(envelope.body, pbft::Vote::encoded_bytes, context.options.batch);
  if (!batch) return;
  for (const auto& request : (*batch)->requests()) context.verified_requests->warm(request);
}

}  // namespace

VerifierActor::behavior_type verifier(VerifierActor::stateful_pointer<VerifierState> self,
                                      PeerContext& context) {
  return {[self](const Connect& connect) { self->state.links = connect.links; },
          [self, &context](const ReceivedFrame& received) {
            --context.frames_in_flight;
            auto envelope = wire::decode_envelope(*received.frame);
            if (const auto* reason = reason_to_refuse(context, received.sender, envelope)) {
              context.metrics->add(monitoring::Metric::consensus_rejected_messages_total, 1,
                                   {reason});
              return;
            }
            warm_requests(context, *envelope);
            auto message = std::make_shared<pbft::Received>(wire::received(std::move(*envelope)));
            if (pbft::is_state_transfer(message->type)) {
              self->send(self->state.links->settlement, VerifiedMessage{std::move(message)});
            } else {
              self->send(self->state.links->consensus, VerifiedMessage{std::move(message)});
            }
          }};
}

}  // namespace powershare::actors
