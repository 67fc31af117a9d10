#include "ledger/dedup.hpp"

#include "ledger/participants.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {

Bytes DedupRecord::encode() const {
  return Encoder().raw(first).time(expires).data();
}

std::optional<DedupRecord> DedupRecord::decode(ByteView value) {
  Decoder in(value);
  DedupRecord record;
  record.first = in.array<32>();
  record.expires = in.time();
  if (!in.finished()) return std::nullopt;
  return record;
}

std::optional<DedupRecord> find_dedup(const StateReader& state, std::string_view principal,
                                      ByteView idempotency_key) {
  const auto value = state.get(state_key::dedup(principal, idempotency_key));
  if (!value) return std::nullopt;
  auto record = DedupRecord::decode(*value);
  PS_ASSERT(record.has_value());  // under the root, and only this program writes it
  return record;
}

std::size_t dedup_quota(std::string_view principal) {
  constexpr std::size_t of_participant = 10'000;
  constexpr std::size_t of_system = 1'000'000;
  return parse_participant_ref(principal) ? of_participant : of_system;
}

}  // namespace powershare::ledger
