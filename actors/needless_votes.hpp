// Votes that can change nothing here any more: a PREPARE for what is prepared, a COMMIT for what is
// decided. A quorum never waits for its last members, so of n votes about a third come too late;
// dropped before their signature is checked, they cost no verification and wake no thread. A vote
// with another digest is never needless: it may be evidence of equivocation.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "protocol/pbft/effects.hpp"
#include "protocol/wire/envelope.hpp"

namespace powershare::actors {

/// Remembers the newest sequences, of which the window holds fewer. Safe from any thread.
class NeedlessVotes {
 public:
  /// Notes what a step of the replica has brought: its own COMMITs and its decisions. They may be
  /// noted before they are durable: after a crash nothing is remembered.
  void note(const pbft::Effects& effects);
  /// Whether the envelope, not verified yet, is such a vote.
  bool contains(const wire::Envelope& envelope) const;

 private:
  struct Entry {
    std::uint64_t epoch = 0;
    std::optional<pbft::Vote> prepared;
    std::optional<pbft::Vote> decided;  ///< its view says nothing
  };
  static constexpr std::size_t max_entries = 1'024;

  mutable std::mutex mutex_;
  std::array<Entry, max_entries> entries_;
};

}  // namespace powershare::actors
