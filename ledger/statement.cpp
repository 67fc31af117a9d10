#include "ledger/statement.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace powershare::ledger {
namespace {

/// Sums that remember whether one of them left its range.
class Sums {
 public:
  template <class Quantity>
  Sums& add(Quantity& sum, Quantity part) {
    auto total = powershare::add(sum, part);
    fits_ = fits_ && total.ok();
    if (total) sum = *total;
    return *this;
  }
  template <class Quantity>
  Sums& subtract(Quantity& sum, Quantity part) {
    auto total = powershare::subtract(sum, part);
    fits_ = fits_ && total.ok();
    if (total) sum = *total;
    return *this;
  }
  Sums& add(BillLine& line, Energy energy, Coins amount) {
    return add(line.energy, energy).add(line.amount, amount);
  }
  template <class Quantity>
  void take(Quantity& result, Result<Quantity> value) {
    fits_ = fits_ && value.ok();
    if (value) result = *value;
  }
  Result<void> result() const {
    if (!fits_) return Error{LedgerError::overflow, "a sum of the statement leaves its range"};
    return {};
  }

 private:
  bool fits_ = true;
};

std::int64_t saturated(std::int64_t a, std::int64_t b, std::int64_t minus) {
  __extension__ using Wide = __int128;
  const Wide value = static_cast<Wide>(a) + b - minus;
  return static_cast<std::int64_t>(std::clamp<Wide>(value, INT64_MIN, INT64_MAX));
}

void add_origin(Sums& sums, Origin& sum, const Origin& part) {
  for (const auto field : {&Origin::issued, &Origin::own, &Origin::sold, &Origin::fed_in,
                           &Origin::bought, &Origin::supplied}) {
    for (std::size_t s = 0; s < renewable_sources; ++s) {
      Energy energy = Energy::from_nano((sum.*field)[s]);
      sums.add(energy, Energy::from_nano((part.*field)[s]));
      (sum.*field)[s] = energy.nano();
    }
  }
}

void add_totals(Sums& sums, BillTotals& sum, const BillTotals& part) {
  for (const auto field :
       {&BillTotals::imported, &BillTotals::exported, &BillTotals::produced, &BillTotals::lost}) {
    sums.add(sum.*field, part.*field);
  }
  for (const auto line :
       {&BillTotals::bought, &BillTotals::sold, &BillTotals::from_utility, &BillTotals::to_utility,
        &BillTotals::late_from_utility, &BillTotals::late_to_utility, &BillTotals::shortfall,
        &BillTotals::unused}) {
    sums.add(sum.*line, (part.*line).energy, (part.*line).amount);
  }
  for (const auto coins : {&BillTotals::fees, &BillTotals::losses, &BillTotals::cost,
                           &BillTotals::cost_without_market}) {
    sums.add(sum.*coins, part.*coins);
  }
  for (const auto& [level, fee] : part.level_fees) sums.add(sum.level_fees[level], fee);
  sums.add(sum.certifiable, part.certifiable);
  add_origin(sums, sum.origin, part.origin);
  for (const auto& [key, line] : part.parts) sums.add(sum.parts[key], line.energy, line.amount);
  if (sum.peak < part.peak) {
    sum.peak = part.peak;
    sum.peak_slot = part.peak_slot;
  }
  sum.slots += part.slots;
}

void add_deviations(Sums& sums, BillTotals& totals, const Forward& forward) {
  const bool is_short = forward.shortfall().is_positive();
  sums.add(totals.shortfall, forward.shortfall(), forward.paid);
  sums.add(totals.shortfall.amount, forward.utility_charge);
  sums.add(totals.unused, forward.unused(), forward.earned);
  sums.add(totals.unused.amount, forward.utility_credit);
  if (is_short) {
    sums.add(totals.shortfall.amount, forward.margin);
  } else {
    sums.subtract(totals.unused.amount, forward.margin);
  }
  for (const Coins cost : {forward.paid, forward.utility_charge, forward.margin}) {
    sums.add(totals.cost, cost);
  }
  sums.subtract(totals.cost, forward.earned).subtract(totals.cost, forward.utility_credit);
}

/// One trade in the part that it belongs to.
void add_part(Sums& sums, BillTotals& totals, const ParticipantSlotRow& row,
              const SettledTrade& trade) {
  const bool buys = trade.buyer == row.participant;
  const bool utility = trade.venue == Venue::utility;
  PartKey key;
  key.kind = buys ? (utility ? LineKind::from_utility : LineKind::bought)
                  : (utility ? LineKind::to_utility : LineKind::sold);
  key.counterparty = buys ? trade.seller.type : trade.buyer.type;
  key.band = buys ? row.supply.tariff : row.supply.feed_in;
  const bool covers = buys && trade.covers_short;
  const bool resells = !buys && trade.sells_unused;
  if (covers) key.kind = LineKind::shortfall;
  if (resells) key.kind = LineKind::unused;
  auto& line = totals.parts[key];
  sums.add(line, trade.energy, trade.amount);
  // What deviating costs on top stands in the same line.
  if (covers) sums.add(line.amount, trade.buyer_margin);
  if (resells) sums.subtract(line.amount, trade.seller_margin);
}

/// What the utility settles where there is none: energy without a price and without a trade.
void add_unsupplied(Sums& sums, BillTotals& totals, const ParticipantSlotRow& row) {
  if (row.supply.supplier) return;
  const auto add = [&](LineKind kind, Energy energy) {
    if (energy.is_zero()) return;
    const PartKey key{kind, ParticipantType::utility_company, {}};
    sums.add(totals.parts[key], energy, {});
  };
  add(LineKind::from_utility, row.settled.from_utility);
  add(LineKind::to_utility, row.settled.to_utility);
}

void add_late_part(Sums& sums, BillTotals& totals, LineKind kind, Energy energy, Coins amount) {
  if (energy.is_zero()) return;
  BillLine line{energy, amount};
  const PartKey key{kind, ParticipantType::utility_company, line.mean_price().value_or(Price{})};
  sums.add(totals.parts[key], energy, amount);
}

}  // namespace

