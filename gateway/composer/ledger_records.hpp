// The ledger's participants, assets and transactions as the former server showed them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/composer/model.hpp"
#include "gateway/composer/record.hpp"
#include "gateway/ports.hpp"
#include "ledger/assets.hpp"
#include "ledger/history.hpp"

namespace powershare::gateway::composer {

/// A record, and the commitment to the names that it still lacks (DECISIONS 60); zero: none.
struct Row {
  Record record;
  Digest profile{};
};

Record asset_record(const ledger::AssetView& asset);
/// firstName, lastName and email are empty until set_profile().
Row participant_row(const ledger::StateReader& state, const ledger::Participant& participant);
void set_profile(Record& record, const Profile& profile);
/// The participant or asset of that id; nothing where there is none.
std::optional<Row> find_row(const ledger::StateReader& state, const Type& type,
                            const std::string& id);

/// One of the thesis's five as it is read back; nothing where the payload is of another type.
std::optional<Record> transaction_record(const Type& type, const std::string& id,
                                         const ledger::Payload& payload, UtcMillis time);
/// A trade that the market has settled, as an EnergyToCoins (DECISIONS 52).
Record trade_record(const std::string& id, const ledger::SettledTrade& trade, UtcMillis time);

/// 64 hexadecimal digits: 20 bytes that mark the chain's settled trades, the slot's start and the
/// trade's index. The byte order of these ids is that of time.
std::string trade_id(const Digest& genesis, UtcMillis slot, std::uint32_t index);
struct TradeKey {
  UtcMillis slot;
  std::uint32_t index = 0;
};
std::optional<TradeKey> parse_trade_id(const Digest& genesis, std::string_view id);

/// Replaces each reference by the asset that it names, where there is one; those of others than
/// `principal` stay as they are where one is given.
void resolve(Record& record, const ledger::StateReader& state, std::string_view principal = {});

}  // namespace powershare::gateway::composer
