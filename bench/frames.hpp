// What clients and a benchmark peer's door say to one another over TCP on this machine: frames of a
// 32-bit length and as many bytes, the first of which says what it is.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "bench/opaque_request.hpp"
#include "crypto/hash.hpp"

namespace powershare::bench {

inline constexpr std::size_t max_frame_bytes = 8 << 20;

enum class FrameKind : std::uint8_t {
  request = 1,         ///< to the door: a request, as consensus will see it
  ask_statistics = 2,  ///< to the door
  replies = 3,         ///< to the clients: what one block has executed
  statistics = 4,
  refused = 5,  ///< to the clients: SHA-256 of a request that consensus could not take
};

/// Executed and durable at one peer: requests of one block and the hash of the chain after it.
struct Replies {
  std::uint64_t height = 0;
  crypto::Digest chain{};
  std::vector<RequestName> executed;
};

struct PeerStatistics {
  bool ready = false;  ///< sees every other peer and may vote
  std::uint32_t primary = 0;
  std::uint64_t view = 0;
  std::uint64_t height = 0;
  crypto::Digest chain{};
  std::uint64_t requests = 0;  ///< executed and durable, those inside bundles counted one by one
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_frames = 0;
  std::uint64_t dropped_frames = 0;
  std::uint64_t log_commits = 0;
};

/// Each with its length before it, ready to be written to a socket.
Bytes request_frame(ByteView request);
Bytes ask_statistics_frame();
Bytes replies_frame(const Replies& replies);
Bytes statistics_frame(const PeerStatistics& statistics);
Bytes refused_frame(const crypto::Digest& request);

Replies decode_replies(ByteView content);
PeerStatistics decode_statistics(ByteView content);

/// Cuts what arrives on a connection into frames.
class FrameReader {
 public:
  void append(ByteView bytes);
  /// Calls `take(kind, content)` for each whole frame; false when the other side talks nonsense.
  template <class Take>
  bool each(const Take& take) {
    std::size_t at = 0;
    bool good = true;
    while (good && buffer_.size() - at >= 5) {
      const auto size = length_at(at);
      if (size == 0 || size > max_frame_bytes) {
        good = false;
      } else if (buffer_.size() - at - 4 < size) {
        break;
      } else {
        const auto frame = ByteView(buffer_).subspan(at + 4, size);
        take(static_cast<FrameKind>(frame[0]), frame.subspan(1));
        at += 4 + size;
      }
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
    return good;
  }

 private:
  std::size_t length_at(std::size_t at) const;
  Bytes buffer_;
};

}  // namespace powershare::bench
