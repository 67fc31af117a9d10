// The pages around /api: /explorer/, which lists and tries its routes, and /status.
#pragma once

#include <string_view>

#include "gateway/composer/context.hpp"

namespace powershare::gateway::composer {

/// Answers a path below /explorer, or /status; both are open to everybody. False for other paths.
bool answer_page(const Context& context, const Exchange& exchange);

}  // namespace powershare::gateway::composer
