// Certificates of origin in the ledger: held while a slot may still change, then claimed or
// expired.
#include <algorithm>

#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/movements.hpp"
#include "ledger/origin.hpp"
#include "ledger/records.hpp"
#include "ledger/rewards.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_participants = 1'000'000;
constexpr std::size_t max_id_bytes = 128;

Bytes origins_key(UtcMillis slot) {
  return state_key::Builder(StateTable::slot_origin).time(slot).take();
}

Bytes encoded_origins(const SlotOrigins& origins) {
  Encoder out;
  out.text(origins.supplier ? origins.supplier->text() : "");
  out.u32(static_cast<std::uint32_t>(origins.of.size()));
  for (const auto& [participant, origin] : origins.of) {
    encode(out, participant);
    encode(out, origin);
  }
  return std::move(out).take();
}

SlotOrigins decode_origins(ByteView value) {
  Decoder in(value);
  SlotOrigins origins;
  const auto supplier = in.text(max_id_bytes);
  if (!supplier.empty()) origins.supplier = ParticipantId::parse(supplier).value();
  const auto count = in.count(max_participants, 9);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    auto participant = decode_participant_ref(in);
    origins.of.emplace(std::move(participant), decode_origin(in));
  }
  PS_ASSERT(in.finished());  // our own record
  return origins;
}

AccountId owned_account(AccountClass account_class, const std::optional<ParticipantRef>& owner,
                        std::size_t source) {
  AccountId id = system_account(account_class, certificate_asset(source));
  id.owner = owner;
  return id;
}

using Balances = std::map<AccountId, std::int64_t>;

/// Adds what a slot's certificates come to in the ledger: `times` 1 where they are there, -1 where
/// they go.
void add_held(Balances& sums, const SlotOrigins& origins, std::int64_t times) {
  BySource rest{};
  for (const auto& [participant, origin] : origins.of) {
    const BySource held = origin.consumed();
    for (std::size_t s = 0; s < renewable_sources; ++s) {
      sums[owned_account(AccountClass::origin_held, participant, s)] += times * held[s];
      rest[s] += origin.issued[s] - held[s];
    }
  }
  std::optional<ParticipantRef> holder;
  if (origins.supplier) holder = {ParticipantType::utility_company, *origins.supplier};
  for (std::size_t s = 0; s < renewable_sources; ++s) {
    sums[owned_account(AccountClass::origin_held, holder, s)] += times * rest[s];
  }
}

void add_issued(Balances& sums, const SlotOrigins& origins, std::int64_t times) {
  for (const auto& [participant, origin] : origins.of) {
    for (std::size_t s = 0; s < renewable_sources; ++s) {
      sums[system_account(AccountClass::origin_issued, certificate_asset(s))] -=
          times * origin.issued[s];
    }
  }
}

Result<void> post_all(Overlay& state, const Balances& changes) {
  std::vector<Posting> postings;
  for (const auto& [account, nano] : changes) {
    if (nano != 0) postings.push_back({account, nano});
  }
  return post(state, postings);
}

/// From those who hold them to those who consumed; the rest is nobody's.
Result<void> claim(Overlay& state, const SlotOrigins& origins) {
  Balances changes;
  add_held(changes, origins, -1);
  for (const auto& [participant, origin] : origins.of) {
    const BySource consumed = origin.consumed();
    for (std::size_t s = 0; s < renewable_sources; ++s) {
      changes[owned_account(AccountClass::origin_claimed, participant, s)] += consumed[s];
      changes[system_account(AccountClass::origin_expired, certificate_asset(s))] +=
          origin.issued[s] - consumed[s];
    }
  }
  return post_all(state, changes);
}

void alarm(const BlockContext& context, UtcMillis slot, const std::string& what,
           const Error& error) {
  context.events.push_back({Event::Kind::alarm, slot,
                            "slot " + to_iso8601(slot) + ": " + what + ": " + error.text(), 0,
                            Energy{}});
}

}  // namespace

