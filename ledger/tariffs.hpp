// Tariffs by the hour as state records (DECISIONS 46, 49).
#pragma once

#include "ledger/calendar.hpp"
#include "ledger/market_payloads.hpp"
#include "ledger/overlay.hpp"

namespace powershare::ledger {

struct TariffLimits {
  static constexpr std::size_t max_bands = 8;
  static constexpr std::size_t max_windows = 16;   ///< of a band
  static constexpr std::size_t max_versions = 64;  ///< of a utility, that may count in some slot
  static constexpr std::size_t max_name_bytes = 64;
};

/// LedgerError::malformed with one sentence.
Result<void> check_tariff(const SetTariff& tariff);
/// What is in force in the slot; nothing: the registry's one price.
std::optional<SetTariff> find_tariff(const StateReader& state, const ParticipantId& utility,
                                     UtcMillis slot);
/// False where there are too many versions; forgets those that no slot from `oldest_needed` on goes
/// by.
bool put_tariff(Overlay& state, const SetTariff& tariff, UtcMillis oldest_needed);
/// The first band that holds the local time; nothing where none does.
const TariffBand* band_at(const SetTariff& tariff, const LocalTime& time);

}  // namespace powershare::ledger
