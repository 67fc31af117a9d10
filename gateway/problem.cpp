#include "gateway/problem.hpp"

#include <algorithm>

#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "ledger/error.hpp"

namespace powershare::gateway {

net::HttpResponse json_response(std::string body, int status) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

net::HttpResponse problem(int status, std::string_view code, std::string_view message,
                          std::string_view details_json) {
  json::Writer out;
  out.begin_object().key("error").begin_object();
  out.key("code").string(code).key("message").string(message);
  if (!details_json.empty()) out.raw(details_json);
  out.end_object().end_object();
  return json_response(std::move(out).take(), status);
}

net::HttpResponse retry_later(int status, std::string_view code, std::string_view message,
                              std::int64_t retry_after_seconds, std::string_view details_json) {
  auto response = problem(status, code, message, details_json);
  response.headers.emplace_back(
      "Retry-After", std::to_string(std::clamp<std::int64_t>(retry_after_seconds, 1, 3600)));
  return response;
}

net::HttpResponse problem_of(const Error& error) {
  if (error.code() == make_error_code(GatewayError::malformed_json)) {
    return problem(400, "malformed_json", error.detail());
  }
  if (error.code() == make_error_code(GatewayError::too_large)) {
    return problem(413, "too_large", error.detail());
  }
  if (error.code() == make_error_code(GatewayError::bad_parameter)) {
    return problem(400, "bad_parameter", error.detail());
  }
  if (error.code() == make_error_code(LedgerError::not_found)) {
    return problem(404, "not_found", error.detail());
  }
  return problem(500, "internal_error", "This peer could not read its records; ask another one.");
}

}  // namespace powershare::gateway
