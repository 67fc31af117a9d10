// JSON as the gateway reads and writes it. Numbers stay the decimal text that they were: nothing
// here goes through double, so that 0.1 is one tenth and 1e400 is an absurd number in one field
// rather than a broken document.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantities.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"

namespace powershare::gateway::json {

enum class Kind : std::uint8_t { null = 1, boolean, number, string, array, object };

/// One value of a parsed document, a tree.
class Value {
 public:
  using Members = std::vector<std::pair<std::string, Value>>;

  Value() = default;
  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_array() const { return kind_ == Kind::array; }
  bool boolean() const { return boolean_; }
  /// The digits of a number as they were sent, or the characters of a string.
  const std::string& text() const { return text_; }
  const std::vector<Value>& items() const { return items_; }
  const Members& members() const { return members_; }
  /// The member of that name; nullptr where there is none or this is not an object.
  const Value* find(std::string_view name) const;
  /// The first member's name that stands twice in this object; empty where none does.
  std::string_view repeated_name() const;

 private:
  friend class Parser;
  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::string text_;
  std::vector<Value> items_;
  Members members_;
};

/// What a document may cost.
struct Limits {
  std::size_t max_depth = 16;
  std::size_t max_values = 20'000;  ///< of the whole document, or of each item in parse_items()
  std::size_t max_number_bytes = 64;
};

/// Reads one RFC 8259 document, in UTF-8, and nothing after it. GatewayError::malformed_json with
/// the offset, or too_large.
Result<Value> parse(std::string_view text, const Limits& limits = {});

/// As parse(), but hands the items of an array one by one to `item`, so that a long list is never
/// held as a tree. A document that is not an array counts as its own only item. `is_array` tells
/// which it was. More than max_items is too_large.
struct ItemCount {
  std::size_t items = 0;
  bool is_array = false;
};
Result<ItemCount> parse_items(std::string_view text, std::size_t max_items, const Limits& limits,
                              const std::function<void(const Value&)>& item);

/// Writes compact JSON. The caller keeps begin and end paired.
class Writer {
 public:
  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);  ///< what is not UTF-8 is written as U+FFFD
  Writer& integer(std::int64_t number);
  Writer& unsigned_integer(std::uint64_t number);
  Writer& boolean(bool value);
  Writer& null();
  Writer& decimal(std::int64_t nano);  ///< a decimal string, as /v1 has it: "0.1629"
  Writer& number(std::int64_t nano);   ///< a JSON number without exponent, as /etms has it
  Writer& digest(const crypto::Digest& digest);  ///< 64 hex digits
  Writer& raw(std::string_view json);            ///< JSON that is already written

  std::size_t size() const { return text_.size(); }
  std::string take() && { return std::move(text_); }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void separate();
  std::string text_;
};

}  // namespace powershare::gateway::json
