// Automatic top-up: coins bought for cash when a slot has left a household with few (DECISIONS 62).
#pragma once

#include <string>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

/// Banks that give coins for cash of `currency` and take them back, by id; at most 16.
std::vector<ParticipantRef> banks_dealing_in(const StateReader& state, const std::string& currency);

/// To be called when `slot` has been closed, which happens once: for each participant of the slot
/// whose coins are below what its preferences say, buys coins for cash of the chain's currency from
/// the first bank that has them, at the published rate of 1. As much as they say, or as the cash
/// reaches. Without cash or a bank nothing happens.
void top_up_households(Overlay& state, const BlockContext& context, UtcMillis slot);

}  // namespace powershare::ledger
