// The settlement of `powershare bench consensus`: in place of the ledger a chain of hashes over
// what was decided, durable like the ledger: one LMDB transaction per group of batches, then the
// replies.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "actors/messages.hpp"
#include "actors/peer_context.hpp"
#include "bench/frames.hpp"

namespace powershare::bench {

/// Where the chain stands, for any thread.
class ChainBoard {
 public:
  void set(std::uint64_t height, const crypto::Digest& chain, std::uint64_t requests);
  void read(PeerStatistics& statistics) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t height_ = 0;
  crypto::Digest chain_{};
  std::uint64_t requests_ = 0;
};

class OrderSettlement;
struct OrderSettlementState {
  static inline const char* name = "order_settlement";
  std::shared_ptr<OrderSettlement> host;
};

using SendReplies = std::function<void(const Replies&)>;

actors::SettlementActor::behavior_type order_settlement(
    actors::SettlementActor::stateful_pointer<OrderSettlementState> self,
    actors::PeerContext& context, ChainBoard& board, SendReplies send);

}  // namespace powershare::bench
