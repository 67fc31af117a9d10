// What `powershare import-composer` has to do, worked out from two lists of objects; without any
// I/O.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/composer/instance.hpp"

namespace powershare::apps {

/// Participants and assets of a Composer server or of a chain of ours, by model and id.
struct ComposerRegistry {
  std::map<std::pair<std::string, std::string>, gateway::composer::Instance> objects;
  std::vector<std::string> faults;  ///< what cannot be read, one sentence each
};

/// The models that are imported, in the order of their making: assets first, then participants.
std::vector<const gateway::composer::Type*> imported_models();

/// Adds the objects of one model, as GET /api/{model} lists them. AppError::failed where the text
/// is no list; single objects that are wrong become faults.
Result<void> read_composer_list(const gateway::composer::Type& type, std::string_view text,
                                ComposerRegistry& registry);

struct ImportItem {
  enum class Kind : std::uint8_t { create = 1, same, different } kind = Kind::create;
  std::string model;
  std::string id;
  std::string body;                 ///< to create it with
  std::vector<std::string> fields;  ///< in which it differs
};

struct ImportPlan {
  std::vector<ImportItem> items;      ///< in the order of their making
  std::vector<std::string> faults;    ///< nothing is imported while there are any
  std::vector<std::string> warnings;  ///< imported as it is

  std::size_t count(ImportItem::Kind kind) const;
  bool can_be_applied() const;
};
/// Objects that the target has already with the same content are left alone; with another content
/// they are `different`, and the plan cannot be applied.
ImportPlan plan_import(const ComposerRegistry& source, const ComposerRegistry& target);

/// The same key for the same object with the same content, so that a repetition has no effect.
std::string import_key(const ImportItem& item);

}  // namespace powershare::apps
