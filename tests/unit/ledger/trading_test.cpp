// Trading criteria in settlement: each wish under each rule, and the same result whenever the
// readings come.
#include <functional>

#include "ledger/calendar.hpp"
#include "ledger/criteria.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slot_book.hpp"
#include "ledger/state_keys.hpp"
#include "market/clearing.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr UtcMillis start{1'613'347'200'000};  // 2021-02-15T00:00:00Z, a Monday
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr std::int64_t kwh = nano_per_unit;

UtcMillis slot(std::int64_t k) {
  return {start.value + k * slot_ms};
}
Price price(std::int64_t milli_coins) {
  return Price::from_nano(milli_coins * 1'000'000);
}

SignedReading made_by_sun(const std::string& meter, std::uint64_t sequence, UtcMillis at,
                          std::int64_t exported) {
  auto result = reading(meter, sequence, at, -exported);
  result.reading.produced = Energy::from_nano(exported);
  return result;
}

/// A buys 1 kWh; S (from the sun) and T each offer 1 kWh at 0.08; feed-in 0.05, tariff 0.1629.
struct Trio {
  explicit Trio(std::string rule = "pay_as_clear") : chain(start, 50'000'000) {
    chain.parameters.clearing_rule = std::move(rule);
    for (const auto* id : {"A", "S", "T"}) chain.add_home(id);
    set(sell("S", 80));
    set(sell("T", 80));
  }
  static SetCriteria criteria(const std::string& id) {
    SetCriteria result;
    result.participant = resident(id);
    return result;
  }
  static SetCriteria sell(const std::string& id, std::int64_t milli_coins) {
    auto result = criteria(id);
    result.sell_price = price(milli_coins);
    return result;
  }
  void set(const SetCriteria& wanted) { chain.set_criteria(wanted); }

  /// Slot 1 with everything in time.
  void settle() {
    chain.block(slot(2), {reading("A", 1, slot(1), kwh), made_by_sun("S", 1, slot(1), kwh),
                          reading("T", 1, slot(1), -kwh)});
    chain.settle_all(slot(2));
    chain.check_sound();
  }
  std::int64_t bought_from(const std::string& seller) const {
    std::int64_t sum = 0;
    for (const auto& trade : trades()) {
      if (trade.seller == resident(seller) && trade.buyer == resident("A")) {
        sum += trade.energy.nano();
      }
    }
    return sum;
  }
  std::vector<SettledTrade> trades() const {
    std::vector<SettledTrade> result;
    TradeFilter filter;
    filter.from = slot(1);
    filter.to = slot(2);
    const auto found = query_trades(chain.state, chain.history, filter);
    REQUIRE(found.ok());
    for (const auto& view : *found) result.push_back(view.row.trade);
    return result;
  }
  Terms terms(const std::string& id, std::int64_t k = 1) const {
    return terms_of(chain.state, resident(id), slot(k), current_supply(chain.state), Coins{});
  }

  TestChain chain;
};

const std::vector<std::string> rules{"pay_as_clear", "pay_as_bid", "mid_market", "thesis"};

}  // namespace

TEST_CASE("prices: fixed, tied to the tariff, automatic, registry") {
  Trio trio;
  CHECK(trio.terms("A").buy_limit == default_rate);
  CHECK(trio.terms("T").sell_limit == price(80));

  auto tied = Trio::criteria("A");
  tied.buy_rules.tariff_offset = price(-20);
  tied.sell_rules.tariff_offset = price(-10);
  trio.set(tied);
  CHECK(trio.terms("A").buy_limit == Price::from_nano(142'900'000));
  CHECK(trio.terms("A").sell_limit == Price::from_nano(152'900'000));
  tied.buy_rules.tariff_offset = price(500);    // never above the tariff
  tied.sell_rules.tariff_offset = price(-900);  // never below feed-in, nor below 0
  trio.set(tied);
  CHECK(trio.terms("A").buy_limit == default_rate);
  CHECK(trio.terms("A").sell_limit == price(50));

  auto automatic = Trio::criteria("A");
  automatic.automatic = true;
  automatic.buy_price = price(1);
  automatic.sell_price = price(1);
  trio.set(automatic);
  CHECK(trio.terms("A").buy_limit == default_rate);
  CHECK(trio.terms("A").sell_limit == Price::from_nano(106'450'000));  // 0.05 + 0.1129 / 2
  CHECK(trio.terms("A").wishes.empty());

  // Without a supplier there is no tariff to follow.
  const auto alone = terms_of(trio.chain.state, resident("A"), slot(1), Supply{}, Coins{});
  CHECK(alone.sell_limit == default_rate);
}