std::string_view to_text(LineKind kind) {
  switch (kind) {
    case LineKind::bought:
      return "bought";
    case LineKind::sold:
      return "sold";
    case LineKind::from_utility:
      return "from_utility";
    case LineKind::to_utility:
      return "to_utility";
    case LineKind::shortfall:
      return "shortfall";
    case LineKind::unused:
      return "unused";
    case LineKind::late_from_utility:
      return "late_from_utility";
    case LineKind::late_to_utility:
      return "late_to_utility";
    case LineKind::correction_from_utility:
      return "correction_from_utility";
    case LineKind::correction_to_utility:
      return "correction_to_utility";
  }
  return "unknown";
}

bool is_income(LineKind kind) {
  return kind == LineKind::sold || kind == LineKind::to_utility || kind == LineKind::unused ||
         kind == LineKind::late_to_utility || kind == LineKind::correction_to_utility;
}

std::optional<Price> BillLine::mean_price() const {
  if (!energy.is_positive()) return std::nullopt;
  const auto price = multiply_divide(amount.nano(), nano_per_unit, energy.nano());
  if (!price) return std::nullopt;
  return Price::from_nano(*price);
}

std::optional<std::int64_t> Ratio::nano() const {
  if (!whole.is_positive()) return std::nullopt;
  const auto share = multiply_divide(part.nano(), nano_per_unit, whole.nano());
  if (!share) return std::nullopt;
  return *share;
}

BillLine BillTotals::deviations() const {
  return {Energy::from_nano(saturated(shortfall.energy.nano(), unused.energy.nano(), 0)),
          Coins::from_nano(saturated(shortfall.amount.nano(), 0, unused.amount.nano()))};
}

Energy BillTotals::consumption() const {
  return Energy::from_nano(saturated(imported.nano(), produced.nano(), exported.nano()));
}

Coins BillTotals::savings() const {
  return Coins::from_nano(saturated(cost_without_market.nano(), 0, cost.nano()));
}

Ratio BillTotals::self_consumption() const {
  // What was fed in beyond what neighbours bought went to the utility.
  const std::int64_t outside =
      saturated(to_utility.energy.nano(), late_to_utility.energy.nano(), 0);
  return {Energy::from_nano(saturated(produced.nano(), 0, outside)), produced};
}

Ratio BillTotals::self_sufficiency() const {
  const Energy whole = consumption();
  const std::int64_t outside =
      saturated(from_utility.energy.nano(), late_from_utility.energy.nano(), 0);
  return {Energy::from_nano(saturated(whole.nano(), 0, outside)), whole};
}

Ratio BillTotals::renewable_share() const {
  std::int64_t part = 0;
  for (const std::int64_t nano : origin.consumed()) part = saturated(part, nano, 0);
  return {smaller(Energy::from_nano(part), certifiable), certifiable};
}

