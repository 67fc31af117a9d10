// Header fields and the head of an HTTP/1.1 response as text. Not for other rooms.
#pragma once

#include <string>

#include "net/http.hpp"

namespace powershare::net {

enum class BodyFraming : std::uint8_t {
  length,   ///< Content-Length of the body
  chunked,  ///< Transfer-Encoding: chunked
  close,    ///< until the connection ends (HTTP/1.0)
};

struct HeadOptions {
  BodyFraming framing = BodyFraming::length;
  bool http_1_0 = false;
  bool close = false;            ///< the connection ends after this response
  std::chrono::seconds hsts{0};  ///< Strict-Transport-Security where above 0
};

/// Status line and headers with the empty line. Header names and values are cleaned of line ends,
/// so that nothing a handler echoes can split the response; framing headers of the handler are left
/// out.
std::string response_head(const HttpResponse& response, const HeadOptions& options);

bool equal_ignoring_case(std::string_view left, std::string_view right);

/// Whether a Host header's value can be one (RFC 9112 §3.2): empty, or a name or address and
/// perhaps a port; nothing that could be read as a path, user or list.
bool is_host(std::string_view value);

/// True when `token` stands in the comma-separated list of a header's value, in any case.
bool has_token(std::string_view list, std::string_view token);

/// True for statuses that never have a body: 1xx, 204, 304.
bool has_no_body(int status);

}  // namespace powershare::net
