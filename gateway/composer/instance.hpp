// What a client sends for a participant, an asset or a transaction: read, coerced and checked in
// the former server's order, first LoopBack's checks (422), then Composer's (500).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/composer/problems.hpp"
#include "gateway/composer/record.hpp"
#include "gateway/json.hpp"

namespace powershare::gateway::composer {

struct Instance {
  const Type* type = nullptr;
  std::string id;                                      ///< of participants and assets
  std::map<std::string_view, std::string> texts;       ///< text and enum fields
  std::map<std::string_view, std::int64_t> numbers;    ///< in nano-units
  std::map<std::string_view, std::string> references;  ///< ids of assets
  Record echo;  ///< what the answer shows: the request, coerced, with `$class`
};

/// Reads `body` as an instance of `type`. `path_id` is the id that a PUT names in its path.
Outcome<Instance> read_instance(const Type& type, ComposerNamespaces namespaces,
                                const json::Value& body,
                                const std::optional<std::string>& path_id = {});

/// The nano-units that a number or numeric text stands for, rounded half to even; nothing for what
/// JavaScript would call NaN or what no balance can hold.
std::optional<std::int64_t> nano_of(std::string_view text);

/// A reference as clients send it: "resource:NS.Type#id", "NS.Type#id" or "id", which takes
/// `declared`'s type.
struct Reference {
  std::string full_type;
  std::string id;
};
Reference parse_reference(std::string_view text, std::string_view declared);

}  // namespace powershare::gateway::composer
