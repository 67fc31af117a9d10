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
#include "market/clearing.hpp"
#include "market/network.hpp"

namespace powershare::ledger {

/// What commitments made at the gate come to (DECISIONS 44). What was promised and not delivered,
/// or bought and not used, is traded in the spot market, else with the utility; none of it is in
/// the other fields of Settled.
struct Forward {
  Energy bought{};          ///< committed, from neighbours
  Energy sold{};            ///< committed, to neighbours
  Energy short_local{};     ///< not delivered: bought from neighbours instead
  Energy short_utility{};   ///< likewise from the utility
  Energy unused_local{};    ///< not drawn: sold to neighbours
  Energy unused_utility{};  ///< likewise to the utility
  Coins paid{};             ///< to neighbours, for the shortfall
  Coins utility_charge{};
  Coins earned{};  ///< from neighbours, for what was unused
  Coins utility_credit{};
  Coins margin{};  ///< what deviating costs on top, to the system account `deviation`
  bool empty() const { return *this == Forward{}; }
  Energy shortfall() const { return Energy::from_nano(short_local.nano() + short_utility.nano()); }
  Energy unused() const { return Energy::from_nano(unused_local.nano() + unused_utility.nano()); }
  friend bool operator==(const Forward&, const Forward&) = default;
};

/// What a participant came to in one slot. Energy and coins are never negative.
struct Settled {
  /// Metered, net of its own meters: this or exported is 0, unless some of them are quarantined,
  /// which are netted apart.
  Energy imported;
  Energy exported;
  Energy produced;
  Energy bought;  ///< from neighbours, commitments among it
  Energy sold;    ///< to neighbours, likewise
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
  Forward forward{};
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

/// The position of a participant's terms; nothing where it has none.
std::optional<std::size_t> position_of(const std::vector<Terms>& terms, const ParticipantRef& ref);

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
  bool forward = false;       ///< committed at the gate
  bool covers_short = false;  ///< the buyer had promised more than it delivered
  bool sells_unused = false;  ///< the seller had bought more than it drew
  Coins buyer_margin{};       ///< of a shortfall: on top of the amount
  Coins seller_margin{};      ///< of what was unused: off the amount
  /// Sum of the fees, which the booking has checked.
  Coins total_fees() const;
  friend bool operator==(const SettledTrade&, const SettledTrade&) = default;
};

/// What a clearing went by and came to, for whoever checks it.
struct SlotEvidence {
  market::Book book;
  market::Network network;
  market::Clearing clearing;
};

/// A trade made at the gate, and the orders that made it.
struct Commitment {
  SettledTrade trade;
  Digest bid{};
  Digest offer{};
  friend bool operator==(const Commitment&, const Commitment&) = default;
};

struct SlotInputs {
  UtcMillis slot;
  std::string rule;
  Supply supply;
  std::vector<Terms> terms;               ///< by participant
  std::vector<Settled> metered;           ///< imported, exported, produced of each; the rest 0
  std::vector<SlotFacts> facts{};         ///< as `terms`; none where nobody's wishes ask for them
  std::vector<Apart> apart{};             ///< as `terms`; empty: nothing of anybody
  market::Network network{};              ///< participants as `terms`
  market::Sharing sharing{};              ///< likewise; for the allocation keys
  std::vector<Commitment> commitments{};  ///< made at the gate: fixed, whatever was metered
  std::int64_t margin_nano = 0;           ///< m of DECISIONS 44, in nano-parts of the spot price
};

/// What became of one explicit order in a slot.
struct OrderOutcome {
  ParticipantRef participant;
  Digest order{};
  OrderSide side = OrderSide::buy;
  Energy ordered;
  Price limit;
  Energy committed;
  Coins amount;  ///< for it: paid with fees and losses, or earned
  bool settled = false;
  Energy spot;  ///< traded at close, of what was not committed
  Coins spot_amount;
  Energy deviation;      ///< committed and not delivered, or not drawn
  Coins deviation_cost;  ///< paid for the shortfall; < 0: got for what was unused
  friend bool operator==(const OrderOutcome&, const OrderOutcome&) = default;
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
  std::vector<Settled> settled;  ///< as SlotInputs::terms
  /// Commitments, neighbours' in order of matching, then the utility's.
  std::vector<SettledTrade> trades;
  std::optional<Price> clearing_price;  ///< of the spot book
  std::vector<OrderOutcome> orders;     ///< explicit ones; by participant and order
  std::vector<BookOrder> book{};        ///< the spot book, for the history: why it came so
  friend bool operator==(const SlotResult&, const SlotResult&) = default;
};

/// Commitments as they are, then the book of the terms (ledger/slot_book.hpp), cleared by the rule;
/// the rest with the utility at tariff and feed-in; who deviates from a commitment pays the margin
/// (ledger/deviations.hpp). Where too many orders are restricted for the rule, those with partners
/// or a wish for renewable energy stay without neighbours. MarketError, BaseError::overflow.
/// `evidence`: where to put what a certificate needs, if the rule gives one.
Result<SlotResult> settle(const SlotInputs& inputs,
                          std::optional<SlotEvidence>* evidence = nullptr);

/// The terms of `participant` in the slot (DECISIONS 25, 45): its criteria, else its registry
/// rates; it buys at the tariff or cheaper and sells at feed-in or dearer. Who pays more for
/// renewable energy bids above the tariff, and then for such energy only. And its explicit orders.
Terms terms_of(const StateReader& state, const ParticipantRef& participant, UtcMillis slot,
               const Supply& supply, Coins credit_limit);
/// The supplier of slots that are settled now, with what it asks and pays in this one.
Supply current_supply(const StateReader& state, UtcMillis slot);
/// The same for the running slot.
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

/// Metered import = bought + from the utility, the same for export, but for what was promised at
/// the gate and deviated from; sold = bought over all, paid = earned over all, and nothing is
/// negative. LedgerError::invariant.
Result<void> check_settled(UtcMillis slot, const std::vector<Terms>& terms,
                           const std::vector<Settled>& settled);

}  // namespace powershare::ledger
