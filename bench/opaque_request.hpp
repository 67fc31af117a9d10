// What `powershare bench consensus` orders: requests that mean nothing, alone or in bundles, signed
// by their client once per bundle or not at all. Consensus sees one request per bundle.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare::bench {

/// Limits of one bundle; what is larger does not pass the check.
inline constexpr std::uint32_t max_requests_per_bundle = 1'000;
inline constexpr std::uint32_t max_payload_bytes = 4'096;

/// Who asks, and the client's own number of the bundle: what a reply names.
struct RequestName {
  std::uint32_t client = 0;
  std::uint32_t number = 0;
  friend auto operator<=>(const RequestName&, const RequestName&) = default;
};

struct RequestShape {
  std::uint32_t requests_per_bundle = 1;
  std::uint32_t payload_bytes = 256;
  bool is_signed = true;
};

/// u32 client, u32 number, u32 requests, u32 payload bytes, the payloads, and where signed the
/// client's public key and its signature over "powershare/bench/1" ‖ genesis ‖ what stands before.
Bytes make_request(const crypto::Digest& genesis, const RequestName& name,
                   const RequestShape& shape, const crypto::KeyPair& client);

/// The stateless check of every replica: form, limits and, where it must be signed, the signature.
/// Opaque requests do not expire: a far-off time where the request passes.
std::optional<UtcMillis> check_request(const crypto::Digest& genesis, bool must_be_signed,
                                       ByteView request);

/// Name and number of requests of a bundle that has passed the check.
struct RequestHead {
  RequestName name;
  std::uint32_t requests = 0;
};
RequestHead head_of(ByteView request);

}  // namespace powershare::bench
