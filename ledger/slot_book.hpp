// The market's book of one slot, from terms and readings. Pure.
#pragma once

#include "ledger/slot_settlement.hpp"
#include "market/book.hpp"

namespace powershare::ledger {

/// The spot book: what is metered beyond the commitments, and what deviations leave to be bought or
/// sold (ledger/deviations.hpp). Explicit orders first: what is metered, up to what is left of the
/// ordered energy, at the order's limit; the
/// best limit first, then accepted time, then id. The rest by the criteria, as one standing order.
/// Bids are capped by the coins that the terms allow. A battery below its reserve keeps the
/// criteria from offering; an order that names partners who have no meter here is left out.
market::Book slot_book(const SlotInputs& inputs);

/// True where somebody's wishes ask for what slot_facts() tells.
bool needs_facts(const std::vector<Terms>& terms);

/// Per participant of `terms`, from the readings of a slot that is not final. What a participant
/// feeds in is renewable where its meters have produced at least as much in the slot; what a
/// plant's meter feeds in counts as produced. Its battery is the sum over its meters of what each
/// reported last.
std::vector<SlotFacts> slot_facts(const StateReader& state, UtcMillis slot,
                                  const std::vector<Terms>& terms,
                                  const std::vector<Settled>& metered);

}  // namespace powershare::ledger
