// The clients of a simulated chain: real transactions of homes, bank, utility, meters, feeder and
// administrator; each client asks again, at other peers, until f + 1 of them show a receipt.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "sim/chain.hpp"
#include "sim/event_queue.hpp"
#include "sim/generator.hpp"

namespace powershare::sim {

/// What a peer's door says to a transaction.
enum class Door : std::uint8_t { admitted, refused, unavailable };

struct ClientRequest {
  Bytes bytes;
  UtcMillis expires;
  std::set<std::uint32_t> receipts_at;  ///< honest peers that have shown one
  bool acknowledged = false;
  Door last_answer = Door::unavailable;
  std::uint32_t asked = 0;  ///< the peer whose door that was
  std::int64_t submitted_ms = 0;
};

class Workload {
 public:
  /// `submit` hands a transaction to a peer's door; `peers` doors there are.
  using Submit = std::function<Door(std::uint32_t peer, ByteView transaction)>;
  Workload(const Chain& chain, EventQueue& time, Generator generator, Submit submit);

  void start();
  /// No new transactions; those that wait are asked for again and again.
  void wind_down() { winding_down_ = true; }
  /// While paused nothing new is asked for; what waits is.
  void pause(bool paused) { paused_ = paused; }
  bool winding_down() const { return winding_down_; }
  /// Submits a governance transaction to all peers.
  crypto::Digest govern(ledger::Payload payload);
  /// Submits one transaction to all peers and gives its id.
  crypto::Digest probe();
  /// A peer is no member any more and forgets what its door had admitted: its clients ask
  /// elsewhere.
  void door_closed(std::uint32_t peer);
  /// A peer shows the receipt of a transaction; true when it is thereby acknowledged.
  bool receipt(std::uint32_t peer, const crypto::Digest& transaction);

  bool acknowledged(const crypto::Digest& transaction) const;
  /// Acknowledged requests, for acked_is_durable.
  const std::map<crypto::Digest, ClientRequest>& requests() const { return requests_; }
  std::uint64_t submitted() const { return requests_.size(); }
  std::uint64_t acknowledged_count() const { return acknowledged_; }
  /// Requests that a door has admitted, that have not expired and have no receipt yet.
  std::size_t waiting() const { return waiting_since(time_.now_ms()); }
  /// The same, of those first submitted at `at_ms` or before.
  std::size_t waiting_since(std::int64_t at_ms) const;

 private:
  struct Draft {
    ledger::Payload payload;
    std::string principal;
    Client client = Chain::administrator;
  };
  crypto::Digest submit_to_all(const Draft& draft);
  void client_event();
  void feeder_event();
  void retry_event();
  UtcMillis now() const { return UtcMillis{epoch_ms + time_.now_ms()}; }
  std::uint32_t any_peer();
  const Home& any_home();
  Draft draft();
  Draft draft_transfer();
  Draft draft_registry();
  Draft readings();
  ledger::Payload trading(ledger::SetCriteria criteria);
  void ask(std::uint32_t peer, ClientRequest& request) {
    request.last_answer = submit_(peer, request.bytes);
    request.asked = peer;
  }
  void submit_draft(Draft draft, std::uint32_t peer);
  Bytes make(const Draft& draft, Bytes idempotency_key, UtcMillis expires);
  crypto::Digest remember(Bytes bytes, UtcMillis expires);

  const Chain& chain_;
  EventQueue& time_;
  Generator generator_;
  Generator wishes_;  ///< what households want of the market
  Submit submit_;
  bool winding_down_ = false;
  bool paused_ = false;
  std::map<crypto::Digest, ClientRequest> requests_;
  std::set<crypto::Digest> open_;  ///< ids without acknowledgement
  crypto::Digest last_retried_{};
  std::uint64_t counter_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint32_t homes_ = Chain::homes_at_start;
  std::vector<std::uint64_t> meter_sequences_;
  std::vector<std::int64_t> meter_ends_ms_;
  std::int64_t fed_until_ms_ = 0;                  ///< island time that the feeder has asked for
  std::vector<std::pair<Draft, Bytes>> reusable_;  ///< some drafts with the keys they were sent by
};

}  // namespace powershare::sim
