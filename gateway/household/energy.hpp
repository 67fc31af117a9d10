// A household's energy and what it cost, slot by slot, gathered into buckets of time. Exact sums of
// what settlement has written.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/queries.hpp"

namespace powershare::gateway::household {

struct Traded {
  Energy energy;
  Coins amount;
};

/// What one household came to in some slots.
struct EnergySums {
  Energy imported;
  Energy exported;
  Energy produced;
  Energy from_utility;
  Energy to_utility;
  Energy own_used;          ///< own production that was not fed in, slot by slot
  Energy renewable_bought;  ///< by certificates; in slots without, from neighbours who produce
  Energy renewable_own;     ///< by certificates; in slots without, own_used
  Coins paid;
  Coins earned;
  Coins utility_charge;
  Coins utility_credit;
  Coins deviation_charge;  ///< for what was promised at a gate and not delivered, margins too
  Coins deviation_credit;  ///< for what was bought there and not drawn
  Coins network;           ///< fees and losses of what was bought from neighbours
  std::map<ledger::ParticipantRef, Traded> bought;  ///< from each neighbour
  std::map<ledger::ParticipantRef, Traded> sold;
  std::uint64_t slots = 0;

  Energy consumption() const;  ///< what the home has used
  Coins cost() const;          ///< paid to neighbours, the utility, the network, for deviations
  Coins earnings() const;
  Energy bought_total() const;
  Energy sold_total() const;
  /// (own renewable production used + renewable energy bought) / consumption, 1e-9 of one; nothing
  /// without consumption (DECISIONS 51).
  std::optional<std::int64_t> renewable_nano() const;
};

using Producers = std::set<ledger::ParticipantRef>;
/// Whose fed-in energy is renewable: owners of a meter with a plant behind it.
Producers renewable_producers(const ledger::StateReader& state);

/// LedgerError::overflow where a sum leaves its range.
/// `origin`: its certificates of the slot; none: the slot has no certificates.
Result<void> add_slot(EnergySums& sums, const ledger::ParticipantSlotRow& row,
                      const Producers& producers, const ledger::Origin* origin = nullptr);
/// With the certificates that history has of it.
Result<void> add_slot(EnergySums& sums, const ledger::HistoryReader& history,
                      const ledger::ParticipantSlotRow& row, const Producers& producers);
Result<void> add_late(EnergySums& sums, const ledger::LateRow& row);
Result<void> add_sums(EnergySums& sums, const EnergySums& part);

/// Sums of each span between two bounds; late readings count in their slot. At most `max_rows`
/// slots are read: BaseError::out_of_range beyond.
Result<std::vector<EnergySums>> energy_by_bucket(const ledger::HistoryReader& history,
                                                 const ledger::ParticipantRef& who,
                                                 const std::vector<UtcMillis>& bounds,
                                                 const Producers& producers, std::size_t max_rows);

/// How much of a span the meters have delivered.
struct Completeness {
  UtcMillis settled_until;  ///< every slot before it is settled
  UtcMillis final_until;    ///< no slot before it changes any more
  struct Missing {
    std::string meter;
    std::int64_t seconds = 0;
  };
  std::vector<Missing> missing;       ///< own meters with gaps in what is settled
  std::int64_t expected_seconds = 0;  ///< over all own meters, in what is settled
  std::int64_t covered_seconds = 0;
};
Completeness completeness(const ledger::StateReader& state, const ledger::ParticipantRef& who,
                          UtcMillis from, UtcMillis to);

}  // namespace powershare::gateway::household
