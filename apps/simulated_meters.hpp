// The simulated neighbourhood of `powershare up`: one smart meter per home that signs its readings
// and posts them over HTTP, keeps them until the ledger has them, and resends to the next peer; and
// the feeder's clock, which moves island time once a slot is settled (DECISIONS 19, 23).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apps/profiles.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare::apps {

struct FeedOptions {
  crypto::Digest genesis_hash{};
  std::vector<std::uint16_t> http_ports;  ///< of the chain's peers
  std::string authorities{};              ///< of the peers' certificates; empty: plain HTTP
  crypto::KeyPair feeder_key;
  std::vector<crypto::KeyPair> meter_keys;  ///< one per home of the profiles
  std::uint64_t first_slot = 0;             ///< of the profiles; what the first feed starts with
  std::uint64_t slots = 0;                  ///< stop when this many slots from there are settled
  std::optional<double> speed;    ///< island seconds per real second; none: as fast as it goes
  std::uint64_t jitter_seed = 1;  ///< of the delays with which meters report when there is a speed
};

struct FeedProgress {
  UtcMillis island_time;
  std::uint64_t slots_settled = 0;
  std::uint64_t slots_in_all = 0;
  std::uint64_t trades = 0;  ///< pairs of neighbours, in the slots settled by this feed
  Energy traded;             ///< likewise
  std::uint64_t readings_acknowledged = 0;
  std::uint64_t resends = 0;
};

class SimulatedMeters {
 public:
  SimulatedMeters(const Profiles& profiles, FeedOptions options);
  ~SimulatedMeters();
  /// Feeds until the limit is reached or `stop` is set; goes on where the ledger stands. `report`
  /// is called after each settled slot, and about every second while nothing moves. An error only
  /// when the ledger refuses what must be accepted.
  Result<void> run(const std::atomic<bool>& stop,
                   const std::function<void(const FeedProgress&)>& report);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace powershare::apps
