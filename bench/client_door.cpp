#include "bench/client_door.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "bench/error.hpp"

namespace powershare::bench {
namespace {

constexpr std::size_t read_bytes = 256 << 10;
/// A client that does not read its replies is cut off.
constexpr std::size_t max_waiting_bytes = 64 << 20;

void wake(int event) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
}

}  // namespace

Result<std::unique_ptr<ClientDoor>> ClientDoor::open(std::uint16_t port, Callbacks callbacks) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (event < 0 || ::bind(listener, generic, sizeof address) != 0 || ::listen(listener, 16) != 0) {
    if (listener >= 0) ::close(listener);
    if (event >= 0) ::close(event);
    return Error{BenchError::unavailable, "port " + std::to_string(port) + " cannot be opened"};
  }
  return std::unique_ptr<ClientDoor>(new ClientDoor(listener, event, std::move(callbacks)));
}

ClientDoor::ClientDoor(int listener, int event, Callbacks callbacks)
    : listener_(listener),
      event_(event),
      callbacks_(std::move(callbacks)),
      thread_([this] { run(); }) {}

ClientDoor::~ClientDoor() {
  stopping_ = true;
  wake(event_);
  thread_.join();
  for (const auto& [socket, connection] : connections_) ::close(socket);
  ::close(listener_);
  ::close(event_);
}

void ClientDoor::send(Bytes frame) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queued_.empty();
    if (queued_.size() > max_waiting_bytes) return;
    queued_.insert(queued_.end(), frame.begin(), frame.end());
  }
  if (first) wake(event_);
}

void ClientDoor::run() {
  std::vector<pollfd> items;
  while (!stopping_) {
    items = {{event_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [socket, connection] : connections_) {
      const bool waiting = connection.written < connection.out.size();
      items.push_back({socket, static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0});
    }
    if (::poll(items.data(), items.size(), -1) < 0) continue;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(event_, &count, sizeof count);
    Bytes replies;
    {
      const std::lock_guard lock(mutex_);
      replies.swap(queued_);
    }
    for (std::size_t i = 2; i < items.size(); ++i) {
      auto& connection = connections_.at(items[i].fd);
      connection.out.insert(connection.out.end(), replies.begin(), replies.end());
      if (serve(items[i].fd, connection, items[i].revents)) continue;
      ::close(items[i].fd);
      connections_.erase(items[i].fd);
    }
    if (items[1].revents != 0) accept_connections();
  }
}

void ClientDoor::accept_connections() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.try_emplace(socket);
  }
}

bool ClientDoor::serve(int socket, Connection& connection, short events) {
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !read(socket, connection)) return false;
  return write(socket, connection) && connection.out.size() <= max_waiting_bytes;
}

bool ClientDoor::read(int socket, Connection& connection) {
  Bytes buffer(read_bytes);
  const auto got = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
  if (got < 0) return true;
  connection.in.append(ByteView(buffer).first(static_cast<std::size_t>(got)));
  return connection.in.each([&](FrameKind kind, ByteView content) {
    if (kind == FrameKind::request) callbacks_.request(to_bytes(content));
    if (kind == FrameKind::ask_statistics) {
      const auto answer = statistics_frame(callbacks_.statistics());
      connection.out.insert(connection.out.end(), answer.begin(), answer.end());
    }
  });
}

bool ClientDoor::write(int socket, Connection& connection) {
  while (connection.written < connection.out.size()) {
    const auto sent = ::send(socket, connection.out.data() + connection.written,
                             connection.out.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.written += static_cast<std::size_t>(sent);
  }
  connection.out.clear();
  connection.written = 0;
  return true;
}

}  // namespace powershare::bench
