#include "ledger/slot_settlement.hpp"

#include <algorithm>
#include <map>

#include "base/assert.hpp"
#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/criteria.hpp"
#include "ledger/history.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_book.hpp"
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

/// What one trade brings beside energy.
struct TradeMoney {
  Coins amount;  ///< the seller's
  std::vector<LevelFee> fees;
  Coins losses;
  Energy lost;
};

/// All of it comes from market::charges(), but where the rule has a fee of its own (nrgcoin): that
/// is the operator's, instead of fees and losses.
Result<TradeMoney> money_of(const market::Network& network, const market::Trade& trade,
                            market::ZoneIndex from, market::ZoneIndex to) {
  const market::PairCost cost = market::pair_cost(network, from, to);
  const bool by_rule = trade.fees != cost.fees || trade.losses != cost.losses;
  auto charged = by_rule ? market::charges({}, 0, 0, trade.energy, trade.price)
                         : market::charges(network, from, to, trade.energy, trade.price);
  if (!charged) return charged.error();
  TradeMoney money{charged->seller_gets, {}, charged->losses, charged->lost};
  for (const auto& fee : charged->fees) {
    money.fees.push_back({network.zones[fee.zone].id, fee.amount});
  }
  if (by_rule) {
    const auto fee = multiply_divide_floor(trade.fees.nano(), trade.energy.nano(), nano_per_unit);
    if (!fee) return fee.error();
    money.fees.push_back({"operator", Coins::from_nano(*fee)});
  }
  return money;
}

