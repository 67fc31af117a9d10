// The error enum of consensus: why a message from a peer is refused.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class ConsensusError {
  malformed = 1,    ///< bytes that do not spell the message, or pass a limit
  wrong_chain,      ///< another genesis or epoch
  not_a_member,     ///< a sender or signer outside the epoch's members
  bad_signature,    ///< does not verify under the key of the one it names
  bad_certificate,  ///< too few signers, a wrong statement, or a signature that does not verify
  wrong_view,       ///< a view that is over, not entered, or led by another
  out_of_window,    ///< a sequence at or below the low mark or above the high one
  invalid_batch,    ///< digest, limits, clock bound, or a request that does not pass its check
  conflicting,      ///< contradicts what the same sender signed before
  duplicate,        ///< known already
  overloaded,       ///< the place for it is full
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::ConsensusError, "consensus");
