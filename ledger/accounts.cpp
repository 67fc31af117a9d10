#include "ledger/accounts.hpp"

#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

struct ClassName {
  AccountClass account_class;
  std::string_view name;
};

constexpr ClassName class_names[] = {
    {AccountClass::participant, "participant"},
    {AccountClass::claim, "claim"},
    {AccountClass::grid_injection, "grid_injection"},
    {AccountClass::grid_consumption, "grid_consumption"},
    {AccountClass::bank_issue, "bank_issue"},
    {AccountClass::fiat, "fiat"},
    {AccountClass::losses, "losses"},
    {AccountClass::network_fees, "network_fees"},
    {AccountClass::clearing, "clearing"},
    {AccountClass::adjustment, "adjustment"},
    {AccountClass::escrow, "escrow"},
    {AccountClass::utility_credit, "utility_credit"},
    {AccountClass::claims_debtor, "claims_debtor"},
    {AccountClass::deviation, "deviation"},
    {AccountClass::origin_issued, "origin_issued"},
    {AccountClass::origin_held, "origin_held"},
    {AccountClass::origin_claimed, "origin_claimed"},
    {AccountClass::origin_expired, "origin_expired"},
    {AccountClass::solarcoin_issue, "solarcoin_issue"},
    {AccountClass::nrgcoin_issue, "nrgcoin_issue"},
    {AccountClass::nrgcoin_burned, "nrgcoin_burned"},
};

Bytes encode_balance(std::int64_t balance_nano) {
  return std::move(Encoder().i64(balance_nano)).take();
}

std::int64_t decode_balance(ByteView value) {
  Decoder in(value);
  const auto balance_nano = in.i64();
  PS_ASSERT(in.finished());
  return balance_nano;
}

void for_each_under(const StateReader& state, ByteView prefix, bool& goes_on,
                    const std::function<bool(const AccountId&, std::int64_t)>& visit) {
  state.scan(prefix, {}, [&](ByteView key, ByteView value) {
    const auto id = parse_account_key(key);
    PS_ASSERT(id.ok());
    goes_on = visit(*id, decode_balance(value));
    return goes_on;
  });
}

/// The sum of one asset over the postings of one transaction.
Result<void> check_zero_sum(std::span<const Posting> postings) {
  std::map<std::string_view, std::int64_t> sums;
  for (const auto& posting : postings) {
    auto& sum = sums[posting.account.asset];
    if (__builtin_add_overflow(sum, posting.amount_nano, &sum)) {
      return Error{LedgerError::overflow, "postings of " + posting.account.asset + " out of range"};
    }
  }
  for (const auto& [asset, sum] : sums) {
    if (sum != 0) {
      return Error{LedgerError::invariant,
                   "postings of " + std::string(asset) + " do not sum to zero"};
    }
  }
  return {};
}

}  // namespace

std::string_view to_text(AccountClass account_class) {
  for (const auto& entry : class_names) {
    if (entry.account_class == account_class) return entry.name;
  }
  return "unknown";
}

std::string asset_cash(std::string_view currency) {
  return "CA:" + std::string(currency);
}

std::string asset_name(AssetClass asset, std::string_view currency) {
  switch (asset) {
    case AssetClass::energy:
      return std::string(asset_energy);
    case AssetClass::coins:
      return std::string(asset_coins);
    case AssetClass::cash:
      break;
  }
  return asset_cash(currency);
}

bool is_currency(std::string_view text) {
  if (text.size() != 3) return false;
  for (const char letter : text) {
    if (letter < 'A' || letter > 'Z') return false;
  }
  return true;
}

AccountId participant_account(const ParticipantRef& owner, std::string_view asset) {
  return {AccountClass::participant, owner, {}, std::string(asset)};
}

AccountId system_account(AccountClass account_class, std::string_view asset) {
  return {account_class, {}, {}, std::string(asset)};
}

AccountId claim_account(const ParticipantRef& debtor, const ParticipantId& utility) {
  return {AccountClass::claim, debtor, utility.text(), std::string(asset_due)};
}

std::string to_text(const AccountId& id) {
  std::string text(to_text(id.account_class));
  if (id.owner) text += "/" + to_text(*id.owner);
  if (!id.name.empty()) text += "/" + id.name;
  return text + "/" + id.asset;
}

Bytes account_key(const AccountId& id) {
  state_key::Builder key(StateTable::account);
  key.u8(static_cast<std::uint8_t>(id.account_class));
  if (id.owner) {
    key.participant(*id.owner);
  } else {
    key.u8(0);
  }
  return key.text(id.name).text(id.asset).take();
}

