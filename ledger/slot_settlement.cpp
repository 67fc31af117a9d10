#include "ledger/slot_settlement.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/criteria.hpp"
#include "ledger/deviations.hpp"
#include "ledger/history.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_book.hpp"
#include "ledger/slot_trades.hpp"
#include "ledger/tariffs.hpp"
#include "market/clearing.hpp"

namespace powershare::ledger {
namespace {

/// Adds into `sum`; false when it leaves its range.
template <class Quantity>
[[nodiscard]] bool accumulate(Quantity& sum, Quantity part) {
  auto total = add(sum, part);
  if (total) sum = *total;
  return total.ok();
}

Error overflow() {
  return {LedgerError::overflow, "a sum of the slot leaves its range"};
}

/// Adds a trade's energy and money to both ends.
bool take_trade(const SettledTrade& trade, Settled& buyer, Settled& seller) {
  Forward& short_of = buyer.forward;
  Forward& unused_of = seller.forward;
  // A negative price turns the payment round.
  const bool turned = trade.amount.is_negative();
  Coins& paid = trade.covers_short ? (turned ? short_of.earned : short_of.paid)
                                   : (turned ? buyer.earned : buyer.paid);
  Coins& earned = trade.sells_unused ? (turned ? unused_of.paid : unused_of.earned)
                                     : (turned ? seller.paid : seller.earned);
  const Coins size = larger(trade.amount, Coins::from_nano(-trade.amount.nano()));
  Energy& bought = trade.covers_short ? short_of.short_local : buyer.bought;
  Energy& sold = trade.sells_unused ? unused_of.unused_local : seller.sold;
  bool fits = accumulate(bought, trade.energy) && accumulate(sold, trade.energy) &&
              accumulate(paid, size) && accumulate(earned, size) &&
              accumulate(buyer.losses, trade.losses) && accumulate(buyer.lost, trade.lost);
  if (trade.forward) {
    fits = fits && accumulate(short_of.bought, trade.energy) &&
           accumulate(unused_of.sold, trade.energy);
  }
  for (const LevelFee& fee : trade.fees) fits = fits && accumulate(buyer.fees, fee.amount);
  return fits;
}

/// Adds a trade between neighbours to the result.
Result<void> take_local(const SlotInputs& inputs, SettledTrade trade, SlotResult& result) {
  const auto buyer = position_of(inputs.terms, trade.buyer);
  const auto seller = position_of(inputs.terms, trade.seller);
  PS_ASSERT(buyer && seller);  // who trades has terms
  if (!take_trade(trade, result.settled[*buyer], result.settled[*seller])) return overflow();
  result.trades.push_back(std::move(trade));
  return {};
}

/// The explicit order of that id.
std::optional<Digest> order_id(const market::Order& order) {
  if (order.standing) return std::nullopt;
  const auto id = crypto::digest_from_hex(order.id);
  PS_ASSERT(id.ok());  // as slot_book() writes it
  return *id;
}

/// What goes to and comes from the utility, as a trade and in the two fields of its side.
Result<void> take_utility(SettledTrade trade, Energy& energy, Coins& coins, SlotResult& result) {
  if (!trade.energy.is_positive()) return {};
  energy = trade.energy;
  trade.venue = Venue::utility;
  auto amount = multiply(trade.price, trade.energy);
  if (!amount) return amount.error();
  coins = trade.amount = *amount;
  result.trades.push_back(std::move(trade));
  return {};
}

/// The book as history keeps it.
std::vector<BookOrder> kept_book(const SlotInputs& inputs, const market::Book& book,
                                 const market::Clearing& clearing) {
  std::vector<BookOrder> kept;
  kept.reserve(book.orders.size());
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    const market::Order& order = book.orders[i];
    const Energy left = i < clearing.unmatched.size() ? clearing.unmatched[i] : order.energy;
    kept.push_back({inputs.terms[order.participant].participant,
                    order.side == market::Side::buy ? OrderSide::buy : OrderSide::sell,
                    !order.standing, order.only_green || !order.partners.empty(), order.limit,
                    order.energy, Energy::from_nano(order.energy.nano() - left.nano())});
  }
  return kept;
}

/// All that neighbours left over is the utility's, and what deviations leave.
Result<void> take_rest(const SlotInputs& inputs, const std::vector<Position>& positions,
                       SlotResult& result) {
  const Supply& supply = inputs.supply;
  ParticipantRef utility;
  if (supply.supplier) utility = {ParticipantType::utility_company, *supply.supplier};
  const auto rest = [](Energy all, Energy promised, Energy traded, Energy committed) {
    return Energy::from_nano(all.nano() - promised.nano() - traded.nano() + committed.nano());
  };
  const std::size_t before = result.trades.size();
  for (std::size_t i = 0; i < inputs.terms.size(); ++i) {
    Settled& settled = result.settled[i];
    Forward& forward = settled.forward;
    const Position position = positions.empty() ? Position{} : positions[i];
    const ParticipantRef& own = inputs.terms[i].participant;
    SettledTrade from{own, utility, {}, supply.tariff, {}};
    from.energy = rest(settled.imported, position.covered, settled.bought, forward.bought);
    SettledTrade to{utility, own, {}, supply.feed_in, {}};
    to.energy = rest(settled.exported, position.delivered, settled.sold, forward.sold);
    SettledTrade shortfall = from;
    shortfall.energy = Energy::from_nano(position.shortfall.nano() - forward.short_local.nano());
    shortfall.covers_short = true;
    SettledTrade unused = to;
    unused.energy = Energy::from_nano(position.unused.nano() - forward.unused_local.nano());
    unused.sells_unused = true;
    auto taken = take_utility(from, settled.from_utility, settled.utility_charge, result);
    if (taken) taken = take_utility(to, settled.to_utility, settled.utility_credit, result);
    if (taken) {
      taken = take_utility(shortfall, forward.short_utility, forward.utility_charge, result);
    }
    if (taken) taken = take_utility(unused, forward.unused_utility, forward.utility_credit, result);
    if (!taken) return taken;
    if (supply.supplier) continue;
    // Without one the rest costs nothing, and is nobody's trade.
    result.trades.resize(before);
    settled.utility_charge = settled.utility_credit = {};
    forward.utility_charge = forward.utility_credit = {};
  }
  return {};
}

/// Net coins that a participant gets; nothing on overflow.
std::optional<std::int64_t> net_coins(const Settled& settled) {
  __extension__ using Wide = __int128;
  const Forward& forward = settled.forward;
  const Wide net = static_cast<Wide>(settled.earned.nano()) + settled.utility_credit.nano() -
                   settled.paid.nano() - settled.utility_charge.nano() - settled.fees.nano() -
                   settled.losses.nano() + forward.earned.nano() + forward.utility_credit.nano() -
                   forward.paid.nano() - forward.utility_charge.nano() - forward.margin.nano();
  if (net > INT64_MAX / 2 || net < INT64_MIN / 2) return std::nullopt;
  return static_cast<std::int64_t>(net);
}

/// Energy that came in from anywhere: metered injection and what the utility delivered.
std::optional<std::int64_t> flow(const std::vector<Settled>& settled) {
  Energy sum;
  for (const Settled& one : settled) {
    if (!accumulate(sum, one.exported) || !accumulate(sum, one.from_utility) ||
        !accumulate(sum, one.forward.short_utility)) {
      return std::nullopt;
    }
  }
  return sum.nano();
}

/// Sum of one field; nothing on overflow.
template <class Quantity>
std::optional<std::int64_t> sum_of(const std::vector<Settled>& settled, Quantity Settled::*field) {
  Quantity sum{};
  for (const Settled& one : settled) {
    if (!accumulate(sum, one.*field)) return std::nullopt;
  }
  return sum.nano();
}

std::optional<std::int64_t> margins(const std::vector<Settled>& settled) {
  Coins sum;
  for (const Settled& one : settled) {
    if (!accumulate(sum, one.forward.margin)) return std::nullopt;
  }
  return sum.nano();
}

/// What `ref` has ordered for the slot.
std::vector<OrderTerms> orders_in(const StateReader& state, const ParticipantRef& ref,
                                  UtcMillis slot) {
  const auto slot_ms = parameters(state).slot_ms;
  std::vector<OrderTerms> result;
  for (const LiveOrder& live : orders_of(state, ref)) {
    if (slot < live.order.first_slot || live.last_slot(slot_ms) < slot) continue;
    result.push_back(order_terms(live));
  }
  return result;
}

/// What a supplier draws on when it has no coins; without one, what nobody can pay.
AccountId credit_account(const std::optional<ParticipantId>& supplier) {
  auto account = system_account(AccountClass::utility_credit, asset_coins);
  if (supplier) account.owner = ParticipantRef{ParticipantType::utility_company, *supplier};
  return account;
}

/// A supplier's coins pay its credit back first, so that how much it has does not depend on the
/// order in which coins came and went.
Result<void> repay_credit(Overlay& state, const ParticipantRef& utility) {
  const AccountId wallet = participant_account(utility, asset_coins);
  const AccountId credit = credit_account(utility.id);
  const std::int64_t repaid = std::min(balance(state, wallet), -balance(state, credit));
  if (repaid <= 0) return {};
  const Posting postings[] = {{wallet, -repaid}, {credit, repaid}};
  return post(state, postings);
}

using Deltas = std::map<ParticipantRef, std::int64_t>;

/// Books the differences in coins, which sum to zero over participants, supplier, fees and margins.
Result<void> book_coins(Overlay& state, UtcMillis slot,
                        const std::optional<ParticipantId>& supplier, Deltas deltas,
                        std::int64_t fees_nano, std::int64_t margins_nano) {
  std::vector<Posting> postings;
  postings.push_back({system_account(AccountClass::network_fees, asset_coins), fees_nano});
  postings.push_back({system_account(AccountClass::deviation, asset_coins), margins_nano});
  std::vector<std::pair<ParticipantRef, Coins>> claims;
  const ParticipantRef utility{ParticipantType::utility_company,
                               supplier.value_or(ParticipantId())};
  std::int64_t advanced = 0;
  for (auto& [participant, delta] : deltas) {
    if (delta >= 0 || (supplier && participant == utility)) continue;
    const std::int64_t coins = balance(state, participant_account(participant, asset_coins));
    const std::int64_t missing = -delta - std::min(-delta, std::max<std::int64_t>(coins, 0));
    if (missing == 0) continue;
    delta += missing;
    if (__builtin_add_overflow(advanced, missing, &advanced)) return overflow();
    claims.emplace_back(participant, Coins::from_nano(missing));
  }
  const AccountId credit = credit_account(supplier);
  if (supplier) {
    std::int64_t& own = deltas[utility];
    if (__builtin_sub_overflow(own, advanced, &own)) return overflow();
    // A supplier without coins draws on its credit.
    const std::int64_t coins = balance(state, participant_account(utility, asset_coins));
    const std::int64_t drawn = own < 0 ? std::max<std::int64_t>(0, -own - coins) : 0;
    own += drawn;
    postings.push_back({credit, -drawn});
  } else {
    postings.push_back({credit, -advanced});  // nobody to owe it to
  }
  for (const auto& [participant, delta] : deltas) {
    if (delta != 0) postings.push_back({participant_account(participant, asset_coins), delta});
  }
  std::erase_if(postings, [](const Posting& posting) { return posting.amount_nano == 0; });
  if (auto booked = post(state, postings); !booked) return booked;
  if (supplier) {
    for (const auto& [debtor, coins] : claims) {
      if (auto added = add_claim(state, debtor, *supplier, slot, coins); !added) return added;
    }
  }
  for (const auto& [participant, delta] : deltas) {
    if (delta <= 0) continue;
    if (auto paid = pay_claims(state, participant); !paid) return paid.error();
  }
  return supplier ? repay_credit(state, utility) : Result<void>();
}

/// What flowed to those who drew it, and what the utility delivered for what was lost.
Result<void> book_energy(Overlay& state, std::int64_t flow_nano, std::int64_t lost_nano) {
  std::int64_t injected = 0;
  if (__builtin_add_overflow(flow_nano, lost_nano, &injected)) return overflow();
  std::vector<Posting> postings{
      {system_account(AccountClass::grid_injection, asset_energy), -injected},
      {system_account(AccountClass::grid_consumption, asset_energy), flow_nano},
      {system_account(AccountClass::losses, asset_energy), lost_nano},
  };
  std::erase_if(postings, [](const Posting& posting) { return posting.amount_nano == 0; });
  return post(state, postings);
}

}  // namespace

