// Statements: what each participant and the community bought, sold, paid and saved in a period.
// Made from history rows, to the nano; not a tax invoice (DECISIONS 50).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/history.hpp"
#include "ledger/origin.hpp"

namespace powershare::ledger {

/// One line of a bill. The mean price is amount / energy.
struct BillLine {
  Energy energy;
  Coins amount;
  /// Rounded half to even; nothing without energy, or where it leaves the range.
  std::optional<Price> mean_price() const;
};

/// What a line of a bill stands for, in the order of the bill. To add a kind: here, in to_text()
/// and where StatementBuilder adds rows; screens, CSV and PDF follow.
enum class LineKind : std::uint8_t {
  bought = 1,
  sold,
  from_utility,
  to_utility,
  shortfall,          ///< sold at the gate and not delivered, with the margin
  unused,             ///< bought at the gate and not drawn, less the margin
  late_from_utility,  ///< of this period's slots that were final when the reading came
  late_to_utility,
  correction_from_utility,  ///< of slots before the period
  correction_to_utility,
};
/// "bought", "sold", "from_utility", …
std::string_view to_text(LineKind kind);
/// True where the amount of a line of this kind is earned.
bool is_income(LineKind kind);

/// Where a line's energy belongs: with which class of counterparty, and in which price band. A band
/// is the supplier's price in the slot: its tariff for what is drawn, its feed-in price for what is
/// fed in.
struct PartKey {
  LineKind kind = LineKind::bought;
  ParticipantType counterparty = ParticipantType::resident;
  Price band;
  friend auto operator<=>(const PartKey&, const PartKey&) = default;
};

/// A share of two energies, exact.
struct Ratio {
  Energy part;
  Energy whole;
  /// 1e-9 of one, rounded half to even; nothing where the whole is 0.
  std::optional<std::int64_t> nano() const;
};

/// Energy and coins over some slots; one participant's or the sum of several.
struct BillTotals {
  Energy imported;  ///< metered, before trading, net per slot of a participant's own meters
  Energy exported;
  Energy produced;
  BillLine bought;        ///< from neighbours, commitments among it, used or not
  BillLine sold;          ///< to neighbours, commitments among it, delivered or not
  BillLine from_utility;  ///< late readings of final slots not among it
  BillLine to_utility;
  BillLine late_from_utility;  ///< settled in the period for slots that were final (DECISIONS 22)
  BillLine late_to_utility;
  BillLine shortfall;  ///< sold at the gate and not delivered: bought, with the margin
  BillLine unused;     ///< bought at the gate and not drawn: sold, less the margin
  /// All of the lines above once more, each kWh in one part. Of neighbours' trades at a negative
  /// price the amount is negative here, and on the other side above; the balance is the same.
  std::map<PartKey, BillLine> parts;
  Coins fees;                               ///< of the network, for what was bought from neighbours
  std::map<std::string, Coins> level_fees;  ///< the same by level; without those that are 0
  Coins losses;                             ///< for energy that was lost on the way from neighbours
  Energy lost;                              ///< delivered by the utility, in nobody's imported
  Coins cost;                               ///< all that is paid less all that is earned
  Coins cost_without_market;  ///< the same metered energy at the tariff and the feed-in price
  std::uint64_t slots = 0;    ///< settled, of one participant each
  Origin origin;              ///< certificates of the slots that have them
  Energy certifiable;         ///< consumption in these slots
  Energy peak;                ///< the most that was drawn in one slot; of a sum: the largest of all
  UtcMillis peak_slot;        ///< the first such

  /// All that deviates from commitments, and what it costs: the shortfall less what was got for
  /// what was unused.
  BillLine deviations() const;
  /// What is drawn from own production and from outside.
  Energy consumption() const;
  /// Cost without the market less cost.
  Coins savings() const;
  /// Own production that was used at home or sold to neighbours, of all production.
  Ratio self_consumption() const;
  /// Consumption that did not come from the utility, of all consumption.
  Ratio self_sufficiency() const;
  /// Consumption with a certificate from sun, wind or water, of all consumption in slots with
  /// certificates (DECISIONS 51).
  Ratio renewable_share() const;
};

struct Bill {
  ParticipantRef participant;
  BillTotals totals;
};

struct Community {
  BillTotals totals;         ///< over all bills
  std::uint64_t slots = 0;   ///< settled slots in the period
  std::uint64_t trades = 0;  ///< pairs of neighbours
  Energy traded;             ///< between neighbours
  Energy peak;               ///< the most that came from the utility in one slot
  UtcMillis peak_slot;
};

struct Statement {
  UtcMillis from;
  UtcMillis to;
  std::vector<Bill> bills;  ///< by participant
  Community community;
};

/// Adds rows to a statement. LedgerError::overflow when a sum leaves its range.
class StatementBuilder {
 public:
  StatementBuilder(UtcMillis from, UtcMillis to);
  Result<void> add(const ParticipantSlotRow& row);
  Result<void> add(const LateRow& row);
  Result<void> add(const SlotRow& row);
  /// Certificates of a slot whose ParticipantSlotRow is added as well.
  Result<void> add(const OriginRow& row, const Settled& settled);
  Result<Statement> finish();

 private:
  Bill& bill_of(const ParticipantRef& participant);
  Statement statement_;
};

}  // namespace powershare::ledger
