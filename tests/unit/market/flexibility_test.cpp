// MARKET §7, TenneT and sonnen: cheapest offers, the same sum on both sides, stores within their
// bounds, reserves untouched, settlement by meters.
#include "market/flexibility.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace powershare;
using namespace powershare::market;

namespace {

constexpr UtcMillis begin{1'614'600'000'000};
constexpr UtcMillis end{begin.value + millis_per_hour};

Energy kwh(const char* text) {
  return *parse_quantity<Energy>(text);
}
Price price(const char* text) {
  return *parse_quantity<Price>(text);
}

FlexibilityStore store(const char* id, const char* stored, const char* least, const char* reserve,
                       const char* most) {
  return {id, std::string("owner of ") + id, kwh(stored), kwh(least), kwh(reserve), kwh(most)};
}

FlexibilityOffer offer(const char* id, std::uint32_t of, FlexibilityDirection direction,
                       std::int64_t kilowatts, const char* at) {
  const char* region = direction == FlexibilityDirection::up ? "south" : "north";
  return {id, of, region, direction, kilowatts * nano_per_unit, begin, end, price(at)};
}

FlexibilityRequest request(const char* energy) {
  return {"r1", "north", "south", begin, end, kwh(energy), std::nullopt};
}

std::int64_t sum(const std::vector<FlexibilityCall>& calls) {
  std::int64_t total = 0;
  for (const FlexibilityCall& call : calls) total += call.energy.nano();
  return total;
}

constexpr auto up = FlexibilityDirection::up;
constexpr auto down = FlexibilityDirection::down;

/// Two stores with room in the north, two with energy in the south.
FlexibilityBook two_regions() {
  FlexibilityBook book;
  book.stores = {store("n1", "1", "0", "0", "5"), store("n2", "4", "0", "0", "5"),
                 store("s1", "5", "0.5", "2", "5"), store("s2", "5", "1", "0", "8")};
  book.offers = {offer("n1", 0, down, 3, "0.05"), offer("n2", 1, down, 3, "0.02"),
                 offer("s1", 2, up, 5, "0.10"), offer("s2", 3, up, 5, "0.12")};
  return book;
}

}  // namespace

TEST_CASE("the cheapest offers of both regions are called for the same sum") {
  const auto activation = activate(two_regions(), request("3.5"));
  REQUIRE(activation);
  CHECK(activation->missing.is_zero());
  CHECK(activation->energy == kwh("3.5"));
  // n2 is cheaper and has room for 1 kWh; s1 keeps its reserve of 2 kWh.
  CHECK(activation->down == std::vector<FlexibilityCall>{{1, kwh("1")}, {0, kwh("2.5")}});
  CHECK(activation->up == std::vector<FlexibilityCall>{{2, kwh("3")}, {3, kwh("0.5")}});
}

TEST_CASE("a request that one region cannot meet is met in part, equally on both sides") {
  const auto activation = activate(two_regions(), request("100"));
  REQUIRE(activation);
  CHECK(sum(activation->down) == sum(activation->up));
  CHECK(activation->energy == kwh("4"));  // 3 kW for an hour, and room for 1 kWh
  CHECK(activation->missing == kwh("96"));
}

TEST_CASE("no more is moved than a kWh down and one up may cost") {
  FlexibilityRequest limited = request("100");
  limited.most = price("0.15");  // 0.05 + 0.10, but not 0.05 + 0.12
  const auto activation = activate(two_regions(), limited);
  REQUIRE(activation);
  CHECK(activation->energy == kwh("3"));
  limited.most = price("0.11");
  CHECK(activate(two_regions(), limited)->energy.is_zero());
}

