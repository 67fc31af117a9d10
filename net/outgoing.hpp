// What a peer says to the world outside its chain: an HTTPS request, a mail. Blocks until it is
// done or its time is over: for a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"

struct sockaddr;

namespace powershare::net {

/// What a request may reach. Redirects are never followed.
struct WebhookRules {
  /// Addresses of the own machine and of networks without a route from outside, and plain HTTP to
  /// the own machine. Off: whoever may name an address cannot reach what stands beside the peer.
  bool private_networks = false;
  std::string certificate_authority;  ///< PEM file instead of the system's; empty: the system's
  std::int64_t timeout_ms = 10'000;
  const std::atomic<bool>* stop = nullptr;  ///< set: give up within a second
};

struct WebhookCall {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< JSON
};

/// Done where the answer is 2xx; its body is not read. NetError::refused_address where the rules do
/// not let it go there, whatever the name says: the address that is dialled counts. Else
/// NetError::not_delivered with one sentence.
Result<void> post_webhook(const WebhookCall& call, const WebhookRules& rules);

/// Where mail goes from here: the operator's relay.
struct MailRelay {
  std::string url;   ///< "smtp://mail.example.org:587", "smtps://…:465"
  std::string from;  ///< address of the sender
  std::string user;  ///< empty: no log-in
  std::string password;
  bool require_tls = true;  ///< STARTTLS, where the URL is not smtps
  std::string certificate_authority;
  std::int64_t timeout_ms = 20'000;
  const std::atomic<bool>* stop = nullptr;
};

/// Hands `message` (RFC 5322, lines end with CR LF) to the relay. NetError::not_delivered with one
/// sentence; NetError::bad_address where `to` is none.
Result<void> send_mail(const MailRelay& relay, const std::string& to, const std::string& message);

/// "ana@example.org": one address of printable ASCII that cannot be mistaken for anything else.
bool is_mail_address(const std::string& text);

/// Whether an IPv4 or IPv6 address is one that the whole world can reach: not of the own machine,
/// link or site, not multicast, nor of a block kept for documentation, tests or translation.
bool is_public_address(const sockaddr& address);
bool is_loopback_address(const sockaddr& address);

}  // namespace powershare::net