TEST_CASE("criteria count from the next slot on") {
  Trio trio;
  auto off = Trio::criteria("A");
  off.buy_enabled = false;
  trio.set(off);
  CHECK(trio.terms("A", 0).buys);
  CHECK_FALSE(trio.terms("A", 1).buys);
}

TEST_CASE("windows switch a side on and off by local time") {
  Trio trio;
  auto evenings = Trio::criteria("A");
  evenings.buy_rules.windows = {{0b0000001, 15, 30}};
  trio.set(evenings);
  CHECK(trio.terms("A", 1).buys);  // Monday 00:15 UTC
  CHECK_FALSE(trio.terms("A", 2).buys);
  CHECK_FALSE(trio.terms("A", 1 + 96).buys);
  CHECK(trio.terms("A", 1 + 7 * 96).buys);
  CHECK(trio.terms("A", 2).sells);
  // In a zone an hour ahead, 00:15 is 23:15 UTC of the day before.
  Overlay changes(trio.chain.state);
  put_calendar(changes, {"Test/Zone", {{{0}, 60}}});
  const auto terms = [&](std::int64_t k) {
    return terms_of(changes, resident("A"), slot(k), current_supply(changes), Coins{});
  };
  CHECK_FALSE(terms(1).buys);
  CHECK(terms(7 * 96 - 3).buys);
}

TEST_CASE("a household outside its window trades with the utility only") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    Trio trio(rule);
    auto never = Trio::criteria("A");
    never.buy_rules.windows = {{0b1000000, 0, 0}};  // Sundays
    trio.set(never);
    trio.settle();
    CHECK(trio.bought_from("S") + trio.bought_from("T") == 0);
    CHECK(find_slot(trio.chain.state, slot(1))->settled[0].from_utility.nano() == kwh);
  }
}

TEST_CASE("a chain settles by any rule of the market") {
  for (const auto rule : market::rule_names()) {
    CAPTURE(rule);
    Trio trio{std::string(rule)};
    trio.settle();
    // With twice as much sun as need, nrgcoin pays less than the sellers ask; the full dynamic key
    // shares by pairs, of which this chain has none.
    const bool nothing = rule == "nrgcoin" || rule == "french_full_dynamic";
    CHECK(trio.bought_from("S") + trio.bought_from("T") == (nothing ? 0 : kwh));
    for (const auto& trade : trio.trades()) {
      CHECK(trade.price >= (trade.venue == Venue::local ? price(80) : price(50)));
      CHECK(trade.price <= default_rate);
    }
    Parameters changed;
    CHECK(set_parameter(changed, "clearing_rule", rule, false).ok());
    CHECK(changed.clearing_rule == rule);
  }
  Parameters unchanged;
  CHECK(set_parameter(unchanged, "clearing_rule", "nobody's", false).error().detail() ==
        "clearing_rule: one of " + market::rule_list());
  CHECK(parameter_feature_level("clearing_rule", "thesis") == 1);
  CHECK(parameter_feature_level("clearing_rule", "optimal") == 4);
}

TEST_CASE("partners: both sides must agree, under every rule") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    {
      Trio trio(rule);
      trio.settle();
      CHECK(trio.bought_from("S") == kwh / 2);
      CHECK(trio.bought_from("T") == kwh / 2);
    }
    {
      Trio trio(rule);
      auto friends = Trio::criteria("A");
      friends.buy_rules.partners = {resident("S")};
      trio.set(friends);
      trio.settle();
      CHECK(trio.bought_from("S") == kwh);
      CHECK(trio.bought_from("T") == 0);
    }
    {
      Trio trio(rule);
      auto refuses = Trio::sell("T", 80);
      refuses.sell_rules.partners = {resident("S")};
      trio.set(refuses);
      trio.settle();
      CHECK(trio.bought_from("S") == kwh);
      CHECK(trio.bought_from("T") == 0);
    }
    {
      // A partner without a meter here is nobody, not anybody.
      Trio trio(rule);
      auto stranger = Trio::criteria("A");
      stranger.buy_rules.partners = {resident("Z")};
      trio.set(stranger);
      trio.settle();
      CHECK(trio.bought_from("S") + trio.bought_from("T") == 0);
    }
  }
}

TEST_CASE("only renewable: energy that was produced in the slot, under every rule") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    Trio trio(rule);
    auto green = Trio::criteria("A");
    green.only_renewable = true;
    trio.set(green);
    trio.settle();
    CHECK(trio.bought_from("S") == kwh);
    CHECK(trio.bought_from("T") == 0);
  }
}

