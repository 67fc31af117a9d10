// Which screens of the household's application are looked at and which faults it meets, counted by
// day at this peer: without person, address, time of day or anything that tells two visits apart.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace powershare::gateway {

/// The screens that are counted; others are not.
inline constexpr std::array<std::string_view, 17> usage_screens = {
    "about",   "bill",     "console", "flow",          "history",       "home",
    "keys",    "login",    "market",  "neighbourhood", "notifications", "orders",
    "ranking", "settings", "trading", "wallet",        "welcome"};

/// Thread-safe and bounded: max_days of max_errors different texts of max_error_bytes.
class UsageCounters {
 public:
  static constexpr std::size_t max_days = 62;
  static constexpr std::size_t max_errors = 50;  ///< different ones of a day; others count together
  static constexpr std::size_t max_error_bytes = 120;

  /// `stored` is what to_json() gave, or empty; what is not well formed counts as nothing.
  explicit UsageCounters(const std::string& stored = {});

  /// False where there is no such screen.
  bool saw(std::string_view screen, UtcMillis now);
  /// `text` as it comes is not kept: scrubbed() is.
  void failed(std::string_view text, UtcMillis now);

  /// {"days":[{"day","screens":{…},"errors":[{"message","count"}],"other_errors"}]}, newest first.
  std::string to_json() const;
  /// True once after something was counted: to_json() has news.
  bool take_changed();

  /// What is kept of a fault's text: at most max_error_bytes of printable ASCII, without digits,
  /// quoted parts and what follows "@", "?" or "://", which is where a person might show.
  static std::string scrubbed(std::string_view text);

 private:
  struct Day {
    std::array<std::uint64_t, usage_screens.size()> screens{};
    std::map<std::string, std::uint64_t> errors;
    std::uint64_t other_errors = 0;
  };
  Day& day_of(UtcMillis now);
  void read(const std::string& stored);

  mutable std::mutex mutex_;
  std::map<std::string, Day> days_;  ///< by "2026-11-30", UTC
  bool changed_ = false;
};

}  // namespace powershare::gateway
