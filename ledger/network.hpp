// The chain's grid as state records, and as the market takes it for one slot.
//
// Each SetNetwork is a version. A slot keeps to the version, and to the local time, by which it was
// settled first, so that late readings change nobody's fees (DECISIONS 22).
#pragma once

#include "ledger/calendar.hpp"
#include "ledger/network_payloads.hpp"
#include "ledger/slot_settlement.hpp"
#include "market/network.hpp"

namespace powershare::ledger {

struct NetworkLimits {
  static constexpr std::size_t max_zones = market::Network::max_zones;
  static constexpr std::size_t max_fees = 8;  ///< of a zone
  static constexpr std::size_t max_members = 10'000;
  static constexpr std::size_t max_losses = 20'000;
  static constexpr std::size_t max_windows = 16;  ///< of a fee
  static constexpr std::size_t max_id_bytes = 64;
  static constexpr std::uint32_t max_tariff_ppm = 1'000'000;
  /// All fees of a level together, coins per kWh; more counts as this.
  static constexpr std::int64_t max_fee_nano = 1'000 * nano_per_unit;
};

/// LedgerError::malformed with one sentence. `check_windows` as for criteria.
Result<void> check_network(const SetNetwork& network);

/// By which grid a slot is settled: frozen when it is settled first.
struct NetworkStand {
  std::uint64_t version = 0;         ///< 0: none
  std::uint16_t minute_of_week = 0;  ///< local time of the slot's start, Monday 00:00 is 0
  friend bool operator==(const NetworkStand&, const NetworkStand&) = default;
};
/// That of a slot that is settled now.
NetworkStand current_network(const StateReader& state, UtcMillis slot);
/// Nothing where the version is 0 or no longer kept.
std::optional<SetNetwork> find_network(const StateReader& state, std::uint64_t version);
/// A new version; older ones that no slot is settled by are forgotten.
void put_network(Overlay& state, const SetNetwork& network);

/// `network` at a time of the week, at the supplier's prices, for participants in the order of
/// `terms`. What is lost costs the tariff; without a supplier nothing.
market::Network market_network(const SetNetwork& network, std::uint16_t minute_of_week,
                               const Supply& supply, const std::vector<Terms>& terms);

}  // namespace powershare::ledger
