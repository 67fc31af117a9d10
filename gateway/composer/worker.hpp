// One thread that writes long lists, a page at a time, so that no HTTP thread waits for a slow
// reader or reads a long table.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace powershare::gateway::composer {

class Worker {
 public:
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `task` soon, or about 5 ms later, when a reader has been too slow. Dropped after stop().
  void post(std::function<void()> task, bool later = false);
  /// Ends the thread after the task under way and drops the others. Not to be called by a task.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::deque<std::function<void()>> delayed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace powershare::gateway::composer
