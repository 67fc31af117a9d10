// `?filter=`: where, include, fields, order, limit, skip (COMPOSER-REST §6), with the corrections
// of §12: nothing of a filter is silently left out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/composer/problems.hpp"
#include "gateway/composer/record.hpp"
#include "gateway/json.hpp"
#include "net/http.hpp"

namespace powershare::gateway::composer {

/// One condition or a combination of some.
struct Condition {
  enum class Kind : std::uint8_t { all_of = 1, any_of, compare } kind = Kind::all_of;
  std::vector<Condition> parts;  ///< of all_of and any_of
  std::string field;             ///< of compare
  enum class Operator : std::uint8_t { eq = 1, neq, gt, gte, lt, lte } op = Operator::eq;
  Cell value;

  bool holds(const Record& record) const;
};

struct Order {
  std::string field;
  bool descending = false;
};

struct Filter {
  Condition where;       ///< without parts: everything
  bool resolve = false;  ///< include "resolve": references are replaced by what they name
  std::optional<std::vector<std::string>> only;  ///< fields to keep
  std::vector<std::string> without;              ///< fields to leave out
  std::vector<Order> order;
  std::optional<std::size_t> limit;
  std::size_t skip = 0;

  bool is_all() const { return where.kind == Condition::Kind::all_of && where.parts.empty(); }
  /// Leaves of `record` what `fields` says.
  void select(Record& record) const;
};

/// The filter of a request for objects of `type`; 400 or 500 in the former server's words.
Outcome<Filter> read_filter(const net::HttpRequest& request, const Type& type);

/// As `order` says; equal ones keep their places.
void sort(std::vector<Record>& records, const std::vector<Order>& order);

}  // namespace powershare::gateway::composer
