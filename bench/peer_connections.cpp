#include "bench/peer_connections.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <thread>

#include "bench/error.hpp"

namespace powershare::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t read_bytes = 256 << 10;
constexpr auto retry_interval = std::chrono::milliseconds(20);

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    return -1;
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  return socket;
}

Error gone(std::size_t peer) {
  return {BenchError::unavailable, "peer " + std::to_string(peer) + " closed the connection"};
}

}  // namespace

PeerConnections::~PeerConnections() {
  for (const auto& connection : connections_) ::close(connection.socket);
}

Result<void> PeerConnections::open(const std::vector<std::uint16_t>& ports,
                                   std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (const auto port : ports) {
    int socket = connect_to(port);
    while (socket < 0 && Clock::now() < deadline) {
      std::this_thread::sleep_for(retry_interval);
      socket = connect_to(port);
    }
    if (socket < 0) {
      return Error{BenchError::unavailable, "no peer at port " + std::to_string(port)};
    }
    connections_.emplace_back().socket = socket;
  }
  return {};
}

void PeerConnections::send(std::size_t peer, ByteView frame) {
  auto& out = connections_[peer].out;
  out.insert(out.end(), frame.begin(), frame.end());
}

bool PeerConnections::write(Connection& connection) {
  while (connection.written < connection.out.size()) {
    const auto sent = ::send(connection.socket, connection.out.data() + connection.written,
                             connection.out.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.written += static_cast<std::size_t>(sent);
  }
  connection.out.clear();
  connection.written = 0;
  return true;
}

Result<void> PeerConnections::exchange(std::chrono::microseconds wait, const Take& take) {
  std::vector<pollfd> items;
  for (std::size_t peer = 0; peer < size(); ++peer) {
    auto& connection = connections_[peer];
    if (!write(connection)) return gone(peer);
    const bool waiting = !connection.out.empty();
    items.push_back(
        {connection.socket, static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0});
  }
  const timespec timeout{static_cast<time_t>(wait.count() / 1'000'000),
                         static_cast<long>(wait.count() % 1'000'000 * 1'000)};
  if (::ppoll(items.data(), items.size(), &timeout, nullptr) <= 0) return {};
  Bytes buffer(read_bytes);
  for (std::size_t peer = 0; peer < size(); ++peer) {
    if ((items[peer].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
    auto& connection = connections_[peer];
    const auto got = ::recv(connection.socket, buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return gone(peer);
    if (got < 0) continue;
    connection.in.append(ByteView(buffer).first(static_cast<std::size_t>(got)));
    const bool good =
        connection.in.each([&](FrameKind kind, ByteView content) { take(peer, kind, content); });
    if (!good) return gone(peer);
  }
  return {};
}

}  // namespace powershare::bench
