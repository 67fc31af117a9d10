// What a delegated administrator's key, as each peer's door has one, may give out in a day
// (DECISIONS 17): beyond it, the offline administrator's key has to sign.
#pragma once

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/rights.hpp"

namespace powershare::ledger {

/// Adds what `transaction` creates for a participant to what its signer has given out on this day
/// (UTC, block time). "daily_limit" where that is more than the chain's parameters allow. Keys with
/// the governance scope, the genesis, and chains below feature level 3 have no limit.
Verdict charge_daily_limit(Overlay& state, const BlockContext& context,
                           const Transaction& transaction, Coins coins, Cash cash);

}  // namespace powershare::ledger
