// The check that every frame of a peer passes before anything believes it: of this chain and epoch,
// by the member at the other end of the link, signed under that member's key.
#pragma once

#include <variant>

#include "protocol/pbft/input.hpp"
#include "protocol/ports.hpp"
#include "protocol/roster.hpp"
#include "protocol/wire/envelope.hpp"

namespace powershare::wire {

/// Why an envelope is refused.
enum class Refusal : std::uint8_t { none, other_chain, other_epoch, other_sender, bad_signature };
/// As a label of metrics; "none" for none.
const char* to_text(Refusal refusal);

/// Whether `envelope`, which came over the link of member `link`, may be handed on as
/// `received(envelope)`. The cheap checks come before the signature.
Refusal inspect(const Envelope& envelope, pbft::MemberIndex link, const pbft::Committee& committee,
                const protocol::Signatory& signatory);

/// An envelope that was inspected, as input of the Replica or of CatchUp.
pbft::Received received(Envelope envelope);

/// The same through all epochs that count: an envelope that came over the link of peer number
/// `link`, as input of the Replica (its sender: the index in the message's epoch) or of CatchUp
/// (its sender: the peer's number). State transfer proves itself by certificates: peers that are
/// not members yet take part, and the link alone says who they are. Of an epoch that is not known
/// here yet, only that somebody speaks of it is handed on: an empty STATUS.
std::variant<pbft::Received, Refusal> admit(Envelope envelope, pbft::MemberIndex link,
                                            const protocol::Roster& roster,
                                            const protocol::Signatory& signatory);

}  // namespace powershare::wire
