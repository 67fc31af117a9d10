#include "ledger/ranges.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace powershare::ledger {
namespace {

/// The first range that ends after `value`.
auto first_after(const std::vector<Range>& ranges, std::uint64_t value) {
  return std::upper_bound(ranges.begin(), ranges.end(), value,
                          [](std::uint64_t v, const Range& range) { return v < range.end; });
}

}  // namespace

bool Ranges::covers(Range range) const {
  const auto at = first_after(ranges_, range.begin);
  return at != ranges_.end() && at->begin <= range.begin && range.end <= at->end;
}

bool Ranges::intersects(Range range) const {
  const auto at = first_after(ranges_, range.begin);
  return at != ranges_.end() && at->begin < range.end;
}

void Ranges::add(Range range) {
  PS_ASSERT(range.begin < range.end);
  // From the first range that touches the new one to the first that begins after it.
  auto begin = std::lower_bound(ranges_.begin(), ranges_.end(), range.begin,
                                [](const Range& r, std::uint64_t v) { return r.end < v; });
  auto end = begin;
  while (end != ranges_.end() && end->begin <= range.end) {
    range.begin = std::min(range.begin, end->begin);
    range.end = std::max(range.end, end->end);
    ++end;
  }
  if (begin == end) {
    ranges_.insert(begin, range);
    return;
  }
  *begin = range;
  ranges_.erase(begin + 1, end);
}

void Ranges::encode(Encoder& out) const {
  out.u32(static_cast<std::uint32_t>(ranges_.size()));
  for (const Range& range : ranges_) out.u64(range.begin).u64(range.end);
}

Ranges Ranges::decode(Decoder& in, std::uint32_t max) {
  Ranges result;
  const std::uint32_t count = in.count(max, 16);
  result.ranges_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Range range{in.u64(), in.u64()};
    const bool apart = result.ranges_.empty() || result.ranges_.back().end < range.begin;
    if (range.begin >= range.end || !apart) in.fail();
    result.ranges_.push_back(range);
  }
  return result;
}

}  // namespace powershare::ledger
