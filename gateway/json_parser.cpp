#include <algorithm>
#include <string>

#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "gateway/utf8.hpp"

namespace powershare::gateway::json {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

/// Recursive descent; the depth limit bounds the stack.
class Parser {
 public:
  Parser(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Result<Value> document() {
    Value result;
    if (!value(result, 0)) return error();
    skip_space();
    if (at_ < text_.size()) {
      fail("something after the end of the document");
      return error();
    }
    return result;
  }

  Result<ItemCount> items(std::size_t max_items, const std::function<void(const Value&)>& item) {
    skip_space();
    if (peek() != '[') {
      auto only = document();
      if (!only) return only.error();
      item(*only);
      return ItemCount{1, false};
    }
    ItemCount count{0, true};
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
    } else {
      while (true) {
        if (count.items == max_items) {
          return Error{GatewayError::too_large,
                       "more than " + std::to_string(max_items) + " items in one request"};
        }
        values_ = 0;
        Value next;
        if (!value(next, 1)) return error();
        item(next);
        ++count.items;
        skip_space();
        if (peek() == ']') break;
        if (!expect(',')) return error();
      }
      ++at_;
    }
    skip_space();
    if (at_ < text_.size()) {
      fail("something after the end of the document");
      return error();
    }
    return count;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  Error error() const {
    return Error{too_large_ ? GatewayError::too_large : GatewayError::malformed_json,
                 "malformed JSON at byte " + std::to_string(at_) + ": " + why_};
  }
  bool expect(char c) {
    if (peek() != c) return fail(std::string("expected ") + c);
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool value(Value& out, std::size_t depth) {
    if (depth > limits_.max_depth) return fail("nested too deep");
    if (++values_ > limits_.max_values) {
      too_large_ = true;
      return fail("too many values");
    }
    skip_space();
    if (at_ >= text_.size()) return fail("the text ends too early");
    switch (text_[at_]) {
      case '{':
        return object(out, depth);
      case '[':
        return array(out, depth);
      case '"':
        out.kind_ = Kind::string;
        return string(out.text_);
      case 't':
        out.kind_ = Kind::boolean;
        out.boolean_ = true;
        return word("true");
      case 'f':
        out.kind_ = Kind::boolean;
        return word("false");
      case 'n':
        out.kind_ = Kind::null;
        return word("null");
      default:
        return number(out);
    }
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("not a JSON value");
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return fail("not a JSON value");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number(Value& out) {
    const auto begin = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return fail("a number must not begin with 0");
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    out.kind_ = Kind::number;
    // A number of absurd length keeps its first digits and an exponent that no quantity can hold,
    // so that only its own field is refused.
    out.text_ = at_ - begin > limits_.max_number_bytes
                    ? std::string("1e999")
                    : std::string(text_.substr(begin, at_ - begin));
    return true;
  }

  bool hex4(std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (is_digit(c)) {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return fail("\\u needs four hexadecimal digits");
      }
      code = code * 16 + digit;
      ++at_;
    }
    return true;
  }

  bool escape(std::string& out) {
    ++at_;  // the backslash
    const char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out.push_back(c);
        return true;
      case 'b':
        out.push_back('\b');
        return true;
      case 'f':
        out.push_back('\f');
        return true;
      case 'n':
        out.push_back('\n');
        return true;
      case 'r':
        out.push_back('\r');
        return true;
      case 't':
        out.push_back('\t');
        return true;
      case 'u':
        break;
      default:
        return fail("unknown escape");
    }
    std::uint32_t code = 0;
    if (!hex4(code)) return false;
    if (code >= 0xDC00 && code <= 0xDFFF) return fail("half of a surrogate pair");
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (text_.substr(at_, 2) != "\\u") return fail("half of a surrogate pair");
      at_ += 2;
      if (!hex4(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  bool string(std::string& out) {
    ++at_;  // the quote
    while (true) {
      if (at_ >= text_.size()) return fail("the text ends within a string");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return fail("a control character within a string");
      if (c == '\\') {
        if (!escape(out)) return false;
        continue;
      }
      const auto length = utf8_length(text_.substr(at_));
      if (length == 0) return fail("not UTF-8");
      out.append(text_.substr(at_, length));
      at_ += length;
    }
  }

  bool array(Value& out, std::size_t depth) {
    out.kind_ = Kind::array;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return true;
    }
    while (true) {
      out.items_.emplace_back();
      if (!value(out.items_.back(), depth + 1)) return false;
      skip_space();
      if (peek() == ']') {
        ++at_;
        return true;
      }
      if (!expect(',')) return false;
    }
  }

  bool object(Value& out, std::size_t depth) {
    out.kind_ = Kind::object;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return true;
    }
    while (true) {
      skip_space();
      if (peek() != '"') return fail("expected a name in quotes");
      out.members_.emplace_back();
      if (!string(out.members_.back().first)) return false;
      skip_space();
      if (!expect(':')) return false;
      if (!value(out.members_.back().second, depth + 1)) return false;
      skip_space();
      if (peek() == '}') {
        ++at_;
        return true;
      }
      if (!expect(',')) return false;
    }
  }

  std::string_view text_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  bool too_large_ = false;
  std::string why_;
};

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view Value::repeated_name() const {
  std::vector<std::string_view> names;
  names.reserve(members_.size());
  for (const auto& member : members_) names.push_back(member.first);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? std::string_view() : *twice;
}

Result<Value> parse(std::string_view text, const Limits& limits) {
  return Parser(text, limits).document();
}

Result<ItemCount> parse_items(std::string_view text, std::size_t max_items, const Limits& limits,
                              const std::function<void(const Value&)>& item) {
  return Parser(text, limits).items(max_items, item);
}

}  // namespace powershare::gateway::json
