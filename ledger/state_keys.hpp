// The keys of all state records: one byte that names the table, then the fields in an encoding that
// sorts as they do. docs/formats-ledger.md lists keys and values byte by byte.
//
// Text in a key is its bytes and one zero byte: no name holds a zero byte, so no key begins another
// one's name, and names sort in byte order. Integers are big-endian. Times in keys are never
// negative.
#pragma once

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

/// The first byte of a state key. 0x30 to 0x5f is metering and market; a new table takes a new
/// number.
enum class StateTable : std::uint8_t {
  clock = 0x01,          ///< one record: block time, island time (ledger/parameters.hpp)
  parameters = 0x02,     ///< one record: Parameters
  members = 0x03,        ///< u64 epoch -> members
  epoch = 0x04,          ///< u64 epoch -> first sequence, feature level (ledger/membership.hpp)
  current_epoch = 0x05,  ///< one record: u64 number; none: 0
  next_epoch = 0x06,     ///< one record while a change is pending
  used_consensus_key = 0x07,  ///< 32 key -> u64 first epoch in which it was a member's
  member_endpoints = 0x08,    ///< text peer -> text control, text bulk
  participant = 0x10,         ///< participant -> ParticipantRecord (ledger/registry.hpp)
  key_binding = 0x11,         ///< 32 public key ‖ text principal -> u32 scopes
  principal_key = 0x12,     ///< text principal ‖ 32 public key -> nothing: the same, by principal
  criteria = 0x13,          ///< participant ‖ i64 first slot -> SetCriteria in force from then on
  asset = 0x14,             ///< u8 class ‖ text id -> owner, currency, units, name of the account
                            ///< (ledger/assets.hpp)
  asset_references = 0x15,  ///< participant -> text energy, text coins, text cash
  identity = 0x16,          ///< 32 id -> Identity (ledger/identities.hpp)
  identity_name = 0x17,     ///< text name -> 32 id, of an identity that is not revoked
  api_key = 0x18,           ///< 32 SHA-256 of the key -> AddApiKey (ledger/identities.hpp)
  api_key_label = 0x19,     ///< text label -> 32 SHA-256 of the key
  invitation = 0x1a,        ///< 32 invitation -> participant, expiry
  login = 0x1b,             ///< 32 login -> participant, key, sealed key
  login_of = 0x1c,          ///< participant ‖ 32 login -> nothing: the same, by participant
  session = 0x1d,           ///< 32 session key -> participant, refresh key, who opened it, times
  session_refresh = 0x1e,   ///< 32 refresh key -> 32 session key
  session_of = 0x1f,        ///< participant ‖ 32 session key -> nothing: the same, by participant
  account = 0x20,           ///< account -> i64 balance (ledger/accounts.hpp)
  claim = 0x21,  ///< debtor ‖ i64 since ‖ creditor id -> i64 coins still owed (ledger/claims.hpp)
  preferences = 0x22,      ///< participant -> SetPreferences
  cash_request = 0x23,     ///< 32 transaction -> RequestCash that is not resolved
  cash_request_of = 0x24,  ///< participant ‖ 32 transaction -> nothing: the same, by participant
  daily_spending = 0x25,   ///< 32 key -> what it has given out today on the administrator's behalf
  invitation_of = 0x26,    ///< participant ‖ 32 invitation -> nothing: the same, by participant
  meter = 0x30,            ///< text meter -> MeterRecord (ledger/registry.hpp)
  meter_of_owner = 0x31,   ///< participant ‖ text meter -> nothing: the same, by owner
  reading_ranges =
      0x32,        ///< text meter -> accepted sequences and interval ends (ledger/metering.hpp)
  reading = 0x33,  ///< as ledger/metering.hpp says
  slot_reading = 0x34,    ///< as ledger/metering.hpp says
  meter_standing = 0x35,  ///< text meter -> standing, why and since when
  dispute = 0x36,         ///< text meter ‖ u64 sequence -> DisputeReading that is not resolved
  slot = 0x40,            ///< i64 start -> slot record (ledger/slots.hpp)
  slot_part = 0x41,       ///< i64 start ‖ … -> parts of a slot record (ledger/slots.hpp)
  slot_progress = 0x42,   ///< which slots are open, closed, final (ledger/slots.hpp)
  order = 0x43,           ///< i64 last slot ‖ 32 transaction -> PlaceOrder
  order_of = 0x44,   ///< participant ‖ 32 transaction -> i64 last slot: the same, by participant
  forward = 0x45,    ///< i64 slot -> its commitments (ledger/forward.hpp)
  next_gate = 0x46,  ///< one record: i64 slot, all before it are past their gate
  calendar = 0x47,   ///< one record: SetCalendar
  network = 0x48,    ///< u64 version -> SetNetwork (ledger/network.hpp)
  meter_source = 0x49,  ///< text meter ‖ i64 first slot -> u8 source (ledger/origin.hpp)
  shares = 0x4a,        ///< i64 from -> SetShares (ledger/sharing.hpp)
  allocation = 0x4b,    ///< i64 slot -> 32 root of its allocations (ledger/allocation.hpp)
  slot_origin = 0x4c,   ///< i64 slot -> certificates of a slot that is not final
  solar_carry = 0x4d,  ///< participant -> i64 solar energy without a SolarCoin (ledger/rewards.hpp)
  tariff = 0x4e,       ///< text utility ‖ i64 from -> SetTariff (ledger/tariffs.hpp)
  dedup = 0x60,        ///< text principal ‖ idempotency key -> first transaction's id, expiry
};

