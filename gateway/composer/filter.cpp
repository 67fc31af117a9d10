#include "gateway/composer/filter.hpp"

#include <algorithm>
#include <compare>

#include "gateway/composer/body.hpp"
#include "gateway/composer/instance.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::size_t max_conditions = 256;

std::string as_json(const json::Value& value) {
  json::Writer out;
  switch (value.kind()) {
    case json::Kind::null:
      return "null";
    case json::Kind::boolean:
      return value.boolean() ? "true" : "false";
    case json::Kind::number:
      return value.text();
    case json::Kind::string:
      return std::move(out.string(value.text())).take();
    case json::Kind::array: {
      std::string text = "[";
      for (const auto& item : value.items()) {
        if (text.size() > 1) text += ',';
        text += as_json(item);
      }
      return text + "]";
    }
    case json::Kind::object: {
      std::string text = "{";
      for (const auto& [name, item] : value.members()) {
        if (text.size() > 1) text += ',';
        json::Writer key;
        text += std::move(key.string(name)).take() + ":" + as_json(item);
      }
      return text + "}";
    }
  }
  return {};
}

std::strong_ordering compare(const Cell& left, const Cell& right) {
  if (left.kind == Cell::Kind::number || left.kind == Cell::Kind::time) {
    return left.nano <=> right.nano;
  }
  return left.text.compare(right.text) <=> 0;
}

/// Reads the parts of a filter; the first problem ends it.
class FilterReader {
 public:
  explicit FilterReader(const Type& type) : type_(type) {}

  Outcome<Filter> read(const json::Value& value) {
    if (!value.is_object()) return value_is_not_an_object();
    for (const auto& [name, part] : value.members()) {
      if (problem_) break;
      if (name == "where") {
        read_where(part, filter_.where);
      } else if (name == "include") {
        filter_.resolve = part.kind() == json::Kind::string && part.text() == "resolve";
      } else if (name == "fields") {
        read_fields(part);
      } else if (name == "order") {
        read_order(part);
      } else if (name == "limit") {
        const auto count = read_count(part, "limit");
        if (count && *count > 0) filter_.limit = count;
      } else if (name == "skip" || name == "offset") {
        filter_.skip = read_count(part, "offset/skip").value_or(0);
      }
    }
    if (problem_) return std::move(*problem_);
    return std::move(filter_);
  }

 private:
  void fail(Problem problem) {
    if (!problem_) problem_ = std::move(problem);
  }

  void read_where(const json::Value& value, Condition& out) {
    if (problem_) return;
    if (!value.is_object()) {
      return fail(plain(400, "The where clause " + as_json(value) + " is not an object"));
    }
    out.kind = Condition::Kind::all_of;
    for (const auto& [name, part] : value.members()) {
      if (name == "and" || name == "or") {
        read_combination(name, part, out);
      } else {
        read_property(name, part, out);
      }
      if (problem_) return;
    }
  }

  void read_combination(const std::string& name, const json::Value& value, Condition& out) {
    if (!value.is_array()) {
      return fail(plain(400, "The " + name + " operator has invalid clauses " + as_json(value) +
                                 ": Expected an array"));
    }
    Condition combined;
    combined.kind = name == "and" ? Condition::Kind::all_of : Condition::Kind::any_of;
    for (const auto& item : value.items()) {
      Condition part;
      read_where(item, part);
      combined.parts.push_back(std::move(part));
    }
    if (!combined.parts.empty()) out.parts.push_back(std::move(combined));
  }

  /// What the field holds; `id` stands for the id whatever its name is.
  std::optional<FieldKind> kind_of(std::string& name) {
    if (name == "id") name = type_.id_field;
    if (name == "$class" || name == "transactionId") return FieldKind::text;
    if (const auto* field = type_.find(name)) return field->kind;
    fail(plain(400, "The field " + name + " is not defined for type " + type_.full_name()));
    return std::nullopt;
  }

  void read_property(std::string name, const json::Value& value, Condition& out) {
    const bool is_time = type_.kind == Kind::transaction && name == "timestamp";
    const auto kind = is_time ? std::optional(FieldKind::text) : kind_of(name);
    if (!kind) return;
    if (!value.is_object()) return add(name, *kind, is_time, Condition::Operator::eq, value, out);
    for (const auto& [key, operand] : value.members()) {
      read_operator(name, *kind, is_time, key, operand, out);
      if (problem_) return;
    }
  }

  void read_operator(const std::string& name, FieldKind kind, bool is_time, const std::string& key,
                     const json::Value& operand, Condition& out) {
    using Operator = Condition::Operator;
    constexpr std::pair<std::string_view, Operator> known[] = {
        {"eq", Operator::eq},   {"neq", Operator::neq}, {"gt", Operator::gt},
        {"gte", Operator::gte}, {"lt", Operator::lt},   {"lte", Operator::lte}};
    for (const auto& [text, op] : known) {
      if (text == key) return add(name, kind, is_time, op, operand, out);
    }
    if (key != "between") {
      return fail(
          plain(500, "The key " + key + " operator is not supported by the Composer filter where"));
    }
    if (!operand.is_array() || operand.items().size() != 2) {
      const auto received = operand.is_array() ? operand.items().size() : 1;
      return fail(plain(
          400, "The " + name + " property has invalid clause {\"between\":" + as_json(operand) +
                   "}: Expected precisely 2 values, received " + std::to_string(received)));
    }
    add(name, kind, is_time, Operator::gte, operand.items()[0], out);
    add(name, kind, is_time, Operator::lte, operand.items()[1], out);
  }

