// What a chain starts from. Its hash is the chain's domain in every signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "crypto/quorum.hpp"
#include "ledger/member.hpp"
#include "ledger/sun.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// What follows from readings that cannot be true (ledger/plausibility.hpp).
enum class Plausibility : std::uint8_t { off = 1, alarm, quarantine };
/// "off", "alarm", "quarantine".
std::string_view to_text(Plausibility plausibility);

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
  // Since feature level 3; the defaults leave no trace in any encoding.
  bool signed_readings_only = false;  ///< no key at the door brings readings without signature
  Plausibility plausibility = Plausibility::quarantine;
  std::optional<Site> site;  ///< where the homes stand; without it the sun is not asked
  /// What a delegated administrator's key, as each peer's door has one, may give out in a day;
  /// 0: nothing (DECISIONS 17).
  Coins gateway_daily_coins = Coins::from_nano(10'000'000 * nano_per_unit);
  Cash gateway_daily_cash = Cash::from_nano(10'000'000 * nano_per_unit);  ///< of all currencies
  // Since feature level 4; likewise.
  bool origin = false;     ///< certificates of origin (ledger/origin.hpp)
  bool solarcoin = false;  ///< rewards (ledger/rewards.hpp); only with certificates
  bool nrgcoin = false;
  std::int64_t gate_closure_ms =
      5 * millis_per_minute;  ///< orders of a slot are taken until so long before its start
  std::int64_t deviation_margin_nano =
      nano_per_unit /
      10;  ///< what deviating from a commitment costs, in nano-parts of the spot price
  /// True where a field of level 4 is not at its default.
  bool extended_further() const {
    const Parameters standard{};
    return origin || solarcoin || nrgcoin || gate_closure_ms != standard.gate_closure_ms ||
           deviation_margin_nano != standard.deviation_margin_nano;
  }
  /// True where a field of level 3 or 4 is not at its default.
  bool extended() const {
    const Parameters standard{};
    return signed_readings_only || plausibility != Plausibility::quarantine || site.has_value() ||
           gateway_daily_coins != standard.gateway_daily_coins ||
           gateway_daily_cash != standard.gateway_daily_cash || extended_further();
  }
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

/// How far the chain agrees ahead of what is executed. Fixed by the genesis, because an epoch ends
/// at a checkpoint (docs/adr/0011): every peer must compute the same end.
struct ConsensusConstants {
  std::uint32_t checkpoint_interval = 64;  ///< K, in sequences
  std::uint32_t window = 256;  ///< L, in sequences: a multiple of K, 2K to max_consensus_window
  friend bool operator==(const ConsensusConstants&, const ConsensusConstants&) = default;
};
inline constexpr std::uint32_t max_consensus_window = 4096;

/// The newest feature level that this program can execute (docs/formats-ledger.md, "Feature
/// levels").
inline constexpr std::uint32_t known_feature_level = 4;

/// Registry entries that exist from the start, in this order; executed by the same code as
/// transactions with the administrator's rights. Allowed payloads: AddParticipant, ProvisionAsset,
/// RegisterMeter, BindKey, SetCriteria (without rules), SetCalendar.
struct Genesis {
  ChainId chain;
  UtcMillis created;
  bool simulated = false;     ///< island time moves by ClockStep only (DECISIONS 23)
  UtcMillis simulated_start;  ///< island time at height 0 where simulated
  PublicKey administrator_key{};
  PublicKey feeder_key{};       ///< zero where not simulated
  std::vector<Member> members;  ///< epoch 0, in order of their index; 4 or more
  Parameters parameters;
  ConsensusConstants consensus;
  std::uint32_t feature_level = known_feature_level;  ///< of epoch 0; 1 in JSON that does not say
  std::vector<Payload> registry;

  /// JSON text with units in its field names, for people and files; see docs/formats.md.
  std::string to_json() const;
  static Result<Genesis> from_json(std::string_view text);
  /// SHA-256 over the fixed-layout encoding of all fields, which is docs/formats-ledger.md's
  /// version 1 where constants and feature level are those that version 1 implies, else version 2,
  /// and version 3 or 4 where parameters of that level are not at their defaults.
  Digest hash() const;
  /// 1 where consensus constants and feature level are at their values of version 1, else 2; 3 with
  /// Parameters::extended(), 4 with Parameters::extended_further().
  std::uint8_t encoding_version() const;
};

}  // namespace powershare::ledger
