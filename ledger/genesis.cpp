#include "ledger/genesis.hpp"

#include "ledger/records.hpp"

namespace powershare::ledger {

Digest members_hash(const std::vector<Member>& members) {
  return crypto::sha256(encoded(members));
}

std::vector<PublicKey> consensus_keys(const std::vector<Member>& members) {
  std::vector<PublicKey> keys;
  keys.reserve(members.size());
  for (const auto& member : members) keys.push_back(member.consensus_key);
  return keys;
}

Digest Genesis::hash() const {
  Encoder out;
  out.raw(as_bytes("powershare/genesis/1"))
      .text(chain.text())
      .time(created)
      .boolean(simulated)
      .time(simulated_start)
      .raw(administrator_key)
      .raw(feeder_key);
  encode(out, members);
  encode(out, parameters);
  out.u32(static_cast<std::uint32_t>(registry.size()));
  for (const auto& payload : registry) {
    // A payload that may not stand in a genesis is refused by check_genesis; here it counts as kind 0.
    if (!encode_registry_payload(out, payload)) out.u8(0);
  }
  return crypto::sha256(out.data());
}

}  // namespace powershare::ledger
