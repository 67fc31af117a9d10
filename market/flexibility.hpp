// Flexibility of stores, region against region (TenneT and sonnen, since 2017): where a region has
// too much energy its stores take in what stores of another region give at the same time. Pure,
// integers only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "market/grid_service_error.hpp"

namespace powershare::market {

/// up: gives to the grid; down: takes from it.
enum class FlexibilityDirection : std::uint8_t { up = 1, down };

/// A battery or a car behind one meter.
struct FlexibilityStore {
  std::string id;           ///< unique
  std::string participant;  ///< who is paid
  Energy stored;
  Energy least;                                  ///< what must stay in it
  Energy reserve;                                ///< what its household keeps; may be more
  Energy most;                                   ///< what fits in
  std::int64_t efficiency_nano = nano_per_unit;  ///< of each way, above 0, at most 1e9
};

/// So much power up or down between two times, at a price for each kWh that is called for.
struct FlexibilityOffer {
  std::string id;           ///< unique
  std::uint32_t store = 0;  ///< position in FlexibilityBook::stores
  std::string region;
  FlexibilityDirection direction = FlexibilityDirection::up;
  std::int64_t power_nano_kw = 0;  ///< > 0
  UtcMillis from;
  UtcMillis to;
  Price price;  ///< may be negative: who takes energy pays for it
};

/// The operator's call: take `energy` out of region `down` and bring it to region `up`, evenly
/// between two times.
struct FlexibilityRequest {
  std::string id;
  std::string down;  ///< region with too much
  std::string up;    ///< region with too little
  UtcMillis from;
  UtcMillis to;
  Energy energy;              ///< > 0
  std::optional<Price> most;  ///< for a kWh moved: a kWh down and one up together
};

struct FlexibilityBook {
  static constexpr std::size_t max_offers = 100'000;

  std::vector<FlexibilityStore> stores;
  std::vector<FlexibilityOffer> offers;
};

struct FlexibilityCall {
  std::uint32_t offer = 0;  ///< position in FlexibilityBook::offers
  Energy energy;            ///< > 0, on the meter's side
  friend bool operator==(const FlexibilityCall&, const FlexibilityCall&) = default;
};

struct FlexibilityActivation {
  std::vector<FlexibilityCall> down;  ///< cheapest first
  std::vector<FlexibilityCall> up;
  Energy energy;   ///< of either side: what is absorbed is given, to the nano-kWh
  Energy missing;  ///< of the request
};

/// The cheapest offers of both regions that last over the whole request, by price, then id, with
/// the same sum on both sides: the most that both have, up to what is asked and as long as a kWh
/// down and one up cost no more than `most`. No store goes below the larger of `least` and
/// `reserve` or above `most`, however many offers it stands behind.
/// GridServiceError::bad_flexibility, too_large, overflow.
Result<FlexibilityActivation> activate(const FlexibilityBook& book,
                                       const FlexibilityRequest& request);

/// What a meter says of one call. Net energy is what is drawn less what is fed in.
struct FlexibilityMetering {
  Energy baseline;  ///< net, without the call
  Energy metered;   ///< net
};

/// The mean, rounded down, of the net energy of comparable slots before the call: what would have
/// been. GridServiceError::bad_flexibility without any; overflow.
Result<Energy> flexibility_baseline(const std::vector<Energy>& comparable);

/// One line of a bill: what was called for, what came, what is paid.
struct FlexibilityRecord {
  std::string request;
  std::string offer;
  std::string participant;
  std::string region;
  FlexibilityDirection direction = FlexibilityDirection::up;
  UtcMillis from;
  UtcMillis to;
  Energy called;
  Energy baseline;
  Energy metered;
  Energy delivered;  ///< of what was called for: the metered difference, 0 to `called`
  Price price;
  Coins amount;  ///< price × delivered, rounded half to even
  friend bool operator==(const FlexibilityRecord&, const FlexibilityRecord&) = default;
};

/// The records of an activation's calls, `down` first; `metering` has one entry for each, in that
/// order. GridServiceError::bad_flexibility, overflow.
Result<std::vector<FlexibilityRecord>> settle(const FlexibilityBook& book,
                                              const FlexibilityRequest& request,
                                              const FlexibilityActivation& activation,
                                              const std::vector<FlexibilityMetering>& metering);

/// What is signed for billing: "powershare/flexibility/1", then the fields in their order: texts
/// with a 32-bit length, direction as a byte, times and quantities as 64 bits, big-endian.
Bytes flexibility_statement(const FlexibilityRecord& record);

}  // namespace powershare::market
