#include "apps/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
std::atomic<bool> line_open{false};

/// "[######----]" for a share between 0 and 1.
std::string bar(double share) {
  constexpr int width = 24;
  const int filled = std::clamp(static_cast<int>(share * width), 0, width);
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(width - filled), '-') + "]";
}

}  // namespace

Progress::Progress(bool endless)
    : endless_(endless),
      terminal_(::isatty(STDERR_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()) {}

void Progress::show(const FeedProgress& now) {
  const auto time = std::chrono::steady_clock::now();
  if (first_) first_slot_ = now.slots_settled;
  const bool last = !endless_ && now.slots_settled == now.slots_in_all;
  if (!first_ && !last && time - shown_ < (terminal_ ? 200ms : 10'000ms)) return;
  shown_ = time;
  first_ = false;
  const double seconds = std::max(0.001, std::chrono::duration<double>(time - begin_).count());
  const double slots_per_second = static_cast<double>(now.slots_settled - first_slot_) / seconds;
  const double share = now.slots_in_all == 0 ? 0
                                             : static_cast<double>(now.slots_settled) /
                                                   static_cast<double>(now.slots_in_all);
  std::string line = "island time " + to_iso8601(now.island_time) + "  ";
  if (!endless_) {
    line += bar(share) + " slot " + std::to_string(now.slots_settled) + " of " +
            std::to_string(now.slots_in_all) + "  ";
  } else {
    line += "slot " + std::to_string(now.slots_settled) + "  ";
  }
  char figures[160];
  std::snprintf(figures, sizeof figures, "%llu trades, %s kWh traded, %.1f slots/s, %llu readings",
                static_cast<unsigned long long>(now.trades), to_text(now.traded).c_str(),
                slots_per_second, static_cast<unsigned long long>(now.readings_acknowledged));
  line += figures;
  if (now.resends > 0) line += ", " + std::to_string(now.resends) + " resends";
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  line_open = terminal_;
}

void clear_progress() {
  if (line_open.exchange(false)) std::fputc('\n', stderr);
}

}  // namespace powershare::apps