TEST_CASE("efficiency counts on the store's side, and a store behind two offers is one store") {
  FlexibilityBook book;
  book.stores = {store("n", "4", "0", "0", "5"), store("s", "2", "1", "0", "5")};
  book.stores[0].efficiency_nano = 500'000'000;
  book.stores[1].efficiency_nano = 500'000'000;
  book.offers = {offer("n", 0, down, 9, "0"), offer("cheap", 1, up, 9, "0.1"),
                 offer("dear", 1, up, 9, "0.2")};
  const auto activation = activate(book, request("9"));
  REQUIRE(activation);
  // 1 kWh above the least gives half of it; the dear offer of the same store has nothing left.
  CHECK(activation->up == std::vector<FlexibilityCall>{{1, kwh("0.5")}});
  CHECK(activation->down == std::vector<FlexibilityCall>{{0, kwh("0.5")}});
}

TEST_CASE("an offer of another region, direction or time is not called") {
  FlexibilityBook book = two_regions();
  book.offers[0].region = "south";
  book.offers[1].to = {end.value - 1};
  CHECK(activate(book, request("1"))->energy.is_zero());
}

TEST_CASE("calls are settled by what the meters say against the baseline, and signed as bytes") {
  const FlexibilityBook book = two_regions();
  const auto asked = request("3.5");
  const auto activation = activate(book, asked);
  REQUIRE(activation);
  // n2 draws 0.7 of 1 kWh more, n1 draws less than before; s1 gives more than was called for, s2
  // half of it.
  const std::vector<FlexibilityMetering> metering = {{kwh("0.3"), kwh("1")},
                                                     {kwh("0.3"), kwh("0.2")},
                                                     {kwh("0.5"), kwh("-3.5")},
                                                     {kwh("0.1"), kwh("-0.15")}};
  const auto records = settle(book, asked, *activation, metering);
  REQUIRE(records);
  REQUIRE(records->size() == 4);
  CHECK((*records)[0].offer == "n2");
  CHECK((*records)[0].participant == "owner of n2");
  CHECK((*records)[0].delivered == kwh("0.7"));
  CHECK(to_text((*records)[0].amount) == "0.014");
  CHECK((*records)[1].delivered.is_zero());
  CHECK((*records)[1].amount.is_zero());
  CHECK((*records)[2].delivered == kwh("3"));
  CHECK(to_text((*records)[2].amount) == "0.3");
  CHECK((*records)[3].delivered == kwh("0.25"));
  const Bytes first = flexibility_statement((*records)[0]);
  CHECK(first == flexibility_statement((*records)[0]));
  for (std::size_t i = 1; i < 4; ++i) CHECK(first != flexibility_statement((*records)[i]));
  CHECK(to_hex(ByteView(first).subspan(0, 24)) ==
        "706f77657273686172652f666c65786962696c6974792f31");
  CHECK(first.size() == 24 + (4 + 2) + (4 + 2) + (4 + 11) + (4 + 5) + 1 + 8 * 8);
  CHECK_FALSE(settle(book, asked, *activation, {}));
}

TEST_CASE("a baseline is the mean of comparable slots, rounded down") {
  CHECK(*flexibility_baseline({kwh("0.1"), kwh("0.2"), kwh("0.4")}) ==
        Energy::from_nano(233'333'333));
  CHECK(*flexibility_baseline({Energy::from_nano(-1), Energy{}}) == Energy::from_nano(-1));
  CHECK_FALSE(flexibility_baseline({}));
}

TEST_CASE("stores, offers and requests without sense are refused") {
  const auto refused = [](auto change) {
    FlexibilityBook book = two_regions();
    FlexibilityRequest asked = request("1");
    change(book, asked);
    const auto result = activate(book, asked);
    return !result && result.error().code() == GridServiceError::bad_flexibility;
  };
  using Book = FlexibilityBook;
  using Request = FlexibilityRequest;
  CHECK(refused([](Book& book, Request&) { book.stores[0].stored = kwh("6"); }));
  CHECK(refused([](Book& book, Request&) { book.stores[0].reserve = kwh("6"); }));
  CHECK(refused([](Book& book, Request&) { book.stores[0].efficiency_nano = 0; }));
  CHECK(refused([](Book& book, Request&) { book.stores[0].id = "n2"; }));
  CHECK(refused([](Book& book, Request&) { book.offers[0].store = 4; }));
  CHECK(refused([](Book& book, Request&) { book.offers[0].id = "n2"; }));
  CHECK(refused([](Book& book, Request&) { book.offers[0].power_nano_kw = 0; }));
  CHECK(refused([](Book& book, Request&) { book.offers[0].to = book.offers[0].from; }));
  CHECK(refused([](Book&, Request& asked) { asked.up = "north"; }));
  CHECK(refused([](Book&, Request& asked) { asked.energy = Energy{}; }));
  CHECK(refused([](Book&, Request& asked) { asked.to = asked.from; }));
}

