#include "gateway/composer/body.hpp"

#include <algorithm>
#include <charconv>

namespace powershare::gateway::composer {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// "charset" of a media type, in lower case without quotes; empty where there is none.
std::string charset_of(std::string_view media_type) {
  auto semicolon = media_type.find(';');
  while (semicolon != std::string_view::npos) {
    media_type.remove_prefix(semicolon + 1);
    semicolon = media_type.find(';');
    const auto parameter = trimmed(media_type.substr(0, semicolon));
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || lower(parameter.substr(0, equals)) != "charset")
      continue;
    auto value = lower(parameter.substr(equals + 1));
    std::erase(value, '"');
    return value;
  }
  return {};
}

Problem too_large(std::size_t bytes) {
  const auto length = std::to_string(bytes);
  return {413, "Error", "request entity too large",
          "\"expected\":" + length + ",\"length\":" + length +
              ",\"limit\":" + std::to_string(max_body_bytes) + R"(,"type":"entity.too.large")"};
}

Problem unsupported_charset(const std::string& charset) {
  auto upper = charset;
  for (auto& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  json::Writer out;
  out.begin_object().key("charset").string(charset).key("type").string("charset.unsupported");
  out.end_object();
  auto extra = std::move(out).take();
  return {415, "Error", "unsupported charset \"" + upper + "\"", extra.substr(1, extra.size() - 2)};
}

Problem syntax_error(std::string message, std::string_view body) {
  json::Writer out;
  out.begin_object().key("body").string(body).key("status").integer(400).end_object();
  auto extra = std::move(out).take();
  return {400, "SyntaxError", std::move(message), extra.substr(1, extra.size() - 2)};
}

Outcome<json::Value> read_json(std::string_view body) {
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  const auto text = trimmed(body);
  if (text.empty()) return *json::parse("{}");
  if (text.front() != '{' && text.front() != '[') {
    return syntax_error("Unexpected token in JSON at position 0", body);
  }
  auto value = json::parse(text);
  if (!value) return syntax_error(value.error().detail(), body);
  return std::move(*value);
}

constexpr std::size_t max_form_pairs = 1'000;

Problem too_many_parameters() {
  return {413, "Error", "too many parameters", R"("type":"parameters.too.many")"};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A form's text; a bad escape stays as it is, as browsers have it.
std::string form_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result.push_back(' ');
    } else if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
               hex_value(text[i + 2]) >= 0) {
      result.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

Outcome<json::Value> read_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      if (pairs.size() == max_form_pairs) return too_many_parameters();
      pairs.emplace_back(form_decoded(pair.substr(0, equals)),
                         form_decoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  auto value = json::parse(json_of_pairs(pairs, {}));
  if (!value) return plain(400, "The form cannot be read: " + value.error().detail());
  return std::move(*value);
}

/// A tree out of names in brackets.
struct Node {
  std::string name;
  std::string text;
  std::vector<Node> members;

  Node& at(const std::string& wanted) {
    for (auto& node : members) {
      if (node.name == wanted) return node;
    }
    members.push_back({wanted, {}, {}});
    return members.back();
  }
  /// Members named 0, 1, 2, … are an array.
  bool is_array() const {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].name != std::to_string(i)) return false;
    }
    return !members.empty();
  }
  void write(json::Writer& out, bool top) const {
    if (members.empty() && !top) {
      out.string(text);
      return;
    }
    const bool array = is_array() && !top;
    array ? out.begin_array() : out.begin_object();
    for (const auto& node : members) {
      if (!array) out.key(node.name);
      node.write(out, false);
    }
    array ? out.end_array() : out.end_object();
  }
};

/// `filter[where][and][0][or][1][value][gt]` and a little more. What is deeper is refused: leaving
/// the rest of a name away would change what it says.
constexpr std::size_t max_bracket_depth = 16;

}  // namespace

std::string json_of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                          std::string_view root) {
  Node tree;
  for (const auto& [name, value] : pairs) {
    std::string_view rest = name;
    Node* node = &tree;
    std::size_t depth = 0;
    if (root.empty()) {
      const auto bracket = std::min(rest.find('['), rest.size());
      node = &node->at(std::string(rest.substr(0, bracket)));
      rest.remove_prefix(bracket);
    } else if (!rest.starts_with(root) || rest.size() == root.size() || rest[root.size()] != '[') {
      continue;
    } else {
      rest.remove_prefix(root.size());
    }
    while (rest.starts_with('[')) {
      if (++depth > max_bracket_depth) return {};
      const auto close = rest.find(']');
      if (close == std::string_view::npos) break;
      auto key = std::string(rest.substr(1, close - 1));
      if (key.empty()) key = std::to_string(node->members.size());  // "a[]=1": the next of a list
      node = &node->at(key);
      rest.remove_prefix(close + 1);
    }
    node->text = value;
  }
  json::Writer out;
  tree.write(out, true);
  return std::move(out).take();
}

Outcome<json::Value> read_body(const net::HttpRequest& request) {
  if (request.body.size() > max_body_bytes) return too_large(request.body.size());
  const auto media_type = request.header("content-type").value_or("");
  const auto essence = lower(trimmed(std::string_view(media_type).substr(0, media_type.find(';'))));
  const bool is_json = essence == "application/json";
  if (!is_json && essence != "application/x-www-form-urlencoded") return *json::parse("{}");
  const auto charset = charset_of(media_type);
  if (!charset.empty() && charset != "utf-8" && charset != "utf8") {
    return unsupported_charset(charset);
  }
  return is_json ? read_json(request.body) : read_form(request.body);
}

std::string shown(const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null:
      return "null";
    case json::Kind::boolean:
      return value.boolean() ? "true" : "false";
    case json::Kind::number: {
      double number = 0;
      const auto& text = value.text();
      const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
      char buffer[400];
      if (fault != std::errc{} || end != text.data() + text.size()) return text;
      const auto written =
          std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
      return written.ec == std::errc{} ? std::string(buffer, written.ptr) : text;
    }
    case json::Kind::string:
      return value.text();
    case json::Kind::array: {
      std::string text;
      for (const auto& item : value.items()) {
        if (&item != &value.items().front()) text += ",";
        text += shown(item);
      }
      return text;
    }
    case json::Kind::object:
      return "[object Object]";
  }
  return {};
}

}  // namespace powershare::gateway::composer