TEST_CASE("pay more for green: above the tariff for renewable energy only") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    Trio trio(rule);
    trio.set(Trio::sell("S", 180));  // dearer than the utility
    trio.set(Trio::sell("T", 180));
    auto green = Trio::criteria("A");
    green.buy_price = price(200);
    trio.set(green);
    CHECK(trio.terms("A").buy_limit == default_rate);  // without the wish, the tariff caps it
    green.pay_more_for_green = true;
    trio.set(green);
    CHECK(trio.terms("A").buy_limit == price(200));
    trio.settle();
    CHECK(trio.bought_from("S") == kwh);
    CHECK(trio.bought_from("T") == 0);
    CHECK(trio.trades().at(0).price >= price(180));
    // At or below the tariff it takes any energy.
    green.buy_price = price(150);
    trio.set(green);
    CHECK_FALSE(trio.terms("A", 3).wishes.only_renewable);
  }
}

TEST_CASE("a plant's meter feeds in renewable energy; a battery alone does not") {
  Trio trio;
  Participant producer;
  producer.ref = resident("P");
  Overlay changes(trio.chain.state);
  put_participant(changes, {producer, start, {}});
  for (auto& write : changes.take()) trio.chain.state.rows[write.key] = *write.value;
  trio.chain.add_meter("P", producer.ref, MeterKind::plant);
  auto green = Trio::criteria("A");
  green.only_renewable = true;
  trio.set(green);
  trio.set(Trio::sell("P", 60));
  trio.chain.block(slot(2), {reading("A", 1, slot(1), kwh), reading("S", 1, slot(1), -kwh),
                             reading("T", 1, slot(1), -kwh), reading("P", 1, slot(1), -kwh)});
  trio.chain.settle_all(slot(2));
  CHECK(trio.bought_from("P") == kwh);
  CHECK(trio.bought_from("S") == 0);
}

TEST_CASE("below the battery's reserve nothing is offered to neighbours") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    for (const bool below : {true, false}) {
      CAPTURE(below);
      Trio trio(rule);
      auto careful = Trio::sell("T", 80);
      careful.battery_reserve = Energy::from_nano(2 * kwh);
      trio.set(careful);
      auto discharged = reading("T", 1, slot(1), -kwh);
      discharged.reading.battery = Energy::from_nano(below ? 2 * kwh - 1 : 2 * kwh);
      trio.chain.block(
          slot(2), {reading("A", 1, slot(1), kwh), made_by_sun("S", 1, slot(1), kwh), discharged});
      trio.chain.settle_all(slot(2));
      trio.chain.check_sound();
      CHECK(trio.bought_from("T") == (below ? 0 : kwh / 2));
      CHECK(trio.bought_from("S") == (below ? kwh : kwh / 2));
    }
  }
}

namespace {

/// Books an order that was accepted in slot 0.
Digest place(TestChain& chain, const std::string& who, OrderSide side, std::int64_t energy_nano,
             std::int64_t milli_coins, std::int64_t first = 1, std::uint16_t slots = 1,
             const std::function<void(PlaceOrder&)>& change = {}) {
  LiveOrder live;
  live.id[0] = static_cast<std::uint8_t>(who[0]);
  live.id[1] = static_cast<std::uint8_t>(1 + orders_of(chain.state, resident(who)).size());
  live.accepted = {start.value + live.id[1]};
  live.order = {resident(who),      side, slot(first), slots, Energy::from_nano(energy_nano),
                price(milli_coins), {},   false};
  if (change) change(live.order);
  Overlay changes(chain.state);
  put_order(changes, live, slot_ms);
  for (auto& write : changes.take()) chain.state.rows[write.key] = *write.value;
  return live.id;
}

}  // namespace

TEST_CASE("explicit orders come first, then the criteria for what is left") {
  for (const auto& rule : rules) {
    CAPTURE(rule);
    Trio trio(rule);
    auto cheap = Trio::criteria("A");
    cheap.buy_price = price(90);
    cheap.buy_rules.partners = {resident("T")};
    trio.set(cheap);
    place(trio.chain, "A", OrderSide::buy, kwh / 4, 150, 1, 1,
          [](PlaceOrder& order) { order.partners = {resident("S")}; });
    trio.settle();
    CHECK(trio.bought_from("S") == kwh / 4);
    CHECK(trio.bought_from("T") == kwh - kwh / 4);
    for (const auto& trade : trio.trades()) {
      if (trade.venue != Venue::local) continue;
      CHECK(trade.bid_ordered == (trade.seller == resident("S")));
      CHECK_FALSE(trade.offer_ordered);
    }
  }
}

