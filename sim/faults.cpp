#include "sim/faults.hpp"

namespace powershare::sim {
namespace {

constexpr auto count = static_cast<unsigned>(Fault::count);

}  // namespace

const char* to_text(Fault fault) {
  switch (fault) {
    case Fault::loss:
      return "loss";
    case Fault::duplication:
      return "duplication";
    case Fault::reordering:
      return "reordering";
    case Fault::delay:
      return "delay";
    case Fault::partitions:
      return "partitions";
    case Fault::one_way:
      return "one-way";
    case Fault::clogs:
      return "clogs";
    case Fault::selective:
      return "selective";
    case Fault::crashes:
      return "crashes";
    case Fault::torn:
      return "torn";
    case Fault::lost_logs:
      return "lost-logs";
    case Fault::bit_flips:
      return "bit-flips";
    case Fault::disk_full:
      return "disk-full";
    case Fault::clock_skew:
      return "clock-skew";
    case Fault::slow_peers:
      return "slow-peers";
    case Fault::outage:
      return "outage";
    case Fault::byzantine:
      return "byzantine";
    case Fault::membership:
      return "membership";
    case Fault::feature_level:
      return "feature-level";
    case Fault::count:
      break;
  }
  return "unknown";
}

FaultSet FaultSet::all() {
  FaultSet set;
  for (unsigned i = 0; i < count; ++i) set.add(static_cast<Fault>(i));
  return set;
}

std::string FaultSet::text() const {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    const auto fault = static_cast<Fault>(i);
    if (has(fault)) text += (text.empty() ? "" : ",") + std::string(to_text(fault));
  }
  return text.empty() ? "none" : text;
}

std::optional<FaultSet> parse_faults(std::string_view text) {
  if (text == "all") return FaultSet::all();
  FaultSet set;
  if (text == "none") return set;
  for (;;) {
    const auto comma = text.find(',');
    const auto name = text.substr(0, comma);
    bool known = false;
    for (unsigned i = 0; i < count; ++i) {
      if (name != to_text(static_cast<Fault>(i))) continue;
      set.add(static_cast<Fault>(i));
      known = true;
    }
    if (!known) return std::nullopt;
    if (comma == std::string_view::npos) return set;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (unsigned i = 0; i < count; ++i) names.emplace_back(to_text(static_cast<Fault>(i)));
  return names;
}

FaultSet draw_faults(Generator& generator) {
  FaultSet set;
  const bool quiet = generator.below(16) == 0;
  for (unsigned i = 0; i < count; ++i) {
    const auto fault = static_cast<Fault>(i);
    if (generator.chance(fault == Fault::outage ? 125 : 500) && !quiet) set.add(fault);
  }
  if (!set.has(Fault::membership)) set.remove(Fault::feature_level);
  return set;
}

}  // namespace powershare::sim
