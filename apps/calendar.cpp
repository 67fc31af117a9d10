// powershare calendar: a zone's offsets from UTC, as a chain takes them.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/commands.hpp"
#include "apps/exit.hpp"
#include "apps/time_zone.hpp"

namespace powershare::apps {

int run_calendar(const CalendarOptions& options) {
  auto calendar = read_time_zone(options.zone, options.from, options.to);
  if (!calendar) return report(calendar.error());
  if (!options.json) {
    std::printf("%s, offsets from UTC\n", calendar->zone.c_str());
    for (const auto& offset : calendar->offsets) {
      std::printf("from %s  %+d min\n", to_iso8601(offset.from).c_str(), offset.minutes);
    }
    return 0;
  }
  nlohmann::ordered_json out{{"type", "SetCalendar"}, {"zone", calendar->zone}};
  out["offsets"] = nlohmann::ordered_json::array();
  for (const auto& offset : calendar->offsets) {
    out["offsets"].push_back({{"from", to_iso8601(offset.from)}, {"minutes", offset.minutes}});
  }
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace powershare::apps
