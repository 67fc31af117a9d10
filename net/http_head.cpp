#include "net/http_head.hpp"

#include <algorithm>
#include <ctime>

namespace powershare::net {
namespace {

bool is_framing(std::string_view name) {
  for (const auto* own : {"content-length", "transfer-encoding", "connection", "date"})
    if (equal_ignoring_case(name, own)) return true;
  return false;
}

void append_clean(std::string& head, std::string_view text) {
  for (const char c : text)
    if (c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f')) head.push_back(c);
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
  append_clean(head, name);
  head += ": ";
  append_clean(head, value);
  head += "\r\n";
}

// RFC 9110 §5.6.7, made once a second on each thread.
const std::string& http_date() {
  thread_local std::time_t made_for = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_for || text.empty()) {
    constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    char numbers[48];
    std::snprintf(numbers, sizeof numbers, "%s, %02d %s %d %02d:%02d:%02d GMT", days[utc.tm_wday],
                  utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                  utc.tm_sec);
    text = numbers;
    made_for = now;
  }
  return text;
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

bool is_host(std::string_view value) {
  static constexpr std::string_view marks = "-._~%!$&'()*+;=:[]";
  return std::all_of(value.begin(), value.end(), [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || marks.find(c) != std::string_view::npos;
  });
}

bool has_token(std::string_view list, std::string_view token) {
  for (std::size_t start = 0; start <= list.size();) {
    const auto end = std::min(list.find(',', start), list.size());
    auto item = list.substr(start, end - start);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (equal_ignoring_case(item, token)) return true;
    start = end + 1;
  }
  return false;
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

std::string response_head(const HttpResponse& response, const HeadOptions& options) {
  std::string head = options.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += reason_phrase(response.status);
  head += "\r\n";
  append_header(head, "Date", http_date());
  if (!response.content_type.empty() && !has_no_body(response.status))
    append_header(head, "Content-Type", response.content_type);
  if (options.framing == BodyFraming::length && !has_no_body(response.status))
    append_header(head, "Content-Length", std::to_string(response.body.size()));
  if (options.framing == BodyFraming::chunked) append_header(head, "Transfer-Encoding", "chunked");
  if (options.close) {
    append_header(head, "Connection", "close");
  } else if (options.http_1_0) {
    append_header(head, "Connection", "keep-alive");
  }
  if (options.hsts.count() > 0)
    append_header(head, "Strict-Transport-Security",
                  "max-age=" + std::to_string(options.hsts.count()));
  for (const auto& [name, value] : response.headers)
    if (!is_framing(name)) append_header(head, name, value);
  head += "\r\n";
  return head;
}

}  // namespace powershare::net
