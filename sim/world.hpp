// What a simulated peer asks of the world around it, and what it tells it so that the world can
// check the invariants.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ledger/state_machine.hpp"
#include "protocol/pbft/effects.hpp"
#include "protocol/pbft/status.hpp"
#include "sim/disk.hpp"

namespace powershare::sim {

/// A broken promise: the invariant's name, what was seen, and whom it concerns, for the history.
struct Violation {
  std::string invariant;
  std::string what;
  std::optional<std::uint32_t> peer;
  std::optional<pbft::Sequence> sequence;
};

/// Where on the way to durability a peer is. A crash may fall on each of them.
enum class PersistencePoint : std::uint8_t {
  before_identity,   ///< a vote wants a higher reservation
  identity_written,  ///< IDENTITY's new content is not synced
  before_log,        ///< IDENTITY is synced, the log is not written
  log_written,       ///< the log's group is not synced
  log_synced,        ///< durable, and nothing has been sent
  half_sent,         ///< some of the messages have left
  before_ledger,     ///< executed in memory
  ledger_written,    ///< blocks written, not synced
  ledger_synced,     ///< durable, and nobody has been told
  count
};
const char* to_text(PersistencePoint point);

class World {
 public:
  virtual ~World() = default;
  virtual std::int64_t now_ms() const = 0;
  virtual void schedule(std::int64_t delay_ms, std::function<void()> event) = 0;
  /// 0 to `below` − 1.
  virtual std::uint64_t random(std::uint64_t below) = 0;
  virtual Generator& generator() = 0;

  /// Messages that leave a peer; all that they promise is durable.
  virtual void transmit(std::uint32_t peer, const pbft::Outgoing& message) = 0;
  /// The peer reached a point on which it was told to crash.
  virtual void crash_now(std::uint32_t peer, PersistencePoint point) = 0;
  /// A group of consensus promises is durable.
  virtual void persisted(std::uint32_t peer, std::size_t records) = 0;
  virtual void delivered(std::uint32_t peer, const pbft::Decision& decision) = 0;
  /// In memory; `machine` stands behind the block.
  virtual void executed(std::uint32_t peer, const ledger::ExecutedBlock& block,
                        const pbft::BatchPointer& batch, const ledger::StateMachine& machine) = 0;
  /// The ledger up to `position` is durable: clients may see its receipts.
  virtual void committed(std::uint32_t peer, const pbft::Position& position) = 0;
  virtual void certified(std::uint32_t peer, const pbft::BlockCertificate& certificate) = 0;
  /// The peer has come into another epoch.
  virtual void epoch_began(std::uint32_t peer, const pbft::Committee& committee) {
    static_cast<void>(peer);
    static_cast<void>(committee);
  }
  /// The peer's replica has dealt with a VIEW-CHANGE and stands like this now.
  virtual void view_change_heard(std::uint32_t peer, const pbft::Received& message,
                                 const pbft::Status& status) {
    static_cast<void>(peer);
    static_cast<void>(message);
    static_cast<void>(status);
  }
  virtual void refused(std::uint32_t peer, const pbft::Refused& refused) = 0;
  virtual void alarmed(std::uint32_t peer, const std::string& sentence) = 0;
  virtual void violated(Violation violation) = 0;
};

}  // namespace powershare::sim