TEST_CASE("an order is for what is metered, and counts in each of its slots") {
  Trio trio;
  auto off = Trio::criteria("T");
  off.sell_enabled = false;
  trio.set(off);
  auto none = Trio::criteria("S");
  none.sell_enabled = false;
  trio.set(none);
  const auto id = place(trio.chain, "T", OrderSide::sell, 5 * kwh, 70, 1, 2);
  trio.settle();
  CHECK(trio.bought_from("T") == kwh);
  REQUIRE(trio.trades().size() == 2);  // T to A; S to the utility
  CHECK(trio.trades()[0].offer_ordered);
  CHECK(find_order(trio.chain.state, resident("T"), id));
  trio.chain.block(slot(3), {reading("A", 2, slot(2), kwh), reading("S", 2, slot(2), 0),
                             reading("T", 2, slot(2), -kwh / 2)});
  trio.chain.settle_all(slot(3));
  CHECK(find_slot(trio.chain.state, slot(2))->settled[0].bought.nano() == kwh / 2);
  // Its last slot is closed: the state forgets it, the slot's record knows it.
  CHECK_FALSE(find_order(trio.chain.state, resident("T"), id));
  CHECK(trio.chain.state.rows.lower_bound(state_key::table(StateTable::order)) ==
        trio.chain.state.rows.lower_bound(state_key::table(StateTable::calendar)));
  CHECK(find_slot(trio.chain.state, slot(2))->terms[2].wishes.orders.at(0).id == id);
}

TEST_CASE("orders of one price go by accepted time, better prices first") {
  Trio trio;
  for (const auto* id : {"S", "T"}) {
    auto off = Trio::criteria(id);
    off.sell_enabled = false;
    trio.set(off);
  }
  const std::vector<Terms> terms{trio.terms("A"), trio.terms("S"), trio.terms("T")};
  SlotInputs inputs{slot(1), "pay_as_bid", current_supply(trio.chain.state), terms, {}, {}, {}, {}};
  inputs.metered.resize(3);
  inputs.metered[0].imported = Energy::from_nano(kwh);
  inputs.metered[1].exported = Energy::from_nano(kwh);
  inputs.metered[2].exported = Energy::from_nano(kwh);
  const auto order = [](std::uint8_t id, OrderSide side, std::int64_t milli, std::int64_t when) {
    OrderTerms result;
    result.id[0] = id;
    result.side = side;
    result.energy = Energy::from_nano(kwh);
    result.limit = price(milli);
    result.accepted = {when};
    return result;
  };
  inputs.terms[1].wishes.orders = {order(1, OrderSide::sell, 80, 20)};
  inputs.terms[2].wishes.orders = {order(2, OrderSide::sell, 80, 10)};
  auto result = settle(inputs);
  REQUIRE(result.ok());
  CHECK(result->settled[2].sold.nano() == kwh);  // T was accepted first
  inputs.terms[1].wishes.orders[0].limit = price(79);
  result = settle(inputs);
  REQUIRE(result.ok());
  CHECK(result->settled[1].sold.nano() == kwh);

  // Of one household's own bids the dearest meets what is metered first; coins cap them together.
  inputs.terms[0].wishes.orders = {order(3, OrderSide::buy, 90, 1),
                                   order(4, OrderSide::buy, 160, 2)};
  inputs.terms[0].wishes.orders[1].energy = Energy::from_nano(kwh / 2);
  auto book = slot_book(inputs);
  REQUIRE(book.orders.size() == 4);
  CHECK(book.orders[0].limit == price(160));
  CHECK(book.orders[0].energy.nano() == kwh / 2);
  CHECK(book.orders[1].limit == price(90));
  CHECK(book.orders[1].energy.nano() == kwh / 2);
  inputs.terms[0].capacity = Coins::from_nano(80'000'000 + 9'000'001);
  book = slot_book(inputs);
  REQUIRE(book.orders.size() == 4);
  CHECK(book.orders[1].energy.nano() == kwh / 10);
}

