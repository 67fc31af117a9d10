#include "gateway/composer/worker.hpp"

#include <chrono>
#include <utility>

namespace powershare::gateway::composer {
namespace {

constexpr auto delay = std::chrono::milliseconds(5);

}  // namespace

Worker::Worker() : thread_([this] { run(); }) {}

Worker::~Worker() {
  stop();
}

void Worker::post(std::function<void()> task, bool later) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    (later ? delayed_ : tasks_).push_back(std::move(task));
  }
  wake_.notify_one();
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  // Outside the lock: what a task holds may do anything when it goes.
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(tasks_);
    for (auto& task : delayed_) dropped.push_back(std::move(task));
    delayed_.clear();
  }
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (tasks_.empty() && delayed_.empty()) {
      wake_.wait(lock);
      continue;
    }
    if (tasks_.empty()) {
      wake_.wait_for(lock, delay, [this] { return stopping_ || !tasks_.empty(); });
      for (auto& task : std::exchange(delayed_, {})) tasks_.push_back(std::move(task));
      continue;
    }
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace powershare::gateway::composer
