// GET, POST, PUT, DELETE and HEAD of participants, assets and transactions (COMPOSER-REST §1, §5).
#pragma once

#include <string>

#include "gateway/composer/context.hpp"

namespace powershare::gateway::composer {

void get_list(const ContextPtr& context, const ExchangePtr& exchange, const Type& type);
void get_item(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
              const std::string& id);
/// An object, or an array of up to 100: all are checked before any is submitted.
void post(const ContextPtr& context, const ExchangePtr& exchange, const Type& type);
void put(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
         const std::string& id);
void remove(const ContextPtr& context, const ExchangePtr& exchange, const Type& type,
            const std::string& id);

/// What is stored under `id`, without the names that are kept elsewhere.
std::optional<Row> find_any(const Context& context, const ChainView& view, const Type& type,
                            const std::string& id);

}  // namespace powershare::gateway::composer
