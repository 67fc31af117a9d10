// Genesis files on disk and the member lines that `powershare keys` prints and `powershare genesis`
// reads.
#pragma once

#include <filesystem>

#include "apps/profiles.hpp"
#include "ledger/genesis.hpp"

namespace powershare::apps {

/// One line of JSON: {"peer":…,"consensus_key":…,"gateway_key":…,"transport_key":…}, keys in hex.
std::string member_to_json(const ledger::Member& member);
Result<ledger::Member> member_from_json(std::string_view text);

Result<ledger::Genesis> load_genesis(const std::filesystem::path& file);

/// The registry that a neighbourhood of homes starts with: one supplier "EEM" at `tariff` and
/// `feed_in`, one bank "B1" that issues coins, and per home a resident with `opening_coins`, an
/// energy and a cash asset, and a registered meter.
std::vector<ledger::Payload> neighbourhood_registry(
    const std::vector<SimulatedHome>& homes, const std::vector<crypto::PublicKey>& meter_keys,
    Price tariff, Price feed_in, Coins opening_coins);
/// The supplier and the bank alone.
std::vector<ledger::Payload> institutions_registry(const std::string& utility, Price tariff,
                                                   Price feed_in);

}  // namespace powershare::apps
