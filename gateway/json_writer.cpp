#include "gateway/json.hpp"
#include "gateway/utf8.hpp"

namespace powershare::gateway::json {

void Writer::separate() {
  if (text_.empty()) return;
  const char last = text_.back();
  if (last != '{' && last != '[' && last != ':' && last != ',') text_.push_back(',');
}

Writer& Writer::open(char bracket) {
  separate();
  text_.push_back(bracket);
  return *this;
}

Writer& Writer::close(char bracket) {
  text_.push_back(bracket);
  return *this;
}

Writer& Writer::key(std::string_view name) {
  string(name);
  text_.push_back(':');
  return *this;
}

Writer& Writer::string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  separate();
  text_.push_back('"');
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const auto length = utf8_length(text);
    if (length == 0) {
      text_ += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      text_.push_back('\\');
      text_.push_back(text.front());
    } else if (c == '\n') {
      text_ += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      text_ += "\\u00";
      text_.push_back(digits[c >> 4]);
      text_.push_back(digits[c & 15]);
    } else {
      text_.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  text_.push_back('"');
  return *this;
}

Writer& Writer::integer(std::int64_t number) {
  separate();
  text_ += std::to_string(number);
  return *this;
}

Writer& Writer::unsigned_integer(std::uint64_t number) {
  separate();
  text_ += std::to_string(number);
  return *this;
}

Writer& Writer::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
  return *this;
}

Writer& Writer::null() {
  separate();
  text_ += "null";
  return *this;
}

Writer& Writer::decimal(std::int64_t nano) {
  separate();
  text_.push_back('"');
  text_ += format_nano(nano);
  text_.push_back('"');
  return *this;
}

Writer& Writer::number(std::int64_t nano) {
  separate();
  text_ += format_nano(nano);
  return *this;
}

Writer& Writer::digest(const crypto::Digest& digest) {
  return string(crypto::to_hex(digest));
}

Writer& Writer::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

}  // namespace powershare::gateway::json
