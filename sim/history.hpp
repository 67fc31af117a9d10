// What happened last, kept cheaply while all is well and told in words when something is not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/pbft/types.hpp"
#include "sim/world.hpp"

namespace powershare::sim {

enum class Happening : std::uint8_t {
  sent,
  arrived,
  dropped,  ///< arrived and did not pass the check of envelopes
  persisted,
  delivered,
  executed,
  committed,
  fault,
  alarm,
  client
};

struct HistoryEntry {
  std::int64_t at_ms = 0;
  Happening what = Happening::sent;
  std::optional<std::uint32_t> peer;   ///< whom it happened to
  std::optional<std::uint32_t> other;  ///< sender or recipient
  std::optional<pbft::MessageType> type;
  std::optional<pbft::View> view;
  std::optional<pbft::Sequence> sequence;
  std::string words;

  std::string text() const;
};

/// View and sequence of a message where its type has them.
void describe_message(HistoryEntry& entry, pbft::MessageType type, ByteView body);

class History {
 public:
  explicit History(std::size_t capacity) : ring_(capacity) {}
  void add(HistoryEntry entry) {
    ring_[next_ % ring_.size()] = std::move(entry);
    ++next_;
  }
  /// The last `most` entries that concern the violation, oldest first, one line each.
  std::vector<std::string> last(std::size_t most, const Violation& violation) const;

 private:
  std::vector<HistoryEntry> ring_;
  std::size_t next_ = 0;
};

}  // namespace powershare::sim