TEST_CASE(
    "random activations are balanced, within all bounds, and no dearer offer is called first") {
  constexpr std::uint64_t seed = 20'261'201;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto below = [&random](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  for (int round = 0; round < 2'000; ++round) {
    FlexibilityBook book;
    const auto stores = 1 + below(6);
    for (std::int64_t i = 0; i < stores; ++i) {
      const std::int64_t most = 1 + below(10'000'000'000);
      FlexibilityStore made{"s" + std::to_string(i),
                            "p",
                            Energy::from_nano(below(most + 1)),
                            Energy::from_nano(below(most + 1)),
                            Energy::from_nano(below(most + 1)),
                            Energy::from_nano(most),
                            1 + below(nano_per_unit)};
      book.stores.push_back(made);
    }
    const auto offers = below(12);
    for (std::int64_t i = 0; i < offers; ++i) {
      const bool gives = below(2) == 0;
      const auto of = static_cast<std::uint32_t>(below(stores));
      book.offers.push_back({"o" + std::to_string(i), of, gives ? "south" : "north",
                             gives ? up : down, 1 + below(5'000'000'000), begin, end,
                             Price::from_nano(below(5) * 10'000'000)});
    }
    const auto asked = request("2");
    const auto activation = activate(book, asked);
    REQUIRE(activation);
    REQUIRE(sum(activation->up) == sum(activation->down));
    REQUIRE(sum(activation->up) == activation->energy.nano());
    REQUIRE(activation->energy.nano() + activation->missing.nano() == asked.energy.nano());
    std::vector<std::int64_t> stored;
    for (const auto& each : book.stores) stored.push_back(each.stored.nano());
    for (const auto* side : {&activation->down, &activation->up}) {
      const bool gives = side == &activation->up;
      for (std::size_t i = 0; i < side->size(); ++i) {
        const FlexibilityOffer& called = book.offers[(*side)[i].offer];
        REQUIRE((*side)[i].energy.nano() <= called.power_nano_kw);  // for an hour
        if (i > 0) REQUIRE(book.offers[(*side)[i - 1].offer].price <= called.price);
        const FlexibilityStore& of = book.stores[called.store];
        const std::int64_t energy = (*side)[i].energy.nano();
        stored[called.store] +=
            gives ? -(*multiply_divide_floor(energy, nano_per_unit, of.efficiency_nano))
                  : *multiply_divide_floor(energy, of.efficiency_nano, nano_per_unit);
      }
    }
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const FlexibilityStore& of = book.stores[i];
      REQUIRE(stored[i] <= of.most.nano());
      const auto floor = std::max(of.least, of.reserve);
      REQUIRE(stored[i] >= std::min(floor, of.stored).nano());
    }
    // The same book in another order gives the same calls.
    FlexibilityBook turned = book;
    std::reverse(turned.offers.begin(), turned.offers.end());
    const auto again = activate(turned, asked);
    REQUIRE(again);
    REQUIRE(again->up.size() == activation->up.size());
    for (std::size_t i = 0; i < again->up.size(); ++i) {
      REQUIRE(turned.offers[again->up[i].offer].id == book.offers[activation->up[i].offer].id);
      REQUIRE(again->up[i].energy == activation->up[i].energy);
    }
  }
}
