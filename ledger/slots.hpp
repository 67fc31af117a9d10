// The life of a slot: open, metering, provisional, final (DECISIONS 21, 22).
//
// Nobody asks for a slot to be closed. At the end of each block the slots that are due are closed
// in the order of their start; late readings clear a provisional slot again; a slot is final at its
// end plus final_after.
#pragma once

#include <map>
#include <optional>

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

enum class SlotState : std::uint8_t { open = 1, metering, provisional, final };
/// "open", "metering", "provisional", "final".
std::string_view to_text(SlotState state);

/// How much of it one block does, so that no block takes long.
struct SlotLimits {
  static constexpr std::size_t max_closed_per_block = 4;
  static constexpr std::size_t max_cleared_again_per_block = 4;
  static constexpr std::size_t max_final_per_block = 16;
};

/// Where the market of this chain stands; one record under the root.
struct SlotProgress {
  UtcMillis first;       ///< the first slot of the chain
  UtcMillis next_close;  ///< all before it are provisional, final, or were empty
  UtcMillis next_final;  ///< all before it are final
  Bytes encode() const;
  static Result<SlotProgress> decode(ByteView bytes);
};

/// To be called once, at the end of executing the genesis.
void start_market(Overlay& state, UtcMillis island_time, std::int64_t slot_ms);
/// Nothing before start_market.
std::optional<SlotProgress> slot_progress(const StateReader& state);
/// The oldest slot that may still be cleared (again): `oldest_needed` of put_criteria.
UtcMillis oldest_slot_not_final(const StateReader& state);
/// The first slot that an order accepted at `island_time` counts for.
UtcMillis next_slot(UtcMillis island_time, std::int64_t slot_ms);

/// True when close_due_slots would clear a gate, close a slot or clear one again at `island_now`.
/// Finality alone makes no slot due: it comes with the next block.
bool slot_due(const StateReader& state, const Parameters& parameters, UtcMillis island_now);
/// At the end of each block, after all its transactions: clears the gates that have passed
/// (ledger/forward.hpp), closes what is due, clears late slots again, makes old ones final. A slot
/// that cannot be settled gives an alarm event and stays with no trade.
void close_due_slots(Overlay& state, const BlockContext& context);

/// The state of the slot that starts at `start`.
SlotState slot_state(const StateReader& state, UtcMillis start, UtcMillis island_now,
                     std::int64_t slot_ms);
/// Meters that are waited for in the slot and have not covered it; counts no further than
/// `stop_at`.
std::uint32_t missing_meters(const StateReader& state, const Parameters& parameters, UtcMillis slot,
                             std::uint32_t stop_at);
/// What a participant's meters say about a slot.
struct Metered {
  Settled all;  ///< imported, exported, produced
  Apart apart;  ///< the part of quarantined meters
};
/// Per owner of active meters, from the readings of a slot that is not final: net of each one's own
/// meters, those in `quarantined` (in byte order) for themselves. A charger's energy has gone
/// through its house meter: it is moved from the house's owner to the charger's.
/// LedgerError::overflow.
Result<std::map<ParticipantRef, Metered>> metered_energy(
    const StateReader& state, UtcMillis slot, const std::vector<MeterId>& quarantined = {});

/// DESIGN §5 for each provisional slot: metered import = bought locally + bought from the utility,
/// and the same for export, per participant, to the nano-kWh. LedgerError::invariant with what is
/// wrong.
Result<void> check_slots(const StateReader& state);

}  // namespace powershare::ledger
