// What participants owe to their utility: power that has flowed cannot be refused (DESIGN §5,
// DECISIONS 25).
#pragma once

#include "ledger/accounts.hpp"

namespace powershare::ledger {

/// Books a claim of `utility` on `debtor`, arisen at `since` (the slot's start): asset "due" from
/// claims_debtor to the claim account. `coins` > 0.
Result<void> add_claim(Overlay& state, const ParticipantRef& debtor, const ParticipantId& utility,
                       UtcMillis since, Coins coins);
/// Takes back up to `coins` of the claims of `utility` on `debtor`, newest first, for corrections;
/// returns what was taken back.
Result<Coins> reduce_claim(Overlay& state, const ParticipantRef& debtor,
                           const ParticipantId& utility, Coins coins);
/// Pays the debtor's claims, oldest first, as far as its coins reach: coins go to the utility, the
/// claims go. To be called in the very transaction that brought coins. Returns what was paid.
Result<Coins> pay_claims(Overlay& state, const ParticipantRef& debtor);
/// The sum of all claims on `debtor`.
Coins claims_on(const StateReader& state, const ParticipantRef& debtor);

}  // namespace powershare::ledger
