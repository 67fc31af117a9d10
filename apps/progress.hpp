// The progress line of `powershare up` on standard error: one line that changes on a terminal, one
// every ten seconds elsewhere.
#pragma once

#include <chrono>

#include "apps/simulated_meters.hpp"

namespace powershare::apps {

class Progress {
 public:
  /// `endless`: there is no end to show a share of.
  explicit Progress(bool endless);
  void show(const FeedProgress& now);

 private:
  bool endless_;
  bool terminal_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point shown_;
  std::uint64_t first_slot_ = 0;
  bool first_ = true;
};

/// Ends a progress line that is on the terminal, before something else is printed.
void clear_progress();

}  // namespace powershare::apps
