// What an adapter says to the peers of its chain and asks of them: readings until the ledger has
// them, live power, and what the market made of the household.
#pragma once

#include <atomic>
#include <functional>

#include "apps/adapter_household.hpp"
#include "apps/feeder.hpp"

namespace powershare::apps {

/// What the market says of a meter's owner.
struct MarketStates {
  std::optional<Energy> bought;  ///< from neighbours, since the year began
  std::optional<Energy> sold;
  std::optional<Price> price;  ///< of the last settled slot that has one
};

class AdapterDelivery {
 public:
  /// `on_market` is called by run() about twice a minute for each meter whose owner is known;
  /// empty: nothing is asked.
  AdapterDelivery(const AdapterConfig& config, Household& household,
                  std::function<void(std::size_t meter, const MarketStates&)> on_market);
  /// Until `stop` is set. AppError::bad_configuration where the peers are of another chain,
  /// storage_error.
  Result<void> run(const std::atomic<bool>& stop);

 private:
  using Clock = std::chrono::steady_clock;
  Result<void> learn();
  std::optional<ChainFacts> ask_chain();
  bool ask_meters(ChainFacts& facts);
  Result<bool> deliver(bool with_signature);
  void peer_failed(Clock::time_point now);
  void bring_live_power();
  void ask_market();
  std::optional<std::string> get(const std::string& target);

  const AdapterConfig& config_;
  Household& household_;
  std::function<void(std::size_t, const MarketStates&)> on_market_;
  PeerConnections peers_;
  std::size_t peer_ = 0;
  unsigned failures_ = 0;  ///< of peers in a row
  bool said_unreachable_ = false;
  Clock::time_point next_delivery_{};
  Clock::time_point next_question_{};
  Clock::time_point next_live_{};
  Clock::time_point next_market_{};
};

}  // namespace powershare::apps
