#include "actors/outgoing_worker.hpp"

namespace powershare::actors {

OutgoingWorker::~OutgoingWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool OutgoingWorker::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || tasks_.size() >= max_waiting) return false;
    tasks_.push_back(std::move(task));
    while (threads_.size() < threads) threads_.emplace_back([this] { run(); });
  }
  wake_.notify_one();
  return true;
}

void OutgoingWorker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace powershare::actors
