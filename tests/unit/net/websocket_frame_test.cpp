#include "net/websocket_frame.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/unit/net/websocket_client.hpp"

using namespace powershare::net;
using namespace powershare::net::websocket;
using powershare::net::test::client_frame;

namespace {

struct Read {
  std::uint16_t code = 0;
  std::vector<Control> controls;
};

Read read_all(std::string_view bytes, std::size_t step) {
  Reader reader;
  Read result;
  for (std::size_t at = 0; at < bytes.size() && result.code == 0; at += step)
    result.code = reader.read(bytes.substr(at, step), result.controls);
  return result;
}

HttpRequest handshake() {
  HttpRequest request;
  request.method = "GET";
  request.headers = {{"upgrade", "h2c, WebSocket"},
                     {"connection", "keep-alive, Upgrade"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  return request;
}

}  // namespace

TEST_CASE("the handshake of RFC 6455 §1.3 is accepted as it says") {
  CHECK(judge_handshake(handshake()) == 0);
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("handshakes that are none are refused") {
  const std::tuple<const char*, const char*, int> cases[] = {
      {"upgrade", "h2c", 400},
      {"upgrade", "websockets", 400},
      {"connection", "close", 400},
      {"sec-websocket-version", "8", 426},
      {"sec-websocket-version", "", 426},
      {"sec-websocket-key", "", 400},
      {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=", 400},
      {"sec-websocket-key", "dGhlIHNhbXBsZSBub25j", 400},
      {"sec-websocket-key", "not base64 at all !!!!!!", 400},
  };
  for (const auto& [name, value, status] : cases) {
    const auto& shown_name = name;
    CAPTURE(shown_name);
    const auto& shown_value = value;
    CAPTURE(shown_value);
    auto request = handshake();
    request.headers[name] = value;
    CHECK(judge_handshake(request) == status);
    request.headers.erase(name);
    CHECK(judge_handshake(request) ==
          (std::string_view(name) == "sec-websocket-version" ? 426 : 400));
  }
  auto post = handshake();
  post.method = "POST";
  CHECK(judge_handshake(post) == 400);
  auto body = handshake();
  body.body = "x";
  CHECK(judge_handshake(body) == 400);
}

TEST_CASE("a server's frames are unmasked, whole, and of the shortest form") {
  CHECK(frame(Opcode::text, "Hello") == std::string("\x81\x05Hello"));
  CHECK(frame(Opcode::ping, {}) == std::string("\x89\x00", 2));
  CHECK(frame(Opcode::text, std::string(126, 'x')).substr(0, 4) ==
        std::string("\x81\x7e\x00\x7e", 4));
  CHECK(frame(Opcode::text, std::string(65'535, 'x')).substr(0, 4) == "\x81\x7e\xff\xff");
  CHECK(frame(Opcode::text, std::string(65'536, 'x')).substr(0, 10) ==
        std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  CHECK(close_frame(1013) == std::string("\x88\x02\x03\xf5"));
}

TEST_CASE("control frames are found among data, however the bytes are cut") {
  const auto bytes = client_frame(0x81, "a text") + client_frame(0x89, "ping 1") +
                     client_frame(0x01, "first ") + client_frame(0x89, "") +
                     client_frame(0x80, "second") + client_frame(0x82, std::string(60'000, 'x')) +
                     client_frame(0x8a, "pong") +
                     client_frame(0x88,
                                  "\x03\xe8"
                                  "bye");
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, bytes.size()}) {
    CAPTURE(step);
    const auto read = read_all(bytes, step);
    CHECK(read.code == 0);
    REQUIRE(read.controls.size() == 4);
    CHECK(read.controls[0].payload == "ping 1");
    CHECK(read.controls[1].opcode == Opcode::ping);
    CHECK(read.controls[1].payload.empty());
    CHECK(read.controls[2].opcode == Opcode::pong);
    CHECK(read.controls[3].opcode == Opcode::close);
    CHECK(close_code(read.controls[3].payload) == 1000);
  }
}

TEST_CASE("frames that break a rule end it with the code for that") {
  const std::string mask(4, 'm');
  const std::pair<std::string, std::uint16_t> cases[] = {
      {std::string("\x81\x05Hello"), protocol_error},  // not masked
      {client_frame(0xc1, "x"), protocol_error},       // reserved bits
      {client_frame(0xa1, "x"), protocol_error},
      {client_frame(0x83, "x"), protocol_error},  // unknown kinds
      {client_frame(0x8b, "x"), protocol_error},
      {client_frame(0x09, "x"), protocol_error},  // control in pieces
      {client_frame(0x08, ""), protocol_error},
      {client_frame(0x89, std::string(126, 'x')), protocol_error},          // long control
      {client_frame(0x80, "x"), protocol_error},                            // nothing to continue
      {client_frame(0x01, "x") + client_frame(0x81, "x"), protocol_error},  // a new one inside
      {std::string("\x81\xfe\x00\x7d", 4) + mask, protocol_error},          // length spelled long
      {std::string("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + mask, protocol_error},
      {std::string("\x81\xff\x80\x00\x00\x00\x00\x01\x00\x00", 10) + mask, protocol_error},
      {std::string("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01", 10) + mask, message_too_big},
      {std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10) + mask, message_too_big},
      {client_frame(0x01, std::string(40'000, 'x')) + client_frame(0x80, std::string(40'000, 'x')),
       message_too_big},
  };
  for (const auto& [bytes, code] : cases) {
    const auto& shown_bytes = bytes.substr(0, 12);
    CAPTURE(shown_bytes);
    CHECK(read_all(bytes, bytes.size()).code == code);
    CHECK(read_all(bytes, 1).code == code);
  }
  CHECK(read_all(client_frame(0x81, std::string(65'536, 'x')), 4'096).code == 0);
}

TEST_CASE("codes that may not be sent are a broken rule") {
  CHECK(close_code("") == 1000);
  CHECK(close_code("x") == 1002);
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999})
    CHECK(close_code(std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}) ==
          code);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535})
    CHECK(close_code(std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}) ==
          1002);
}

TEST_CASE("arbitrary bytes never do more than end it") {
  constexpr std::uint64_t seed = 6455;
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (auto& c : bytes) c = static_cast<char>(random());
    // Half of them begin with a head that is good, so that the rest is looked at.
    if (bytes.size() > 6 && random() % 2 == 0) {
      bytes[0] = static_cast<char>(0x80 | (random() % 3 == 0 ? 9 : 1));
      bytes[1] = static_cast<char>(0x80 | random() % 20);
    }
    const auto whole = read_all(bytes, std::max<std::size_t>(bytes.size(), 1));
    const auto single = read_all(bytes, 1);
    CAPTURE(round);
    REQUIRE(whole.code == single.code);
    REQUIRE(whole.controls.size() == single.controls.size());
  }
}
