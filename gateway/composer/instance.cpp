#include "gateway/composer/instance.hpp"

#include <algorithm>

#include "base/quantities.hpp"
#include "gateway/composer/body.hpp"
#include "ledger/participants.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::string_view cannot_be_blank = "can't be blank";

/// The last member of that name counts, as in JavaScript.
const json::Value* member(const json::Value& body, std::string_view name) {
  const json::Value* found = nullptr;
  for (const auto& [known, value] : body.members()) {
    if (known == name) found = &value;
  }
  return found;
}

bool is_blank_text(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class InstanceReader {
 public:
  InstanceReader(const Type& type, ComposerNamespaces namespaces, const json::Value& body,
                 const std::optional<std::string>& path_id)
      : type_(type), namespaces_(namespaces), body_(body), path_id_(path_id) {
    result_.type = &type;
  }

  Outcome<Instance> read() {
    if (!body_.is_object()) return value_is_not_an_object();
    if (auto problem = check_id_unchanged()) return std::move(*problem);
    result_.echo.text("$class", type_.full_name());
    for (const auto& field : type_.fields) read_field(field);
    if (type_.kind == Kind::transaction) check_transaction_fields();
    if (!faults_.empty()) return validation_error(model_name(type_, namespaces_), faults_);
    if (auto problem = check_class()) return std::move(*problem);
    if (type_.kind != Kind::transaction) {
      result_.id = result_.texts[type_.id_field];
      if (is_blank_text(result_.id)) return missing_identifier(type_.name, false);
    }
    if (auto names = unexpected(type_); !names.empty()) {
      return unexpected_properties(type_.full_name(), names);
    }
    for (const auto& field : type_.fields) {
      if (auto problem = check_field(field)) return std::move(*problem);
    }
    return std::move(result_);
  }

 private:
  std::optional<Problem> check_id_unchanged() const {
    if (!path_id_) return std::nullopt;
    const auto* given = member(body_, type_.id_field);
    if (given == nullptr || given->is_null() || shown(*given) == *path_id_) return std::nullopt;
    return plain(400, "id property (" + std::string(type_.id_field) + ") cannot be updated from " +
                          *path_id_ + " to " + shown(*given));
  }

  void blank(const Field& field, std::string value) {
    faults_.push_back(
        {std::string(field.name), "presence", std::string(cannot_be_blank), std::move(value)});
  }

  void read_field(const Field& field) {
    if (path_id_ && field.name == type_.id_field) {
      result_.texts[field.name] = *path_id_;
      result_.echo.text(field.name, *path_id_);
      return;
    }
    const auto* value = member(body_, field.name);
    if (value == nullptr) {
      if (!field.is_rate) return blank(field, "undefined");
      // The former server echoed a default as text; it is a number everywhere else.
      result_.numbers[field.name] = ledger::default_rate.nano();
      result_.echo.number(field.name, ledger::default_rate.nano());
      return;
    }
    if (value->is_null()) return blank(field, "null");
    if (value->kind() == json::Kind::string && value->text().empty()) return blank(field, "\"\"");
    switch (field.kind) {
      case FieldKind::number:
        return read_number(field, *value);
      case FieldKind::reference:
        // A text, but for that Composer's check, not LoopBack's, refuses others.
        result_.echo.text(field.name, shown(*value));
        return;
      case FieldKind::text:
      case FieldKind::vehicle_type:
      case FieldKind::owner_entity:
        return read_text(field, *value);
    }
  }

  void read_number(const Field& field, const json::Value& value) {
    const bool readable = value.kind() == json::Kind::number || value.kind() == json::Kind::string;
    const auto nano = readable ? nano_of(value.text()) : std::nullopt;
    if (nano) {
      result_.numbers[field.name] = *nano;
      result_.echo.number(field.name, *nano);
    } else if (value.kind() == json::Kind::number) {
      faults_.push_back({std::string(field.name), "range", "is out of range", value.text()});
    } else {
      blank(field, "NaN");
    }
  }

  void read_text(const Field& field, const json::Value& value) {
    if (value.kind() != json::Kind::string && value.kind() != json::Kind::number) {
      faults_.push_back({std::string(field.name), "type", "is not a string", shown(value)});
      return;
    }
    result_.texts[field.name] = shown(value);
    result_.echo.text(field.name, shown(value));
  }

  void check_transaction_fields() {
    const auto* id = member(body_, "transactionId");
    const bool absent =
        id == nullptr || id->is_null() || (id->kind() == json::Kind::string && id->text().empty());
    if (!absent) {
      faults_.push_back({"transactionId", "absence", "can't be set", "\"" + shown(*id) + "\""});
    }
    const auto* time = member(body_, "timestamp");
    const bool no_time = time == nullptr || time->is_null() ||
                         (time->kind() == json::Kind::string && time->text().empty());
    const bool is_time =
        !no_time && (time->kind() == json::Kind::number ||
                     (time->kind() == json::Kind::string && time->text().size() <= 64 &&
                      parse_iso8601(time->text()).ok()));
    if (!no_time && !is_time) {
      faults_.push_back({"timestamp", "date", "is not a valid date", "Invalid Date"});
    }
  }

  /// Names in the body that `type` does not have.
  std::vector<std::string> unexpected(const Type& type) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : body_.members()) {
      const bool known =
          name == "$class" || type.find(name) != nullptr ||
          (type.kind == Kind::transaction && (name == "transactionId" || name == "timestamp"));
      if (!known && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
    return names;
  }

  std::optional<Problem> check_class() const {
    const auto* given = member(body_, "$class");
    if (given == nullptr || given->is_null()) return std::nullopt;
    const auto name = shown(*given);
    if (name.empty() || name == type_.full_name()) return std::nullopt;
    const auto prefix = std::string(network) + ".";
    const auto* other = name.starts_with(prefix) ? find_type(name.substr(prefix.size())) : nullptr;
    if (other == nullptr) return type_not_found(name);
    if (other->kind != Kind::transaction) return missing_identifier(other->name, true);
    const auto names = unexpected(*other);
    if (!names.empty()) return unexpected_properties(other->full_name(), names);
    return Problem{500, "ValidationException",
                   "Instance " + other->full_name() + " is not of type " + type_.full_name()};
  }

  std::string instance_name() const { return type_.full_name() + "#" + result_.id; }

  std::optional<Problem> check_field(const Field& field) {
    if (field.kind == FieldKind::reference) return check_reference(field);
    const auto values = enum_values(field.kind);
    if (values.empty()) return std::nullopt;
    const auto& value = result_.texts[field.name];
    if (std::find(values.begin(), values.end(), value) != values.end()) return std::nullopt;
    return bad_enum(instance_name(), value, field.kind);
  }

  std::optional<Problem> check_reference(const Field& field) {
    const auto& value = *member(body_, field.name);
    if (value.kind() != json::Kind::string) return reference_not_text(shown(value), field);
    const auto declared = std::string(network) + "." + std::string(field.target);
    auto reference = parse_reference(value.text(), declared);
    if (reference.full_type != declared) {
      const auto prefix = std::string(network) + ".";
      const bool known = reference.full_type.starts_with(prefix) &&
                         find_type(reference.full_type.substr(prefix.size())) != nullptr;
      if (!known) return type_not_found(reference.full_type);
      return wrong_reference(instance_name(), field.name, reference.full_type, declared);
    }
    if (is_blank_text(reference.id)) return missing_identifier(field.target, false);
    result_.references[field.name] = std::move(reference.id);
    return std::nullopt;
  }

  const Type& type_;
  ComposerNamespaces namespaces_;
  const json::Value& body_;
  const std::optional<std::string>& path_id_;
  Instance result_;
  std::vector<Fault> faults_;
};

}  // namespace

