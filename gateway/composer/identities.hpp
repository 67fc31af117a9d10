// /api/system/identities: names that stand for participants, handed out as cards or bound to
// certificates (COMPOSER-REST §8).
#pragma once

#include <string>

#include "gateway/composer/context.hpp"
#include "ledger/identities.hpp"

namespace powershare::gateway::composer {

void get_identities(const ContextPtr& context, const ExchangePtr& exchange);
void get_identity(const ContextPtr& context, const ExchangePtr& exchange, const std::string& id);
void issue_identity(const ContextPtr& context, const ExchangePtr& exchange);
void bind_identity(const ContextPtr& context, const ExchangePtr& exchange);
void revoke_identity(const ContextPtr& context, const ExchangePtr& exchange, const std::string& id);

/// 64 hexadecimal digits: the identity that an administrator's API key stands for.
std::string administrator_identity(const Context& context);

/// A card as the former server's clients read it: a zip archive without compression.
std::string make_card(std::string_view user, std::string_view secret);

}  // namespace powershare::gateway::composer
