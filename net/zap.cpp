#include "net/zap.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "net/thread.hpp"
#include "net/zmq_socket.hpp"

namespace powershare::net {
namespace {

// The frames of a request: version, request id, domain, address, identity, mechanism, credentials.
constexpr std::size_t version_frame = 0, request_id_frame = 1, domain_frame = 2,
                      mechanism_frame = 5, key_frame = 6, curve_request_frames = 7;

}  // namespace

std::string user_id(const CurveKey& key) {
  return to_hex(key);
}

ZapHandler::ZapHandler(zmq::context_t& context, std::set<CurveKey> admitted)
    : admitted_(std::move(admitted)), socket_(context, zmq::socket_type::rep) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
  thread_ = start_thread([this] { run(); });
}

void ZapHandler::admit(std::set<CurveKey> admitted) {
  const std::lock_guard lock(mutex_);
  admitted_ = std::move(admitted);
}

void ZapHandler::run() {
  try {
    for (;;) answer();
  } catch (const zmq::error_t&) {
    socket_.close();  // the context was shut down; should it be anything else, nobody is admitted
                      // any more
  }
}

void ZapHandler::answer() {
  std::vector<zmq::message_t> request;
  do {
    request.emplace_back();
    if (!socket_.recv(request.back())) return;
  } while (request.back().more());
  const auto key = judge(request);
  if (!key) ++refused_;
  const std::string reply[] = {key ? "200" : "400", key ? "OK" : "unknown key",
                               key ? user_id(*key) : "", ""};
  socket_.send(zmq::str_buffer("1.0"), zmq::send_flags::sndmore);
  if (request.size() <= request_id_frame) request.resize(request_id_frame + 1);
  socket_.send(request[request_id_frame], zmq::send_flags::sndmore);
  for (std::size_t i = 0; i < std::size(reply); ++i)
    socket_.send(zmq::buffer(reply[i]),
                 i + 1 < std::size(reply) ? zmq::send_flags::sndmore : zmq::send_flags::none);
}

// The client's key; nothing for anything that is not a known key under CURVE in our domain.
std::optional<CurveKey> ZapHandler::judge(const std::vector<zmq::message_t>& request) {
  if (request.size() != curve_request_frames) return std::nullopt;
  if (request[version_frame].to_string_view() != "1.0") return std::nullopt;
  if (request[domain_frame].to_string_view() != zap_domain) return std::nullopt;
  if (request[mechanism_frame].to_string_view() != "CURVE") return std::nullopt;
  CurveKey key{};
  if (request[key_frame].size() != key.size()) return std::nullopt;
  std::memcpy(key.data(), request[key_frame].data(), key.size());
  const std::lock_guard lock(mutex_);
  return admitted_.contains(key) ? std::optional(key) : std::nullopt;
}

}  // namespace powershare::net
