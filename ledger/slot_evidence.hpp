// The proof that a slot's clearing by rule `optimal` is an optimum, as history keeps it: the book,
// the grid, the trades and the prices at which nobody would rather trade otherwise. Whoever has it
// checks it with market::check_certificate(), without the chain.
#pragma once

#include "ledger/block_context.hpp"
#include "ledger/slot_settlement.hpp"
#include "market/clearing.hpp"

namespace powershare::ledger {

namespace history_table {
/// i64 slot -> SlotEvidence
inline constexpr std::string_view certificates = "certificates";
}  // namespace history_table

HistoryRow evidence_row(UtcMillis slot, const SlotEvidence& evidence);
HistoryRow no_evidence_row(UtcMillis slot);
Result<SlotEvidence> parse_evidence_row(ByteView value);

}  // namespace powershare::ledger
