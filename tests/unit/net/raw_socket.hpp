// Helpers of this folder: waiting for a condition, free ports, and a client that may say anything
// at all.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace powershare::net::test {

/// Waits until `condition` holds; false after `limit`.
template <class Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline sockaddr_in loopback(std::uint16_t port, std::uint32_t host = INADDR_LOOPBACK) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(host);
  place.sin_port = htons(port);
  return place;
}

/// A port that was free a moment ago, below those that the system gives to outgoing connections:
/// one of these may take a port between this call and its use.
inline std::uint16_t free_port() {
  constexpr unsigned first = 10'000, ports = 22'000;
  static std::atomic<unsigned> next{static_cast<unsigned>(::getpid()) * 97};
  for (unsigned tries = 0; tries < ports; ++tries) {
    const auto port = static_cast<std::uint16_t>(first + next++ % ports);
    const int number = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto place = loopback(port);
    const bool free = ::bind(number, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
    ::close(number);
    if (free) return port;
  }
  return 0;
}

struct RawResponse {
  int status = 0;  ///< 0: no response
  std::string head, body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class RawSocket {
 public:
  RawSocket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit RawSocket(std::uint16_t port) : RawSocket() { connect(port); }
  ~RawSocket() { close(); }
  RawSocket(RawSocket&& other) noexcept
      : number_(std::exchange(other.number_, -1)), input_(std::move(other.input_)) {}
  RawSocket& operator=(RawSocket&&) = delete;

  /// From another address of the loopback network where `from` is given.
  bool connect(std::uint16_t port, std::uint32_t from = 0) {
    const int on = 1;
    ::setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (from != 0) {
      const auto own = loopback(0, from);
      if (::bind(number_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) return false;
    }
    const auto place = loopback(port);
    return ::connect(number_, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
  }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int number() const { return number_; }

  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto count = ::send(number_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void finish_sending() { ::shutdown(number_, SHUT_WR); }

  /// More input; false at the end of the connection or after `limit_ms`.
  bool receive(int limit_ms = 20'000) {
    pollfd item{number_, POLLIN, 0};
    if (::poll(&item, 1, limit_ms) <= 0) return false;
    char buffer[65536];
    const auto count = ::recv(number_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  /// True when the server closes the connection; what comes before is thrown away.
  bool closed_by_server(int limit_ms = 20'000) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
    while (receive(limit_ms))
      if (input_.size() > (1U << 24)) input_.clear();
    return std::chrono::steady_clock::now() < deadline;
  }
  bool wait_for(std::string_view text) {
    while (input_.find(text) == std::string::npos)
      if (!receive()) return false;
    return true;
  }
  std::string& input() { return input_; }

  /// One response with Content-Length (or without a body).
  RawResponse response(bool head_only = false) {
    RawResponse result;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return result;
    result.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    result.status = std::stoi(result.head.substr(9, 3));
    const auto length = result.head.find("Content-Length: ");
    if (head_only || length == std::string::npos) return result;
    const auto bytes = std::stoul(result.head.substr(length + 16));
    while (input_.size() < bytes)
      if (!receive()) return {};
    result.body = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return result;
  }
  RawResponse ask(std::string_view text) {
    if (!send(text)) return {};
    return response();
  }

 private:
  int number_;
  std::string input_;
};

}  // namespace powershare::net::test