Result<void> take_local_trades(const SlotInputs& inputs, const market::Book& book,
                               const market::Clearing& clearing, SlotResult& result) {
  const market::Network& network = inputs.network;
  for (const market::Trade& trade : clearing.trades) {
    const auto buyer = book.orders[trade.buy].participant;
    const auto seller = book.orders[trade.sell].participant;
    auto money =
        money_of(network, trade, market::zone_of(network, seller), market::zone_of(network, buyer));
    if (!money) return money.error();
    const Coins amount = money->amount;
    Settled& bought = result.settled[buyer];
    Settled& sold = result.settled[seller];
    // A negative price turns the payment round.
    Coins& out = amount.is_negative() ? bought.earned : bought.paid;
    Coins& in = amount.is_negative() ? sold.paid : sold.earned;
    const Coins size = larger(amount, Coins::from_nano(-amount.nano()));
    bool fits = accumulate(bought.bought, trade.energy) && accumulate(sold.sold, trade.energy) &&
                accumulate(out, size) && accumulate(in, size) &&
                accumulate(bought.losses, money->losses) && accumulate(bought.lost, money->lost);
    for (const LevelFee& fee : money->fees) fits = fits && accumulate(bought.fees, fee.amount);
    if (!fits) return overflow();
    result.trades.push_back({inputs.terms[buyer].participant, inputs.terms[seller].participant,
                             trade.energy, trade.price, amount, Venue::local,
                             !book.orders[trade.buy].standing, !book.orders[trade.sell].standing,
                             std::move(money->fees), money->losses, money->lost});
  }
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

Result<void> take_rest(const SlotInputs& inputs, SlotResult& result) {
  const Supply& supply = inputs.supply;
  ParticipantRef utility;
  if (supply.supplier) utility = {ParticipantType::utility_company, *supply.supplier};
  for (std::size_t i = 0; i < inputs.terms.size(); ++i) {
    Settled& settled = result.settled[i];
    settled.from_utility = Energy::from_nano(settled.imported.nano() - settled.bought.nano());
    settled.to_utility = Energy::from_nano(settled.exported.nano() - settled.sold.nano());
    if (!supply.supplier) continue;
    auto charge = multiply(supply.tariff, settled.from_utility);
    if (!charge) return charge.error();
    auto credit = multiply(supply.feed_in, settled.to_utility);
    if (!credit) return credit.error();
    settled.utility_charge = *charge;
    settled.utility_credit = *credit;
    const ParticipantRef& own = inputs.terms[i].participant;
    if (settled.from_utility.is_positive()) {
      result.trades.push_back(
          {own, utility, settled.from_utility, supply.tariff, *charge, Venue::utility});
    }
    if (settled.to_utility.is_positive()) {
      result.trades.push_back(
          {utility, own, settled.to_utility, supply.feed_in, *credit, Venue::utility});
    }
  }
  return {};
}

/// Net coins that a participant gets; nothing on overflow.
std::optional<std::int64_t> net_coins(const Settled& settled) {
  __extension__ using Wide = __int128;
  const Wide net = static_cast<Wide>(settled.earned.nano()) + settled.utility_credit.nano() -
                   settled.paid.nano() - settled.utility_charge.nano() - settled.fees.nano() -
                   settled.losses.nano();
  if (net > INT64_MAX / 2 || net < INT64_MIN / 2) return std::nullopt;
  return static_cast<std::int64_t>(net);
}

/// Energy that came in from anywhere: metered injection and what the utility delivered.
std::optional<std::int64_t> flow(const std::vector<Settled>& settled) {
  Energy sum;
  for (const Settled& one : settled) {
    if (!accumulate(sum, one.exported) || !accumulate(sum, one.from_utility)) return std::nullopt;
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

/// What `ref` has ordered for the slot.
std::vector<OrderTerms> orders_in(const StateReader& state, const ParticipantRef& ref,
                                  UtcMillis slot) {
  const auto slot_ms = parameters(state).slot_ms;
  std::vector<OrderTerms> result;
  for (const LiveOrder& live : orders_of(state, ref)) {
    const PlaceOrder& order = live.order;
    if (slot < order.first_slot || live.last_slot(slot_ms) < slot) continue;
    result.push_back({live.id, order.side, order.energy, order.limit, live.accepted, order.partners,
                      order.only_renewable});
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

/// Books the differences in coins, which sum to zero over participants, supplier and fees.
Result<void> book_coins(Overlay& state, UtcMillis slot,
                        const std::optional<ParticipantId>& supplier, Deltas deltas,
                        std::int64_t fees_nano) {
  std::vector<Posting> postings;
  postings.push_back({system_account(AccountClass::network_fees, asset_coins), fees_nano});
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

Result<SlotResult> settle(const SlotInputs& inputs) {
  PS_ASSERT(inputs.terms.size() == inputs.metered.size());
  PS_ASSERT(inputs.apart.empty() || inputs.apart.size() == inputs.terms.size());
  SlotResult result;
  result.settled = inputs.metered;
  market::Book book = slot_book(inputs);
  auto clearing = market::clear(inputs.rule, book, inputs.network);
  if (!clearing && clearing.error().code() == MarketError::too_large) {
    std::erase_if(book.orders, [](const market::Order& order) {
      return order.only_green || !order.partners.empty();
    });
    clearing = market::clear(inputs.rule, book, inputs.network);
  }
  if (!clearing) return clearing.error();
  result.clearing_price = clearing->clearing_price;
  result.book = kept_book(inputs, book, *clearing);
  if (auto local = take_local_trades(inputs, book, *clearing, result); !local) {
    return local.error();
  }
  if (auto rest = take_rest(inputs, result); !rest) return rest.error();
  return result;
}

Supply current_supply(const StateReader& state) {
  const auto supplier = find_supplier(state);
  if (!supplier) return {};
  return {supplier->ref.id, supplier->tariff, supplier->feed_in};
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
  if (!flow_before || !flow_now || !lost_before || !lost_now || !fees_before || !fees_now) {
    return overflow();
  }
  const std::int64_t fees_nano = *fees_now - *fees_before;
  Overlay changes(state);
  if (auto booked = book_energy(changes, *flow_now - *flow_before, *lost_now - *lost_before);
      !booked) {
    return booked;
  }

  Deltas deltas;
  std::int64_t supplier_delta = -fees_nano;
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
    // What neighbours pay one another cancels out; but for the fees the rest is the supplier's.
    std::int64_t& own = deltas[{ParticipantType::utility_company, *supply.supplier}];
    if (__builtin_add_overflow(own, supplier_delta, &own)) return overflow();
  }
  if (auto booked = book_coins(changes, slot, supply.supplier, std::move(deltas), fees_nano);
      !booked) {
    return booked;
  }
  changes.merge_into(state);
  return {};
}

Result<void> settle_after_final(Overlay& state, const BlockContext& context,
                                const ParticipantRef& owner, UtcMillis slot,
                                const SlotReading& reading, std::vector<HistoryRow>& rows) {
  const Supply supply = current_supply(state);
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

Result<void> check_settled(UtcMillis slot, const std::vector<Terms>& terms,
                           const std::vector<Settled>& settled) {
  const auto broken = [&](const std::string& what) {
    return Error{LedgerError::invariant, "slot " + to_iso8601(slot) + ": " + what};
  };
  __extension__ using Wide = __int128;
  Wide bought = 0;
  Wide sold = 0;
  Wide paid = 0;
  Wide earned = 0;
  for (std::size_t i = 0; i < settled.size(); ++i) {
    const Settled& one = settled[i];
    const std::string who = to_text(terms[i].participant);
    if (one.imported.nano() - one.bought.nano() != one.from_utility.nano()) {
      return broken(who + ": metered import is not bought + from the utility");
    }
    if (one.exported.nano() - one.sold.nano() != one.to_utility.nano()) {
      return broken(who + ": metered export is not sold + to the utility");
    }
    for (const std::int64_t nano :
         {one.imported.nano(), one.exported.nano(), one.bought.nano(), one.sold.nano(),
          one.from_utility.nano(), one.to_utility.nano()}) {
      if (nano < 0) return broken(who + ": negative energy");
    }
    bought += one.bought.nano();
    sold += one.sold.nano();
    paid += one.paid.nano();
    earned += one.earned.nano();
    if (one.fees.is_negative() || one.losses.is_negative() || one.lost.is_negative()) {
      return broken(who + ": a negative fee or loss");
    }
  }
  if (bought != sold) return broken("bought is not sold");
  if (paid != earned) return broken("neighbours paid what neighbours did not get");
  return {};
}

}  // namespace powershare::ledger
