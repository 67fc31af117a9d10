// gzip for responses (RFC 9110 §8.4.1.3). Not for other rooms.
#pragma once

#include "net/http.hpp"

namespace powershare::net {

/// Bodies past this go out as they are, so that no answer costs more than some milliseconds.
inline constexpr std::size_t max_compressed_bytes = 1024 * 1024;

/// Whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3): named without q=0, or covered by "*".
/// An absent or empty header allows nothing.
bool accepts_gzip(std::string_view accept_encoding);

/// Where the response is text of more than `above_bytes` that nobody has encoded yet: names
/// Accept-Encoding in Vary, and compresses the body where `accepted`. A strong ETag becomes a weak
/// one then.
void compress(HttpResponse& response, std::size_t above_bytes, bool accepted);

}  // namespace powershare::net