std::optional<SlotOrigins> find_origins(const StateReader& state, UtcMillis slot) {
  const auto value = state.get(origins_key(slot));
  if (!value) return std::nullopt;
  return decode_origins(*value);
}

Result<void> settle_origin(Overlay& state, const BlockContext& context, const SlotInputs& inputs,
                           const std::vector<MeterId>& quarantined, const SlotResult& result,
                           bool first) {
  const auto before = find_origins(state, inputs.slot);
  if (!before && !(first && context.parameters.origin)) return {};
  const auto production = slot_production(state, inputs.slot, inputs.terms, quarantined);
  if (!production) return production.error();
  const auto certified =
      certify(inputs.terms, result, inputs.apart, *production, inputs.supply.supplier.has_value());
  if (!certified) return certified.error();
  SlotOrigins now{inputs.supply.supplier, {}};
  for (std::size_t i = 0; i < certified->size(); ++i) {
    const ParticipantRef& participant = inputs.terms[i].participant;
    context.history.push_back(origin_row({participant, inputs.slot, (*certified)[i]}));
    if ((*certified)[i] != Origin{}) now.of.emplace(participant, (*certified)[i]);
  }
  Balances changes;
  add_held(changes, now, 1);
  add_issued(changes, now, 1);
  if (before) {
    add_held(changes, *before, -1);
    add_issued(changes, *before, -1);
  }
  if (auto booked = post_all(state, changes); !booked) return booked;
  state.put(origins_key(inputs.slot), encoded_origins(now));
  return {};
}

void finish_origin(Overlay& state, const BlockContext& context, UtcMillis slot) {
  const auto origins = find_origins(state, slot);
  if (!origins) return;
  if (const auto claimed = claim(state, *origins); !claimed) {
    return alarm(context, slot, "certificates not claimed", claimed.error());
  }
  state.erase(origins_key(slot));
  Overlay changes(state);
  if (const auto paid = pay_rewards(changes, context.parameters, *origins); !paid) {
    return alarm(context, slot, "no rewards", paid.error());
  }
  tell_reward_movements(changes, state, context, slot);
  changes.merge_into(state);
}

OriginBalance origin_balance(const StateReader& state) {
  OriginBalance result{};
  for_each_account(state, [&](const AccountId& account, std::int64_t nano) {
    if (account.account_class < AccountClass::origin_issued) return true;
    for (std::size_t s = 0; s < renewable_sources; ++s) {
      if (account.asset != certificate_asset(s)) continue;
      OriginTotals& totals = result[s];
      if (account.account_class == AccountClass::origin_issued) totals.issued -= nano;
      if (account.account_class == AccountClass::origin_held) totals.held += nano;
      if (account.account_class == AccountClass::origin_claimed) totals.claimed += nano;
      if (account.account_class == AccountClass::origin_expired) totals.expired += nano;
    }
    return true;
  });
  return result;
}

Result<void> check_origin(const StateReader& state) {
  const auto broken = [](const std::string& what) {
    return Error{LedgerError::invariant, "certificates of origin: " + what};
  };
  Balances held;
  state.scan(state_key::table(StateTable::slot_origin), {}, [&](ByteView, ByteView value) {
    add_held(held, decode_origins(value), 1);
    return true;
  });
  std::erase_if(held, [](const auto& entry) { return entry.second == 0; });
  Balances there;
  for_each_account(state, [&](const AccountId& account, std::int64_t nano) {
    if (account.account_class == AccountClass::origin_held && nano != 0) there[account] = nano;
    return true;
  });
  if (held != there) return broken("what is held is not what the slots that are not final gave");
  const OriginBalance balance = origin_balance(state);
  for (std::size_t s = 0; s < renewable_sources; ++s) {
    const OriginTotals& totals = balance[s];
    if (totals.issued != totals.held + totals.claimed + totals.expired) {
      return broken(certificate_asset(s) + ": issued is not held + claimed + expired");
    }
  }
  return {};
}

}  // namespace powershare::ledger