std::string_view to_text(Venue venue) {
  switch (venue) {
    case Venue::local:
      return "local";
    case Venue::island:
      return "island";
    case Venue::utility:
      return "utility";
  }
  return "unknown";
}

Coins SettledTrade::total_fees() const {
  std::int64_t sum = 0;
  for (const LevelFee& fee : fees) sum += fee.amount.nano();
  return Coins::from_nano(sum);
}

std::optional<std::size_t> position_of(const std::vector<Terms>& terms, const ParticipantRef& ref) {
  const auto at = std::lower_bound(terms.begin(), terms.end(), ref,
                                   [](const Terms& entry, const ParticipantRef& participant) {
                                     return entry.participant < participant;
                                   });
  if (at == terms.end() || at->participant != ref) return std::nullopt;
  return static_cast<std::size_t>(at - terms.begin());
}

Result<SlotResult> settle(const SlotInputs& inputs, std::optional<SlotEvidence>* evidence) {
  PS_ASSERT(inputs.terms.size() == inputs.metered.size());
  PS_ASSERT(inputs.apart.empty() || inputs.apart.size() == inputs.terms.size());
  SlotResult result;
  result.settled = inputs.metered;
  for (const Commitment& each : inputs.commitments) {
    if (auto taken = take_local(inputs, each.trade, result); !taken) return taken.error();
  }
  market::Network network = inputs.network;
  reserve_borders(network, inputs);
  market::Book book = slot_book(inputs);
  book.sharing = inputs.sharing;
  auto clearing = clear_book(inputs.rule, book, network);
  if (!clearing) return clearing.error();
  result.clearing_price = clearing->clearing_price;
  result.book = kept_book(inputs, book, *clearing);
  auto trades = trades_of(network, book, *clearing, inputs.terms);
  if (!trades) return trades.error();
  std::vector<SpotOrders> behind;
  for (BookTrade& each : *trades) {
    const market::Order& bid = book.orders[each.bid];
    const market::Order& offer = book.orders[each.offer];
    behind.push_back({order_id(bid), order_id(offer)});
    each.trade.covers_short = covers_shortfall(bid);
    each.trade.sells_unused = sells_unused(offer);
    if (auto taken = take_local(inputs, std::move(each.trade), result); !taken) {
      return taken.error();
    }
  }
  if (auto rest = take_rest(inputs, positions_of(inputs), result); !rest) return rest.error();
  if (auto added = add_margins(inputs, result); !added) return added.error();
  result.orders = order_outcomes(inputs, result, behind);
  if (evidence != nullptr && clearing->certificate) {
    *evidence = SlotEvidence{std::move(book), std::move(network), *std::move(clearing)};
  }
  return result;
}

