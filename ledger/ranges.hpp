// A set of whole numbers kept as sorted, disjoint, non-touching half-open ranges.
#pragma once

#include <cstdint>
#include <vector>

#include "base/encoding.hpp"

namespace powershare::ledger {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< not included
  friend bool operator==(const Range&, const Range&) = default;
};

class Ranges {
 public:
  bool empty() const { return ranges_.empty(); }
  std::size_t size() const { return ranges_.size(); }
  const std::vector<Range>& all() const { return ranges_; }
  bool contains(std::uint64_t value) const { return covers({value, value + 1}); }
  /// All of `range` is in the set.
  bool covers(Range range) const;
  /// Some of `range` is in the set.
  bool intersects(Range range) const;
  void add(Range range);

  void encode(Encoder& out) const;
  /// At most `max` ranges; a fault in `in` where they are not sorted and apart.
  static Ranges decode(Decoder& in, std::uint32_t max);
  friend bool operator==(const Ranges&, const Ranges&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace powershare::ledger
