// What one slot comes to: a pure function of its inputs, and the bookings that follow from it.
//
// A slot may be settled several times until it is final. Criteria, tariff and the coins within
// which each participant may buy are frozen when it is settled first; the readings are those
// accepted by then. Each time the difference to what is booked already is booked (DECISIONS 22).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/block_context.hpp"
#include "ledger/metering.hpp"
#include "ledger/overlay.hpp"
#include "ledger/participants.hpp"
#include "market/network.hpp"

namespace powershare::ledger {

/// What a participant came to in one slot. Energy and coins are never negative.
struct Settled {
  /// Metered, net of its own meters: this or exported is 0, unless some of them are quarantined,
  /// which are netted apart.
  Energy imported;
  Energy exported;
  Energy produced;
  Energy bought;  ///< from neighbours
  Energy sold;    ///< to neighbours
  Energy from_utility;
  Energy to_utility;
  Coins paid;  ///< to neighbours
  Coins earned;
  Coins utility_charge;
  Coins utility_credit;
  // As a buyer, beside what is paid to neighbours (DECISIONS 42).
  Coins fees{};    ///< of the network's levels
  Coins losses{};  ///< to the utility, for what was lost on the way
  Energy lost{};   ///< from the utility; in nobody's imported
  bool over_network() const { return !fees.is_zero() || !losses.is_zero() || !lost.is_zero(); }
  friend bool operator==(const Settled&, const Settled&) = default;
};

/// The part of a participant's energy that comes from quarantined meters: it is in its imported and
/// exported, and is settled with the utility alone.
struct Apart {
  Energy imported;
  Energy exported;
  friend bool operator==(const Apart&, const Apart&) = default;
};

/// An explicit order in one of its slots.
struct OrderTerms {
  Digest id{};  ///< of the transaction that placed it
  OrderSide side = OrderSide::buy;
  Energy energy;
  Price limit;
  UtcMillis accepted;
  std::vector<ParticipantRef> partners;  ///< none: anyone
  bool only_renewable = false;
  friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

/// What a participant wants besides prices.
struct Wishes {
  std::vector<ParticipantRef> sell_partners;  ///< none: anyone
  std::vector<ParticipantRef> buy_partners;
  bool only_renewable = false;
  Energy battery_reserve;
  std::vector<OrderTerms> orders;  ///< by id
  bool empty() const { return *this == Wishes{}; }
  friend bool operator==(const Wishes&, const Wishes&) = default;
};

/// What a participant wants, frozen when the slot is settled first.
struct Terms {
  ParticipantRef participant;
  bool buys = true;
  bool sells = true;
  Price buy_limit;
  Price sell_limit;
  Coins capacity;  ///< coins + credit - due at that time: what it may spend with neighbours
  Wishes wishes{};
  friend bool operator==(const Terms&, const Terms&) = default;
};

/// The utility that takes the rest, frozen likewise. Without one the rest costs nothing.
struct Supply {
  std::optional<ParticipantId> supplier;
  Price tariff;
  Price feed_in;
  friend bool operator==(const Supply&, const Supply&) = default;
};

/// What the readings say of a participant besides energies.
struct SlotFacts {
  bool renewable = false;         ///< see slot_facts()
  std::optional<Energy> battery;  ///< state of charge at the end
};

struct SlotInputs {
  UtcMillis slot;
  std::string rule;
  Supply supply;
  std::vector<Terms> terms;        ///< by participant
  std::vector<Settled> metered;    ///< imported, exported, produced of each; the rest 0
  std::vector<SlotFacts> facts{};  ///< as `terms`; none where nobody's wishes ask for them
  std::vector<Apart> apart{};      ///< as `terms`; empty: nothing of anybody
  market::Network network{};       ///< participants as `terms`
};

enum class Venue : std::uint8_t { local = 1, island, utility };
/// "local", "island", "utility".
std::string_view to_text(Venue venue);

/// What one level of the network takes of a trade.
struct LevelFee {
  std::string zone;
  Coins amount;
  friend bool operator==(const LevelFee&, const LevelFee&) = default;
};

/// The seller gets the amount; the buyer pays amount + fees + losses.
struct SettledTrade {
  ParticipantRef buyer;
  ParticipantRef seller;
  Energy energy;
  Price price;
  Coins amount;
  Venue venue = Venue::local;
  bool bid_ordered = false;      ///< the buyer's explicit order, not its criteria
  bool offer_ordered = false;    ///< likewise the seller's
  std::vector<LevelFee> fees{};  ///< of the levels that take one, from the seller's end
  Coins losses{};
  Energy lost{};
  /// Sum of the fees, which the booking has checked.
  Coins total_fees() const;
  friend bool operator==(const SettledTrade&, const SettledTrade&) = default;
};

/// An order that a slot was cleared from, and what became of it.
struct BookOrder {
  ParticipantRef participant;
  OrderSide side = OrderSide::buy;
  bool ordered = false;     ///< an explicit order, not its criteria
  bool restricted = false;  ///< wants certain partners or renewable energy only
  Price limit;
  Energy energy;
  Energy matched;  ///< with neighbours
  friend bool operator==(const BookOrder&, const BookOrder&) = default;
};

struct SlotResult {
  std::vector<Settled> settled;      ///< as SlotInputs::terms
  std::vector<SettledTrade> trades;  ///< neighbours' in order of matching, then the utility's
  std::optional<Price> clearing_price;
  std::vector<BookOrder> book{};  ///< for the history: why it came so
  friend bool operator==(const SlotResult&, const SlotResult&) = default;
};

/// The book of the terms (ledger/slot_book.hpp), cleared by the rule; the rest with the utility at
/// tariff and feed-in. Where too many orders are restricted for the rule, those with partners or
/// a wish for renewable energy stay without neighbours. MarketError, BaseError::overflow.
Result<SlotResult> settle(const SlotInputs& inputs);

/// The terms of `participant` in the slot (DECISIONS 25, 45): its criteria, else its registry
/// rates; it buys at the tariff or cheaper and sells at feed-in or dearer. Who pays more for
/// renewable energy bids above the tariff, and then for such energy only. And its explicit orders.
Terms terms_of(const StateReader& state, const ParticipantRef& participant, UtcMillis slot,
               const Supply& supply, Coins credit_limit);
Supply current_supply(const StateReader& state);

/// Books `now` instead of `before` (both as `terms`): energy from injection to consumption, coins
/// between neighbours, with the supplier and for the network. What a participant cannot pay, the
/// supplier advances and claims; coins that arrive pay claims first. Errors as post().
Result<void> book(Overlay& state, UtcMillis slot, const Supply& supply,
                  const std::vector<Terms>& terms, const std::vector<Settled>& before,
                  const std::vector<Settled>& now);

/// A reading that came when its slot was final: its energy is settled with the utility, at once
/// (DECISIONS 22). Adds history rows.
Result<void> settle_after_final(Overlay& state, const BlockContext& context,
                                const ParticipantRef& owner, UtcMillis slot,
                                const SlotReading& reading, std::vector<HistoryRow>& rows);

/// Metered import = bought + from the utility, the same for export, sold = bought over all, paid =
/// earned over all, and nothing is negative.
/// LedgerError::invariant.
Result<void> check_settled(UtcMillis slot, const std::vector<Terms>& terms,
                           const std::vector<Settled>& settled);

}  // namespace powershare::ledger
