// What meters and the feeder say to the peers of a chain over HTTP: connections, and the step of
// the island's clock.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/peer_client.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "ledger/reading.hpp"
#include "net/http_client.hpp"

namespace powershare::apps {

/// Keep-alive connections of one thread to every peer of a chain.
class PeerConnections {
 public:
  /// `authorities`: file of those whom the peers' certificates lead to; empty: plain HTTP.
  explicit PeerConnections(const std::vector<std::uint16_t>& ports,
                           const std::string& authorities = {});
  /// `authorities` count for the peers that are reached over https.
  PeerConnections(const std::vector<PeerAddress>& peers, std::chrono::milliseconds timeout,
                  const std::string& authorities);
  std::size_t size() const { return clients_.size(); }
  /// `peer` counts on past size(), from the first peer again.
  Result<net::HttpResponse> request(std::size_t peer, std::string_view method,
                                    std::string_view target, std::string_view body = {},
                                    std::string_view api_key = {});

 private:
  std::vector<std::unique_ptr<net::HttpClient>> clients_;
};

/// Moves island time to `to`; the same transaction goes to the next peer, which `peer` then names,
/// until one says that it stands in a block. True when time stands at `to` or later; false once
/// `stop` is set. AppError::failed when the chain refuses the step.
Result<bool> step_island_clock(PeerConnections& peers, std::size_t& peer,
                               const crypto::Digest& genesis, const crypto::KeyPair& feeder_key,
                               UtcMillis to, const std::atomic<bool>& stop);

}  // namespace powershare::apps
