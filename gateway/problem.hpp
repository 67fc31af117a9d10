// The one shape of every error answer: {"error":{"code":"…","message":"…"}}, with Retry-After where
// trying again helps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace powershare::gateway {

/// `code` is stable, for programs; `message` is one sentence, for people. Members of `details_json`
/// ("\"a\":1") stand beside them.
net::HttpResponse problem(int status, std::string_view code, std::string_view message,
                          std::string_view details_json = {});
net::HttpResponse retry_later(int status, std::string_view code, std::string_view message,
                              std::int64_t retry_after_seconds, std::string_view details_json = {});
/// 400 bad_parameter, 400 malformed_json or 413 too_large for this room's errors, 404 for
/// LedgerError::not_found; 500 for what only damaged data can cause: that detail is not shown.
net::HttpResponse problem_of(const Error& error);

net::HttpResponse json_response(std::string body, int status = 200);

}  // namespace powershare::gateway