Supply current_supply(const StateReader& state, UtcMillis slot) {
  const auto supplier = find_supplier(state);
  if (!supplier) return {};
  Supply supply{supplier->ref.id, supplier->tariff, supplier->feed_in};
  const auto tariff = find_tariff(state, supplier->ref.id, slot);
  if (!tariff) return supply;
  if (const auto* band = band_at(*tariff, find_calendar(state).local(slot))) {
    supply.tariff = band->price;
    supply.feed_in = band->feed_in;
  }
  return supply;
}

Supply current_supply(const StateReader& state) {
  return current_supply(state, slot_start(island_time(state), parameters(state).slot_ms));
}

Terms terms_of(const StateReader& state, const ParticipantRef& ref, UtcMillis slot,
               const Supply& supply, Coins credit_limit) {
  Stance stance = stance_of(state, ref, slot, supply);
  Terms terms;
  terms.participant = ref;
  terms.buys = stance.buy.open;
  terms.sells = stance.sell.open;
  terms.buy_limit = stance.buy.price;
  terms.sell_limit = stance.sell.price;
  Wishes& wishes = terms.wishes;
  wishes.only_renewable = stance.only_renewable;
  wishes.battery_reserve = stance.battery_reserve;
  wishes.sell_partners = std::move(stance.sell.partners);
  wishes.buy_partners = std::move(stance.buy.partners);
  if (supply.supplier) {
    if (stance.pay_more_for_green && terms.buy_limit > supply.tariff) {
      wishes.only_renewable = true;
    } else {
      terms.buy_limit = smaller(terms.buy_limit, supply.tariff);
    }
    terms.sell_limit = larger(terms.sell_limit, supply.feed_in);
  }
  wishes.orders = orders_in(state, ref, slot);
  const Coins coins = Coins::from_nano(balance(state, participant_account(ref, asset_coins)));
  // Credit is what the supplier advances: without one there is none.
  auto capacity = add(coins, supply.supplier ? credit_limit : Coins{});
  if (!capacity) capacity = coins;
  capacity = subtract(*capacity, claims_on(state, ref));
  terms.capacity = capacity ? larger(*capacity, Coins{}) : Coins{};
  return terms;
}

