#include "protocol/mempool.hpp"

#include <algorithm>

namespace powershare::protocol {

Mempool::Mempool(MempoolLimits limits, std::uint32_t submitters)
    : limits_(limits), queues_(submitters) {}

Admission Mempool::add(std::shared_ptr<const Bytes> bytes, const crypto::Digest& id,
                       std::uint32_t submitter, bool local, MonotonicMillis now) {
  const auto size = bytes->size();
  if (size > limits_.max_request_bytes) return Admission::too_large;
  const auto found = pending_.find(id);
  if (found != pending_.end()) {
    found->second.local = found->second.local || local;
    return Admission::known;
  }
  if (pending_.size() >= limits_.max_requests || bytes_ + size > limits_.max_bytes) {
    return Admission::full;
  }
  auto& queue = queues_.at(submitter);
  if (queue.count >= limits_.max_requests / 2 || queue.bytes + size > limits_.max_bytes / 2) {
    return Admission::full;
  }
  PendingRequest request;
  request.bytes = std::move(bytes);
  request.id = id;
  request.submitter = submitter;
  request.local = local;
  request.first_seen = now;
  pending_.emplace(id, std::move(request));
  queue.ids.push_back(id);
  ++queue.count;
  queue.bytes += size;
  arrivals_.push_back(id);
  bytes_ += size;
  ++waiting_;
  waiting_bytes_ += size;
  compact(arrivals_, pending_.size());
  compact(queue.ids, queue.count);
  return Admission::added;
}

void Mempool::compact(std::deque<crypto::Digest>& ids, std::size_t alive) {
  if (ids.size() < 2 * alive + 1'024) return;
  std::erase_if(ids, [this](const auto& id) { return !pending_.contains(id); });
}

PendingRequest* Mempool::find(const crypto::Digest& id) {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : &found->second;
}

void Mempool::forget(std::map<crypto::Digest, PendingRequest, ById>::iterator found) {
  const auto& request = found->second;
  auto& queue = queues_[request.submitter];
  --queue.count;
  queue.bytes -= request.bytes->size();
  bytes_ -= request.bytes->size();
  if (!request.proposed) {
    --waiting_;
    waiting_bytes_ -= request.bytes->size();
  }
  pending_.erase(found);
}

void Mempool::remove(const crypto::Digest& id) {
  const auto found = pending_.find(id);
  if (found != pending_.end()) forget(found);
}

std::vector<std::shared_ptr<const Bytes>> Mempool::take(std::uint32_t max_requests,
                                                        std::size_t max_bytes) {
  std::vector<std::shared_ptr<const Bytes>> taken;
  std::size_t total = 0;
  std::size_t idle_turns = 0;
  while (taken.size() < max_requests && idle_turns < queues_.size()) {
    auto& queue = queues_[turn_];
    turn_ = (turn_ + 1) % queues_.size();
    PendingRequest* next = nullptr;
    while (!queue.ids.empty() && next == nullptr) {
      next = find(queue.ids.front());
      if (next == nullptr || next->proposed) {
        next = nullptr;
        queue.ids.pop_front();
      }
    }
    if (next == nullptr) {
      ++idle_turns;
      continue;
    }
    if (total + next->bytes->size() + 4 > max_bytes) break;
    idle_turns = 0;
    total += next->bytes->size() + 4;
    taken.push_back(next->bytes);
    mark_proposed(next->id);
    queue.ids.pop_front();
  }
  return taken;
}

void Mempool::restart() {
  // The queues are made again from all that is pending, in the order of first arrival.
  std::deque<crypto::Digest> kept;
  for (const auto& id : arrivals_) {
    if (pending_.contains(id)) kept.push_back(id);
  }
  arrivals_ = std::move(kept);
  for (auto& queue : queues_) queue.ids.clear();
  waiting_ = pending_.size();
  waiting_bytes_ = bytes_;
  for (auto& [id, request] : pending_) {
    request.proposed = false;
  }
  for (const auto& id : arrivals_) queues_[pending_.at(id).submitter].ids.push_back(id);
}

void Mempool::mark_proposed(const crypto::Digest& id) {
  auto* request = find(id);
  if (request == nullptr || request->proposed) return;
  request->proposed = true;
  --waiting_;
  waiting_bytes_ -= request->bytes->size();
}

std::size_t Mempool::expire(MonotonicMillis now) {
  std::size_t dropped = 0;
  while (!arrivals_.empty()) {
    const auto found = pending_.find(arrivals_.front());
    if (found != pending_.end()) {
      if (now.value - found->second.first_seen.value < limits_.ttl_ms) break;
      forget(found);
      ++dropped;
    }
    arrivals_.pop_front();
  }
  return dropped;
}

const PendingRequest* Mempool::oldest() {
  while (!arrivals_.empty()) {
    const auto found = pending_.find(arrivals_.front());
    if (found != pending_.end()) return &found->second;
    arrivals_.pop_front();
  }
  return nullptr;
}

std::vector<std::shared_ptr<const Bytes>> Mempool::untold(MonotonicMillis before,
                                                          MonotonicMillis now, std::size_t max) {
  std::vector<std::shared_ptr<const Bytes>> found;
  for (const auto& id : arrivals_) {
    if (found.size() >= max) break;
    auto* request = find(id);
    if (request == nullptr || !request->local || request->proposed) continue;
    if (request->told_at && *request->told_at > before) continue;
    request->told_at = now;
    found.push_back(request->bytes);
  }
  return found;
}

void Mempool::clear() {
  pending_.clear();
  arrivals_.clear();
  for (auto& queue : queues_) queue = Queue{};
  bytes_ = waiting_ = waiting_bytes_ = 0;
}

std::vector<std::shared_ptr<const Bytes>> Mempool::local_waiting(std::size_t max) {
  std::vector<std::shared_ptr<const Bytes>> found;
  for (const auto& id : arrivals_) {
    if (found.size() >= max) break;
    const auto* request = find(id);
    if (request != nullptr && request->local && !request->proposed) found.push_back(request->bytes);
  }
  return found;
}

}  // namespace powershare::protocol
