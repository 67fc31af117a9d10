// A raw WebSocket client of this folder: it may break every rule.
#pragma once

#include <optional>

#include "tests/unit/net/raw_socket.hpp"

namespace powershare::net::test {

/// One masked frame; `first`: FIN, reserved bits and opcode.
inline std::string client_frame(int first, std::string_view payload) {
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  std::string result(1, static_cast<char>(first));
  const auto append = [&](std::uint64_t value, int bytes) {
    for (int i = bytes; i-- > 0;) result.push_back(static_cast<char>(value >> (8 * i)));
  };
  if (payload.size() < 126) {
    append(0x80 | payload.size(), 1);
  } else if (payload.size() <= 0xffff) {
    append(0x80 | 126, 1);
    append(payload.size(), 2);
  } else {
    append(0x80 | 127, 1);
    append(payload.size(), 8);
  }
  result += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    result.push_back(static_cast<char>(payload[i] ^ mask[i % mask.size()]));
  return result;
}

struct ServerFrame {
  int first = 0;  ///< FIN and opcode
  std::string payload;
  int close_code() const {
    if (first != 0x88 || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }
};

inline const std::string& websocket_request() {
  static const std::string text =
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  return text;
}

/// The next frame of the server; nothing at the end of the connection.
inline std::optional<ServerFrame> next_frame(RawSocket& socket, int limit_ms = 20'000) {
  auto& input = socket.input();
  const auto need = [&](std::size_t bytes) {
    while (input.size() < bytes)
      if (!socket.receive(limit_ms)) return false;
    return true;
  };
  if (!need(2)) return std::nullopt;
  std::size_t length = static_cast<unsigned char>(input[1]);
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (!need(2 + extended)) return std::nullopt;
  if (extended > 0) length = 0;
  for (std::size_t i = 0; i < extended; ++i)
    length = length << 8 | static_cast<unsigned char>(input[2 + i]);
  if (!need(2 + extended + length)) return std::nullopt;
  ServerFrame frame{static_cast<unsigned char>(input[0]), input.substr(2 + extended, length)};
  input.erase(0, 2 + extended + length);
  return frame;
}

}  // namespace powershare::net::test
