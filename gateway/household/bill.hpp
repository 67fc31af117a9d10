// A household's statement of one local month, as data: what JSON, CSV and PDF are written from, so
// that all three say the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/household/common.hpp"
#include "gateway/ports.hpp"
#include "ledger/statement.hpp"

namespace powershare::gateway::household {

/// One line as it stands on the bill.
struct BillEntry {
  std::string line;  ///< to_text(LineKind), "network_fee", "losses"
  std::optional<ledger::ParticipantType> counterparty;
  std::optional<Price> band;  ///< the supplier's price in those slots; none: all of them, or many
  std::string level;          ///< of network_fee: the level's name
  std::optional<Energy> energy;
  std::optional<Price> mean_price;
  Coins amount;  ///< > 0: the household pays
};
/// The lines of a bill; their amounts sum to totals.cost, to the nano. Lines of one kind and
/// counterparty with more bands than this are told as one.
inline constexpr std::size_t max_bands = 6;
std::vector<BillEntry> bill_entries(const ledger::BillTotals& totals);

/// The block in which the bill was last changed: whoever has it and its certificate has proof of
/// every number.
struct BillProof {
  std::uint64_t height = 0;
  std::optional<Digest> block;  ///< nothing where this peer does not hold it
};

/// What emissions stand on a statement (docs/statements.md): lifecycle medians of IPCC AR5 WG III,
/// annex III, table A.III.2, in grams of CO2 equivalent per kWh: gas, combined cycle, for what the
/// utility delivers; photovoltaics on roofs for what homes made.
inline constexpr std::int64_t utility_grams_per_kwh = 490;
inline constexpr std::int64_t solar_grams_per_kwh = 41;
struct Emissions {
  std::int64_t caused_grams = 0;   ///< by what was consumed
  std::int64_t avoided_grams = 0;  ///< against all of it from the utility
};
Emissions emissions_of(const ledger::BillTotals& totals);
/// Mean power of a slot's energy, in 1e-9 kW.
std::int64_t kilowatts_nano(Energy energy, std::int64_t slot_ms);

struct BillDocument {
  ledger::ParticipantRef who;
  Period period;
  bool final = false;
  UtcMillis final_on;  ///< when it is, or was
  Coins opening;
  Coins closing;
  Coins opening_due;
  Coins closing_due;
  ledger::BillTotals totals;
  std::vector<BillEntry> entries;
  Completeness completeness;
  std::int64_t slot_ms = 0;
  std::optional<BillProof> proof;  ///< nothing where nothing has moved
  Digest genesis{};
};
/// BaseError::out_of_range where the month holds more than one request reads.
Result<BillDocument> make_bill(const ChainView& view, const ledger::ParticipantRef& who,
                               const Period& period, const Digest& genesis);

/// RFC 4180, units in the header, all digits.
std::string bill_csv(const BillDocument& bill);

}  // namespace powershare::gateway::household
