// Lets snapshots in and, when the map must grow, waits for them to end and keeps new ones out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "storage/limits.hpp"

namespace powershare::storage {

/// A count, not a shared mutex: a snapshot may end on another thread than the one it began on.
class ReaderGate {
 public:
  /// False when no place came free in time.
  bool enter(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const auto free = [this] { return !closed_ && readers_ < maximum_readers; };
    if (!changed_.wait_for(lock, patience, free)) return false;
    ++readers_;
    return true;
  }
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      --readers_;
    }
    changed_.notify_all();
  }
  /// False, and open as before, when the readers inside did not leave in time.
  bool close(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    if (changed_.wait_for(lock, patience, [this] { return readers_ == 0; })) return true;
    closed_ = false;
    lock.unlock();
    changed_.notify_all();
    return false;
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = false;
    }
    changed_.notify_all();
  }
  unsigned readers() const {
    const std::lock_guard lock(mutex_);
    return readers_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  unsigned readers_ = 0;
  bool closed_ = false;
};

}  // namespace powershare::storage
