// The threads that speak to the world outside: what they do blocks, and nothing else waits for
// them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace powershare::actors {

class OutgoingWorker {
 public:
  static constexpr std::size_t threads = 2;
  static constexpr std::size_t max_waiting = 16;

  OutgoingWorker() = default;
  ~OutgoingWorker();
  OutgoingWorker(const OutgoingWorker&) = delete;
  OutgoingWorker& operator=(const OutgoingWorker&) = delete;

  /// False, and `task` is dropped, where too many wait. The threads begin with the first task.
  bool post(std::function<void()> task);
  /// True from the beginning of the end: what is under way should give up.
  const std::atomic<bool>& stopping() const { return stopping_; }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace powershare::actors
