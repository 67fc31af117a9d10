// HMAC (RFC 2104) with SHA-256: what two who share a secret prove a message with.
#pragma once

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace powershare::crypto {

Digest hmac_sha256(ByteView key, ByteView message);

}  // namespace powershare::crypto
