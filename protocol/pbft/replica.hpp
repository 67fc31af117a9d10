// PBFT after Castro & Liskov (OSDI 1999, TOCS 2002) as a pure state machine: no clock, no I/O, no
// threads, no throw. Hosted by the consensus actor, by the simulator and by unit tests.
#pragma once

#include <memory>

#include "protocol/pbft/effects.hpp"
#include "protocol/pbft/input.hpp"
#include "protocol/pbft/status.hpp"
#include "protocol/ports.hpp"

namespace powershare::pbft {

class Core;

class Replica {
 public:
  /// `signatory` must outlive the replica. After the constructor, start() gives the first effects.
  /// Fewer than 4 members or `self` outside them is a bug of the caller.
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

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace powershare::pbft
