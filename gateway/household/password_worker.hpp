// The one thread of a door on which passwords are tried: Argon2 takes tens of milliseconds and 19
// MiB, one at a time (DECISIONS 59).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace powershare::gateway {

class PasswordWorker {
 public:
  static constexpr std::size_t max_waiting = 16;

  PasswordWorker() = default;
  ~PasswordWorker();
  PasswordWorker(const PasswordWorker&) = delete;
  PasswordWorker& operator=(const PasswordWorker&) = delete;

  /// False, and `task` is dropped, where too many wait or after stop(). The thread begins with the
  /// first task.
  bool post(std::function<void()> task);
  /// Ends the thread after the task under way and drops the others. Not to be called by a task.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace powershare::gateway