  void add(const std::string& name, FieldKind kind, bool is_time, Condition::Operator op,
           const json::Value& value, Condition& out) {
    if (problem_) return;
    if (++conditions_ > max_conditions) return fail(plain(400, "The where clause is too long"));
    Condition condition;
    condition.kind = Condition::Kind::compare;
    condition.field = name;
    condition.op = op;
    if (value.is_null()) return fail(plain(500, "The value: null is invalid"));
    if (value.is_object() || value.is_array()) {
      return fail(plain(400, "The value: " + as_json(value) + " is invalid"));
    }
    condition.value.text = shown(value);
    if (is_time) {
      const auto time = parse_iso8601(condition.value.text.substr(0, 64));
      if (!time) return fail(plain(400, "The value: " + condition.value.text + " is invalid"));
      condition.value.kind = Cell::Kind::time;
      condition.value.nano = time->value;
    } else if (kind == FieldKind::number) {
      const auto nano = nano_of(condition.value.text);
      if (!nano) return fail(plain(400, "Value is not a number."));
      condition.value.kind = Cell::Kind::number;
      condition.value.nano = *nano;
    }
    out.parts.push_back(std::move(condition));
  }

  void read_fields(const json::Value& value) {
    if (value.is_array()) {
      filter_.only.emplace();
      for (const auto& item : value.items()) filter_.only->push_back(shown(item));
    } else if (value.is_object()) {
      for (const auto& [name, keep] : value.members()) {
        const auto text = shown(keep);
        if (text == "true" || text == "1") {
          if (!filter_.only) filter_.only.emplace();
          filter_.only->push_back(name);
        } else {
          filter_.without.push_back(name);
        }
      }
    } else if (value.kind() == json::Kind::string) {
      filter_.only = {value.text()};
    }
  }

  void read_order(const json::Value& value) {
    if (value.is_array()) {
      for (const auto& item : value.items()) read_order_item(item);
    } else {
      read_order_item(value);
    }
  }

  void read_order_item(const json::Value& value) {
    if (value.kind() != json::Kind::string) {
      return fail(plain(400, "The order " + as_json(value) + " is not valid"));
    }
    const auto& text = value.text();
    const auto space = text.find(' ');
    Order order{text.substr(0, space), false};
    if (space != std::string::npos) {
      const auto direction = text.substr(space + 1);
      order.descending = same_name(direction, "desc");
      if (!order.descending && !same_name(direction, "asc")) {
        return fail(plain(400, "The order \"" + text + "\" has invalid direction"));
      }
    }
    if (type_.kind == Kind::transaction && order.field == "timestamp") {
      filter_.order.push_back(std::move(order));
    } else if (kind_of(order.field)) {
      filter_.order.push_back(std::move(order));
    }
  }

  std::optional<std::size_t> read_count(const json::Value& value, const std::string& what) {
    const auto nano = value.kind() == json::Kind::number || value.kind() == json::Kind::string
                          ? nano_of(value.text())
                          : std::nullopt;
    if (!nano || *nano < 0 || *nano % nano_per_unit != 0) {
      fail(plain(400, "The " + what + " parameter " + as_json(value) + " is not valid"));
      return std::nullopt;
    }
    return static_cast<std::size_t>(*nano / nano_per_unit);
  }

  const Type& type_;
  Filter filter_;
  std::optional<Problem> problem_;
  std::size_t conditions_ = 0;
};

}  // namespace

bool Condition::holds(const Record& record) const {
  const auto part_holds = [&](const Condition& part) { return part.holds(record); };
  if (kind == Kind::all_of) return std::all_of(parts.begin(), parts.end(), part_holds);
  if (kind == Kind::any_of) return std::any_of(parts.begin(), parts.end(), part_holds);
  const auto* cell = record.find(field);
  if (cell == nullptr) return op == Operator::neq;
  const auto order = compare(*cell, value);
  switch (op) {
    case Operator::eq:
      return order == 0;
    case Operator::neq:
      return order != 0;
    case Operator::gt:
      return order > 0;
    case Operator::gte:
      return order >= 0;
    case Operator::lt:
      return order < 0;
    case Operator::lte:
      return order <= 0;
  }
  return false;
}

void Filter::select(Record& record) const {
  const auto listed = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::erase_if(record.cells(), [&](const auto& entry) {
    return (only && !listed(*only, entry.first)) || listed(without, entry.first);
  });
}

Outcome<Filter> read_filter(const net::HttpRequest& request, const Type& type) {
  const std::string* given = nullptr;
  bool brackets = false;
  for (const auto& [name, value] : request.query) {
    if (name == "filter") {
      if (given != nullptr) return value_is_not_an_object();
      given = &value;
    }
    brackets = brackets || name.starts_with("filter[");
  }
  if (given != nullptr && brackets) return value_is_not_an_object();
  if (given == nullptr && !brackets) return Filter{};
  if (given != nullptr && (given->empty() || *given == "null")) return Filter{};
  const auto value = json::parse(brackets ? json_of_pairs(request.query, "filter") : *given);
  if (!value) return value_is_not_an_object();
  return FilterReader(type).read(*value);
}

void sort(std::vector<Record>& records, const std::vector<Order>& order) {
  std::stable_sort(records.begin(), records.end(), [&](const Record& left, const Record& right) {
    for (const auto& by : order) {
      const auto* a = left.find(by.field);
      const auto* b = right.find(by.field);
      if (a == nullptr || b == nullptr) continue;
      const auto compared = compare(*a, *b);
      if (compared != 0) return by.descending ? compared > 0 : compared < 0;
    }
    return false;
  });
}

}  // namespace powershare::gateway::composer
