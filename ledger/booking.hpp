// Bookings of transactions: postings, the claims that arriving coins pay, and the thesis's words
// where an account does not reach. Inside room ledger only.
#pragma once

#include <span>

#include "ledger/accounts.hpp"
#include "ledger/rights.hpp"

namespace powershare::ledger {

/// Books, then pays what those who got coins owe.
Verdict book(Overlay& state, std::span<const Posting> postings);
/// Sets a balance by booking the difference against `counterpart`.
Verdict set_balance(Overlay& state, const AccountId& account, std::int64_t balance_nano,
                    AccountClass counterpart);

/// "Unknown asset CO_H01 of Resident:H01".
Verdict unknown_asset(const ParticipantRef& owner, AssetClass asset, const std::string& id);
/// "Insufficient coins in resident account"; likewise for cash.
Verdict insufficient_coins(const ParticipantRef& owner);
Verdict insufficient_cash(const ParticipantRef& owner);

}  // namespace powershare::ledger
