// What a chain starts from. Its hash is the chain's domain in every signature.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "crypto/quorum.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// One peer of the chain. Addresses are not here: they are configuration and may change.
struct Member {
  PeerId peer;
  PublicKey consensus_key{};  ///< Ed25519: votes and blocks
  PublicKey gateway_key{};    ///< Ed25519: transactions that this peer's gateway submits
  std::array<std::uint8_t, 32> transport_key{};  ///< CURVE public key
  friend bool operator==(const Member&, const Member&) = default;
};

/// SHA-256 over the encoded members; Header::next_members.
Digest members_hash(const std::vector<Member>& members);
std::vector<PublicKey> consensus_keys(const std::vector<Member>& members);

/// Parameters agreed by the chain; changed by governance (SetParameter with the field's name).
struct Parameters {
  std::int64_t slot_ms = 15 * millis_per_minute;
  std::int64_t close_grace_ms =
      5 * millis_per_minute;  ///< a slot closes at its end + this, at the latest
  std::int64_t final_after_ms = 7 * millis_per_day;  ///< a slot is final at its end + this
  std::int64_t silent_meter_ms =
      24 * millis_per_hour;  ///< meters silent for longer are not waited for
  std::int64_t future_reading_ms = 5 * millis_per_minute;  ///< readings further ahead are rejected
  Coins credit_limit;                                      ///< per participant (DECISIONS 25)
  std::string clearing_rule = "pay_as_clear";
  std::string currency = "EUR";
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

/// Registry entries that exist from the start, in this order; executed by the same code as
/// transactions with the administrator's rights. Allowed payloads: AddParticipant, ProvisionAsset,
/// RegisterMeter, BindKey, SetCriteria.
struct Genesis {
  ChainId chain;
  UtcMillis created;
  bool simulated = false;     ///< island time moves by ClockStep only (DECISIONS 23)
  UtcMillis simulated_start;  ///< island time at height 0 where simulated
  PublicKey administrator_key{};
  PublicKey feeder_key{};       ///< zero where not simulated
  std::vector<Member> members;  ///< epoch 0, in order of their index; 4 or more
  Parameters parameters;
  std::vector<Payload> registry;

  /// JSON text with units in its field names, for people and files; see docs/formats.md.
  std::string to_json() const;
  static Result<Genesis> from_json(std::string_view text);
  /// SHA-256 over "powershare/genesis/1" and the fixed-layout encoding of all fields.
  Digest hash() const;
};

}  // namespace powershare::ledger
