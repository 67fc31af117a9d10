// The error enum of room crypto.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class CryptoError {
  bad_key = 1,      ///< wrong length, or not a point of the curve
  bad_signature,    ///< does not verify under the key
  bad_proof,        ///< a Merkle proof that does not lead to the root
  bad_certificate,  ///< too few signers, a signer twice, a stranger, or a signature that does not
                    ///< verify
  malformed,        ///< bytes that do not spell a value of the type
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::CryptoError, "crypto");
