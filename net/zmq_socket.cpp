#include "net/zmq_socket.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include "crypto/keys.hpp"

namespace powershare::net {
namespace {

constexpr int zap_enforce_domain = 93;  // ZMQ_ZAP_ENFORCE_DOMAIN, behind the draft flag in zmq.h
constexpr int handshake_interval_ms = 2'000;
constexpr int heartbeat_interval_ms = 1'000;
constexpr int heartbeat_timeout_ms = 3'000;
constexpr int reconnect_interval_ms = 100;
constexpr int reconnect_interval_max_ms = 5'000;
constexpr std::int64_t dealer_max_frame_bytes =
    512;  // handshakes and heartbeats: nobody answers on a DEALER
constexpr std::size_t z85_key_size = 41;

template <class Value>
void set(zmq::socket_t& socket, int option, const Value& value) {
  if (zmq_setsockopt(socket.handle(), option, &value, sizeof value) != 0) throw zmq::error_t();
}

void set_key(zmq::socket_t& socket, int option, const CurveKey& key) {
  if (zmq_setsockopt(socket.handle(), option, key.data(), key.size()) != 0) throw zmq::error_t();
}

void set_common(zmq::socket_t& socket) {
  set(socket, ZMQ_LINGER, 0);
  set(socket, ZMQ_HANDSHAKE_IVL, handshake_interval_ms);
  set(socket, ZMQ_TCP_KEEPALIVE, 1);
  set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 10);
  set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 5);
  set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
}

}  // namespace

zmq::socket_t make_router(zmq::context_t& context, const CurveKeyPair& keys,
                          std::size_t max_frame_bytes, int high_water_mark) {
  zmq::socket_t router(context, zmq::socket_type::router);
  set_common(router);
  set(router, ZMQ_CURVE_SERVER, 1);
  set_key(router, ZMQ_CURVE_SECRETKEY, keys.secret_key);
  if (zmq_setsockopt(router.handle(), ZMQ_ZAP_DOMAIN, zap_domain, std::strlen(zap_domain)) != 0)
    throw zmq::error_t();
  set(router, zap_enforce_domain, 1);
  int enforced = 0;
  std::size_t size = sizeof enforced;
  if (zmq_getsockopt(router.handle(), zap_enforce_domain, &enforced, &size) != 0 || enforced != 1)
    throw zmq::error_t();
  set(router, ZMQ_ROUTER_HANDOVER, 0);
  set(router, ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(max_frame_bytes) + curve_overhead_bytes);
  set(router, ZMQ_RCVHWM, high_water_mark);
  set(router, ZMQ_SNDHWM, 1);
  return router;
}

zmq::socket_t make_dealer(zmq::context_t& context, const CurveKeyPair& keys,
                          const CurveKey& server_key, int high_water_mark) {
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  set_common(dealer);
  set_key(dealer, ZMQ_CURVE_SERVERKEY, server_key);
  set_key(dealer, ZMQ_CURVE_PUBLICKEY, keys.public_key);
  set_key(dealer, ZMQ_CURVE_SECRETKEY, keys.secret_key);
  set(dealer, ZMQ_MAXMSGSIZE, dealer_max_frame_bytes);
  set(dealer, ZMQ_SNDHWM, high_water_mark);
  set(dealer, ZMQ_RCVHWM, 1);
  set(dealer, ZMQ_IMMEDIATE, 1);  // nothing is queued for a peer that is away
  // Pings go out from here only; their TTL makes the ROUTER at the other end notice a dead client
  // too.
  set(dealer, ZMQ_HEARTBEAT_IVL, heartbeat_interval_ms);
  set(dealer, ZMQ_HEARTBEAT_TIMEOUT, heartbeat_timeout_ms);
  set(dealer, ZMQ_HEARTBEAT_TTL, heartbeat_timeout_ms);
  set(dealer, ZMQ_RECONNECT_IVL, reconnect_interval_ms);
  set(dealer, ZMQ_RECONNECT_IVL_MAX, reconnect_interval_max_ms);
  return dealer;
}

Monitor::Monitor(zmq::context_t& context, zmq::socket_t& watched, int events)
    : socket_(context, zmq::socket_type::pair) {
  // A name that was used before may still be taken: libzmq gives it up on a thread of its own.
  static std::atomic<std::uint64_t> monitors{0};
  const auto endpoint = "inproc://monitor." + std::to_string(++monitors);
  set(socket_, ZMQ_LINGER, 0);
  set(socket_, ZMQ_RCVHWM, 0);  // a full queue of events would block libzmq's own thread
  if (zmq_socket_monitor(watched.handle(), endpoint.c_str(), events) != 0) throw zmq::error_t();
  watched_ = watched.handle();
  socket_.connect(endpoint);
}

Monitor::~Monitor() {
  if (watched_ != nullptr) zmq_socket_monitor(watched_, nullptr, 0);
}

Monitor::Monitor(Monitor&& other) noexcept
    : watched_(std::exchange(other.watched_, nullptr)), socket_(std::move(other.socket_)) {}

Monitor& Monitor::operator=(Monitor&& other) noexcept {
  std::swap(watched_, other.watched_);
  socket_.swap(other.socket_);
  return *this;
}

std::optional<MonitorEvent> Monitor::next() {
  zmq::message_t message;
  if (!socket_.recv(message, zmq::recv_flags::dontwait)) return std::nullopt;
  MonitorEvent result;
  if (message.size() >= 6) {
    std::uint16_t event = 0;
    std::memcpy(&event, message.data(), sizeof event);
    std::memcpy(&result.value, message.data<char>() + sizeof event, sizeof result.value);
    result.event = event;
  }
  while (message.more() && socket_.recv(message, zmq::recv_flags::dontwait)) {
  }
  return result;
}

CurveKeyPair CurveKeyPair::generate() {
  char public_text[z85_key_size], secret_text[z85_key_size];
  PS_ASSERT(zmq_curve_keypair(public_text, secret_text) == 0);
  CurveKeyPair keys;
  PS_ASSERT(zmq_z85_decode(keys.public_key.data(), public_text) != nullptr);
  PS_ASSERT(zmq_z85_decode(keys.secret_key.data(), secret_text) != nullptr);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(secret_text), sizeof secret_text});
  return keys;
}

CurveKey curve_public_key(const CurveKey& secret_key) {
  char public_text[z85_key_size], secret_text[z85_key_size];
  PS_ASSERT(zmq_z85_encode(secret_text, secret_key.data(), secret_key.size()) != nullptr);
  PS_ASSERT(zmq_curve_public(public_text, secret_text) == 0);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(secret_text), sizeof secret_text});
  CurveKey key{};
  PS_ASSERT(zmq_z85_decode(key.data(), public_text) != nullptr);
  return key;
}

}  // namespace powershare::net
