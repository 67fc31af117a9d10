#include "net/websocket_frame.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "net/http_head.hpp"

namespace powershare::net::websocket {
namespace {

constexpr std::size_t mask_bytes = 4;
constexpr std::size_t max_control_bytes = 125;
constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= static_cast<std::uint8_t>(Opcode::close);
}

// How many bytes hold the length behind the first two.
std::size_t extended_bytes(std::uint8_t short_length) {
  return short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
}

}  // namespace

int judge_handshake(const HttpRequest& request) {
  if (!request.asks_for_websocket() || !request.body.empty()) return 400;
  if (!has_token(request.header("connection").value_or(""), "upgrade")) return 400;
  if (request.header("sec-websocket-version").value_or("") != "13") return 426;
  const auto key = from_base64(request.header("sec-websocket-key").value_or(""));
  return key && key->size() == 16 ? 0 : 400;
}

std::string accept_key(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, 20> digest{};
  ::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha1(), nullptr);
  return to_base64(digest);
}

std::string frame(Opcode opcode, std::string_view payload) {
  std::string result;
  result.reserve(payload.size() + 10);
  result.push_back(static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode)));
  const auto append_length = [&](std::uint64_t value, std::size_t bytes) {
    for (auto i = bytes; i-- > 0;) result.push_back(static_cast<char>(value >> (8 * i)));
  };
  if (payload.size() < 126) {
    append_length(payload.size(), 1);
  } else if (payload.size() <= 0xffff) {
    result.push_back(126);
    append_length(payload.size(), 2);
  } else {
    result.push_back(127);
    append_length(payload.size(), 8);
  }
  result.append(payload);
  return result;
}

std::string close_frame(std::uint16_t code) {
  const char payload[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return frame(Opcode::close, {payload, sizeof payload});
}

std::uint16_t close_code(std::string_view payload) {
  if (payload.empty()) return normal_end;
  if (payload.size() == 1) return protocol_error;
  const auto code = static_cast<std::uint16_t>(byte_at(payload, 0) << 8 | byte_at(payload, 1));
  // 1004 to 1006 and 1015 are never sent; from 3000 on they are the applications' own.
  const bool known = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
  return known ? code : protocol_error;
}

bool Reader::head_complete() const {
  if (head_.size() < 2) return false;
  const auto length = static_cast<std::uint8_t>(byte_at(head_, 1) & ~mask_bit);
  return head_.size() == 2 + extended_bytes(length) + mask_bytes;
}

// Judges the head that is complete now (§5.2, §5.4, §5.5).
std::uint16_t Reader::begin_frame() {
  const auto short_length = static_cast<std::uint8_t>(byte_at(head_, 1) & ~mask_bit);
  left_ = short_length;
  if (const auto bytes = extended_bytes(short_length); bytes > 0) {
    left_ = 0;
    for (std::size_t i = 0; i < bytes; ++i) left_ = left_ << 8 | byte_at(head_, 2 + i);
    if (left_ < (bytes == 2 ? 126u : 0x10000u)) return protocol_error;  // not the shortest form
    if (left_ >> 63 != 0) return protocol_error;
  }
  const auto opcode = static_cast<Opcode>(byte_at(head_, 0) & 0x0f);
  const bool final = (byte_at(head_, 0) & final_bit) != 0;
  payload_.clear();
  in_payload_ = true;
  if (is_control(opcode)) return final && left_ <= max_control_bytes ? 0 : protocol_error;
  if ((opcode == Opcode::continuation) != fragmented_) return protocol_error;
  if (left_ > max_message_bytes - message_) return message_too_big;
  fragmented_ = !final;
  message_ = final ? 0 : message_ + left_;
  return 0;
}

std::uint16_t Reader::read(std::string_view bytes, std::vector<Control>& controls) {
  while (!bytes.empty() || (in_payload_ && left_ == 0)) {
    if (!in_payload_) {
      head_.push_back(bytes.front());
      bytes.remove_prefix(1);
      if (head_.size() == 1) {
        const auto opcode = byte_at(head_, 0) & 0x0f;
        const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
        if (!known || (byte_at(head_, 0) & reserved_bits) != 0) return protocol_error;
      }
      if (head_.size() == 2 && (byte_at(head_, 1) & mask_bit) == 0) return protocol_error;
      if (head_complete()) {
        if (const auto code = begin_frame(); code != 0) return code;
      }
      continue;
    }
    const auto opcode = static_cast<Opcode>(byte_at(head_, 0) & 0x0f);
    const auto part = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
    bytes.remove_prefix(part.size());
    left_ -= part.size();
    if (is_control(opcode)) {
      for (const char c : part)
        payload_.push_back(
            static_cast<char>(c ^ head_[head_.size() - mask_bytes + payload_.size() % mask_bytes]));
    }
    if (left_ > 0) continue;
    if (is_control(opcode)) controls.push_back({opcode, std::move(payload_)});
    payload_ = {};
    head_.clear();
    in_payload_ = false;
  }
  return 0;
}

}  // namespace powershare::net::websocket
