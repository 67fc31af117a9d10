// Request bodies, by the former server's rules: JSON or a form, at most 100 kB, UTF-8
// (COMPOSER-REST §3).
#pragma once

#include "gateway/composer/problems.hpp"
#include "gateway/json.hpp"
#include "net/http.hpp"

namespace powershare::gateway::composer {

inline constexpr std::size_t max_body_bytes = 100 * 1024;
inline constexpr std::size_t max_array_items = 100;

/// The body as an object or an array; an empty object where there is none or its type is neither
/// JSON nor a form. 400, 413 or 415 otherwise.
Outcome<json::Value> read_body(const net::HttpRequest& request);

/// Reads `a[b][c]=d` pairs whose names begin with `root` ("filter") into the JSON they stand for,
/// or with an empty root all pairs. Empty where a name is too deep: more than 16 brackets.
std::string json_of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs,
                          std::string_view root);

/// A value as JavaScript's String() shows it, for error texts.
std::string shown(const json::Value& value);

}  // namespace powershare::gateway::composer
