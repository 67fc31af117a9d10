#include "net/http_redirect.hpp"

#include <algorithm>

namespace powershare::net {
namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::size_t max_host_bytes = 255;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The host of "name", "name:8080", "[::1]:8080"; empty where it is none.
std::string_view host_of(std::string_view field) {
  const bool bracketed = field.starts_with('[');
  const auto end = bracketed ? field.find(']') : field.find(':');
  if (bracketed && end == std::string_view::npos) return {};
  const auto host = field.substr(0, bracketed ? end + 1 : end);
  const auto inside = bracketed ? host.substr(1, host.size() - 2) : host;
  const bool good =
      !inside.empty() && host.size() <= max_host_bytes && std::ranges::all_of(inside, [&](char c) {
        return is_alphanumeric(c) || c == '.' || c == (bracketed ? ':' : '-');
      });
  return good ? host : std::string_view();
}

// Path and query of a target that parse_target() took.
std::string_view origin_form(std::string_view target) {
  if (target == "*") return "/";
  if (target.starts_with('/')) return target;
  const auto authority = target.find("://") + 3;
  const auto path = target.find_first_of("/?", authority);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

HttpHandler redirect_to_https(std::uint16_t port) {
  return [port](HttpRequest request, std::shared_ptr<HttpReply> reply) {
    const auto field = request.header("host").value_or("");
    const auto host = host_of(field);
    if (host.empty()) return reply->send({.status = 400, .body = {}, .headers = {}});
    std::string location = "https://" + std::string(host);
    if (port != https_port) location += ":" + std::to_string(port);
    location += origin_form(request.target);
    reply->send(
        {.status = 308, .content_type = {}, .body = {}, .headers = {{"Location", location}}});
  };
}

}  // namespace powershare::net
