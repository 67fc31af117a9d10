// What a household decides besides its prices, and what its meter is worth (feature level 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

// ── Trading (thesis §2.1.1, DESIGN §6) ──────────────────────────────────────────────────────────

/// Local time by the chain's calendar (SetCalendar). `to` at or before `from`: over midnight, on
/// the weekday on which it begins.
struct WeeklyWindow {
  std::uint8_t weekdays = 0;  ///< bit 0 is Monday, bit 6 Sunday
  std::uint16_t from_minute = 0;
  std::uint16_t to_minute = 0;
  friend bool operator==(const WeeklyWindow&, const WeeklyWindow&) = default;
};
/// What one side of the standing orders adds to its price.
struct SideRules {
  std::optional<Price> tariff_offset;    ///< price = the supplier's tariff + this, instead of fixed
  std::vector<WeeklyWindow> windows;     ///< none: at any time
  std::vector<ParticipantRef> partners;  ///< none: anyone
  bool empty() const { return !tariff_offset && windows.empty() && partners.empty(); }
  friend bool operator==(const SideRules&, const SideRules&) = default;
};

enum class OrderSide : std::uint8_t { sell = 1, buy };
/// A bid or an offer for coming slots, the same in each of them. Its id is the transaction's.
struct PlaceOrder {
  ParticipantRef participant;
  OrderSide side = OrderSide::buy;
  UtcMillis first_slot;
  std::uint16_t slots = 1;
  Energy energy;  ///< per slot
  Price limit;    ///< coins per kWh
  std::vector<ParticipantRef> partners;
  bool only_renewable = false;
};
struct CancelOrder {
  ParticipantRef participant;
  crypto::Digest order{};
};

/// From when on local time is how far ahead of UTC; from tzdata, made outside the core
/// (DECISIONS 49).
struct UtcOffset {
  UtcMillis from;
  std::int16_t minutes = 0;
  friend bool operator==(const UtcOffset&, const UtcOffset&) = default;
};
struct SetCalendar {
  std::string zone;  ///< "Atlantic/Madeira", for people
  std::vector<UtcOffset> offsets;
};

// ── The household's own ─────────────────────────────────────────────────────────────────────────

enum class RankingDisplay : std::uint8_t { anonymous = 1, named, hidden };
struct SetPreferences {
  ParticipantRef participant;
  RankingDisplay ranking = RankingDisplay::anonymous;
  Coins low_balance;    ///< below it the household is warned; 0: never
  Coins top_up_below;   ///< below it coins are bought for cash by themselves; 0: never
  Coins top_up_amount;  ///< how many at a time
};
/// A resident asks for cash in (funding) or out (withdrawal, which reserves it at once); the
/// administrator resolves it when the money has moved (DECISIONS 47). Its id is the transaction's.
struct RequestCash {
  ParticipantRef participant;
  bool withdrawal = false;
  Cash cash;
  std::string currency;
};
struct ResolveCashRequest {
  crypto::Digest request{};
  bool approved = false;
};

// ── Meters ──────────────────────────────────────────────────────────────────────────────────────

/// Absent fields stay as they are. A new owner counts from the next slot on (move-in, move-out).
struct UpdateMeter {
  MeterId meter;
  std::optional<ParticipantRef> owner;
  std::optional<crypto::PublicKey> public_key;
  std::optional<std::int64_t> plant_watts;
  std::optional<std::string> cpe;
};
/// Energy of a quarantined meter is settled with the utility, not with neighbours.
enum class MeterStanding : std::uint8_t { trusted = 1, quarantined };
struct SetMeterStanding {
  MeterId meter;
  MeterStanding standing = MeterStanding::trusted;
};
enum class DisputeReason : std::uint8_t { too_high = 1, too_low, not_mine, other };
/// An owner says that a reading is wrong; the administrator resolves it (by a correction, or not).
struct DisputeReading {
  MeterId meter;
  std::uint64_t sequence = 0;
  DisputeReason reason = DisputeReason::other;
};
struct ResolveDispute {
  MeterId meter;
  std::uint64_t sequence = 0;
  bool upheld = false;
};

}  // namespace powershare::ledger