Result<void> book(Overlay& state, UtcMillis slot, const Supply& supply,
                  const std::vector<Terms>& terms, const std::vector<Settled>& before,
                  const std::vector<Settled>& now) {
  PS_ASSERT(terms.size() == before.size() && terms.size() == now.size());
  const auto flow_before = flow(before);
  const auto flow_now = flow(now);
  const auto lost_before = sum_of(before, &Settled::lost);
  const auto lost_now = sum_of(now, &Settled::lost);
  const auto fees_before = sum_of(before, &Settled::fees);
  const auto fees_now = sum_of(now, &Settled::fees);
  const auto margins_before = margins(before);
  const auto margins_now = margins(now);
  if (!flow_before || !flow_now || !lost_before || !lost_now || !fees_before || !fees_now ||
      !margins_before || !margins_now) {
    return overflow();
  }
  const std::int64_t fees_nano = *fees_now - *fees_before;
  const std::int64_t margins_nano = *margins_now - *margins_before;
  Overlay changes(state);
  if (auto booked = book_energy(changes, *flow_now - *flow_before, *lost_now - *lost_before);
      !booked) {
    return booked;
  }

  Deltas deltas;
  std::int64_t supplier_delta = 0;
  if (__builtin_sub_overflow(-fees_nano, margins_nano, &supplier_delta)) return overflow();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const auto net_before = net_coins(before[i]);
    const auto net_now = net_coins(now[i]);
    if (!net_before || !net_now) return overflow();
    const std::int64_t delta = *net_now - *net_before;
    std::int64_t& own = deltas[terms[i].participant];
    if (__builtin_add_overflow(own, delta, &own) ||
        __builtin_sub_overflow(supplier_delta, delta, &supplier_delta)) {
      return overflow();
    }
  }
  if (supply.supplier) {
    // What neighbours pay one another cancels out; but for fees and margins the rest is the
    // supplier's.
    std::int64_t& own = deltas[{ParticipantType::utility_company, *supply.supplier}];
    if (__builtin_add_overflow(own, supplier_delta, &own)) return overflow();
  }
  if (auto booked =
          book_coins(changes, slot, supply.supplier, std::move(deltas), fees_nano, margins_nano);
      !booked) {
    return booked;
  }
  changes.merge_into(state);
  return {};
}