namespace state_key {

/// Builds a key; the fields in the order of StateTable's comment.
class Builder {
 public:
  explicit Builder(StateTable table) { out_.u8(static_cast<std::uint8_t>(table)); }
  Builder& text(std::string_view text) {
    out_.raw(as_bytes(text)).u8(0);
    return *this;
  }
  Builder& u8(std::uint8_t value) { return out_.u8(value), *this; }
  Builder& u64(std::uint64_t value) { return out_.u64(value), *this; }
  Builder& time(UtcMillis time) { return out_.time(time), *this; }
  Builder& raw(ByteView bytes) { return out_.raw(bytes), *this; }
  /// u8 type ‖ text id
  Builder& participant(const ParticipantRef& ref) {
    return u8(static_cast<std::uint8_t>(ref.type)).text(ref.id.text());
  }
  Bytes take() { return std::move(out_).take(); }

 private:
  Encoder out_;
};

Bytes clock();
Bytes parameters();
Bytes members(std::uint64_t epoch);
Bytes epoch(std::uint64_t number);
Bytes current_epoch();
Bytes next_epoch();
Bytes used_consensus_key(const crypto::PublicKey& key);
Bytes member_endpoints(const PeerId& peer);
Bytes participant(const ParticipantRef& ref);
Bytes key_binding(const crypto::PublicKey& key, std::string_view principal);
/// The prefix of all bindings of one key.
Bytes key_bindings(const crypto::PublicKey& key);
Bytes principal_key(std::string_view principal, const crypto::PublicKey& key);
Bytes principal_keys(std::string_view principal);
Bytes criteria(const ParticipantRef& ref, UtcMillis first_slot);
Bytes criteria_of(const ParticipantRef& ref);
Bytes claim(const ParticipantRef& debtor, UtcMillis since, const ParticipantId& creditor);
Bytes claims_of(const ParticipantRef& debtor);
Bytes meter(const MeterId& meter);
Bytes meter_of_owner(const ParticipantRef& owner, const MeterId& meter);
Bytes meters_of(const ParticipantRef& owner);
Bytes dedup(std::string_view principal, ByteView idempotency_key);
Bytes table(StateTable table);

/// Reads the fields of a key again, in the same order; ok() is false after the first fault.
class Reader {
 public:
  /// `key` with its table byte.
  explicit Reader(ByteView key) : in_(key) { table_ = static_cast<StateTable>(in_.u8()); }
  StateTable table() const { return table_; }
  std::string text();
  std::uint8_t u8() { return in_.u8(); }
  std::uint64_t u64() { return in_.u64(); }
  UtcMillis time() { return in_.time(); }
  crypto::PublicKey public_key() { return in_.array<32>(); }
  crypto::Digest digest() { return in_.array<32>(); }
  ParticipantRef participant();
  MeterId meter();
  bool ok() const { return in_.ok(); }
  bool finished() const { return in_.finished(); }

 private:
  Decoder in_;
  StateTable table_{};
};

}  // namespace state_key
}  // namespace powershare::ledger
