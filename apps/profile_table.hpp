// The tables of a folder of profiles: CSV files of plain fields, by column name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace powershare::apps {

/// A CSV file of plain fields (no quotes); every row has as many as the first line.
struct ProfileTable {
  std::string file;
  std::map<std::string, std::size_t, std::less<>> columns;
  std::vector<std::vector<std::string>> rows;

  /// AppError::bad_configuration with file, line and column.
  Error wrong(std::size_t row, std::string_view column, std::string_view reason) const;
  bool has(std::string_view column) const { return columns.contains(column); }
  /// The field of a column that exists.
  const std::string& field(std::size_t row, std::string_view column) const;
};

/// AppError::bad_configuration names file and line.
Result<ProfileTable> read_profile_table(const std::filesystem::path& path);
/// One column as nano-units. AppError::bad_configuration.
Result<std::vector<std::int64_t>> column_nano(const ProfileTable& table, const std::string& name);

}  // namespace powershare::apps
