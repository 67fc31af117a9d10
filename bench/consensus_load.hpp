// The clients of `powershare bench consensus`: requests signed beforehand, sent to the primary, and
// taken as done on f+1 matching replies of different peers. One thread and one connection per peer
// carry all clients; each has keys and numbers of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "bench/frames.hpp"

namespace powershare::bench {

struct LoadOptions {
  RequestShape shape;
  std::uint32_t clients = 64;
  std::uint32_t outstanding = 16;  ///< bundles that each client has under way, closed loop
  double rate = 0;                 ///< requests per second of all clients; 0: closed loop
  double seconds = 10;             ///< measured, after a second of warming up
  double bundles_per_second = 0;   ///< how many at most to sign for each second
};

struct LoadResult {
  std::uint64_t requests = 0;      ///< accepted while the clock ran
  double seconds = 0;              ///< for which it ran
  std::vector<double> latency_ms;  ///< per bundle, sorted; in an open loop from when it was due
  std::uint64_t sent_again = 0;    ///< bundles sent to all peers for want of an answer
  std::uint64_t refused = 0;
  std::uint64_t unanswered = 0;    ///< after the clock stopped and all had time to finish
  std::uint64_t idle_seconds = 0;  ///< of the time measured, in which nothing was accepted
  bool exhausted = false;          ///< the requests signed beforehand were used up before the time
  std::vector<PeerStatistics> at_begin;
  std::vector<PeerStatistics> at_end;
  bool agreed = false;  ///< all peers stand at the same height with the same hash
};

class ConsensusLoad {
 public:
  /// Signs everything that will be sent.
  static std::unique_ptr<ConsensusLoad> prepare(const crypto::Digest& genesis,
                                                const LoadOptions& options);
  virtual ~ConsensusLoad() = default;
  /// Connects to every peer and waits until all are ready.
  virtual Result<void> connect(const std::vector<std::uint16_t>& ports) = 0;
  /// `begin` and `end` are called when the clock starts and stops.
  virtual Result<LoadResult> run(const std::atomic<bool>& stop, const std::function<void()>& begin,
                                 const std::function<void()>& end) = 0;
};

}  // namespace powershare::bench
