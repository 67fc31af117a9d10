// A YAML document read strictly: every field is known, is of its kind, and is named in the
// sentence that says what is wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace powershare::apps {

/// One map of fields. The first fault is kept, and every later read gives an empty value, so that
/// reading stays a list of fields; ask fault() at the end.
class ConfigFields {
 public:
  /// Reads a file of at most 1 MiB. AppError::bad_configuration for what is no YAML.
  static Result<ConfigFields> load(const std::filesystem::path& file);

  /// Says which fields there may be; anything else is a fault.
  void allow(const std::set<std::string>& names) const;
  bool has(const std::string& name) const;
  std::string text(const std::string& name) const;  ///< missing: a fault
  std::string text_or(const std::string& name, const std::string& otherwise) const;
  bool flag_or(const std::string& name, bool otherwise) const;
  std::uint64_t number_or(const std::string& name, std::uint64_t otherwise, std::uint64_t least,
                          std::uint64_t most) const;
  std::vector<std::string> texts(const std::string& name) const;  ///< missing: a fault
  ConfigFields map(const std::string& name) const;                ///< missing: a fault
  std::vector<ConfigFields> maps(const std::string& name) const;  ///< missing: a fault
  /// Relative paths are taken from the file's own folder.
  std::filesystem::path path(const std::string& name) const;

  /// Records a fault of this map's field.
  void wrong(const std::string& name, const std::string& why) const;
  /// AppError::bad_configuration: file, line, and what is wrong first.
  std::optional<Error> fault() const;

 private:
  struct Document;
  struct Node;
  ConfigFields(std::shared_ptr<Document> document, std::shared_ptr<Node> node, std::string where);
  ConfigFields nothing(const std::string& name) const;

  std::shared_ptr<Document> document_;
  std::shared_ptr<Node> node_;
  std::string where_;
};

}  // namespace powershare::apps
