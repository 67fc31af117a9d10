#include "apps/composer_import.hpp"

#include <algorithm>

#include "apps/error.hpp"
#include "crypto/hash.hpp"

namespace powershare::apps {
namespace {

namespace composer = gateway::composer;
using composer::Instance;
using composer::Type;

std::string name_of(const Instance& instance) {
  return std::string(instance.type->name) + " " + instance.id;
}

std::vector<std::string> differing_fields(const Instance& one, const Instance& other) {
  std::vector<std::string> fields;
  const auto compare = [&](const auto& left, const auto& right) {
    for (const auto& [name, value] : left) {
      const auto found = right.find(name);
      if (found == right.end() || found->second != value) fields.emplace_back(name);
    }
  };
  compare(one.texts, other.texts);
  compare(one.numbers, other.numbers);
  compare(one.references, other.references);
  return fields;
}

void check_numbers(const Instance& instance, ImportPlan& plan) {
  for (const auto& [field, nano] : instance.numbers) {
    if (nano < 0) {
      plan.faults.push_back(name_of(instance) + ": " + std::string(field) +
                            " is negative; settle it at the source first");
    }
  }
}

/// Assets that nobody has told of and owners that are not there do no harm, but are worth knowing.
void check_references(const ComposerRegistry& source, const ComposerRegistry& target,
                      const Instance& instance, ImportPlan& plan) {
  const auto is_there = [&](std::string_view model, const std::string& id) {
    const std::pair key{std::string(model), id};
    return source.objects.contains(key) || target.objects.contains(key);
  };
  for (const auto& [field, id] : instance.references) {
    const auto* known = instance.type->find(field);
    if (known != nullptr && !is_there(known->target, id)) {
      plan.warnings.push_back(name_of(instance) + ": there is no " + std::string(known->target) +
                              " " + id);
    }
  }
  const auto owner = instance.texts.find("ownerID");
  const auto entity = instance.texts.find("ownerEntity");
  if (owner != instance.texts.end() && entity != instance.texts.end() &&
      !is_there(entity->second, owner->second)) {
    plan.warnings.push_back(name_of(instance) + ": its owner " + entity->second + " " +
                            owner->second + " is not there");
  }
}

void plan_object(const ComposerRegistry& target, const std::pair<std::string, std::string>& key,
                 const Instance& instance, ImportPlan& plan) {
  ImportItem item;
  item.model = key.first;
  item.id = key.second;
  item.body = composer::to_json(instance.echo);
  const auto there = target.objects.find(key);
  if (there != target.objects.end()) {
    item.fields = differing_fields(instance, there->second);
    item.kind = item.fields.empty() ? ImportItem::Kind::same : ImportItem::Kind::different;
  }
  plan.items.push_back(std::move(item));
}

}  // namespace

std::vector<const Type*> imported_models() {
  std::vector<const Type*> models;
  for (const auto kind : {composer::Kind::asset, composer::Kind::participant}) {
    for (const auto& type : composer::types()) {
      if (type.kind == kind) models.push_back(&type);
    }
  }
  return models;
}

Result<void> read_composer_list(const Type& type, std::string_view text,
                                ComposerRegistry& registry) {
  const auto list = gateway::json::parse(text);
  if (!list || !list->is_array()) {
    return Error{AppError::failed,
                 "the list of " + std::string(type.name) + " is no JSON array of its objects"};
  }
  for (const auto& object : list->items()) {
    auto read = composer::read_instance(type, gateway::ComposerNamespaces::never, object);
    if (const auto* problem = std::get_if<composer::Problem>(&read)) {
      const auto* id = object.is_object() ? object.find(type.id_field) : nullptr;
      const auto named = id != nullptr && id->kind() == gateway::json::Kind::string;
      registry.faults.push_back(std::string(type.name) + " " + (named ? id->text() : "without id") +
                                ": " + problem->message);
      continue;
    }
    auto& instance = std::get<Instance>(read);
    const std::pair key{std::string(type.name), instance.id};
    const auto known = registry.objects.find(key);
    if (known == registry.objects.end()) {
      registry.objects.emplace(key, std::move(instance));
    } else if (!differing_fields(known->second, instance).empty()) {
      registry.faults.push_back(name_of(instance) + " is listed twice with different content");
    }
  }
  return {};
}

std::size_t ImportPlan::count(ImportItem::Kind kind) const {
  return static_cast<std::size_t>(std::count_if(
      items.begin(), items.end(), [&](const ImportItem& item) { return item.kind == kind; }));
}

bool ImportPlan::can_be_applied() const {
  return faults.empty() && count(ImportItem::Kind::different) == 0;
}

ImportPlan plan_import(const ComposerRegistry& source, const ComposerRegistry& target) {
  ImportPlan plan;
  plan.faults = source.faults;
  for (const auto* type : imported_models()) {
    for (const auto& [key, instance] : source.objects) {
      if (key.first != type->name) continue;
      check_numbers(instance, plan);
      check_references(source, target, instance, plan);
      plan_object(target, key, instance, plan);
    }
  }
  return plan;
}

std::string import_key(const ImportItem& item) {
  const auto text = item.model + "\n" + item.id + "\n" + item.body;
  return "import-" + crypto::to_hex(crypto::sha256(as_bytes(text))).substr(0, 40);
}

}  // namespace powershare::apps
