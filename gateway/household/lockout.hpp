// Who may try a password again, and when: after 5 failures a pause of a minute, doubled by each
// further one up to an hour. Of this peer only: each peer counts for itself.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.hpp"

namespace powershare::gateway {

/// Thread-safe. When the table is full, what has been quiet the longest is forgotten.
class Lockout {
 public:
  static constexpr std::uint32_t free_failures = 5;
  static constexpr std::int64_t first_pause_ms = millis_per_minute;
  static constexpr std::int64_t longest_pause_ms = millis_per_hour;
  /// Failures are forgotten when there was none for so long.
  static constexpr std::int64_t memory_ms = 2 * millis_per_hour;

  explicit Lockout(std::size_t max_entries = 20'000) : max_entries_(max_entries) {}
  /// Seconds to wait, or 0: then the try counts as a failure of both until succeeded() says
  /// otherwise, so that many at once are not free.
  std::int64_t begin(const std::string& login, const std::string& address, MonotonicMillis now);
  /// Takes the try back from the address, and forgets the login's failures.
  void succeeded(const std::string& login, const std::string& address);
  /// Takes the try back from both: it was never made.
  void not_tried(const std::string& login, const std::string& address);
  std::size_t entries() const;

 private:
  struct Entry {
    std::string who;
    std::uint32_t failures = 0;
    MonotonicMillis last;
    MonotonicMillis until;  ///< no try before
  };
  using Entries = std::list<Entry>;
  Entry* find(const std::string& who, MonotonicMillis now);
  void count(const std::string& who, MonotonicMillis now);
  void take_back(const std::string& who);
  void forget(Entries::iterator entry);

  mutable std::mutex mutex_;
  std::size_t max_entries_;
  Entries by_use_;  ///< newest first
  std::unordered_map<std::string_view, Entries::iterator> by_name_;
};

}  // namespace powershare::gateway
