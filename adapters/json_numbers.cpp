#include "adapters/json_numbers.hpp"

#include <nlohmann/json.hpp>

#include "adapters/error.hpp"

namespace powershare::adapters {
namespace {

using Json = nlohmann::json;
using Numbers = std::map<std::string, std::string, std::less<>>;

/// Takes the parser's events; returning false ends the parsing.
class Collector final : public nlohmann::json_sax<Json> {
 public:
  explicit Collector(Numbers& numbers) : numbers_(numbers) {}
  bool too_large() const { return too_large_; }

  bool null() override { return next_element(); }
  bool boolean(bool) override { return next_element(); }
  bool string(string_t&) override { return next_element(); }
  bool binary(binary_t&) override { return false; }
  bool number_integer(number_integer_t value) override { return add(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& digits) override { return add(digits); }

  bool start_object(std::size_t) override { return open(false); }
  bool key(string_t& name) override {
    levels_.back().name = name;
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  struct Level {
    bool array = false;
    std::size_t index = 0;
    std::string name;
  };

  std::string place() const {
    std::string result;
    for (const auto& level : levels_) {
      if (!result.empty()) result += '.';
      result += level.array ? std::to_string(level.index) : level.name;
    }
    return result;
  }
  bool next_element() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }
  bool open(bool array) {
    if (levels_.size() == JsonNumbers::max_depth) {
      too_large_ = true;
      return false;
    }
    levels_.push_back({array, 0, {}});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return next_element();
  }
  bool add(std::string digits) {
    if (numbers_.size() == JsonNumbers::max_numbers) {
      too_large_ = true;
      return false;
    }
    const bool fresh = numbers_.emplace(place(), std::move(digits)).second;
    return fresh && next_element();
  }

  Numbers& numbers_;
  std::vector<Level> levels_;
  bool too_large_ = false;
};

}  // namespace

Result<JsonNumbers> JsonNumbers::parse(std::string_view text) {
  const Error too_large{AdapterError::too_large, "a message is larger than any meter's"};
  if (text.size() > max_bytes) return too_large;
  JsonNumbers result;
  Collector collector(result.numbers_);
  if (!Json::sax_parse(text, &collector)) {
    if (collector.too_large()) return too_large;
    return Error{AdapterError::malformed, "a message is not the JSON of a meter"};
  }
  return result;
}

std::vector<std::string_view> JsonNumbers::at(std::string_view place) const {
  std::vector<std::string_view> result;
  if (const auto found = numbers_.find(place); found != numbers_.end()) {
    result.emplace_back(found->second);
    return result;
  }
  for (std::size_t i = 0; i < max_numbers; ++i) {
    const auto found = numbers_.find(std::string(place) + "." + std::to_string(i));
    if (found == numbers_.end()) break;
    result.emplace_back(found->second);
  }
  return result;
}

template <class Quantity>
Result<std::optional<Quantity>> sum_at(const JsonNumbers& numbers, std::string_view place,
                                       Result<Quantity> (*read)(std::string_view)) {
  std::optional<Quantity> sum;
  for (const auto digits : numbers.at(place)) {
    const auto value = read(digits);
    if (!value) return value.error();
    const auto next = add(sum.value_or(Quantity{}), *value);
    if (!next) return Error{AdapterError::malformed, next.error().detail()};
    sum = *next;
  }
  return sum;
}

template Result<std::optional<Energy>> sum_at(const JsonNumbers&, std::string_view,
                                              Result<Energy> (*)(std::string_view));
template Result<std::optional<Power>> sum_at(const JsonNumbers&, std::string_view,
                                             Result<Power> (*)(std::string_view));

}  // namespace powershare::adapters
