// A stream of bytes that only comes in: a TCP port that a gateway of a serial line listens on, a
// serial device, or a file that grows. It opens again by itself, with growing, capped pauses.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace powershare::net {

struct ByteSourceOptions {
  std::string host;  ///< of a TCP port, or
  std::uint16_t port = 0;
  std::string path;  ///< of a device or a file
  unsigned baud = 115'200;
  bool seven_even_one = false;  ///< of a device: 7 bits, even parity; else 8 bits, none
  bool from_end = false;        ///< of a file: only what is added from now on
  std::chrono::seconds silence{
      120};  ///< of a TCP port: without a byte for so long it is opened anew
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{30'000};
};

/// Both are called by the source's own thread, one at a time.
struct ByteSourceHandlers {
  std::function<void(std::string_view bytes)> on_bytes;
  /// True: open, and what comes next does not continue what came before. False: why it is not.
  std::function<void(bool open, const std::string& why)> on_state;
};

class ByteSource {
 public:
  /// Starts the thread that opens and reads. NetError::bad_address for neither port nor path, or
  /// for a speed that no serial line has.
  static Result<std::unique_ptr<ByteSource>> start(ByteSourceOptions options,
                                                   ByteSourceHandlers handlers);
  /// Ends the thread.
  virtual ~ByteSource() = default;
};

}  // namespace powershare::net
