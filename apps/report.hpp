// What `up --once` shows at the end: the bills as a table and the island's totals, out of one
// peer's ledger.
#pragma once

#include <string>

#include "apps/audit.hpp"
#include "apps/peer_config.hpp"
#include "ledger/genesis.hpp"
#include "ledger/statement.hpp"

namespace powershare::apps {

/// Statement of [from, to) from a stopped peer's ledger.
Result<ledger::Statement> read_statement(const PeerConfig& config, const ledger::Genesis& genesis,
                                         UtcMillis from, UtcMillis to);
/// Per home: imported, exported, bought and sold among neighbours, with the utility, cost, savings;
/// last the accumulated row.
std::string bills_table(const ledger::Statement& statement);
/// The one line of JSON of DESIGN §12, decimal strings.
std::string summary_json(const ledger::Statement& statement, const IslandAudit& audit);

}  // namespace powershare::apps
