#include "net/http.hpp"

#include <algorithm>

#include "net/http_head.hpp"

namespace powershare::net {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (character == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else if (static_cast<unsigned char>(character) <= ' ' || character == '\x7f') {
      return false;
    } else {
      decoded.push_back(plus_is_space && character == '+' ? ' ' : character);
    }
  }
  return true;
}

bool parse_path(std::string_view path, HttpRequest& request) {
  if (!percent_decode(path, false, request.path)) return false;
  for (std::size_t start = 1; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    std::string segment;
    if (!percent_decode(path.substr(start, end - start), false, segment)) return false;
    if (!segment.empty()) request.segments.push_back(std::move(segment));
    start = end + 1;
  }
  return true;
}

bool parse_query(std::string_view query, HttpRequest& request) {
  for (std::size_t start = 0; start < query.size();) {
    const auto end = std::min(query.find('&', start), query.size());
    const auto pair = query.substr(start, end - start);
    const auto equals = std::min(pair.find('='), pair.size());
    std::string name, value;
    if (!percent_decode(pair.substr(0, equals), true, name) ||
        !percent_decode(pair.substr(std::min(equals + 1, pair.size())), true, value))
      return false;
    if (!pair.empty()) request.query.emplace_back(std::move(name), std::move(value));
    start = end + 1;
  }
  return true;
}

}  // namespace

std::optional<std::string> HttpRequest::header(std::string_view lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

bool HttpRequest::asks_for_websocket() const {
  return method == "GET" && has_token(header("upgrade").value_or(""), "websocket");
}

std::shared_ptr<HttpWebSocket> HttpReply::accept_websocket(const HttpRequest&) {
  send({.status = 501, .body = {}, .headers = {}});
  return nullptr;
}

Result<void> parse_target(std::string_view target, HttpRequest& request) {
  request.target = target;
  request.segments.clear();
  request.query.clear();
  const Error malformed{NetError::malformed, "malformed request target"};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto path = target.find_first_of("/?", scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (target == "*") {
    request.path = "*";
    return {};
  }
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  if (!path.starts_with('/') || target.find('#') != std::string_view::npos) return malformed;
  if (!parse_path(path, request)) return malformed;
  if (mark < target.size() && !parse_query(target.substr(mark + 1), request)) return malformed;
  return {};
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace powershare::net
