// The chart of a replay with batteries and vehicles.
#include <algorithm>
#include <array>
#include <cstdio>

#include "apps/storage_report.hpp"

namespace powershare::apps {
namespace {

struct Series {
  const char* name;
  const char* colour;
  std::vector<double> values;
};

constexpr int left = 60;
constexpr int plot_width = storage_chart_width - left - 20;
constexpr int plot_height = 200;

class Panel {
 public:
  explicit Panel(std::string& svg) : svg_(svg) {}

  /// `ticks`: names on the lower axis, by their place from 0 to 1.
  void draw(int top, const char* title, const std::vector<Series>& series,
            const std::vector<std::pair<double, std::string>>& ticks) {
    double most = 0.001;
    for (const Series& one : series) {
      for (const double value : one.values) most = std::max(most, value);
    }
    write(R"(<text x="%d" y="%d" font-weight="bold">%s</text>)", left, top + 16, title);
    legend(top, series);
    const int base = top + 50 + plot_height;
    for (int i = 0; i <= 4; ++i) {
      const int y = base - plot_height * i / 4;
      write(
          R"(<path d="M%d %dH%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%.1f</text>)",
          left, y, left + plot_width, left - 6, y + 4, most * i / 4);
    }
    for (const auto& [place, name] : ticks) {
      write(R"(<text x="%.1f" y="%d" text-anchor="middle">%s</text>)", left + place * plot_width,
            base + 18, name.c_str());
    }
    for (const Series& one : series) line(one, base, most);
  }

 private:
  template <class... Values>
  void write(const char* format, Values... values) {
    char text[512];
    std::snprintf(text, sizeof text, format, values...);
    svg_ += text;
    svg_ += "\n";
  }

  void legend(int top, const std::vector<Series>& series) {
    int x = left;
    for (const Series& one : series) {
      write(
          R"(<rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d">%s</text>)",
          x, top + 24, one.colour, x + 16, top + 34, one.name);
      x += 150;
    }
  }

  void line(const Series& one, int base, double most) {
    svg_ += "<polyline fill=\"none\" stroke-width=\"1.6\" stroke=\"";
    svg_ += one.colour;
    svg_ += "\" points=\"";
    const std::size_t stride = one.values.size() / 1'000 + 1;
    for (std::size_t i = 0; i < one.values.size(); i += stride) {
      char point[48];
      std::snprintf(point, sizeof point, "%.1f,%.1f ",
                    left + plot_width * (static_cast<double>(i) + 0.5) /
                               static_cast<double>(one.values.size()),
                    base - plot_height * one.values[i] / most);
      svg_ += point;
    }
    svg_ += "\"/>\n";
  }

  std::string& svg_;
};

double in_kwh(Energy energy) {
  return static_cast<double>(energy.nano()) / nano_per_unit;
}

struct Curves {
  std::vector<Series> day;     ///< kW by slot of the day
  std::vector<Series> stored;  ///< kWh by slot
};

Curves curves_of(const StoredProfiles& profiles, std::uint64_t first_slot, std::uint64_t end_slot) {
  const auto per_day = static_cast<std::size_t>(millis_per_day / profiles.slot_ms());
  const double hours = static_cast<double>(profiles.slot_ms()) / millis_per_hour;
  const std::vector<double> zeros(per_day);
  Curves curves{{{"load", "#333333", zeros},
                 {"PV", "#e09f3e", zeros},
                 {"into stores", "#588157", zeros},
                 {"out of stores", "#9e2a2b", zeros},
                 {"drawn by meters", "#2a6f97", zeros}},
                {{"batteries", "#588157", {}}, {"vehicles", "#2a6f97", {}}}};
  std::vector<int> days(per_day);
  for (auto slot = first_slot; slot < end_slot; ++slot) {
    const StoredSlot now = profiles.slot(slot);
    const auto time = profiles.start().value + static_cast<std::int64_t>(slot) * profiles.slot_ms();
    const auto at = static_cast<std::size_t>(time % millis_per_day / profiles.slot_ms());
    ++days[at];
    double produced = 0;
    double drawn = 0;
    for (const MeteredEnergy& home : now.homes) {
      produced += in_kwh(home.produced);
      drawn += in_kwh(home.imported);
    }
    const StorageFlows& flows = now.flows;
    const std::array<double, 5> values{in_kwh(now.load), produced,
                                       in_kwh(flows.charged) + in_kwh(flows.vehicles_charged),
                                       in_kwh(flows.given) + in_kwh(flows.vehicles_given), drawn};
    for (std::size_t i = 0; i < values.size(); ++i) curves.day[i].values[at] += values[i] / hours;
    curves.stored[0].values.push_back(in_kwh(now.stored_after));
    curves.stored[1].values.push_back(in_kwh(now.vehicles_after));
  }
  for (Series& series : curves.day) {
    for (std::size_t at = 0; at < per_day; ++at) series.values[at] /= std::max(1, days[at]);
  }
  return curves;
}

}  // namespace

std::string storage_chart(const StoredProfiles& profiles, std::uint64_t first_slot,
                          std::uint64_t end_slot) {
  Curves curves = curves_of(profiles, first_slot, end_slot);
  std::vector<std::pair<double, std::string>> hours;
  for (int hour = 0; hour <= 24; hour += 3) {
    hours.emplace_back(hour / 24.0, std::to_string(hour) + ":00");
  }
  const auto time_of = [&](std::uint64_t slot) {
    return UtcMillis{profiles.start().value + static_cast<std::int64_t>(slot) * profiles.slot_ms()};
  };
  std::vector<std::pair<double, std::string>> dates;
  for (int i = 0; i < 6; ++i) {
    const auto slot = first_slot + (end_slot - first_slot) * static_cast<std::uint64_t>(i) / 6;
    dates.emplace_back(i / 6.0 + 0.03, to_iso8601(time_of(slot)).substr(5, 5));
  }
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                    std::to_string(storage_chart_width) + "\" height=\"" +
                    std::to_string(storage_chart_height) +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  Panel panel(svg);
  panel.draw(0, "A mean day of the neighbourhood, kW by hour (UTC)", curves.day, hours);
  panel.draw(300, "Stored at the end of each slot, kWh", curves.stored, dates);
  return svg + "</svg>\n";
}

}  // namespace powershare::apps
