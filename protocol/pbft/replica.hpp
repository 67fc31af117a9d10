// PBFT after Castro & Liskov (OSDI 1999, TOCS 2002) as a pure state machine: no clock, no I/O, no
// threads, no throw. Hosted by the consensus actor, by the simulator and by unit tests.
#pragma once

#include <memory>

#include "protocol/pbft/effects.hpp"
#include "protocol/pbft/input.hpp"
#include "protocol/pbft/status.hpp"
#include "protocol/ports.hpp"

namespace powershare::pbft {

/// One peer's part in its chain, through all epochs: within an epoch it is a Core; when the epoch
/// is over the next one has a Core of its own, and the last one stays to answer members that are
/// not yet so far. A peer that is no member of the present epoch only follows the chain.
class Replica {
 public:
  /// `signatory` must outlive the replica; the key that it owns says which member this is. After
  /// the constructor, start() gives the first effects. Fewer than 4 members is a bug of the caller.
  Replica(Config config, const protocol::Signatory& signatory, RequestChecker checker,
          Recovered recovered);
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;
  ~Replica();

  /// Decisions of the log that the ledger has not executed, and the first STATUS. Call once, before
  /// step().
  Effects start();
  Effects step(Input input);
  Status status() const;
  /// The members of the present epoch.
  const Committee& committee() const;

 private:
  class Epochs;
  std::unique_ptr<Epochs> epochs_;
};

}  // namespace powershare::pbft