TEST_CASE("late readings re-clear by the wishes that were frozen, as if they had been in time") {
  struct Case {
    const char* name;
    std::function<void(Trio&)> wish;
  };
  const std::vector<Case> cases{{"partners",
                                 [](Trio& trio) {
                                   auto friends = Trio::criteria("A");
                                   friends.buy_rules.partners = {resident("S")};
                                   trio.set(friends);
                                 }},
                                {"green",
                                 [](Trio& trio) {
                                   auto green = Trio::criteria("A");
                                   green.only_renewable = true;
                                   trio.set(green);
                                 }},
                                {"window",
                                 [](Trio& trio) {
                                   auto closed = Trio::sell("T", 80);
                                   closed.sell_rules.windows = {{0b1000000, 0, 0}};
                                   trio.set(closed);
                                 }},
                                {"reserve",
                                 [](Trio& trio) {
                                   auto careful = Trio::sell("T", 80);
                                   careful.battery_reserve = Energy::from_nano(2 * kwh);
                                   trio.set(careful);
                                 }},
                                {"order", [](Trio& trio) {
                                   place(trio.chain, "A", OrderSide::buy, kwh / 4, 150, 1, 1,
                                         [](PlaceOrder& order) { order.only_renewable = true; });
                                 }}};
  for (const auto& rule : rules) {
    for (const auto& one : cases) {
      CAPTURE(rule);
      CAPTURE(one.name);
      auto discharged = reading("T", 1, slot(1), -kwh);
      discharged.reading.battery = Energy::from_nano(kwh);
      const std::vector<SignedReading> all{reading("A", 1, slot(1), kwh),
                                           made_by_sun("S", 1, slot(1), kwh), discharged};
      Trio in_time(rule);
      one.wish(in_time);
      in_time.chain.block(slot(2), all);
      in_time.chain.settle_all(slot(2));
      for (std::size_t late = 0; late < all.size(); ++late) {
        CAPTURE(late);
        Trio other(rule);
        one.wish(other);
        std::vector<SignedReading> first = all;
        first.erase(first.begin() + static_cast<std::ptrdiff_t>(late));
        other.chain.block(slot(2), first);
        other.chain.settle_all({slot(2).value + 6 * millis_per_minute});
        REQUIRE(find_slot(other.chain.state, slot(1)));
        // What households decide now is for later slots.
        for (const auto* id : {"A", "S", "T"}) {
          auto off = Trio::criteria(id);
          off.buy_enabled = off.sell_enabled = false;
          other.set(off);
        }
        other.chain.block(other.chain.now, {all[late]});
        other.chain.settle_all(other.chain.now);
        other.chain.check_sound();
        const auto expected = find_slot(in_time.chain.state, slot(1));
        const auto found = find_slot(other.chain.state, slot(1));
        REQUIRE(found);
        CHECK(found->terms == expected->terms);
        CHECK(found->settled == expected->settled);
        CHECK(other.trades() == in_time.trades());
        for (const auto* id : {"A", "S", "T"}) {
          CHECK(other.chain.coins(resident(id)) == in_time.chain.coins(resident(id)));
        }
      }
    }
  }
}

TEST_CASE(
    "the record of a slot without wishes is what it was; with them it survives its encoding") {
  Trio trio;
  trio.settle();
  auto record = *find_slot(trio.chain.state, slot(1));
  const auto plain = record.encode();
  record.terms[1].wishes.only_renewable = true;
  record.terms[1].wishes.battery_reserve = Energy::from_nano(7);
  record.terms[1].wishes.sell_partners = {resident("A"), resident("T")};
  OrderTerms order;
  order.id[31] = 9;
  order.side = OrderSide::sell;
  order.energy = Energy::from_nano(5);
  order.limit = price(60);
  order.accepted = {77};
  order.partners = {resident("A")};
  record.terms[1].wishes.orders = {order};
  const auto rich = record.encode();
  CHECK(equal(ByteView(rich).first(plain.size()), plain));
  Overlay changes(trio.chain.state);
  put_slot(changes, record);
  CHECK(find_slot(changes, slot(1))->terms == record.terms);
}

TEST_CASE("a book with too many restricted orders leaves those with the utility, and settles") {
  SlotInputs inputs;
  inputs.slot = slot(1);
  inputs.rule = "pay_as_clear";
  for (int i = 0; i < 1'100; ++i) {
    Terms terms;
    const auto name = std::to_string(10'000 + i);
    terms.participant = resident(name);
    terms.buy_limit = price(160);
    terms.sell_limit = price(100);
    terms.capacity = Coins::from_nano(100 * kwh);
    terms.wishes.only_renewable = i == 0;
    Settled metered;
    (i % 2 == 0 ? metered.imported : metered.exported) = Energy::from_nano(kwh);
    inputs.terms.push_back(terms);
    inputs.metered.push_back(metered);
    inputs.facts.push_back({true, {}});
  }
  const auto result = settle(inputs);
  REQUIRE(result.ok());
  CHECK(result->settled[0].bought.is_zero());
  CHECK(result->settled[2].bought.is_positive());
}
