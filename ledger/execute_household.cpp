// A household's preferences and its cash requests.
#include "ledger/assets.hpp"
#include "ledger/booking.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/execution.hpp"
#include "ledger/trading_rights.hpp"

namespace powershare::ledger {
namespace {

Verdict unknown_participant(const ParticipantRef& ref) {
  return Rejection{"unknown_participant", "Unknown participant " + to_text(ref)};
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const SetPreferences& payload) {
  if (!find_participant(state, payload.participant)) {
    return unknown_participant(payload.participant);
  }
  if (payload.participant.type != ParticipantType::resident) {
    return Rejection{"not_allowed", "Only a Resident has preferences"};
  }
  put_preferences(state, payload);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const RequestCash& payload) {
  const auto& who = payload.participant;
  if (!find_participant(state, who)) return unknown_participant(who);
  if (!may_fund_cash(who.type)) {
    return Rejection{"not_allowed", "Only a Resident asks for cash"};
  }
  const auto account = asset_account(state, who, AssetClass::cash, payload.currency, {});
  if (!account) return unknown_asset(who, AssetClass::cash, {});
  if (cash_requests_of(state, who).size() >= max_cash_requests) {
    return Rejection{"too_many_requests", "16 requests are open already"};
  }
  if (payload.withdrawal) {
    const auto nano = payload.cash.nano();
    if (balance(state, *account) < nano) {
      return Rejection{"insufficient_balance", insufficient_cash(who)->message};
    }
    const Posting postings[] = {{*account, -nano},
                                {{AccountClass::escrow, who, {}, account->asset}, nano}};
    if (auto failed = book(state, postings)) return failed;
  }
  put_cash_request(state, {transaction.id, payload, context.island_time});
  return {};
}

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const ResolveCashRequest& payload) {
  const auto request = find_cash_request(state, payload.request);
  if (!request) return Rejection{"unknown_request", "No such cash request is open"};
  const auto& asked = request->request;
  const bool pays_in = payload.approved && !asked.withdrawal;
  if (pays_in && !asset_account(state, asked.participant, AssetClass::cash, asked.currency, {})) {
    return unknown_asset(asked.participant, AssetClass::cash, {});
  }
  return close_cash_request(state, *request, payload.approved);
}

}  // namespace powershare::ledger
