// Multi-user mode (COMPOSER-REST §10): a request acts as the participant of a card that its API key
// has imported. The ledger checks what that participant may do; what it may read is checked here
// (DECISIONS 60).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/composer/context.hpp"

namespace powershare::gateway::composer {

/// /api/wallet…: of whoever the API key belongs to.
void answer_wallet(const ContextPtr& context, const ExchangePtr& exchange, const Digest& owner,
                   std::span<const std::string> path);

/// Whom the request acts for: the card that X-Composer-Card names, else the wallet's default.
/// Nothing for an administrator's or a reader's key without a card, which acts as itself; a problem
/// where the card is not there or its identity has been revoked, or another key has none.
Outcome<std::optional<CardHolder>> card_holder(const Context& context,
                                               const net::HttpRequest& request, const ApiKey& key);

/// Whether a card's holder may read the object; true without a holder. Blanks what of another
/// household's it may not see.
bool may_read(const std::optional<CardHolder>& holder, const ledger::StateReader& state, Row& row);
/// Takes out of a page what the request may not read.
void keep_readable(const Exchange& exchange, const ledger::StateReader& state,
                   std::vector<Row>& rows);

}  // namespace powershare::gateway::composer
