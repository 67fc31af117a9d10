#include "ledger/genesis.hpp"

#include "ledger/records.hpp"

namespace powershare::ledger {

std::uint8_t Genesis::encoding_version() const {
  return feature_level == 1 && consensus == ConsensusConstants{64, 256} ? 1 : 2;
}

Digest Genesis::hash() const {
  const bool extended = encoding_version() > 1;
  Encoder out;
  out.raw(as_bytes(extended ? "powershare/genesis/2" : "powershare/genesis/1"))
      .text(chain.text())
      .time(created)
      .boolean(simulated)
      .time(simulated_start)
      .raw(administrator_key)
      .raw(feeder_key);
  encode(out, members);
  encode(out, parameters);
  if (extended) {
    out.u32(consensus.checkpoint_interval).u32(consensus.window).u32(feature_level);
  }
  out.u32(static_cast<std::uint32_t>(registry.size()));
  for (const auto& payload : registry) {
    // A payload that may not stand in a genesis is refused by check_genesis; here it counts as kind
    // 0.
    if (!encode_registry_payload(out, payload)) out.u8(0);
  }
  return crypto::sha256(out.data());
}

}  // namespace powershare::ledger
