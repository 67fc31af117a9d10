// What governance and the administrator tell the market besides its grid (feature level 4): where
// energy comes from, by which shares a community shares it, and what a utility asks for it by the
// hour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "ledger/household_payloads.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

/// What a plant makes its energy from. The first three are renewable (DECISIONS 51).
enum class EnergySource : std::uint8_t { solar = 1, wind, hydro, thermal, other };
/// "solar", "wind", "hydro", "thermal", "other".
std::string_view to_text(EnergySource source);
std::optional<EnergySource> energy_source(std::string_view text);
constexpr bool is_renewable(EnergySource source) {
  return source <= EnergySource::hydro;
}

/// From the next slot on what this meter's plant produces comes from `source`; a meter of which
/// nobody has said anything has the sun.
struct SetSource {
  MeterId meter;
  EnergySource source = EnergySource::solar;
  friend bool operator==(const SetSource&, const SetSource&) = default;
};

/// A member's share of what the community feeds in; 1e9 is all of it.
struct MemberShare {
  ParticipantRef participant;
  std::int64_t share_nano = 0;
  friend bool operator==(const MemberShare&, const MemberShare&) = default;
};
/// A consumer's share of one producer's energy.
struct PairShare {
  ParticipantRef producer;
  ParticipantRef consumer;
  std::int64_t share_nano = 0;
  friend bool operator==(const PairShare&, const PairShare&) = default;
};
/// The shares of the allocation keys in the slots from `from` on, instead of those before. Without
/// shares all who bid have the same.
struct SetShares {
  UtcMillis from;                   ///< start of a slot that has not begun
  std::vector<MemberShare> shares;  ///< by participant, each once; together at most 1e9
  std::vector<PairShare> pairs;     ///< by producer and consumer; of one producer at most 1e9
  std::optional<Price> price;       ///< of shared energy; none: what the auction would make it
  friend bool operator==(const SetShares&, const SetShares&) = default;
};

/// What a utility asks and pays in the hours of one band.
struct TariffBand {
  std::string name;
  Price price;
  Price feed_in;
  std::vector<WeeklyWindow> windows;  ///< local time; none: at any time
  friend bool operator==(const TariffBand&, const TariffBand&) = default;
};
/// A part of what a utility sells, by where it comes from.
struct MixPart {
  EnergySource source = EnergySource::solar;
  std::uint32_t ppm = 0;  ///< 1e6 is all of it
  friend bool operator==(const MixPart&, const MixPart&) = default;
};
/// A utility's tariff by the hour, in the slots from `from` on. The first band that holds a slot's
/// start is its price; where none does, and without bands, the registry's.
struct SetTariff {
  ParticipantId utility;
  UtcMillis from;  ///< start of a slot that has not begun
  std::vector<TariffBand> bands;
  std::vector<MixPart> mix;  ///< for information; by source, together 1e6, or none
  friend bool operator==(const SetTariff&, const SetTariff&) = default;
};

}  // namespace powershare::ledger
