// The head of an HTTP/1.1 response as text. For net/http_server.cpp only.
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
  bool close = false;  ///< the connection ends after this response
};

/// Status line and headers with the empty line. Header names and values are cleaned of line ends,
/// so that nothing a handler echoes can split the response; framing headers of the handler are left
/// out.
std::string response_head(const HttpResponse& response, const HeadOptions& options);

/// True for statuses that never have a body: 1xx, 204, 304.
bool has_no_body(int status);

}  // namespace powershare::net
