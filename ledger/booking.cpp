#include "ledger/booking.hpp"

#include "ledger/assets.hpp"
#include "ledger/claims.hpp"
#include "ledger/execution.hpp"

namespace powershare::ledger {
namespace {

/// The name of a participant's kind in the thesis's messages: "resident account".
std::string_view account_holder(ParticipantType type) {
  switch (type) {
    case ParticipantType::resident:
      return "resident";
    case ParticipantType::electric_vehicle:
      return "electric vehicle";
    case ParticipantType::bank:
      return "bank";
    case ParticipantType::utility_company:
      return "utility company";
  }
  return "unknown";
}

}  // namespace

Verdict book(Overlay& state, std::span<const Posting> postings) {
  if (const auto booked = post(state, postings); !booked) return rejected(booked.error());
  for (const auto& posting : postings) {
    const auto& account = posting.account;
    if (account.account_class != AccountClass::participant || account.asset != asset_coins)
      continue;
    if (posting.amount_nano <= 0) continue;
    if (const auto paid = pay_claims(state, *account.owner); !paid) return rejected(paid.error());
  }
  return {};
}

Verdict set_balance(Overlay& state, const AccountId& account, std::int64_t balance_nano,
                    AccountClass counterpart) {
  const auto difference_nano = balance_nano - balance(state, account);  // both are >= 0
  if (difference_nano == 0) return {};
  const Posting postings[] = {{account, difference_nano},
                              {system_account(counterpart, account.asset), -difference_nano}};
  return book(state, postings);
}

Verdict unknown_asset(const ParticipantRef& owner, AssetClass asset, const std::string& id) {
  return Rejection{"unknown_asset", "Unknown asset " +
                                        (id.empty() ? asset_id_of(asset, owner.id) : id) + " of " +
                                        to_text(owner)};
}

Verdict insufficient_coins(const ParticipantRef& owner) {
  return Rejection{"insufficient_coins",
                   "Insufficient coins in " + std::string(account_holder(owner.type)) + " account"};
}

Verdict insufficient_cash(const ParticipantRef& owner) {
  return Rejection{"insufficient_cash",
                   "Insufficient cash in " + std::string(account_holder(owner.type)) + " account"};
}

}  // namespace powershare::ledger
