// /api/system/historian: a record for every transaction that had its effect, but for readings,
// clock steps and governance, and for every trade that the market has settled (COMPOSER-REST §8,
// DECISIONS 18, 52).
#pragma once

#include <string>

#include "gateway/composer/lists.hpp"
#include "gateway/composer/transaction_index.hpp"

namespace powershare::gateway::composer {

void get_historian(const ContextPtr& context, const ExchangePtr& exchange);
void get_historian_record(const ContextPtr& context, const ExchangePtr& exchange,
                          const std::string& id);
/// All records in byte order of their ids.
std::unique_ptr<Source> historian_source(const Context& context, std::shared_ptr<ChainView> view);

/// Whether transactions of this payload's name are shown.
bool is_in_historian(std::string_view payload_name);
/// "org.smile.energy.network.EnergyToCoins", "org.hyperledger.composer.system.AddAsset", …
std::string historian_type(const ledger::Payload& payload);

/// The four records with which every network begins; the first three have the former server's form
/// of an id, T, T#0 and T#1, out of the genesis.
std::vector<Record> start_records(const Context& context, const ChainView& view);

}  // namespace powershare::gateway::composer
