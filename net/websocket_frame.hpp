// WebSocket frames and the opening handshake (RFC 6455), without any socket. Not for other rooms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace powershare::net::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

// Why a connection ends (RFC 6455 §7.4.1).
inline constexpr std::uint16_t normal_end = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t try_again_later = 1013;

/// The most that a client's message may hold; past that it is closed with message_too_big.
inline constexpr std::uint64_t max_message_bytes = 64 * 1024;

/// The status that a handshake is refused with (§4.2.1): 400, or 426 for another version; 0 when it
/// is good.
int judge_handshake(const HttpRequest& request);

/// Sec-WebSocket-Accept for the client's Sec-WebSocket-Key (§4.2.2).
std::string accept_key(std::string_view key);

/// One whole frame from a server: never masked (§5.1).
std::string frame(Opcode opcode, std::string_view payload);
std::string close_frame(std::uint16_t code);

/// A control frame of the client.
struct Control {
  Opcode opcode;
  std::string payload;
};

/// Reads a client's frames as they come. Payloads of data frames are counted and forgotten.
class Reader {
 public:
  /// Takes what was received; control frames that are complete now are added to `controls`.
  /// 0, or the code to close the connection with: nothing may be read after that.
  std::uint16_t read(std::string_view bytes, std::vector<Control>& controls);

 private:
  bool head_complete() const;
  std::uint16_t begin_frame();

  std::string head_;  ///< of the frame that is being read, as far as received
  bool in_payload_ = false;
  std::uint64_t left_ = 0;     ///< of this frame's payload
  std::uint64_t message_ = 0;  ///< bytes of the fragmented message so far
  bool fragmented_ = false;    ///< a data message is open
  std::string payload_;        ///< of a control frame, unmasked
};

/// The code in a Close frame's payload: normal_end where it has none, protocol_error where it may
/// not be sent.
std::uint16_t close_code(std::string_view payload);

}  // namespace powershare::net::websocket
