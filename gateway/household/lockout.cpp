#include "gateway/household/lockout.hpp"

#include <algorithm>

namespace powershare::gateway {
namespace {

std::string login_name(const std::string& login) {
  return "login:" + login;
}
std::string address_name(const std::string& address) {
  return "address:" + address;
}

std::int64_t pause_after(std::uint32_t failures) {
  if (failures < Lockout::free_failures) return 0;
  const auto doublings = std::min<std::uint32_t>(failures - Lockout::free_failures, 6);
  return std::min(Lockout::first_pause_ms << doublings, Lockout::longest_pause_ms);
}

}  // namespace

std::int64_t Lockout::begin(const std::string& login, const std::string& address,
                            MonotonicMillis now) {
  const std::lock_guard lock(mutex_);
  std::int64_t wait_ms = 0;
  for (const auto& who : {login_name(login), address_name(address)}) {
    const auto* entry = find(who, now);
    if (entry != nullptr) wait_ms = std::max(wait_ms, entry->until.value - now.value);
  }
  if (wait_ms > 0) return (wait_ms + millis_per_second - 1) / millis_per_second;
  count(login_name(login), now);
  count(address_name(address), now);
  return 0;
}

void Lockout::succeeded(const std::string& login, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(login_name(login));
  if (known != by_name_.end()) forget(known->second);
  take_back(address_name(address));
}

void Lockout::not_tried(const std::string& login, const std::string& address) {
  const std::lock_guard lock(mutex_);
  take_back(login_name(login));
  take_back(address_name(address));
}

std::size_t Lockout::entries() const {
  const std::lock_guard lock(mutex_);
  return by_use_.size();
}

Lockout::Entry* Lockout::find(const std::string& who, MonotonicMillis now) {
  const auto known = by_name_.find(who);
  if (known == by_name_.end()) return nullptr;
  if (now.value - known->second->last.value >= memory_ms) {
    forget(known->second);
    return nullptr;
  }
  return &*known->second;
}

void Lockout::count(const std::string& who, MonotonicMillis now) {
  auto* entry = find(who, now);
  if (entry == nullptr) {
    if (by_use_.size() >= max_entries_) forget(std::prev(by_use_.end()));
    by_use_.push_front({who, 0, now, now});
    by_name_[by_use_.front().who] = by_use_.begin();
    entry = &by_use_.front();
  } else {
    by_use_.splice(by_use_.begin(), by_use_, by_name_.find(who)->second);
  }
  ++entry->failures;
  entry->last = now;
  entry->until = {now.value + pause_after(entry->failures)};
}

void Lockout::take_back(const std::string& who) {
  const auto known = by_name_.find(who);
  if (known == by_name_.end()) return;
  auto& entry = *known->second;
  if (--entry.failures == 0) return forget(known->second);
  entry.until = entry.last;  // it was not paused, else it could not have tried
}

void Lockout::forget(Entries::iterator entry) {
  by_name_.erase(entry->who);
  by_use_.erase(entry);
}

}  // namespace powershare::gateway