Result<void> settle_after_final(Overlay& state, const BlockContext& context,
                                const ParticipantRef& owner, UtcMillis slot,
                                const SlotReading& reading, std::vector<HistoryRow>& rows) {
  const Supply supply = current_supply(state, slot);
  Settled late;
  const std::int64_t net = reading.imported.nano() - reading.exported.nano();
  late.from_utility = late.imported = Energy::from_nano(std::max<std::int64_t>(net, 0));
  late.to_utility = late.exported = Energy::from_nano(std::max<std::int64_t>(-net, 0));
  if (supply.supplier) {
    auto charge = multiply(supply.tariff, late.from_utility);
    if (!charge) return charge.error();
    auto credit = multiply(supply.feed_in, late.to_utility);
    if (!credit) return credit.error();
    late.utility_charge = *charge;
    late.utility_credit = *credit;
  }
  Terms terms;
  terms.participant = owner;
  if (auto booked = book(state, slot, supply, {terms}, {Settled{}}, {late}); !booked) {
    return booked;
  }
  rows.push_back(
      late_row({owner, slot, reading.meter, reading.start, context.island_time, late.from_utility,
                late.to_utility, late.utility_charge, late.utility_credit}));
  return {};
}

namespace {

/// What a participant's own numbers say against one another; nothing where they are right.
std::string fault_of(const Settled& one) {
  const Forward& forward = one.forward;
  for (const std::int64_t nano :
       {one.imported.nano(), one.exported.nano(), one.bought.nano(), one.sold.nano(),
        one.from_utility.nano(), one.to_utility.nano(), forward.bought.nano(), forward.sold.nano(),
        forward.short_local.nano(), forward.short_utility.nano(), forward.unused_local.nano(),
        forward.unused_utility.nano()}) {
    if (nano < 0) return "negative energy";
  }
  if (one.fees.is_negative() || one.losses.is_negative() || one.lost.is_negative() ||
      forward.margin.is_negative()) {
    return "a negative fee, loss or margin";
  }
  const std::int64_t covered =
      one.imported.nano() - one.from_utility.nano() - one.bought.nano() + forward.bought.nano();
  const std::int64_t delivered =
      one.exported.nano() - one.to_utility.nano() - one.sold.nano() + forward.sold.nano();
  const std::int64_t net = forward.bought.nano() - forward.sold.nano();
  if (covered < 0 || covered + forward.unused().nano() != std::max<std::int64_t>(net, 0)) {
    return "metered import is not bought + from the utility";
  }
  if (delivered < 0 || delivered + forward.shortfall().nano() != std::max<std::int64_t>(-net, 0)) {
    return "metered export is not sold + to the utility";
  }
  return {};
}

}  // namespace

