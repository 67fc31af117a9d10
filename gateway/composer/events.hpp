// WebSocket events: a frame for each transaction of the model that is committed, and for each trade
// that the market has settled, to everybody who is connected (COMPOSER-REST §9). The model itself
// declares no events, so their class is ours.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/composer/exchange.hpp"
#include "gateway/composer/ledger_records.hpp"

namespace powershare::gateway::composer {

struct Context;

/// One event: what is sent, and the transaction it is about, for whoever may read only their own.
struct TransactionEvent {
  std::string text;
  Row row;
};
/// The events of one block, in the order of execution.
std::vector<TransactionEvent> events_of(const Context& context, const ChainView& view,
                                        std::uint64_t height);

/// Thread-safe.
class EventFeed {
 public:
  EventFeed(std::size_t max_listeners, std::size_t max_per_address)
      : max_listeners_(max_listeners), max_per_address_(max_per_address) {}
  /// Turns the request into a WebSocket that hears of every block from now on; 503 or 429 where
  /// there are too many.
  void add(const Context& context, const ExchangePtr& exchange);
  /// Sends what has been committed since, a bounded number of blocks at a time.
  void pump(const Context& context);
  void close_all();

 private:
  struct Listener {
    std::shared_ptr<net::HttpWebSocket> socket;
    std::string address;
    std::optional<CardHolder> holder;
  };
  void forget_closed();

  std::size_t max_listeners_;
  std::size_t max_per_address_;
  std::mutex mutex_;  ///< guards the rest
  std::vector<Listener> listeners_;
  std::uint64_t sent_through_ = 0;  ///< the height that all listeners have heard of
  bool closed_ = false;
};

}  // namespace powershare::gateway::composer