StatementBuilder::StatementBuilder(UtcMillis from, UtcMillis to) {
  statement_.from = from;
  statement_.to = to;
}

Bill& StatementBuilder::bill_of(const ParticipantRef& participant) {
  auto& bills = statement_.bills;
  const auto at = std::lower_bound(
      bills.begin(), bills.end(), participant,
      [](const Bill& bill, const ParticipantRef& ref) { return bill.participant < ref; });
  if (at != bills.end() && at->participant == participant) return *at;
  return *bills.insert(at, Bill{participant, {}});
}

Result<void> StatementBuilder::add(const ParticipantSlotRow& row) {
  BillTotals& totals = bill_of(row.participant).totals;
  const Settled& s = row.settled;
  Sums sums;
  sums.add(totals.imported, s.imported).add(totals.exported, s.exported);
  sums.add(totals.produced, s.produced);
  sums.add(totals.bought, s.bought, s.paid).add(totals.sold, s.sold, s.earned);
  sums.add(totals.from_utility, s.from_utility, s.utility_charge);
  sums.add(totals.to_utility, s.to_utility, s.utility_credit);
  sums.add(totals.fees, s.fees).add(totals.losses, s.losses).add(totals.lost, s.lost);
  if (totals.peak < s.imported) {
    totals.peak = s.imported;
    totals.peak_slot = row.slot;
  }
  add_unsupplied(sums, totals, row);
  for (const TradeRow& trade : row.trades) {
    add_part(sums, totals, row, trade.trade);
    if (trade.trade.buyer != row.participant) continue;
    for (const LevelFee& fee : trade.trade.fees) {
      if (!fee.amount.is_zero()) sums.add(totals.level_fees[fee.zone], fee.amount);
    }
  }
  sums.add(totals.cost, s.paid).add(totals.cost, s.utility_charge);
  sums.add(totals.cost, s.fees).add(totals.cost, s.losses);
  sums.subtract(totals.cost, s.earned).subtract(totals.cost, s.utility_credit);
  add_deviations(sums, totals, s.forward);
  Coins charge;
  Coins credit;
  sums.take(charge, multiply(row.supply.tariff, s.imported));
  sums.take(credit, multiply(row.supply.feed_in, s.exported));
  sums.add(totals.cost_without_market, charge).subtract(totals.cost_without_market, credit);
  ++totals.slots;
  return sums.result();
}

Result<void> StatementBuilder::add(const LateRow& row) {
  BillTotals& totals = bill_of(row.participant).totals;
  Sums sums;
  sums.add(totals.imported, row.from_utility).add(totals.exported, row.to_utility);
  sums.add(totals.late_from_utility, row.from_utility, row.charge);
  sums.add(totals.late_to_utility, row.to_utility, row.credit);
  const bool earlier = row.slot < statement_.from;
  add_late_part(sums, totals,
                earlier ? LineKind::correction_from_utility : LineKind::late_from_utility,
                row.from_utility, row.charge);
  add_late_part(sums, totals, earlier ? LineKind::correction_to_utility : LineKind::late_to_utility,
                row.to_utility, row.credit);
  for (Coins* coins : {&totals.cost, &totals.cost_without_market}) {
    sums.add(*coins, row.charge).subtract(*coins, row.credit);
  }
  return sums.result();
}

Result<void> StatementBuilder::add(const OriginRow& row, const Settled& settled) {
  BillTotals& totals = bill_of(row.participant).totals;
  Sums sums;
  add_origin(sums, totals.origin, row.origin);
  const auto used =
      saturated(settled.imported.nano(), settled.produced.nano(), settled.exported.nano());
  sums.add(totals.certifiable, Energy::from_nano(std::max<std::int64_t>(used, 0)));
  return sums.result();
}

Result<void> StatementBuilder::add(const SlotRow& row) {
  Community& community = statement_.community;
  Sums sums;
  sums.add(community.traded, row.traded);
  if (community.peak < row.from_utility) {
    community.peak = row.from_utility;
    community.peak_slot = row.start;
  }
  community.trades += row.pairs;
  ++community.slots;
  return sums.result();
}

Result<Statement> StatementBuilder::finish() {
  Sums sums;
  statement_.community.totals = {};
  for (const Bill& bill : statement_.bills) {
    add_totals(sums, statement_.community.totals, bill.totals);
  }
  if (auto fits = sums.result(); !fits) return fits.error();
  return std::move(statement_);
}

}  // namespace powershare::ledger
