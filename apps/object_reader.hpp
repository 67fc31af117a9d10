// Reads the fields of JSON objects that people write by hand; remembers the first fault.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace powershare::apps {

/// One object of a document. All objects of a document share the first fault that is found.
class ObjectReader {
 public:
  /// AppError::damaged_data where `text` is no JSON object.
  static Result<ObjectReader> parse(std::string_view text);

  /// A field that is none of these is a fault.
  void allow(std::initializer_list<std::string_view> fields);
  bool has(const char* name) const;
  std::string text(const char* name);
  /// A decimal number as text, or a whole number; what is missing is `otherwise`, or a fault.
  std::int64_t nano(const char* name, std::optional<std::int64_t> otherwise = std::nullopt);
  UtcMillis time(const char* name);
  /// The entries of a list of objects, or of numbers; none where it is missing.
  std::vector<ObjectReader> objects(const char* name);
  std::vector<std::int64_t> numbers(const char* name);
  /// An object in it; a fault where it is missing.
  ObjectReader object(const char* name);
  /// The fields of an object in it whose values are numbers, in their order.
  std::vector<std::pair<std::string, std::int64_t>> numbers_by_name(const char* name);

  void fault(const std::string& what);
  /// The first fault of the document; empty: none.
  const std::string& fault() const;

 private:
  struct Document;
  ObjectReader(std::shared_ptr<Document> document, const void* value, std::string where);
  std::shared_ptr<Document> document_;
  const void* value_;  ///< a value of the document
  std::string where_;
};

}  // namespace powershare::apps
