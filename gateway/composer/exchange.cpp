#include "gateway/composer/exchange.hpp"

#include <algorithm>

#include "crypto/hash.hpp"

namespace powershare::gateway::composer {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The parts of a comma-separated header.
template <class Visit>
void for_each_part(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    visit(trimmed(list.substr(0, comma)));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

bool is_refused(std::string_view parameters) {
  const auto q = parameters.find("q=0");
  return q != std::string_view::npos &&
         parameters.substr(q + 3).find_first_of("123456789") == std::string_view::npos;
}

net::HttpResponse text_response(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace

void add_headers(const net::HttpRequest& request, net::HttpResponse& response) {
  auto& headers = response.headers;
  if (const auto origin = request.header("origin")) {
    headers.emplace_back("Access-Control-Allow-Origin", *origin);
  }
  headers.emplace_back("Access-Control-Allow-Credentials", "true");
  headers.emplace_back("Vary", "Origin, Accept-Encoding");
  headers.emplace_back("X-XSS-Protection", "1; mode=block");
  headers.emplace_back("X-Frame-Options", "DENY");
  headers.emplace_back("X-Download-Options", "noopen");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
}

net::HttpResponse preflight(const net::HttpRequest& request) {
  net::HttpResponse response;
  response.status = 204;
  auto& headers = response.headers;
  if (const auto origin = request.header("origin")) {
    headers.emplace_back("Access-Control-Allow-Origin", *origin);
  }
  headers.emplace_back("Vary", "Origin, Access-Control-Request-Headers");
  headers.emplace_back("Access-Control-Allow-Credentials", "true");
  headers.emplace_back("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  if (const auto wanted = request.header("access-control-request-headers")) {
    headers.emplace_back("Access-Control-Allow-Headers", *wanted);
  }
  headers.emplace_back("Access-Control-Max-Age", "86400");
  return response;
}

std::string weak_etag(std::string_view body) {
  const auto hash = crypto::to_hex(crypto::sha256(as_bytes(body)));
  return "W/\"" + hash.substr(0, 32) + "\"";
}

bool names_etag(std::string_view list, std::string_view etag) {
  const auto opaque = [](std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
  };
  bool found = false;
  for_each_part(list, [&](std::string_view tag) {
    found = found || tag == "*" || opaque(tag) == opaque(etag);
  });
  return found;
}

bool accepts_json(const net::HttpRequest& request) {
  const auto accept = request.header("accept");
  if (!accept || trimmed(*accept).empty()) return true;
  bool accepted = false;
  for_each_part(*accept, [&](std::string_view part) {
    const auto semicolon = std::min(part.find(';'), part.size());
    const auto type = trimmed(part.substr(0, semicolon));
    const bool json = type == "*/*" || same_name(type, "application/*") ||
                      same_name(type, "application/json") || same_name(type, "json");
    if (json && !is_refused(part.substr(semicolon))) accepted = true;
  });
  return accepted;
}

void Exchange::send(net::HttpResponse response) const {
  add_headers(http, response);
  responder_.send(std::move(response));
}

void Exchange::send(const Problem& problem) const {
  send(response_of(problem));
}

bool Exchange::accepted() const {
  if (accepts_json(http)) return true;
  send(text_response(406, "Not Acceptable"));
  return false;
}

void Exchange::send_json(std::string body) const {
  if (!accepted()) return;
  net::HttpResponse response;
  const auto etag = weak_etag(body);
  response.headers.emplace_back("ETag", etag);
  const bool reads = http.method == "GET" || http.method == "HEAD";
  const auto known = http.header("if-none-match");
  if (reads && known && names_etag(*known, etag)) {
    response.status = 304;
  } else {
    response.body = std::move(body);
  }
  send(std::move(response));
}

void Exchange::send_no_content() const {
  net::HttpResponse response;
  response.status = 204;
  // The former server named a type where there is no body; its clients were built on that.
  response.headers.emplace_back("Content-Type", response.content_type);
  send(std::move(response));
}

std::shared_ptr<net::HttpStream> Exchange::stream() const {
  net::HttpResponse head;
  add_headers(http, head);
  return responder_.stream(std::move(head));
}

}  // namespace powershare::gateway::composer
