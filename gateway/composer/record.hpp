// One object as an answer holds it: named values in the order in which they are printed. Filters
// look at the same values, so that they cannot differ from what is shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "gateway/json.hpp"

namespace powershare::gateway::composer {

struct Cell {
  enum class Kind : std::uint8_t {
    text = 1,
    number,     ///< `nano`
    time,       ///< `text`, as iso_time() writes it; `nano` holds the milliseconds
    reference,  ///< `text`: "resource:…#…"
    json,       ///< `text` as it is
  } kind = Kind::text;
  std::string text;
  std::int64_t nano = 0;
};

class Record {
 public:
  Record& text(std::string_view name, std::string value);
  Record& number(std::string_view name, std::int64_t nano);
  Record& time(std::string_view name, UtcMillis value);
  /// `type` as resource() takes it.
  Record& reference(std::string_view name, std::string_view type, std::string_view id);
  Record& json(std::string_view name, std::string value);

  const Cell* find(std::string_view name) const;
  Cell* find(std::string_view name);
  const std::vector<std::pair<std::string, Cell>>& cells() const { return cells_; }
  std::vector<std::pair<std::string, Cell>>& cells() { return cells_; }

 private:
  Record& add(std::string_view name, Cell cell);
  std::vector<std::pair<std::string, Cell>> cells_;
};

/// "2019-10-21T09:00:00.000Z": always with milliseconds.
std::string iso_time(UtcMillis time);
void write(json::Writer& out, const Record& record);
std::string to_json(const Record& record);

}  // namespace powershare::gateway::composer
