#include "net/zmq_listener.hpp"

namespace powershare::net {
namespace {

constexpr std::chrono::seconds self_test_timeout{20};
constexpr std::chrono::milliseconds bind_pause{10};

constexpr int watched_events =
    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;

// Where a client on this machine reaches what was bound as `endpoint`.
std::string local_endpoint(std::string endpoint) {
  for (const std::string_view any : {"tcp://0.0.0.0:", "tcp://*:"})
    if (endpoint.starts_with(any)) return "tcp://127.0.0.1:" + endpoint.substr(any.size());
  if (endpoint.starts_with("tcp://[::]:")) return "tcp://[::1]:" + endpoint.substr(11);
  return endpoint;
}

}  // namespace

Listener::Listener(zmq::context_t& context, ListenOptions options)
    : context_(context), options_(std::move(options)) {}

Result<void> Listener::bind() {
  router_ =
      make_router(context_, options_.keys, options_.max_frame_bytes, options_.high_water_mark);
  monitor_ = Monitor(context_, router_, watched_events);
  try {
    router_.bind(options_.endpoint);
  } catch (const zmq::error_t& error) {
    if (error.num() == EADDRINUSE)
      return Error{NetError::address_in_use, options_.endpoint + " is in use"};
    return Error{NetError::bad_address, options_.endpoint + ": " + error.what()};
  }
  // Later, the very port that a wildcard gave is bound again.
  options_.endpoint = router_.get(zmq::sockopt::last_endpoint);
  return {};
}

// Nothing but an explicit refusal counts: a handler that does not answer would let strangers wait,
// one that is missing would let them in.
bool Listener::stranger_is_refused() {
  const auto bound = router_.get(zmq::sockopt::last_endpoint);
  auto stranger = make_dealer(context_, CurveKeyPair::generate(), options_.keys.public_key, 1);
  auto monitor = Monitor(context_, stranger, ZMQ_EVENT_ALL);
  stranger.connect(local_endpoint(bound));
  const auto deadline = std::chrono::steady_clock::now() + self_test_timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    zmq::pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, left);
    while (const auto event = monitor.next()) {
      if (event->event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return true;
      if (event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return false;
    }
  }
}

// libzmq lets go of the port on a thread of its own: bind_again() may have to try more than once.
void Listener::bind_later(const CurveKeyPair& keys) {
  options_.keys = keys;
  monitor_ = {};
  router_.close();
  bind_at_ = std::chrono::steady_clock::now();
}

bool Listener::bind_again() {
  if (!bind_at_ || *bind_at_ > std::chrono::steady_clock::now()) return false;
  try {
    if (bind().ok()) {
      bind_at_.reset();
      return true;
    }
  } catch (const zmq::error_t&) {  // no more sockets, for now
  }
  bind_later(options_.keys);
  *bind_at_ += bind_pause;
  return false;
}

std::size_t Listener::receive(std::size_t budget, const Accept& accept) {
  std::size_t rejected = 0;
  zmq::message_t routing_id, frame;
  more_ = true;
  for (std::size_t i = 0; i < budget; ++i) {
    if (bind_at_ || !router_.recv(routing_id, zmq::recv_flags::dontwait)) {
      more_ = false;
      break;
    }
    if (!routing_id.more() || !router_.recv(frame, zmq::recv_flags::dontwait)) {
      ++rejected;
      continue;
    }
    if (!frame.more()) {
      const char* const user = zmq_msg_gets(frame.handle(), "User-Id");
      accept(user == nullptr ? "" : user, frame);
      continue;
    }
    ++rejected;
    while (frame.more() && router_.recv(frame, zmq::recv_flags::dontwait)) {
    }
  }
  return rejected;
}

std::size_t Listener::failed_handshakes() {
  std::size_t count = 0;
  while (!bind_at_ && monitor_.next()) ++count;
  return count;
}

}  // namespace powershare::net
