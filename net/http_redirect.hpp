// The answer of a plain HTTP port beside one with TLS.
#pragma once

#include "net/http.hpp"

namespace powershare::net {

/// Answers every request with 308 to the same target over https on `port`, at the host that the
/// request names; 400 where it names none that could be one. 308 rather than 301: clients repeat
/// the request as it was, a POST too, instead of making a GET of it (RFC 9110 §15.4).
HttpHandler redirect_to_https(std::uint16_t port);

}  // namespace powershare::net
