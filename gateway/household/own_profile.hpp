// What the chain only commits to, of the household that asks: read, and changed as one.
#pragma once

#include <functional>
#include <optional>

#include "gateway/services.hpp"
#include "ledger/participants.hpp"

namespace powershare::gateway {

/// The caller's record; answers 404 by itself where it is no longer there.
std::optional<ledger::Participant> find_me(const ledger::StateReader& state, const Request& request,
                                           const Responder& responder);

using FoundProfile = std::optional<Profile>;
/// Calls `then`, from any thread, with what the record commits to, or nothing where it commits to
/// nothing or nobody has it any more. Answers 503 by itself where this peer keeps no profiles.
void fetch_profile(const Services& services, const Responder& responder,
                   const ledger::Participant& who, std::function<void(FoundProfile)> then);

/// Has `change` change the caller's profile, keeps the result off the chain, and submits the record
/// that commits to it; answers with the receipt. Nothing is lost of what `change` leaves alone:
/// where nobody has the present profile the answer is 503. `change` may say in one sentence why
/// not: 400.
void change_profile(const ServicesPtr& services, const Request& request, const Responder& responder,
                    std::function<Result<void>(Profile&)> change);

}  // namespace powershare::gateway
