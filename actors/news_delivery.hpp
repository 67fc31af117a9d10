// news_delivery: brings households' news out of the house, by mail and webhook (detached: it writes
// a file). Carries news from the ledger to protocol::NewsDesk, what is due from there to the
// threads that send, and what became of it to the other peers.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "actors/contact_book.hpp"
#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "actors/peer_host.hpp"
#include "protocol/news_desk.hpp"

namespace powershare::actors {

/// A NewsDesk for several threads.
class SharedNewsDesk {
 public:
  template <class Use>
  auto use(const Use& use_desk) {
    const std::lock_guard lock(mutex_);
    return use_desk(desk_);
  }

 private:
  std::mutex mutex_;
  protocol::NewsDesk desk_;
};

struct NewsDeliverySetup {
  std::shared_ptr<SharedNewsDesk> desk;
  std::shared_ptr<ContactBook> contacts;
  NewsWays ways;
  std::filesystem::path file;  ///< what is waiting, and up to which block news were looked at
};

class NewsDeliveryHost;
struct NewsDeliveryState {
  static inline const char* name = "news_delivery";
  std::shared_ptr<NewsDeliveryHost> host;
};

NewsDeliveryActor::behavior_type news_delivery(
    NewsDeliveryActor::stateful_pointer<NewsDeliveryState> self, PeerContext& context,
    net::ZmqLink& link, NewsDeliverySetup setup);

/// gateway::DeliveryBoard on top of the desk; safe from any thread.
class DeliveryPort final : public gateway::DeliveryBoard {
 public:
  explicit DeliveryPort(std::shared_ptr<SharedNewsDesk> desk) : desk_(std::move(desk)) {}
  std::vector<gateway::DeliveryState> states(const ledger::ParticipantRef& who) const override;

 private:
  std::shared_ptr<SharedNewsDesk> desk_;
};

}  // namespace powershare::actors
