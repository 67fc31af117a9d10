#include "grid/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "grid/error.hpp"

namespace powershare::grid {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    const auto end = line.find(',', begin);
    fields.push_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return fields;
    begin = end + 1;
  }
}

}  // namespace

Result<CsvTable> CsvTable::parse(std::string_view name, std::string_view text) {
  CsvTable table;
  table.name_ = name;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    auto fields = split(line);
    if (table.columns_.empty()) {
      table.columns_ = std::move(fields);
      continue;
    }
    if (fields.size() != table.columns_.size() || table.rows_.size() == max_rows) {
      const bool full = table.rows_.size() == max_rows;
      return Error{GridError::malformed,
                   table.name_ + " line " + std::to_string(number) +
                       (full ? ": too many lines" : ": not as many fields as the first line")};
    }
    table.rows_.push_back(std::move(fields));
    table.lines_.push_back(number);
  }
  if (table.columns_.empty()) return Error{GridError::malformed, table.name_ + ": empty"};
  return table;
}

Result<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    return Error{GridError::malformed, name_ + ": no column " + std::string(name)};
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

Result<double> CsvTable::number(std::size_t row, std::size_t column, double low,
                                double high) const {
  const std::string_view field = text(row, column);
  double value = 0;
  const auto [end, fault] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (fault != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
    return wrong(row, column, "not a number");
  }
  if (value < low || value > high) return wrong(row, column, "outside of what is possible");
  return value;
}

Error CsvTable::wrong(std::size_t row, std::size_t column, std::string_view reason) const {
  return {GridError::malformed, name_ + " line " + std::to_string(lines_[row]) + ", column " +
                                    std::string(columns_[column]) + ": " + std::string(reason)};
}

}  // namespace powershare::grid