Result<AccountId> parse_account_key(ByteView key) {
  constexpr std::size_t owner_at = 2;
  if (key.size() <= owner_at || key[0] != static_cast<std::uint8_t>(StateTable::account)) {
    return Error{LedgerError::malformed, "not the key of an account"};
  }
  state_key::Reader in(key);
  AccountId id;
  id.account_class = static_cast<AccountClass>(in.u8());
  if (key[owner_at] == 0) {
    in.u8();
  } else {
    id.owner = in.participant();
  }
  id.name = in.text();
  id.asset = in.text();
  if (!in.finished() || to_text(id.account_class) == "unknown") {
    return Error{LedgerError::malformed, "not the key of an account"};
  }
  return id;
}

Result<void> post(Overlay& state, std::span<const Posting> postings) {
  auto zero = check_zero_sum(postings);
  if (!zero) return zero.error();
  struct Change {
    const AccountId* account;
    std::int64_t balance_nano;
  };
  std::map<Bytes, Change, ByteOrder> changes;
  for (const auto& posting : postings) {
    auto key = account_key(posting.account);
    auto change = changes.find(ByteView(key));
    if (change == changes.end()) {
      const auto value = state.get(key);
      change =
          changes
              .emplace(std::move(key), Change{&posting.account, value ? decode_balance(*value) : 0})
              .first;
    }
    auto& balance_nano = change->second.balance_nano;
    if (__builtin_add_overflow(balance_nano, posting.amount_nano, &balance_nano)) {
      return Error{LedgerError::overflow,
                   "balance of " + to_text(posting.account) + " out of range"};
    }
  }
  for (const auto& [key, change] : changes) {
    if (change.balance_nano < 0 && !may_be_negative(change.account->account_class)) {
      return Error{LedgerError::insufficient,
                   "balance of " + to_text(*change.account) + " would be negative"};
    }
  }
  for (auto& [key, change] : changes) state.put(key, encode_balance(change.balance_nano));
  return {};
}

std::int64_t balance(const StateReader& state, const AccountId& id) {
  return find_balance(state, id).value_or(0);
}

std::optional<std::int64_t> find_balance(const StateReader& state, const AccountId& id) {
  const auto value = state.get(account_key(id));
  if (!value) return std::nullopt;
  return decode_balance(*value);
}

bool open_account(Overlay& state, const AccountId& id) {
  auto key = account_key(id);
  if (state.get(key)) return false;
  state.put(std::move(key), encode_balance(0));
  return true;
}

Result<void> close_account(Overlay& state, const AccountId& id) {
  auto key = account_key(id);
  const auto value = state.get(key);
  if (!value) return Error{LedgerError::not_found, "no account " + to_text(id)};
  if (decode_balance(*value) != 0) {
    return Error{LedgerError::invariant, to_text(id) + " still has a balance"};
  }
  state.erase(std::move(key));
  return {};
}

void for_each_account_of(const StateReader& state, const ParticipantRef& owner,
                         const std::function<bool(const AccountId&, std::int64_t)>& visit) {
  bool goes_on = true;
  for (const auto account_class : {AccountClass::participant, AccountClass::claim}) {
    const auto prefix = state_key::Builder(StateTable::account)
                            .u8(static_cast<std::uint8_t>(account_class))
                            .participant(owner)
                            .take();
    if (goes_on) for_each_under(state, prefix, goes_on, visit);
  }
}

void for_each_escrow_of(const StateReader& state, const ParticipantRef& owner,
                        const std::function<bool(const AccountId&, std::int64_t)>& visit) {
  const auto prefix = state_key::Builder(StateTable::account)
                          .u8(static_cast<std::uint8_t>(AccountClass::escrow))
                          .participant(owner)
                          .take();
  bool goes_on = true;
  for_each_under(state, prefix, goes_on, visit);
}

void for_each_account(const StateReader& state,
                      const std::function<bool(const AccountId&, std::int64_t)>& visit) {
  bool goes_on = true;
  for_each_under(state, state_key::table(StateTable::account), goes_on, visit);
}

Result<std::map<std::string, AssetTotals>> asset_totals(const StateReader& state) {
  std::map<std::string, AssetTotals> totals;
  std::string overflow;
  // Summed by class first: the total of a sound ledger is zero whatever the order, a running sum
  // need not fit.
  for_each_account(state, [&](const AccountId& id, std::int64_t balance_nano) {
    auto& sum = totals[id.asset].classes[id.account_class];
    if (__builtin_add_overflow(sum, balance_nano, &sum)) overflow = id.asset;
    return overflow.empty();
  });
  for (auto& [asset, entry] : totals) {
    __extension__ __int128 total = 0;
    for (const auto& [account_class, sum] : entry.classes) total += sum;
    entry.total = static_cast<std::int64_t>(total);
    if (entry.total != total) overflow = asset;
  }
  if (!overflow.empty()) return Error{LedgerError::overflow, "totals of " + overflow};
  return totals;
}

}  // namespace powershare::ledger
