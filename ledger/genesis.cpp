#include "ledger/genesis.hpp"

#include "ledger/records.hpp"

namespace powershare::ledger {

std::string_view to_text(Plausibility plausibility) {
  switch (plausibility) {
    case Plausibility::off:
      return "off";
    case Plausibility::alarm:
      return "alarm";
    case Plausibility::quarantine:
      return "quarantine";
  }
  return "unknown";
}

std::uint8_t Genesis::encoding_version() const {
  if (parameters.extended_further()) return 4;
  if (parameters.extended()) return 3;
  return feature_level == 1 && consensus == ConsensusConstants{64, 256} ? 1 : 2;
}

Digest Genesis::hash() const {
  const auto version = encoding_version();
  Encoder out;
  out.raw(as_bytes("powershare/genesis/"))
      .u8(static_cast<std::uint8_t>('0' + version))
      .text(chain.text())
      .time(created)
      .boolean(simulated)
      .time(simulated_start)
      .raw(administrator_key)
      .raw(feeder_key);
  encode(out, members);
  encode_first_parameters(out, parameters);
  if (version > 1) {
    out.u32(consensus.checkpoint_interval).u32(consensus.window).u32(feature_level);
  }
  if (version > 2) encode_later_parameters(out, parameters);
  out.u32(static_cast<std::uint32_t>(registry.size()));
  for (const auto& payload : registry) {
    // A payload that may not stand in a genesis is refused by check_genesis; here it counts as kind
    // 0.
    if (!encode_registry_payload(out, payload)) out.u8(0);
  }
  return crypto::sha256(out.data());
}

}  // namespace powershare::ledger
