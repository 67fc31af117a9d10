#include "apps/config_fields.hpp"

#include <yaml-cpp/yaml.h>

#include "apps/error.hpp"
#include "apps/files.hpp"

namespace powershare::apps {

struct ConfigFields::Document {
  std::filesystem::path file;
  std::string fault;

  void wrong(const YAML::Mark& mark, const std::string& why) {
    if (!fault.empty()) return;
    const auto line = mark.is_null() ? "" : " line " + std::to_string(mark.line + 1);
    fault = file.string() + line + ": " + why;
  }
};

struct ConfigFields::Node {
  YAML::Node yaml;

  /// The field's node; nothing where there is none.
  std::optional<YAML::Node> find(const std::string& name) const {
    if (!yaml.IsMap()) return std::nullopt;
    for (const auto& entry : yaml) {
      if (entry.first.IsScalar() && entry.first.Scalar() == name) return entry.second;
    }
    return std::nullopt;
  }
};

ConfigFields::ConfigFields(std::shared_ptr<Document> document, std::shared_ptr<Node> node,
                           std::string where)
    : document_(std::move(document)), node_(std::move(node)), where_(std::move(where)) {
  if (!node_->yaml.IsMap()) {
    document_->wrong(node_->yaml.Mark(),
                     (where_.empty() ? "the file" : where_.substr(0, where_.size() - 1)) +
                         " is not a map of fields");
  }
}

Result<ConfigFields> ConfigFields::load(const std::filesystem::path& file) {
  auto text = read_file(file, 1u << 20);
  if (!text) return text.error();
  auto document = std::make_shared<Document>();
  document->file = file;
  auto node = std::make_shared<Node>();
  try {
    node->yaml = YAML::Load(*text);
  } catch (const YAML::Exception& error) {
    document->wrong(error.mark, error.msg);
    return Error{AppError::bad_configuration, document->fault};
  }
  return ConfigFields(std::move(document), std::move(node), "");
}

void ConfigFields::allow(const std::set<std::string>& names) const {
  if (!node_->yaml.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& entry : node_->yaml) {
    const auto name = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    if (!names.contains(name)) {
      document_->wrong(entry.first.Mark(), "unknown field " + where_ + name);
    } else if (!seen.insert(name).second) {
      document_->wrong(entry.first.Mark(), "field " + where_ + name + " stands twice");
    }
  }
}

bool ConfigFields::has(const std::string& name) const {
  return node_->find(name).has_value();
}

void ConfigFields::wrong(const std::string& name, const std::string& why) const {
  const auto found = node_->find(name);
  document_->wrong(found ? found->Mark() : node_->yaml.Mark(), where_ + name + " " + why);
}

std::string ConfigFields::text(const std::string& name) const {
  const auto found = node_->find(name);
  if (!found) {
    document_->wrong(node_->yaml.Mark(), "missing field " + where_ + name);
    return {};
  }
  if (!found->IsScalar() || found->Scalar().empty()) {
    wrong(name, "is not a text");
    return {};
  }
  return found->Scalar();
}

std::string ConfigFields::text_or(const std::string& name, const std::string& otherwise) const {
  return has(name) ? text(name) : otherwise;
}

bool ConfigFields::flag_or(const std::string& name, bool otherwise) const {
  if (!has(name)) return otherwise;
  const auto value = text(name);
  if (value == "true") return true;
  if (value != "false") wrong(name, "must be true or false");
  return false;
}

std::uint64_t ConfigFields::number_or(const std::string& name, std::uint64_t otherwise,
                                      std::uint64_t least, std::uint64_t most) const {
  if (!has(name)) return otherwise;
  const auto value = text(name);
  std::uint64_t number = 0;
  bool good = !value.empty() && value.size() <= 18;
  for (const char c : value) {
    good = good && c >= '0' && c <= '9';
    if (good) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (good && number >= least && number <= most) return number;
  wrong(name,
        "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

std::vector<std::string> ConfigFields::texts(const std::string& name) const {
  const auto found = node_->find(name);
  std::vector<std::string> result;
  if (!found || !found->IsSequence()) {
    wrong(name, found ? "is not a list" : "is missing");
    return result;
  }
  for (const auto& item : *found) {
    if (item.IsScalar()) {
      result.push_back(item.Scalar());
    } else {
      wrong(name, "is not a list of texts");
    }
  }
  return result;
}

ConfigFields ConfigFields::nothing(const std::string& name) const {
  auto node = std::make_shared<Node>();
  node->yaml = YAML::Node(YAML::NodeType::Map);
  return ConfigFields(document_, node, where_ + name + ".");
}

ConfigFields ConfigFields::map(const std::string& name) const {
  const auto found = node_->find(name);
  if (!found) {
    document_->wrong(node_->yaml.Mark(), "missing field " + where_ + name);
    return nothing(name);
  }
  auto node = std::make_shared<Node>();
  node->yaml = *found;
  return ConfigFields(document_, node, where_ + name + ".");
}

std::vector<ConfigFields> ConfigFields::maps(const std::string& name) const {
  const auto found = node_->find(name);
  std::vector<ConfigFields> result;
  if (!found || !found->IsSequence()) {
    wrong(name, found ? "is not a list" : "is missing");
    return result;
  }
  for (const auto& item : *found) {
    auto node = std::make_shared<Node>();
    node->yaml = static_cast<const YAML::Node&>(item);
    result.push_back(ConfigFields(document_, node, where_ + name + "."));
  }
  return result;
}

std::filesystem::path ConfigFields::path(const std::string& name) const {
  const auto folder = std::filesystem::absolute(document_->file).parent_path();
  return (folder / text(name)).lexically_normal();
}

std::optional<Error> ConfigFields::fault() const {
  if (document_->fault.empty()) return std::nullopt;
  return Error{AppError::bad_configuration, document_->fault};
}

}  // namespace powershare::apps
