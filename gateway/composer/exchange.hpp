// One request at /api with everything that each of its answers carries: CORS, ETag, the former
// server's headers (COMPOSER-REST §2, §9).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/composer/problems.hpp"
#include "gateway/router.hpp"

namespace powershare::gateway::composer {

/// The CORS headers and the former server's constant ones.
void add_headers(const net::HttpRequest& request, net::HttpResponse& response);
/// 204 to a preflight of any path.
net::HttpResponse preflight(const net::HttpRequest& request);
/// A weak ETag of a body.
std::string weak_etag(std::string_view body);
/// Whether an If-Match or If-None-Match list names `etag`, compared weakly.
bool names_etag(std::string_view list, std::string_view etag);
/// Whether the client's Accept header allows JSON.
bool accepts_json(const net::HttpRequest& request);

/// Whom a request acts for in multi-user mode.
struct CardHolder {
  ledger::ParticipantRef participant;
  std::string identity;                        ///< its id: 64 hexadecimal digits
  std::shared_ptr<const crypto::KeyPair> key;  ///< signs for the participant
};

/// Safe to keep and to use from any thread.
class Exchange {
 public:
  Exchange(net::HttpRequest request, std::string key_label, Responder responder)
      : http(std::move(request)), label(std::move(key_label)), responder_(std::move(responder)) {}

  const net::HttpRequest http;
  const std::string label;           ///< of the API key: who did it
  std::optional<CardHolder> holder;  ///< set before others see it; nothing: the administrator

  /// "Resident:R1", whom the request acts for; empty: the administrator.
  std::string principal() const {
    return holder ? ledger::to_text(holder->participant) : std::string();
  }

  /// 200 with an ETag; 304 where the client has it, 406 where it takes no JSON.
  void send_json(std::string body) const;
  void send_no_content() const;
  void send(const Problem& problem) const;
  void send(net::HttpResponse response) const;
  /// 200 whose body follows piece by piece.
  std::shared_ptr<net::HttpStream> stream() const;
  /// 101 and a WebSocket; nothing where it could not be opened, which is answered then.
  std::shared_ptr<net::HttpWebSocket> websocket() const { return responder_.websocket(http); }
  /// Answers 406 and gives false where the client takes no JSON: before anything is submitted.
  bool accepted() const;

 private:
  Responder responder_;
};
using ExchangePtr = std::shared_ptr<const Exchange>;

}  // namespace powershare::gateway::composer
