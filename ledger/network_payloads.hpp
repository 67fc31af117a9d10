// What governance tells a chain about its grid (feature level 4): levels, their fees, who is where,
// and the losses between them, as integers that were computed outside (docs/network-losses.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "ledger/household_payloads.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

/// A fee for each kWh that is traded over a level, in the slots that begin inside its windows.
struct NetworkFee {
  Price per_kwh;  ///< coins per kWh
  std::uint32_t tariff_ppm =
      0;  ///< and so many millionths of the supplier's tariff: 5 % are 50,000
  std::vector<WeeklyWindow> windows;  ///< local time; none: always
  friend bool operator==(const NetworkFee&, const NetworkFee&) = default;
};
/// A level of the grid: a house, a phase, a feeder, a neighbourhood, the island.
struct NetworkZone {
  std::string id;
  std::optional<std::uint32_t> parent;  ///< position of an earlier zone; the first alone has none
  std::vector<NetworkFee> fees;         ///< those of a slot add up
  std::int64_t loss_nano = 0;           ///< nano-kWh lost for each kWh traded over this level
  /// What all trades of a slot together may carry over the border to the parent; none: anything.
  std::optional<Energy> max_export;
  std::optional<Energy> max_import;
  friend bool operator==(const NetworkZone&, const NetworkZone&) = default;
};
struct NetworkMember {
  ParticipantRef participant;
  std::uint32_t zone = 0;  ///< position
  friend bool operator==(const NetworkMember&, const NetworkMember&) = default;
};
/// Instead of what the levels between two zones lose.
struct NetworkLoss {
  std::uint32_t from = 0;  ///< position of the seller's zone
  std::uint32_t to = 0;    ///< of the buyer's
  std::int64_t loss_nano = 0;
  friend bool operator==(const NetworkLoss&, const NetworkLoss&) = default;
};
/// The whole grid, instead of what was there; counts for slots that are not settled yet. Without
/// zones there are no fees, losses and limits.
struct SetNetwork {
  std::vector<NetworkZone> zones;
  std::vector<NetworkMember> members;  ///< each once; who is not among them is in the first zone
  std::vector<NetworkLoss> losses;     ///< by from and to, each pair once
  friend bool operator==(const SetNetwork&, const SetNetwork&) = default;
};

}  // namespace powershare::ledger
