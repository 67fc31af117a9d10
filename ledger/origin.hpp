// Certificates of origin: for every nano-kWh from a renewable source one, of one slot
// (docs/origin.md, ADR 0021).
//
// Issued at metering to whoever produced, they go the way of the energy: used at home, to the
// neighbour or the supplier that bought it, from the supplier to those it delivered to in that very
// slot. Until the slot is final they are held, and follow each clearing by its difference, as coins
// do. Then whoever consumed the energy claims them, once and for good; what nobody in the
// neighbourhood consumed expires. So issued = held + claimed + expired, for each source, always.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/market_payloads.hpp"
#include "ledger/metering.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

inline constexpr std::size_t renewable_sources = 3;
/// nano-kWh from sun, wind and water.
using BySource = std::array<std::int64_t, renewable_sources>;
/// "solar", "wind", "hydro".
std::string_view source_name(std::size_t position);
/// Asset of the certificates of one source: "GO:solar".
std::string certificate_asset(std::size_t position);

/// One participant's certificates of one slot. issued = own + sold + fed_in.
struct Origin {
  BySource issued{};    ///< what its meters produced
  BySource own{};       ///< of that, used at home
  BySource sold{};      ///< to neighbours
  BySource fed_in{};    ///< to the supplier
  BySource bought{};    ///< from neighbours
  BySource supplied{};  ///< from the supplier, which had them from others in this slot
  /// What it consumed: own, bought, supplied.
  BySource consumed() const;
  friend bool operator==(const Origin&, const Origin&) = default;
};
/// Sum over the sources; sums of a settled slot are in range.
std::int64_t total(const BySource& parts);

/// In the order of the terms, where the energy of one slot came from. Pure: what a participant
/// exported comes from its production as far as that reaches, neighbours get of it before the
/// supplier, and each buyer as much as its part of what was sold; the supplier's go to those it
/// delivers to, by energy. `production` as the terms. LedgerError::overflow.
Result<std::vector<Origin>> certify(const std::vector<Terms>& terms, const SlotResult& result,
                                    const std::vector<Apart>& apart,
                                    const std::vector<BySource>& production, bool has_supplier);

/// Renewable production of each participant of `terms`, from the readings of a slot that is not
/// final. What a plant's meter feeds in counts as produced; quarantined meters (in byte order)
/// prove nothing. LedgerError::overflow.
Result<std::vector<BySource>> slot_production(const StateReader& state, UtcMillis slot,
                                              const std::vector<Terms>& terms,
                                              const std::vector<MeterId>& quarantined);

// ── Sources ─────────────────────────────────────────────────────────────────────────────────────

EnergySource source_of(const StateReader& state, const MeterId& meter, UtcMillis slot);
/// In force from `first_slot` on; forgets what no slot from `oldest_needed` on goes by.
void put_source(Overlay& state, const SetSource& source, UtcMillis first_slot,
                UtcMillis oldest_needed);

// ── The slot's record ───────────────────────────────────────────────────────────────────────────

/// Certificates of a slot that is not final; participants without any are not among them.
struct SlotOrigins {
  std::optional<ParticipantId> supplier;  ///< holds what nobody has consumed; none: nobody does
  std::map<ParticipantRef, Origin> of;
};
/// Nothing where the slot is not settled, was settled without certificates, or is final.
std::optional<SlotOrigins> find_origins(const StateReader& state, UtcMillis slot);

/// Certifies the slot, books the difference to what it had, and writes rows of history. Nothing
/// where the slot was settled first without certificates. `first`: it is settled first now.
Result<void> settle_origin(Overlay& state, const BlockContext& context, const SlotInputs& inputs,
                           const std::vector<MeterId>& quarantined, const SlotResult& result,
                           bool first);
/// When the slot is final: its certificates are claimed or expire, and rewards are paid for them.
/// What cannot be booked stays held, with an alarm.
void finish_origin(Overlay& state, const BlockContext& context, UtcMillis slot);

/// nano-kWh of certificates of one source.
struct OriginTotals {
  std::int64_t issued = 0;
  std::int64_t held = 0;
  std::int64_t claimed = 0;
  std::int64_t expired = 0;
  friend bool operator==(const OriginTotals&, const OriginTotals&) = default;
};
using OriginBalance = std::array<OriginTotals, renewable_sources>;
OriginBalance origin_balance(const StateReader& state);
/// issued = held + claimed + expired for each source, and what each holder has is what the slots
/// that are not final gave it. LedgerError::invariant.
Result<void> check_origin(const StateReader& state);

// ── History ─────────────────────────────────────────────────────────────────────────────────────

namespace history_table {
/// participant ‖ i64 slot -> Origin, of each participant in a slot with certificates
inline constexpr std::string_view origins = "origins";
}  // namespace history_table

struct OriginRow {
  ParticipantRef participant;
  UtcMillis slot;
  Origin origin;
  friend bool operator==(const OriginRow&, const OriginRow&) = default;
};
HistoryRow origin_row(const OriginRow& row);
Result<OriginRow> parse_origin_row(ByteView key, ByteView value);

void encode(Encoder& out, const Origin& origin);
Origin decode_origin(Decoder& in);

}  // namespace powershare::ledger
