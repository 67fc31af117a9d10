#include "gateway/web_pages.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/web_assets.hpp"

namespace powershare::gateway {
namespace {

/// Paths under which a missing resource is missing, also for a browser.
constexpr std::array<std::string_view, 7> own_paths = {"/v1",     "/etms",  "/api",   "/explorer",
                                                       "/assets", "/livez", "/readyz"};

bool lies_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

const WebAsset* find_asset(std::string_view path) {
  const auto assets = web_assets();
  const auto found = std::lower_bound(
      assets.begin(), assets.end(), path,
      [](const WebAsset& asset, std::string_view wanted) { return asset.path < wanted; });
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

bool accepts(const net::HttpRequest& request, std::string_view encoding) {
  const auto given = request.header("accept-encoding").value_or("");
  const auto place = given.find(encoding);
  if (place == std::string::npos) return false;
  // "br;q=0" excludes it.
  const auto rest = std::string_view(given).substr(place + encoding.size(), 5);
  return !rest.starts_with(";q=0") || rest.starts_with(";q=0.");
}

std::string security_policy(const std::vector<std::string>& peers) {
  std::string policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
      "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
      "frame-ancestors 'none'; connect-src 'self'";
  for (const auto& peer : peers) policy += " " + peer;
  return policy;
}

net::HttpResponse answer_with(const WebAsset& asset, const std::vector<std::string>& peers,
                              const net::HttpRequest& request) {
  net::HttpResponse response;
  response.content_type = asset.content_type;
  response.headers = {
      {"Cache-Control", asset.hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"ETag", std::string(asset.etag)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"},
      {"Content-Security-Policy", security_policy(peers)}};
  if (!asset.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (request.header("if-none-match") == std::string(asset.etag)) {
    response.status = 304;
    return response;
  }
  if (!asset.brotli.empty() && accepts(request, "br")) {
    response.headers.emplace_back("Content-Encoding", "br");
    response.body = asset.brotli;
  } else if (!asset.gzip.empty() && accepts(request, "gzip")) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset.gzip;
  } else {
    response.body = asset.content;
  }
  return response;
}

}  // namespace

bool wants_page(const net::HttpRequest& request) {
  return request.header("accept").value_or("").find("text/html") != std::string::npos;
}

std::optional<net::HttpResponse> web_page(const std::vector<std::string>& peers,
                                          const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const auto* asset = find_asset(request.path);
  const bool own = std::any_of(own_paths.begin(), own_paths.end(), [&](std::string_view folder) {
    return lies_below(request.path, folder);
  });
  if (asset == nullptr && !own && wants_page(request)) {
    asset = find_asset(lies_below(request.path, "/console") ? "/console.html" : "/index.html");
  }
  if (asset == nullptr) return std::nullopt;
  return answer_with(*asset, peers, request);
}

}  // namespace powershare::gateway
