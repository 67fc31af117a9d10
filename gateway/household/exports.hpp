// What a household, or the community's managing entity, takes away as files.
#pragma once

#include <string>

#include "gateway/household/periods.hpp"
#include "gateway/ports.hpp"

namespace powershare::gateway::household {

/// An Atom feed of Green Button usage (NAESB ESPI): one usage point, a block of interval readings
/// each for what was drawn and what was fed in, in µWh, which are nano-kWh. BaseError::out_of_range
/// beyond `row_bound` slots.
Result<std::string> green_button_feed(const ChainView& view, const ledger::ParticipantRef& who,
                                      const Period& period, std::size_t row_bound);

struct EgacPart {
  std::string csv;
  std::string next;  ///< the meter to go on after; empty: this is the end
};
/// Per meter with a code of its point of delivery (CPE) and slot of the period: energy drawn and
/// fed in, what of the community's energy went to it, and its share in all of that: the sharing
/// coefficient. Whole meters after `after`, until `row_bound` lines are reached.
Result<EgacPart> egac_csv(const ChainView& view, const Period& period, const std::string& after,
                          std::size_t row_bound);

}  // namespace powershare::gateway::household
