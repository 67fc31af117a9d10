// The meters of an adapter, between the devices that speak and the peers that are told: samples
// become readings, readings wait until the ledger has them. Safe from several threads; whatever
// changes what must not be forgotten is durable when the call returns.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/home_assistant.hpp"
#include "adapters/register_intervals.hpp"
#include "adapters/report.hpp"
#include "apps/adapter_config.hpp"
#include "apps/adapter_state.hpp"
#include "apps/reading_delivery.hpp"

namespace powershare::apps {

/// What an adapter must know of its chain before it can make a reading.
struct ChainFacts {
  crypto::Digest genesis{};
  std::int64_t slot_ms = 0;
  std::vector<MeterFacts> meters;  ///< those that are registered
};

/// A reading on its way to a peer.
struct Outgoing {
  std::size_t meter = 0;  ///< index in the configuration
  ledger::Reading reading;
};

struct LivePower {
  MeterId meter;
  adapters::Power power;
};

class Household {
 public:
  using Clock = std::chrono::steady_clock;

  Household(const AdapterConfig& config, AdapterStateFile file);

  /// Whether every meter is known to the chain, so that nothing need be asked.
  bool knows_all() const;
  /// What a peer says of the chain. AppError::bad_configuration where it is another chain than
  /// before, or the interval does not divide its slot; storage_error.
  Result<void> learn(const ChainFacts& facts);

  /// What a device said, heard at `now`. AppError::storage_error.
  Result<void> take(std::size_t meter, const adapters::Report& report, UtcMillis now);

  /// The readings to be sent now, at most `max`, all with a signature or all without.
  std::vector<Outgoing> due(Clock::time_point now, bool with_signature, std::size_t max) const;
  /// The body of POST /etms/readings for them.
  std::string body(const std::vector<Outgoing>& readings) const;
  /// A peer's answer to them. AppError::storage_error.
  Result<void> answered(const std::vector<Outgoing>& readings, const DeliveryAnswer& answer,
                        Clock::time_point now);

  /// The power of meters that spoke since the last call.
  std::vector<LivePower> fresh_power();
  /// What is known of a meter's registers and power.
  adapters::MeterStates states(std::size_t meter) const;
  std::string owner(std::size_t meter) const;
  std::size_t pending() const;

 private:
  struct Device {
    std::optional<adapters::RegisterIntervals> intervals;
    adapters::MeterStates states;
    bool power_is_fresh = false;
    bool full = false;   ///< said so already
    bool ahead = false;  ///< likewise, of its clock
    std::uint64_t doubted = 0;
  };
  /// When a pending reading is to be sent again; in memory only: after a start all are sent.
  struct Try {
    Clock::time_point due{};
    unsigned attempts = 0;
  };

  void begin(std::size_t meter);
  Result<void> add(std::size_t meter, const std::vector<adapters::Interval>& intervals);
  bool judge(const Outgoing& sent, const std::string& reason, Clock::time_point now);
  void postpone(const Outgoing& sent, Clock::time_point now, std::chrono::milliseconds least);
  const MeterState* state_of(std::size_t meter) const;
  MeterState* state_of(std::size_t meter);

  const AdapterConfig& config_;
  mutable std::mutex mutex_;
  AdapterStateFile file_;
  std::vector<Device> devices_;                                 ///< by index in the configuration
  std::map<std::pair<std::size_t, std::uint64_t>, Try> tries_;  ///< by meter and sequence
};

}  // namespace powershare::apps
