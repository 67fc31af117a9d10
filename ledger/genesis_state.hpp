// From a genesis to the state at height 0.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/overlay.hpp"

namespace powershare::ledger {

/// One sentence on what is wrong with the genesis, its registry included: LedgerError::malformed.
Result<void> check_genesis(const Genesis& genesis);

/// The records at height 0, in key order; fails where check_genesis does.
Result<std::vector<StateWrite>> genesis_records(const Genesis& genesis);

}  // namespace powershare::ledger
