#include "net/http_compression.hpp"

#include <zlib.h>

#include <algorithm>

#include "net/http_head.hpp"

namespace powershare::net {
namespace {

constexpr int level = 1;
constexpr int gzip_window_bits = 15 + 16;
constexpr int memory_level = 8;

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// "q=0", "q=0.000": not acceptable.
bool is_excluded(std::string_view parameters) {
  const auto q = trimmed(parameters);
  if (q.size() < 3 || (q[0] != 'q' && q[0] != 'Q') || q[1] != '=') return false;
  return q.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

bool is_text(std::string_view content_type) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  // An event stream is never whole.
  if (type == "text/event-stream") return false;
  return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
         type == "application/javascript" || type == "image/svg+xml" || type == "application/xml";
}

std::string* find_header(HttpResponse& response, std::string_view name) {
  for (auto& [key, value] : response.headers)
    if (equal_ignoring_case(key, name)) return &value;
  return nullptr;
}

std::optional<std::string> gzip(std::string_view text) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, gzip_window_bits, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string result(::deflateBound(&stream, text.size()), '\0');
  // zlib reads only, but has no const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int ended = ::deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (ended != Z_STREAM_END) return std::nullopt;
  return result;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  for (std::size_t start = 0; start < accept_encoding.size();) {
    const auto end = std::min(accept_encoding.find(',', start), accept_encoding.size());
    const auto item = accept_encoding.substr(start, end - start);
    const auto semicolon = std::min(item.find(';'), item.size());
    const auto name = trimmed(item.substr(0, semicolon));
    const bool excluded = is_excluded(item.substr(std::min(semicolon + 1, item.size())));
    if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip")) return !excluded;
    if (name == "*") any = !excluded;
    start = end + 1;
  }
  return any;
}

void compress(HttpResponse& response, std::size_t above_bytes, bool accepted) {
  if (response.body.size() <= above_bytes || response.body.size() > max_compressed_bytes ||
      has_no_body(response.status) || response.status == 206 || !is_text(response.content_type) ||
      find_header(response, "content-encoding") != nullptr)
    return;
  if (auto* vary = find_header(response, "vary"); vary == nullptr) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
  } else if (!has_token(*vary, "accept-encoding") && !has_token(*vary, "*")) {
    vary->append(", Accept-Encoding");
  }
  if (!accepted) return;
  auto packed = gzip(response.body);
  if (!packed || packed->size() >= response.body.size()) return;
  response.body = std::move(*packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
  if (auto* tag = find_header(response, "etag"); tag != nullptr && tag->starts_with('"'))
    tag->insert(0, "W/");
}

}  // namespace powershare::net
