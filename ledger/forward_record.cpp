// The record of a slot's commitments, and the coins that are held for them.
#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/forward.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_rows = 10'000'000;
constexpr std::size_t max_text_bytes = 128;

Bytes forward_key(UtcMillis slot) {
  return state_key::Builder(StateTable::forward).time(slot).take();
}

void encode_commitment(Encoder& out, const Commitment& commitment) {
  const SettledTrade& trade = commitment.trade;
  encode(out, trade.buyer);
  encode(out, trade.seller);
  out.quantity(trade.energy).quantity(trade.price).quantity(trade.amount);
  out.quantity(trade.losses).quantity(trade.lost);
  out.u32(static_cast<std::uint32_t>(trade.fees.size()));
  for (const LevelFee& fee : trade.fees) out.text(fee.zone).quantity(fee.amount);
  out.raw(commitment.bid).raw(commitment.offer);
}

Commitment decode_commitment(Decoder& in) {
  Commitment commitment;
  SettledTrade& trade = commitment.trade;
  trade.buyer = decode_participant_ref(in);
  trade.seller = decode_participant_ref(in);
  trade.energy = in.quantity<Energy>();
  trade.price = in.quantity<Price>();
  trade.amount = in.quantity<Coins>();
  trade.losses = in.quantity<Coins>();
  trade.lost = in.quantity<Energy>();
  const auto fees = in.count(max_rows, 12);
  for (std::uint32_t i = 0; i < fees; ++i) {
    std::string zone(in.text(max_text_bytes));
    trade.fees.push_back({std::move(zone), in.quantity<Coins>()});
  }
  trade.bid_ordered = trade.offer_ordered = trade.forward = true;
  commitment.bid = in.array<32>();
  commitment.offer = in.array<32>();
  return commitment;
}

ForwardRecord decode_forward(UtcMillis slot, ByteView value) {
  Decoder in(value);
  ForwardRecord record;
  record.slot = slot;
  record.margin_nano = in.i64();
  const auto commitments = in.count(max_rows, 64);
  for (std::uint32_t i = 0; i < commitments; ++i) {
    record.commitments.push_back(decode_commitment(in));
  }
  const auto held = in.count(max_rows, 8);
  for (std::uint32_t i = 0; i < held; ++i) {
    Held each;
    each.participant = decode_participant_ref(in);
    each.coins = in.quantity<Coins>();
    record.held.push_back(std::move(each));
  }
  PS_ASSERT(in.finished());  // our own record
  return record;
}

AccountId escrow_of(const ParticipantRef& who) {
  return {AccountClass::escrow, who, {}, std::string(asset_coins)};
}

void for_each_forward(const StateReader& state, UtcMillis from,
                      const std::function<bool(const ForwardRecord&)>& visit) {
  state.scan(state_key::table(StateTable::forward), Encoder().time(from).data(),
             [&](ByteView key, ByteView value) {
               return visit(decode_forward(state_key::Reader(key).time(), value));
             });
}

}  // namespace

Bytes ForwardRecord::encode() const {
  Encoder out;
  out.i64(margin_nano).u32(static_cast<std::uint32_t>(commitments.size()));
  for (const Commitment& each : commitments) encode_commitment(out, each);
  out.u32(static_cast<std::uint32_t>(held.size()));
  for (const Held& each : held) {
    ledger::encode(out, each.participant);
    out.quantity(each.coins);
  }
  return std::move(out).take();
}

std::optional<ForwardRecord> find_forward(const StateReader& state, UtcMillis slot) {
  const auto value = state.get(forward_key(slot));
  if (!value) return std::nullopt;
  return decode_forward(slot, *value);
}

void put_forward(Overlay& state, const ForwardRecord& record) {
  state.put(forward_key(record.slot), record.encode());
}

std::optional<UtcMillis> next_forward(const StateReader& state, UtcMillis from) {
  std::optional<UtcMillis> result;
  state.scan(state_key::table(StateTable::forward), Encoder().time(from).data(),
             [&](ByteView key, ByteView) {
               result = state_key::Reader(key).time();
               return false;
             });
  return result;
}

Result<void> hold(Overlay& state, const Held& held) {
  const Posting postings[] = {
      {participant_account(held.participant, asset_coins), -held.coins.nano()},
      {escrow_of(held.participant), held.coins.nano()}};
  return post(state, postings);
}

Result<void> release_held(Overlay& state, UtcMillis slot) {
  auto record = find_forward(state, slot);
  if (!record) return {};
  for (const Held& each : record->held) {
    const AccountId escrow = escrow_of(each.participant);
    const Posting postings[] = {
        {escrow, -each.coins.nano()},
        {participant_account(each.participant, asset_coins), each.coins.nano()}};
    if (auto released = post(state, postings); !released) return released;
    if (balance(state, escrow) == 0) {
      if (auto closed = close_account(state, escrow); !closed) return closed;
    }
  }
  record->held.clear();
  put_forward(state, *record);
  return {};
}

void forget_forward(Overlay& state, UtcMillis slot) {
  if (!find_forward(state, slot)) return;
  const auto released = release_held(state, slot);
  PS_ASSERT(released.ok());  // it was held before
  state.erase(forward_key(slot));
}

Coins held_for(const StateReader& state, const ParticipantRef& who, UtcMillis from) {
  std::int64_t sum = 0;
  for_each_forward(state, from, [&](const ForwardRecord& record) {
    for (const Held& each : record.held) {
      if (each.participant == who) sum += each.coins.nano();  // within its escrow account
    }
    return true;
  });
  return Coins::from_nano(sum);
}

Coins committed_cost(const std::vector<Commitment>& commitments, const ParticipantRef& who) {
  std::int64_t sum = 0;
  for (const Commitment& each : commitments) {
    const SettledTrade& trade = each.trade;
    if (trade.buyer != who) continue;
    const std::int64_t cost = trade.amount.nano() + trade.total_fees().nano() + trade.losses.nano();
    if (__builtin_add_overflow(sum, cost, &sum)) return Coins::from_nano(INT64_MAX);
  }
  return Coins::from_nano(sum);
}

Result<void> check_forward(const StateReader& state) {
  std::map<AccountId, std::int64_t> held;
  for_each_forward(state, {}, [&](const ForwardRecord& record) {
    for (const Held& each : record.held) held[escrow_of(each.participant)] += each.coins.nano();
    return true;
  });
  std::string wrong;
  const auto escrows = state_key::Builder(StateTable::account)
                           .u8(static_cast<std::uint8_t>(AccountClass::escrow))
                           .take();
  state.scan(escrows, {}, [&](ByteView key, ByteView value) {
    const auto account = parse_account_key(key);
    Decoder in(value);
    if (!account || account->asset != asset_coins) return true;
    if (held[*account] != in.i64()) wrong = to_text(*account) + " is not what is held at gates";
    held.erase(*account);
    return wrong.empty();
  });
  if (wrong.empty() && !held.empty()) wrong = to_text(held.begin()->first) + " is not there";
  if (!wrong.empty()) return Error{LedgerError::invariant, wrong};
  return {};
}

}  // namespace powershare::ledger
