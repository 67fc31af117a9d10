// Errors are values: a function that can fail returns Result<T>.
#pragma once

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "base/assert.hpp"

namespace powershare {

/// What went wrong: a code of one room's error enum (see POWERSHARE_ERROR_ENUM) and one sentence
/// for people.
class Error {
 public:
  Error(std::error_code code, std::string detail) : code_(code), detail_(std::move(detail)) {}

  const std::error_code& code() const { return code_; }
  /// The sentence for people; never holds secrets or unchecked payload.
  const std::string& detail() const { return detail_; }
  /// "room: detail", for logs.
  std::string text() const { return std::string(code_.category().name()) + ": " + detail_; }

 private:
  std::error_code code_;
  std::string detail_;
};

/// Either a value or an Error. Asking for the one that is not there is a bug.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    PS_ASSERT(ok());
    return std::get<0>(content_);
  }
  T& value() & {
    PS_ASSERT(ok());
    return std::get<0>(content_);
  }
  T&& value() && {
    PS_ASSERT(ok());
    return std::get<0>(std::move(content_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const {
    PS_ASSERT(!ok());
    return std::get<1>(content_);
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    PS_ASSERT(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace powershare

/// Makes `Enum` (an enum class in namespace powershare, values from 1 on) an error enum of the room
/// `room_name`: `Error{Enum::x, "sentence"}` works from then on. Use it at global scope, after the
/// enum.
#define POWERSHARE_ERROR_ENUM(Enum, room_name)                             \
  template <>                                                              \
  struct std::is_error_code_enum<Enum> : std::true_type {};                \
  namespace powershare {                                                   \
  inline const std::error_category& error_category_of(Enum) {              \
    struct Category final : std::error_category {                          \
      const char* name() const noexcept override { return room_name; }     \
      std::string message(int value) const override {                      \
        return std::string(room_name) + " error " + std::to_string(value); \
      }                                                                    \
    };                                                                     \
    static const Category category;                                        \
    return category;                                                       \
  }                                                                        \
  inline std::error_code make_error_code(Enum value) {                     \
    return {static_cast<int>(value), error_category_of(value)};            \
  }                                                                        \
  }                                                                        \
  static_assert(true, "")
