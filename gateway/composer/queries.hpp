// The named queries of GET /api/queries/{name} (COMPOSER-REST §7).
#pragma once

#include <span>
#include <string_view>

#include "gateway/composer/context.hpp"

namespace powershare::gateway::composer {

struct NamedQuery {
  std::string_view name;
  std::string_view description;
  std::string_view type;         ///< of the model; empty: historian records
  std::string_view parameter{};  ///< empty: none
  bool is_number = false;        ///< of the parameter
  std::string_view field{};      ///< which the parameter is compared with
};

std::span<const NamedQuery> named_queries();
void answer_query(const ContextPtr& context, const ExchangePtr& exchange, std::string_view name,
                  std::string_view rest_of_path);

}  // namespace powershare::gateway::composer
