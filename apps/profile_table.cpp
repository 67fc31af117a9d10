#include "apps/profile_table.hpp"

#include "apps/error.hpp"
#include "apps/files.hpp"
#include "base/quantities.hpp"

namespace powershare::apps {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

Error ProfileTable::wrong(std::size_t row, std::string_view column, std::string_view reason) const {
  return {AppError::bad_configuration, file + " line " + std::to_string(row + 2) + ", column " +
                                           std::string(column) + ": " + std::string(reason)};
}

const std::string& ProfileTable::field(std::size_t row, std::string_view column) const {
  return rows[row][columns.find(column)->second];
}

Result<ProfileTable> read_profile_table(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  ProfileTable table{path.string(), {}, {}};
  bool header = true;
  for (auto line : split(*text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const auto fields = split(line, ',');
    if (header) {
      for (std::size_t i = 0; i < fields.size(); ++i) table.columns.emplace(fields[i], i);
      header = false;
    } else if (fields.size() != table.columns.size()) {
      return table.wrong(table.rows.size(), "all", "not as many fields as the first line has");
    } else {
      table.rows.emplace_back(fields.begin(), fields.end());
    }
  }
  if (table.rows.empty()) return Error{AppError::bad_configuration, path.string() + ": no rows"};
  return table;
}

Result<std::vector<std::int64_t>> column_nano(const ProfileTable& table, const std::string& name) {
  const auto column = table.columns.find(name);
  if (column == table.columns.end()) {
    return Error{AppError::bad_configuration, table.file + ": no column " + name};
  }
  std::vector<std::int64_t> values;
  values.reserve(table.rows.size());
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    auto value = parse_nano_exact(table.rows[row][column->second]);
    if (!value) return table.wrong(row, name, value.error().detail());
    values.push_back(*value);
  }
  return values;
}

}  // namespace powershare::apps
