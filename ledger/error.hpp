// The error enum of room ledger.
#pragma once

#include "base/result.hpp"

namespace powershare {

enum class LedgerError {
  malformed = 1,  ///< bytes or text that do not spell a value of the type
  not_found,      ///< no such participant, meter, slot, transaction
  overflow,       ///< a quantity leaves its range
  invariant,      ///< the state would break an invariant of DESIGN §5
  insufficient,   ///< an account that must not be negative would be
  forbidden,      ///< the key may not do this for this principal
  expired,        ///< the transaction's expiry is past, or too far ahead
  duplicate,      ///< a transaction with this dedup key is in the ledger already
  quota,          ///< the principal has too many live transactions
  diverged,       ///< a replayed block does not give the header that was certified
  unproven,       ///< a certificate or chain of trust that does not hold
  unknown_level,  ///< the chain's feature level is above what this program knows
};

}  // namespace powershare

POWERSHARE_ERROR_ENUM(powershare::LedgerError, "ledger");
