#include "apps/feeder.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/error.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// Between two rounds of asking every peer.
constexpr auto retry_interval = 100ms;

}  // namespace

PeerConnections::PeerConnections(const std::vector<std::uint16_t>& ports,
                                 const std::string& authorities) {
  for (const auto port : ports) {
    net::HttpClientOptions options;
    options.port = port;
    options.authorities = authorities;
    // A commit may wait for a view change; the door itself gives up after 10 s (DECISIONS 58).
    options.timeout = 12s;
    clients_.push_back(net::HttpClient::create(options));
  }
}

PeerConnections::PeerConnections(const std::vector<PeerAddress>& peers,
                                 std::chrono::milliseconds timeout,
                                 const std::string& authorities) {
  for (const auto& peer : peers) {
    net::HttpClientOptions options;
    options.address = peer.address;
    options.port = peer.port;
    if (peer.secure) options.authorities = authorities;
    options.timeout = timeout;
    clients_.push_back(net::HttpClient::create(options));
  }
}

Result<net::HttpResponse> PeerConnections::request(std::size_t peer, std::string_view method,
                                                   std::string_view target, std::string_view body,
                                                   std::string_view api_key) {
  std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/json"}};
  if (!api_key.empty()) headers.emplace_back("x-api-key", api_key);
  return clients_[peer % clients_.size()]->request(method, target, body, headers);
}

Result<bool> step_island_clock(PeerConnections& peers, std::size_t& peer,
                               const crypto::Digest& genesis, const crypto::KeyPair& feeder_key,
                               UtcMillis to, const std::atomic<bool>& stop) {
  ledger::Transaction step;
  step.genesis = genesis;
  step.principal = "feeder";
  step.payload = ledger::ClockStep{to};
  step.idempotency_key = Encoder().time(to).data();
  while (!stop) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    step.expires = {now.count() + millis_per_hour};
    const auto bytes = wire::encode_and_sign(step, feeder_key);
    const Json body = {{"signed", to_base64(bytes)}};
    const auto response = peers.request(peer, "POST", "/v1/transactions", body.dump());
    if (response && response->status == 200) {
      const auto answer = Json::parse(response->body, nullptr, false);
      const auto outcome = answer.is_object() && answer.contains("receipt")
                               ? answer["receipt"].value("outcome", "")
                               : std::string();
      if (outcome == "applied" || outcome == "duplicate") return true;
      if (outcome == "rejected") {
        // Another run of the feeder has been here: time stands there already, or later.
        if (answer["receipt"].value("code", "") == "clock_backwards") return true;
        return Error{AppError::failed, "the chain refused to step its clock: " +
                                           answer["receipt"].value("message", "")};
      }
    }
    peer = (peer + 1) % peers.size();
    if (peer == 0) std::this_thread::sleep_for(retry_interval);
  }
  return false;
}

}  // namespace powershare::apps
