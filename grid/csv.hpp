// A table of plain fields separated by commas (no quotes), by column name. Inside room grid only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace powershare::grid {

class CsvTable {
 public:
  static constexpr std::size_t max_rows = 1'000'000;

  /// The first line names the columns. `name` is what errors call the table. GridError::malformed.
  static Result<CsvTable> parse(std::string_view name, std::string_view text);

  std::size_t rows() const { return rows_.size(); }
  const std::vector<std::string_view>& columns() const { return columns_; }
  /// Position of a column. GridError::malformed where there is none.
  Result<std::size_t> column(std::string_view name) const;
  std::string_view text(std::size_t row, std::size_t column) const { return rows_[row][column]; }
  /// A finite number within [low, high]. GridError::malformed with line and column.
  Result<double> number(std::size_t row, std::size_t column, double low, double high) const;
  Error wrong(std::size_t row, std::size_t column, std::string_view reason) const;

 private:
  std::string name_;
  std::vector<std::string_view> columns_;  ///< of the text that was parsed, which must live on
  std::vector<std::vector<std::string_view>> rows_;
  std::vector<std::size_t> lines_;  ///< of the rows, from 1 on
};

}  // namespace powershare::grid
