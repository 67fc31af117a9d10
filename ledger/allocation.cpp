#include "ledger/allocation.hpp"

#include "base/assert.hpp"
#include "ledger/history.hpp"
#include "ledger/membership.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t first_level = 4;
constexpr std::uint32_t max_participants = 1'000'000;

void encode(Encoder& out, const Allocation& entry) {
  ledger::encode(out, entry.participant);
  out.quantity(entry.bought).quantity(entry.sold);
  out.quantity(entry.from_utility).quantity(entry.to_utility);
}

/// False before the chain's first epoch of that level.
bool is_kept(const StateReader& state) {
  const auto number = current_epoch_number(state);
  return state.get(state_key::epoch(number)) && current_feature_level(state) >= first_level;
}

}  // namespace

std::vector<crypto::Digest> AllocationVector::leaves() const {
  std::vector<crypto::Digest> result;
  for (const Allocation& entry : entries) {
    Encoder out;
    out.time(slot);
    encode(out, entry);
    result.push_back(crypto::merkle_leaf(out.data()));
  }
  return result;
}

crypto::Digest AllocationVector::root() const {
  return crypto::merkle_root(leaves());
}

Bytes allocation_key(UtcMillis slot) {
  return state_key::Builder(StateTable::allocation).time(slot).take();
}

std::optional<crypto::Digest> find_allocation(const StateReader& state, UtcMillis slot) {
  const auto value = state.get(allocation_key(slot));
  if (!value) return std::nullopt;
  Decoder in(*value);
  const auto root = in.array<32>();
  PS_ASSERT(in.finished());  // our own record
  return root;
}

void put_allocation(Overlay& state, const BlockContext& context, const AllocationVector& vector) {
  if (!is_kept(state)) return;
  state.put(allocation_key(vector.slot), Encoder().raw(vector.root()).data());
  context.history.push_back(allocation_row(vector));
}

void forget_allocations(Overlay& state, UtcMillis newest_final) {
  std::vector<Bytes> old;
  state.scan(state_key::table(StateTable::allocation), {}, [&](ByteView key, ByteView) {
    const UtcMillis slot = state_key::Reader(key).time();
    if (newest_final.value - slot.value < AllocationVector::kept_ms) return false;
    old.push_back(to_bytes(key));
    return true;
  });
  for (Bytes& key : old) state.erase(std::move(key));
}

HistoryRow allocation_row(const AllocationVector& vector) {
  Encoder value;
  value.u32(static_cast<std::uint32_t>(vector.entries.size()));
  for (const Allocation& entry : vector.entries) encode(value, entry);
  return {std::string(history_table::allocations), history_key::time(vector.slot),
          std::move(value).take()};
}

Result<AllocationVector> parse_allocation_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  AllocationVector vector;
  vector.slot = key.time();
  const auto count = in.count(max_participants, 37);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Allocation entry;
    entry.participant = decode_participant_ref(in);
    entry.bought = in.quantity<Energy>();
    entry.sold = in.quantity<Energy>();
    entry.from_utility = in.quantity<Energy>();
    entry.to_utility = in.quantity<Energy>();
    vector.entries.push_back(std::move(entry));
  }
  if (!key.finished() || !in.finished()) {
    return Error{LedgerError::malformed, "not a row of allocations"};
  }
  return vector;
}

}  // namespace powershare::ledger
