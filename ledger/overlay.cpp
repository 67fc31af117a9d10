#include "ledger/overlay.hpp"

#include <algorithm>

namespace powershare::ledger {
namespace {

bool begins_with(ByteView key, ByteView prefix) {
  return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

void Overlay::put(Bytes key, Bytes value) {
  changes_.insert_or_assign(std::move(key), std::move(value));
}

void Overlay::erase(Bytes key) {
  changes_.insert_or_assign(std::move(key), std::nullopt);
}

std::optional<Bytes> Overlay::get(ByteView key) const {
  const auto change = changes_.find(key);
  return change == changes_.end() ? below_->get(key) : change->second;
}

void Overlay::scan(ByteView prefix, ByteView from,
                   const std::function<bool(ByteView, ByteView)>& visit) const {
  Bytes start = to_bytes(prefix);
  start.insert(start.end(), from.begin(), from.end());
  auto change = changes_.lower_bound(ByteView(start));
  const auto in_range = [&] {
    return change != changes_.end() && begins_with(change->first, prefix);
  };
  bool goes_on = true;
  // Changes stand before, or instead of, the record beneath that the scan has reached.
  const auto visit_change = [&] {
    if (change->second) goes_on = visit(change->first, *change->second);
    ++change;
  };
  below_->scan(prefix, from, [&](ByteView key, ByteView value) {
    while (goes_on && in_range() && less(change->first, key)) visit_change();
    if (!goes_on) return false;
    if (in_range() && equal(change->first, key)) {
      visit_change();
    } else {
      goes_on = visit(key, value);
    }
    return goes_on;
  });
  while (goes_on && in_range()) visit_change();
}

void Overlay::for_each_change(
    ByteView prefix,
    const std::function<void(ByteView, const std::optional<Bytes>&)>& visit) const {
  for (auto change = changes_.lower_bound(prefix);
       change != changes_.end() && begins_with(change->first, prefix); ++change) {
    visit(change->first, change->second);
  }
}

std::vector<StateWrite> Overlay::take() {
  std::vector<StateWrite> writes;
  writes.reserve(changes_.size());
  while (!changes_.empty()) {
    auto node = changes_.extract(changes_.begin());
    writes.push_back({std::move(node.key()), std::move(node.mapped())});
  }
  return writes;
}

void Overlay::merge_into(Overlay& below) {
  while (!changes_.empty()) {
    auto node = changes_.extract(changes_.begin());
    const auto old = below.changes_.find(ByteView(node.key()));
    if (old != below.changes_.end()) {
      old->second = std::move(node.mapped());
    } else {
      below.changes_.insert(std::move(node));
    }
  }
}

}  // namespace powershare::ledger
