// Fair curtailment with a history (after Danzi and others, arXiv 1705.01453): when the voltage is
// too high some plants lower their output, those first that have given up the smallest part of what
// they could have delivered so far. Pure, integers only.
#pragma once

#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "market/grid_service_error.hpp"

namespace powershare::market {

/// What a plant could have delivered in all slots in which anything was asked of anybody, and what
/// of it was curtailed. Its credit is curtailed / potential; 0 without any potential.
struct CurtailmentHistory {
  std::string id;  ///< unique
  Energy potential;
  Energy curtailed;  ///< 0 … potential
};

struct CurtailmentSlot {
  Energy needed;                   ///< by how much all together must deliver less; >= 0
  std::vector<Energy> potentials;  ///< by position of the history: what each could deliver; >= 0
};

struct Curtailment {
  std::vector<Energy> curtailed;  ///< by position
  Energy missing;                 ///< what even all of them together do not make up
};

/// Curtails plants one after the other, lowest credit first, ties by id, each by all that it could
/// deliver and the last by what is left; then adds the slot to the history, if anything was needed.
/// So two plants with equal potentials never differ by more than one slot's potential.
/// GridServiceError::bad_curtailment, overflow; the history is then as before.
Result<Curtailment> curtail(std::vector<CurtailmentHistory>& history, const CurtailmentSlot& slot);

/// Negative, 0 or positive as the credit of `a` is below, equal to or above that of `b`.
int compare_credit(const CurtailmentHistory& a, const CurtailmentHistory& b);

}  // namespace powershare::market
