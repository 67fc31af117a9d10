// Virtual time: events in the order of their time, and of their making where that is the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace powershare::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;

  std::int64_t now_ms() const { return now_ms_; }
  std::uint64_t run() const { return run_; }  ///< events so far

  void schedule(std::int64_t delay_ms, Action action) {
    events_.push_back({now_ms_ + delay_ms, ++made_, std::move(action)});
    std::push_heap(events_.begin(), events_.end(), later);
  }

  /// Runs the next event; false when there is none.
  bool run_next() {
    if (events_.empty()) return false;
    std::pop_heap(events_.begin(), events_.end(), later);
    auto event = std::move(events_.back());
    events_.pop_back();
    now_ms_ = event.at_ms;
    ++run_;
    event.action();
    return true;
  }

 private:
  struct Event {
    std::int64_t at_ms;
    std::uint64_t made;
    Action action;
  };
  static bool later(const Event& left, const Event& right) {
    return left.at_ms != right.at_ms ? left.at_ms > right.at_ms : left.made > right.made;
  }

  std::vector<Event> events_;  ///< a heap
  std::int64_t now_ms_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t run_ = 0;
};

}  // namespace powershare::sim
