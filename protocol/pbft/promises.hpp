// PROMISES: the newest messages that a member holds signed by the one who asks. Newer than the
// asker's own log: its log is lost, and it must not vote as if it had promised nothing (DECISIONS
// 13).
#pragma once

#include <vector>

#include "protocol/pbft/certificate.hpp"

namespace powershare::pbft {

struct Promise {
  MessageType type = MessageType::prepare;  ///< PRE-PREPARE, PREPARE, COMMIT or VIEW-CHANGE
  Bytes body;                               ///< of a PRE-PREPARE the signed 48 bytes
  Signature signature{};                    ///< the asker's
};

/// CheckpointCertificate, u32 count (at most 4), per promise u8 type, body with length, signature.
struct Promises {
  CheckpointCertificate stable;  ///< the answerer's
  std::vector<Promise> newest;

  Bytes encode() const;
  static Result<Promises> decode(ByteView body);
};

}  // namespace powershare::pbft
