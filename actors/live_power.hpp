// live_power: what meters measure right now (DECISIONS 57). Carries messages between
// protocol::LiveBoard and the link, once a second; the door asks the board itself.
#pragma once

#include <memory>
#include <mutex>

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "protocol/live_board.hpp"

namespace powershare::actors {

/// A LiveBoard for several threads.
class SharedLiveBoard {
 public:
  template <class Use>
  auto use(const Use& use_board) {
    const std::lock_guard lock(mutex_);
    return use_board(board_);
  }

 private:
  std::mutex mutex_;
  protocol::LiveBoard board_;
};

struct LivePowerState {
  static inline const char* name = "live_power";
  std::shared_ptr<SharedLiveBoard> board;
  bool ledger_changed = true;
};

LivePowerActor::behavior_type live_power(LivePowerActor::stateful_pointer<LivePowerState> self,
                                         PeerContext& context, net::ZmqLink& link,
                                         std::shared_ptr<SharedLiveBoard> board);

/// gateway::LiveStore on top of the board; safe from any thread.
class LivePort final : public gateway::LiveStore {
 public:
  explicit LivePort(std::shared_ptr<SharedLiveBoard> board) : board_(std::move(board)) {}
  std::vector<bool> put(const std::vector<gateway::LivePower>& values) override;
  std::optional<gateway::LivePower> last(const MeterId& meter) const override;
  std::vector<gateway::LivePower> last(const ledger::ParticipantRef& owner) const override;
  std::vector<gateway::LiveMinute> ring(const MeterId& meter, UtcMillis from) const override;
  UtcMillis now() const override;

 private:
  std::shared_ptr<SharedLiveBoard> board_;
};

}  // namespace powershare::actors
