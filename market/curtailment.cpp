#include "market/curtailment.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;

Error bad(std::string detail) {
  return {GridServiceError::bad_curtailment, std::move(detail)};
}

Result<void> check(const std::vector<CurtailmentHistory>& history, const CurtailmentSlot& slot) {
  if (slot.potentials.size() != history.size()) return bad("each plant needs its potential");
  if (slot.needed.is_negative()) return bad("what is needed is at least 0");
  std::set<std::string> ids;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const CurtailmentHistory& plant = history[i];
    if (!ids.insert(plant.id).second) return bad("plant " + plant.id + " is there twice");
    if (plant.curtailed.is_negative() || plant.curtailed > plant.potential) {
      return bad("plant " + plant.id + ": curtailed lies between 0 and potential");
    }
    if (slot.potentials[i].is_negative()) return bad("plant " + plant.id + ": negative potential");
    if (!add(plant.potential, slot.potentials[i])) {
      return Error{GridServiceError::overflow, "plant " + plant.id + ": potential out of range"};
    }
  }
  return {};
}

}  // namespace

int compare_credit(const CurtailmentHistory& a, const CurtailmentHistory& b) {
  // 0 of 0 counts as 0 of 1.
  const Wide left = Wide{a.curtailed.nano()} * std::max<std::int64_t>(b.potential.nano(), 1);
  const Wide right = Wide{b.curtailed.nano()} * std::max<std::int64_t>(a.potential.nano(), 1);
  return left < right ? -1 : left > right ? 1 : 0;
}

Result<Curtailment> curtail(std::vector<CurtailmentHistory>& history, const CurtailmentSlot& slot) {
  if (auto checked = check(history, slot); !checked) return checked.error();
  Curtailment result;
  result.curtailed.resize(history.size());
  if (slot.needed.is_zero()) return result;
  std::vector<std::size_t> order(history.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&history](std::size_t a, std::size_t b) {
    const int compared = compare_credit(history[a], history[b]);
    return compared != 0 ? compared < 0 : history[a].id < history[b].id;
  });
  std::int64_t left = slot.needed.nano();
  for (const std::size_t plant : order) {
    const std::int64_t taken = std::min(left, slot.potentials[plant].nano());
    result.curtailed[plant] = Energy::from_nano(taken);
    left -= taken;
  }
  result.missing = Energy::from_nano(left);
  for (std::size_t i = 0; i < history.size(); ++i) {
    history[i].potential =
        Energy::from_nano(history[i].potential.nano() + slot.potentials[i].nano());
    history[i].curtailed =
        Energy::from_nano(history[i].curtailed.nano() + result.curtailed[i].nano());
  }
  return result;
}

}  // namespace powershare::market