Outcome<Instance> read_instance(const Type& type, ComposerNamespaces namespaces,
                                const json::Value& body,
                                const std::optional<std::string>& path_id) {
  return InstanceReader(type, namespaces, body, path_id).read();
}

std::optional<std::int64_t> nano_of(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  // JavaScript also reads "+5", ".5" and "5.".
  std::string spelled;
  if (text.front() == '+' || text.front() == '-') {
    if (text.front() == '-') spelled = "-";
    text.remove_prefix(1);
  }
  if (text.starts_with('.')) spelled += '0';
  const auto dot = text.find('.');
  const bool bare_dot = dot != std::string_view::npos && dot > 0 &&
                        (dot + 1 == text.size() || text[dot + 1] == 'e' || text[dot + 1] == 'E');
  spelled += bare_dot ? std::string(text.substr(0, dot)) + std::string(text.substr(dot + 1))
                      : std::string(text);
  const auto nano = parse_nano(spelled);
  if (!nano) return std::nullopt;
  return *nano;
}

Reference parse_reference(std::string_view text, std::string_view declared) {
  constexpr std::string_view scheme = "resource:";
  const bool is_uri = text.starts_with(scheme);
  if (is_uri) text.remove_prefix(scheme.size());
  const auto hash = text.find('#');
  const auto type = text.substr(0, std::min(hash, text.size()));
  const bool typed = hash != std::string_view::npos && (is_uri || type.find('.') != type.npos);
  if (!typed) return {std::string(declared), std::string(text)};
  return {std::string(type), std::string(text.substr(hash + 1))};
}

}  // namespace powershare::gateway::composer
