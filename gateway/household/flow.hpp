// The live picture of a home: which power goes from where to where.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/ports.hpp"

namespace powershare::gateway::household {

/// Mean power in watts; never negative but `battery`.
struct HomePower {
  std::int64_t sun = 0;
  std::int64_t home = 0;
  std::int64_t battery = 0;  ///< > 0: it is charged
  std::int64_t car = 0;
  std::int64_t from_neighbours = 0;
  std::int64_t to_neighbours = 0;
  std::int64_t from_grid = 0;
  std::int64_t to_grid = 0;
};

struct FlowPicture {
  std::string_view source = "none";  ///< "live", "reading"
  std::int64_t age_ms = 0;
  bool neighbours_known = false;  ///< whether the slot was settled, so that neighbours stand apart
  HomePower power;
};

struct FlowEdge {
  std::string_view from;
  std::string_view to;
  std::int64_t watts = 0;
};
/// Sources feed the nearest first: sun before battery, neighbours and grid; home before car,
/// battery, neighbours and grid. Edges without power are left away.
std::vector<FlowEdge> edges_of(const HomePower& power);

/// From live watts where there are any, else from each meter's newest reading.
Result<FlowPicture> flow_picture(const ChainView& view, const ledger::ParticipantRef& who,
                                 const std::optional<LiveWatts>& live);

}  // namespace powershare::gateway::household
