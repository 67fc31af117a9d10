// A slot that is settled and not final, as the state keeps it.
#pragma once

#include "ledger/network.hpp"
#include "ledger/slot_settlement.hpp"

namespace powershare::ledger {

struct SlotRecord {
  UtcMillis start;
  std::string rule;
  Supply supply;
  std::vector<Terms> terms;            ///< by participant
  std::vector<Settled> settled;        ///< as booked; as `terms`
  std::uint32_t trades = 0;            ///< rows of history that stand for it
  std::vector<MeterId> quarantined{};  ///< when it was settled first; in byte order
  NetworkStand network{};              ///< likewise

  Bytes encode() const;
};
std::optional<SlotRecord> find_slot(const StateReader& state, UtcMillis start);
void put_slot(Overlay& state, const SlotRecord& record);
void erase_slot(Overlay& state, UtcMillis start);
/// The first slot from `from` on that has a record.
std::optional<UtcMillis> next_slot_record(const StateReader& state, UtcMillis from);
/// All of them, by start, until `visit` returns false.
void for_each_slot(const StateReader& state, const std::function<bool(const SlotRecord&)>& visit);

/// Slots whose readings changed after they were settled.
void mark_to_clear_again(Overlay& state, UtcMillis slot);
void unmark(Overlay& state, UtcMillis slot);
/// At most `limit`, oldest first.
std::vector<UtcMillis> to_clear_again(const StateReader& state, std::size_t limit);
bool is_marked(const StateReader& state, UtcMillis slot);

void encode(Encoder& out, const Settled& settled);
Settled decode_settled(Decoder& in);
void encode(Encoder& out, const Forward& forward);
Forward decode_forward(Decoder& in);

}  // namespace powershare::ledger
