// Participants, meters, keys and standing orders as state records.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/participants.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

// ── Participants ────────────────────────────────────────────────────────────────────────────────

/// Stays after DeleteParticipant, because slots that are not final yet are settled with it.
struct ParticipantRecord {
  Participant participant;
  UtcMillis since;                  ///< island time when added
  std::optional<UtcMillis> closed;  ///< takes no part in slots that start then or later
};
/// The participant as it stands; nothing where it is not there or has been deleted.
std::optional<Participant> find_participant(const StateReader& state, const ParticipantRef& ref);
/// Deleted ones too.
std::optional<ParticipantRecord> find_participant_record(const StateReader& state,
                                                         const ParticipantRef& ref);
void put_participant(Overlay& state, const ParticipantRecord& record);
/// Participants that are not deleted, by type and id, until `visit` returns false.
void for_each_participant(const StateReader& state,
                          const std::function<bool(const Participant&)>& visit);
/// Those of one type, by id.
void for_each_participant_of(const StateReader& state, ParticipantType type,
                             const std::function<bool(const Participant&)>& visit);
/// The utility company that takes all the rest: of the suppliers the one that was added first, by
/// id where several were added at once; nothing where there is none.
std::optional<Participant> find_supplier(const StateReader& state);

// ── Meters ──────────────────────────────────────────────────────────────────────────────────────

struct MeterRecord {
  MeterId meter;
  ParticipantRef owner;
  std::optional<PublicKey> public_key;
  std::optional<MeterId> parent;
  MeterKind kind = MeterKind::home;
  std::int64_t plant_watts = 0;
  std::string cpe;
  UtcMillis active_from;             ///< start of the slot in which it was registered
  std::optional<UtcMillis> retired;  ///< takes no part in slots that start then or later
  bool active_at(UtcMillis slot) const {
    return active_from <= slot && (!retired || slot < *retired);
  }
  friend bool operator==(const MeterRecord&, const MeterRecord&) = default;
};
std::optional<MeterRecord> find_meter(const StateReader& state, const MeterId& meter);
void put_meter(Overlay& state, const MeterRecord& record);
/// All meters, retired ones too, in byte order of ids, until `visit` returns false.
void for_each_meter(const StateReader& state, const std::function<bool(const MeterRecord&)>& visit);
/// All meters of `owner`, retired ones too.
std::vector<MeterRecord> meters_of(const StateReader& state, const ParticipantRef& owner);

// ── Standing orders ─────────────────────────────────────────────────────────────────────────────

/// What is in force in the slot that starts at `slot`; nothing where the participant had set none
/// by then (then its registry rates count: DECISIONS 45).
std::optional<SetCriteria> find_criteria(const StateReader& state, const ParticipantRef& ref,
                                         UtcMillis slot);
/// In force from `first_slot` on; forgets versions that no slot from `oldest_needed` on goes by.
void put_criteria(Overlay& state, const SetCriteria& criteria, UtcMillis first_slot,
                  UtcMillis oldest_needed);

// ── Keys ────────────────────────────────────────────────────────────────────────────────────────

constexpr std::uint32_t scope_bit(Scope scope) {
  return static_cast<std::uint32_t>(scope);
}
inline constexpr std::uint32_t all_scopes = 31;

struct KeyBinding {
  PublicKey key{};
  std::string principal;
  std::uint32_t scopes = 0;
  bool has(Scope scope) const { return (scopes & scope_bit(scope)) != 0; }
};
/// What `key` may do as `principal`. One key may be bound to several principals: delegation
/// (DECISIONS 17).
std::optional<KeyBinding> find_binding(const StateReader& state, const PublicKey& key,
                                       std::string_view principal);
/// All bindings of a key, by principal.
std::vector<KeyBinding> bindings_of(const StateReader& state, const PublicKey& key);
/// All keys that are bound to a principal.
std::vector<KeyBinding> keys_of(const StateReader& state, std::string_view principal);
void put_binding(Overlay& state, const KeyBinding& binding);
void erase_binding(Overlay& state, const PublicKey& key, std::string_view principal);
/// Whether that binding is there or may be added: neither a key nor a principal has more than
/// 1,024.
bool binding_fits(const StateReader& state, const PublicKey& key, std::string_view principal);
/// "administrator", "governance", "feeder", "gateway:<peer>" or "<type>:<id>".
bool is_principal(std::string_view text);

}  // namespace powershare::ledger