Result<void> check_settled(UtcMillis slot, const std::vector<Terms>& terms,
                           const std::vector<Settled>& settled) {
  const auto broken = [&](const std::string& what) {
    return Error{LedgerError::invariant, "slot " + to_iso8601(slot) + ": " + what};
  };
  __extension__ using Wide = __int128;
  Wide energy = 0;
  Wide coins = 0;
  Wide committed = 0;
  for (std::size_t i = 0; i < settled.size(); ++i) {
    const Settled& one = settled[i];
    const Forward& forward = one.forward;
    if (const auto fault = fault_of(one); !fault.empty()) {
      return broken(to_text(terms[i].participant) + ": " + fault);
    }
    energy += Wide{one.bought.nano()} + forward.short_local.nano();
    energy -= Wide{one.sold.nano()} + forward.unused_local.nano();
    coins += Wide{one.paid.nano()} + forward.paid.nano();
    coins -= Wide{one.earned.nano()} + forward.earned.nano();
    committed += Wide{forward.bought.nano()} - forward.sold.nano();
  }
  if (energy != 0) return broken("bought is not sold");
  if (committed != 0) return broken("what is committed is not promised");
  if (coins != 0) return broken("neighbours paid what neighbours did not get");
  return {};
}

}  // namespace powershare::ledger
