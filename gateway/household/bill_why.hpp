// The slots behind each number of a bill.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/household/bill.hpp"

namespace powershare::gateway::household {

/// Which number of a bill is asked about.
struct FigureQuery {
  std::string line;  ///< a BillEntry's, or one of figure_names()
  std::optional<ledger::ParticipantType> counterparty;
  std::optional<Price> band;
  std::string level;
};

/// A number of a bill, or what one slot adds to it.
struct Figure {
  Energy energy;
  Energy whole;  ///< of a share: what `energy` is a part of
  Coins amount;
  bool is_zero() const { return energy.is_zero() && whole.is_zero() && amount.is_zero(); }
  friend bool operator==(const Figure&, const Figure&) = default;
};

/// "cost", "savings", "self_sufficiency", …: numbers that stand beside the lines.
std::vector<std::string_view> figure_names();
/// That number of totals; GatewayError::bad_parameter where there is no such line.
Result<Figure> figure_of(const ledger::BillTotals& totals, const FigureQuery& query);

/// One slot's part of a number, or one movement's of a balance.
struct FigurePart {
  UtcMillis slot;                       ///< of a movement without a slot: when it was booked
  std::optional<UtcMillis> settled_at;  ///< of a late reading
  std::string movement;                 ///< to_text(MovementKind) of a balance's
  Figure figure;
};
/// All parts of a number of a month that are not zero, by time; they sum to it. Of "peak" the one
/// slot. BaseError::out_of_range where that is more than `max_rows`.
Result<std::vector<FigurePart>> figure_parts(const ChainView& view,
                                             const ledger::ParticipantRef& who,
                                             const Period& period, const FigureQuery& query);

}  // namespace powershare::gateway::household
