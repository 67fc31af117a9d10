// A household's news as JSON of /etms.
#pragma once

#include "gateway/json.hpp"
#include "ledger/household_news.hpp"

namespace powershare::gateway::household {

/// "id", "time", "kind" and what the kind has: members of an object.
void write_news(json::Writer& out, const ledger::NewsRow& row);

}  // namespace powershare::gateway::household
