#include "ledger/cash_requests.hpp"

#include <map>

#include "base/assert.hpp"
#include "ledger/booking.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::size_t currency_bytes = 3;

Bytes request_key(const Digest& id) {
  return state_key::Builder(StateTable::cash_request).raw(id).take();
}
Bytes request_of_key(const ParticipantRef& who, const Digest& id) {
  return state_key::Builder(StateTable::cash_request_of).participant(who).raw(id).take();
}
Bytes requests_of_key(const ParticipantRef& who) {
  return state_key::Builder(StateTable::cash_request_of).participant(who).take();
}
Bytes preferences_key(const ParticipantRef& who) {
  return state_key::Builder(StateTable::preferences).participant(who).take();
}

CashRequest decode_request(const Digest& id, ByteView value) {
  Decoder in(value);
  CashRequest request;
  request.id = id;
  request.request.participant = decode_participant_ref(in);
  request.request.withdrawal = in.boolean();
  request.request.cash = in.quantity<Cash>();
  request.request.currency = in.text(currency_bytes);
  request.made = in.time();
  PS_ASSERT(in.finished());  // our own record
  return request;
}

/// Where the cash of open withdrawals waits.
AccountId reserve_of(const RequestCash& request) {
  return {AccountClass::escrow, request.participant, {}, asset_cash(request.currency)};
}

Digest last_digest(ByteView key) {
  Decoder in(key.last(32));
  return in.array<32>();
}

}  // namespace

std::optional<CashRequest> find_cash_request(const StateReader& state, const Digest& id) {
  const auto value = state.get(request_key(id));
  if (!value) return std::nullopt;
  return decode_request(id, *value);
}

std::vector<CashRequest> cash_requests_of(const StateReader& state, const ParticipantRef& who) {
  std::vector<CashRequest> result;
  state.scan(requests_of_key(who), {}, [&](ByteView key, ByteView) {
    auto request = find_cash_request(state, last_digest(key));
    PS_ASSERT(request.has_value());
    result.push_back(*std::move(request));
    return true;
  });
  return result;
}

void for_each_cash_request(const StateReader& state, const std::optional<Digest>& after,
                           const std::function<bool(const CashRequest&)>& visit) {
  state.scan(state_key::table(StateTable::cash_request), after ? ByteView(*after) : ByteView(),
             [&](ByteView key, ByteView value) {
               const auto id = last_digest(key);
               if (after && id == *after) return true;
               return visit(decode_request(id, value));
             });
}

void put_cash_request(Overlay& state, const CashRequest& request) {
  Encoder value;
  encode(value, request.request.participant);
  value.boolean(request.request.withdrawal).quantity(request.request.cash);
  value.text(request.request.currency).time(request.made);
  state.put(request_key(request.id), std::move(value).take());
  state.put(request_of_key(request.request.participant, request.id), {});
}

Verdict close_cash_request(Overlay& state, const CashRequest& request, bool approved) {
  const auto& asked = request.request;
  state.erase(request_key(request.id));
  state.erase(request_of_key(asked.participant, request.id));
  const auto asset = asset_cash(asked.currency);
  const auto own = participant_account(asked.participant, asset);
  const auto fiat = system_account(AccountClass::fiat, asset);
  const auto nano = asked.cash.nano();
  if (asked.withdrawal) {
    const Posting postings[] = {{reserve_of(asked), -nano}, {approved ? fiat : own, nano}};
    if (auto failed = book(state, postings)) return failed;
    if (balance(state, reserve_of(asked)) != 0) return {};
    const auto closed = close_account(state, reserve_of(asked));
    return closed ? Verdict{} : Rejection{"invariant", closed.error().detail()};
  }
  if (!approved) return {};
  const Posting postings[] = {{own, nano}, {fiat, -nano}};
  return book(state, postings);
}

Verdict release_cash_requests(Overlay& state, const ParticipantRef& who) {
  for (const auto& request : cash_requests_of(state, who)) {
    if (auto failed = close_cash_request(state, request, false)) return failed;
  }
  return {};
}

std::optional<SetPreferences> find_preferences(const StateReader& state,
                                               const ParticipantRef& who) {
  const auto value = state.get(preferences_key(who));
  if (!value) return std::nullopt;
  Decoder in(*value);
  SetPreferences preferences;
  preferences.participant = who;
  preferences.ranking = static_cast<RankingDisplay>(in.u8());
  preferences.low_balance = in.quantity<Coins>();
  preferences.top_up_below = in.quantity<Coins>();
  preferences.top_up_amount = in.quantity<Coins>();
  PS_ASSERT(in.finished());  // our own record
  return preferences;
}

bool has_any_preferences(const StateReader& state) {
  bool any = false;
  state.scan(state_key::table(StateTable::preferences), {}, [&](ByteView, ByteView) {
    any = true;
    return false;
  });
  return any;
}

void put_preferences(Overlay& state, const SetPreferences& preferences) {
  Encoder value;
  value.u8(static_cast<std::uint8_t>(preferences.ranking)).quantity(preferences.low_balance);
  value.quantity(preferences.top_up_below).quantity(preferences.top_up_amount);
  state.put(preferences_key(preferences.participant), std::move(value).take());
}

void erase_preferences(Overlay& state, const ParticipantRef& who) {
  auto key = preferences_key(who);
  if (state.get(key)) state.erase(std::move(key));
}

Result<void> check_cash_requests(const StateReader& state) {
  std::map<AccountId, std::int64_t> reserved;
  bool fits = true;
  for_each_cash_request(state, std::nullopt, [&](const CashRequest& request) {
    if (!request.request.withdrawal) return true;
    auto& sum = reserved[reserve_of(request.request)];
    fits = fits && !__builtin_add_overflow(sum, request.request.cash.nano(), &sum);
    return true;
  });
  std::string wrong = fits ? "" : "reserved cash is out of range";
  const auto escrows = state_key::Builder(StateTable::account)
                           .u8(static_cast<std::uint8_t>(AccountClass::escrow))
                           .take();
  state.scan(escrows, {}, [&](ByteView key, ByteView value) {
    const auto account = parse_account_key(key);
    Decoder in(value);
    const auto held = in.i64();
    if (!account || !account->asset.starts_with("CA:")) return wrong.empty();
    if (reserved[*account] != held) wrong = to_text(*account) + " is not what is reserved";
    reserved.erase(*account);
    return wrong.empty();
  });
  if (wrong.empty() && !reserved.empty()) {
    wrong = to_text(reserved.begin()->first) + " is not there";
  }
  if (!wrong.empty()) return Error{LedgerError::invariant, wrong};
  return {};
}

}  // namespace powershare::ledger
