#include "protocol/pbft/log_records.hpp"

namespace powershare::pbft {

Bytes log_key(LogTag tag) {
  return Bytes{static_cast<std::uint8_t>(tag)};
}

Bytes log_key(LogTag tag, Sequence sequence) {
  return Encoder().u8(static_cast<std::uint8_t>(tag)).u64(sequence).data();
}

Bytes log_key(LogTag tag, Sequence sequence, const Digest& digest) {
  return Encoder().u8(static_cast<std::uint8_t>(tag)).u64(sequence).raw(digest).data();
}

protocol::LogWrite log_put(Bytes key, Bytes value) {
  return {std::move(key), std::move(value)};
}

protocol::LogWrite log_erase(Bytes key) {
  return {std::move(key), std::nullopt};
}

}  // namespace powershare::pbft
