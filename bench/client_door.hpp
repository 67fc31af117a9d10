// Where clients reach a benchmark peer: a TCP port on 127.0.0.1 with a thread of its own. Replies
// go to every connection: one carries all clients of a load.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "bench/frames.hpp"

namespace powershare::bench {

class ClientDoor {
 public:
  struct Callbacks {
    /// On the door's thread.
    std::function<void(Bytes request)> request;
    std::function<PeerStatistics()> statistics;
  };
  static Result<std::unique_ptr<ClientDoor>> open(std::uint16_t port, Callbacks callbacks);
  ~ClientDoor();
  ClientDoor(const ClientDoor&) = delete;
  ClientDoor& operator=(const ClientDoor&) = delete;

  /// Queues `frame` for every connection. From any thread.
  void send(Bytes frame);

 private:
  struct Connection {
    FrameReader in;
    Bytes out;
    std::size_t written = 0;
  };
  ClientDoor(int listener, int event, Callbacks callbacks);
  void run();
  void accept_connections();
  bool serve(int socket, Connection& connection, short events);
  bool read(int socket, Connection& connection);
  static bool write(int socket, Connection& connection);

  int listener_;
  int event_;
  Callbacks callbacks_;
  std::map<int, Connection> connections_;
  std::mutex mutex_;
  Bytes queued_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace powershare::bench
