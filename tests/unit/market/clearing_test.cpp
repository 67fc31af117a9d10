// Properties of the auctions against a slow oracle that works unit by unit.
#include "market/clearing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "books.hpp"
#include "market/rules.hpp"

using namespace powershare;
using namespace powershare::market;
using namespace powershare::market::test;

namespace {

constexpr std::uint64_t seed = 20191021;
constexpr std::string_view auctions[] = {"pay_as_clear", "pay_as_bid", "mid_market", "thesis"};

/// What the best allocation of single nano-units gives.
struct Oracle {
  std::int64_t volume = 0;
  std::int64_t surplus = 0;
  std::vector<std::int64_t> bids;    ///< one entry a unit, dearest first
  std::vector<std::int64_t> offers;  ///< cheapest first

  explicit Oracle(const Book& book) {
    for (const Order& order : book.orders) {
      auto& units = order.side == Side::buy ? bids : offers;
      units.insert(units.end(), static_cast<std::size_t>(order.energy.nano()), order.limit.nano());
    }
    std::sort(bids.begin(), bids.end(), std::greater<>());
    std::sort(offers.begin(), offers.end());
    const std::size_t most = std::min(bids.size(), offers.size());
    for (std::size_t i = 0; i < most && bids[i] >= offers[i]; ++i) {
      ++volume;
      surplus += bids[i] - offers[i];
    }
  }

  /// True when nobody who would gain at `price` is left out of `volume` and nobody loses in it.
  bool supports(std::int64_t price) const {
    const auto v = static_cast<std::size_t>(volume);
    return (v == 0 || (bids[v - 1] >= price && offers[v - 1] <= price)) &&
           (v >= bids.size() || bids[v] <= price) && (v >= offers.size() || offers[v] >= price);
  }
};

std::int64_t surplus(const Book& book, const Clearing& clearing) {
  std::int64_t total = 0;
  for (const Trade& trade : clearing.trades) {
    total += trade.energy.nano() *
             (book.orders[trade.buy].limit.nano() - book.orders[trade.sell].limit.nano());
  }
  return total;
}

void check_basics(const Book& book, const Clearing& clearing) {
  std::vector<std::int64_t> traded(book.orders.size());
  std::int64_t volume = 0;
  for (const Trade& trade : clearing.trades) {
    const Order& buy = book.orders[trade.buy];
    const Order& sell = book.orders[trade.sell];
    CHECK(buy.side == Side::buy);
    CHECK(sell.side == Side::sell);
    CHECK(buy.participant != sell.participant);
    CHECK(trade.energy.is_positive());
    CHECK(trade.price <= buy.limit);
    CHECK(trade.price >= sell.limit);
    traded[trade.buy] += trade.energy.nano();
    traded[trade.sell] += trade.energy.nano();
    volume += trade.energy.nano();
  }
  REQUIRE(clearing.unmatched.size() == book.orders.size());
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    CHECK(clearing.unmatched[i].nano() + traded[i] == book.orders[i].energy.nano());
    CHECK(!clearing.unmatched[i].is_negative());
  }
  CHECK(clearing.volume.nano() == volume);
}

/// The largest volume at `price` when nobody may trade with itself: a cut leaves out either one
/// side, or one participant on both sides.
std::int64_t volume_without_self_trade(const Book& book, std::int64_t price) {
  std::int64_t demand = 0;
  std::int64_t supply = 0;
  std::map<ParticipantIndex, std::int64_t> own;
  for (const Order& order : book.orders) {
    const bool holds =
        order.side == Side::buy ? order.limit.nano() >= price : order.limit.nano() <= price;
    if (!holds) continue;
    (order.side == Side::buy ? demand : supply) += order.energy.nano();
    own[order.participant] += order.energy.nano();
  }
  std::int64_t volume = std::min(demand, supply);
  for (const auto& [participant, energy] : own) volume = std::min(volume, demand + supply - energy);
  return volume;
}

using NamedTrade = std::tuple<std::string, std::string, std::int64_t, std::int64_t>;
std::vector<NamedTrade> named(const Book& book, const Clearing& clearing) {
  std::vector<NamedTrade> result;
  for (const Trade& trade : clearing.trades) {
    result.emplace_back(book.orders[trade.buy].id, book.orders[trade.sell].id, trade.energy.nano(),
                        trade.price.nano());
  }
  return result;
}

/// The same book written down differently: orders shuffled, participants numbered anew.
Book rewritten(const Book& book, std::mt19937_64& random) {
  Book result;
  std::vector<ParticipantIndex> numbers(book.participants.size());
  for (ParticipantIndex i = 0; i < numbers.size(); ++i) numbers[i] = i;
  std::shuffle(numbers.begin(), numbers.end(), random);
  result.participants.resize(numbers.size());
  for (ParticipantIndex i = 0; i < numbers.size(); ++i) {
    result.participants[numbers[i]] = book.participants[i];
  }
  result.orders = book.orders;
  for (Order& order : result.orders) {
    order.participant = numbers[order.participant];
    for (auto& partner : order.partners) partner = numbers[partner];
  }
  std::shuffle(result.orders.begin(), result.orders.end(), random);
  return result;
}

}  // namespace

TEST_CASE("every rule trades the surplus-optimal volume within all limits") {
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    RandomBook shape;
    shape.orders = random() % 30;
    shape.participants = 40;
    shape.energies = 1 + static_cast<std::int64_t>(random() % 9);
    shape.prices = 1 + static_cast<std::int64_t>(random() % 12);
    shape.standing = round % 2 == 0;
    Book book = random_book(random, shape);
    // Each order its own owner: what the oracle assumes.
    for (std::size_t i = 0; i < book.orders.size(); ++i) {
      book.orders[i].participant = static_cast<ParticipantIndex>(i);
    }
    const Oracle oracle(book);
    CAPTURE(round);
    for (const auto rule : auctions) {
      const auto clearing = clear(rule, book);
      REQUIRE(clearing);
      check_basics(book, *clearing);
      CHECK(clearing->volume.nano() == oracle.volume);
      CHECK(surplus(book, *clearing) == oracle.surplus);
      CHECK(clearing->trades.size() <= book.orders.size());
      CHECK(clearing->clearing_price.has_value() == (rule == "pay_as_clear" && oracle.volume > 0));
      for (const Trade& trade : clearing->trades) {
        const Price bid = book.orders[trade.buy].limit;
        const Price offer = book.orders[trade.sell].limit;
        if (rule == "pay_as_clear") CHECK(trade.price == *clearing->clearing_price);
        if (rule == "pay_as_bid") CHECK(trade.price == bid);
        if (rule == "thesis") CHECK(trade.price == offer);
        if (rule == "mid_market") CHECK(trade.price == middle(offer, bid));
      }
      if (clearing->clearing_price) {
        // The middle of the supporting interval, found by trying all prices.
        std::vector<std::int64_t> supporting;
        for (std::int64_t price = -2; price <= 12; ++price) {
          if (oracle.supports(price)) supporting.push_back(price);
        }
        REQUIRE(!supporting.empty());
        CHECK(clearing->clearing_price ==
              middle(Price::from_nano(supporting.front()), Price::from_nano(supporting.back())));
      }
    }
  }
}

TEST_CASE("nobody trades with itself, and no more is lost by that than must be") {
  MESSAGE("seed " << seed + 1);
  std::mt19937_64 random(seed + 1);
  for (int round = 0; round < 4000; ++round) {
    RandomBook shape;
    shape.orders = random() % 24;
    shape.participants = 1 + static_cast<std::uint32_t>(random() % 5);
    shape.standing = round % 2 == 0;
    Book book = random_book(random, shape);
    CAPTURE(round);
    const auto clearing = clear("pay_as_clear", book);
    REQUIRE(clearing);
    check_basics(book, *clearing);
    // P comes from the unrestricted book: the same orders with an owner each.
    Book apart = book;
    apart.participants.assign(apart.orders.size(), "");
    for (std::size_t i = 0; i < apart.orders.size(); ++i) {
      apart.orders[i].participant = static_cast<ParticipantIndex>(i);
    }
    const auto unrestricted = clear("pay_as_clear", apart);
    REQUIRE(unrestricted);
    if (!unrestricted->clearing_price) {
      CHECK(clearing->trades.empty());
      continue;
    }
    CHECK(clearing->volume.nano() ==
          volume_without_self_trade(book, unrestricted->clearing_price->nano()));
    if (clearing->clearing_price) {
      CHECK(clearing->clearing_price == unrestricted->clearing_price);
    }
  }
}

TEST_CASE("restrictions reach the same volume as the free matching where both apply") {
  MESSAGE("seed " << seed + 2);
  std::mt19937_64 random(seed + 2);
  for (int round = 0; round < 1500; ++round) {
    RandomBook shape;
    shape.orders = random() % 20;
    shape.participants = 1 + static_cast<std::uint32_t>(random() % 6);
    Book book = random_book(random, shape);
    Book listed = book;  // everybody names everybody: restricted in form only
    for (Order& order : listed.orders) {
      for (ParticipantIndex i = 0; i < shape.participants; ++i) order.partners.push_back(i);
    }
    const auto free = clear("pay_as_clear", book);
    const auto flow = clear("pay_as_clear", listed);
    REQUIRE(free);
    REQUIRE(flow);
    check_basics(listed, *flow);
    CHECK(free->volume == flow->volume);
  }
}

TEST_CASE("partners and only_green are kept") {
  MESSAGE("seed " << seed + 3);
  std::mt19937_64 random(seed + 3);
  std::int64_t traded = 0;
  for (int round = 0; round < 1500; ++round) {
    RandomBook shape;
    shape.orders = random() % 20;
    Book book = random_book(random, shape);
    for (Order& order : book.orders) {
      order.green = random() % 2 == 0;
      order.only_green = random() % 3 == 0;
      if (random() % 2 == 0) order.partners.push_back(static_cast<ParticipantIndex>(random() % 5));
    }
    for (const auto rule : auctions) {
      const auto clearing = clear(rule, book);
      REQUIRE(clearing);
      check_basics(book, *clearing);
      for (const Trade& trade : clearing->trades) {
        const Order& buy = book.orders[trade.buy];
        const Order& sell = book.orders[trade.sell];
        CHECK((!buy.only_green || sell.green));
        CHECK((buy.partners.empty() || buy.partners.front() == sell.participant));
        CHECK((sell.partners.empty() || sell.partners.front() == buy.participant));
        traded += trade.energy.nano();
      }
    }
  }
  CHECK(traded > 0);
}

TEST_CASE("the order in which a book is written down changes nothing") {
  MESSAGE("seed " << seed + 4);
  std::mt19937_64 random(seed + 4);
  for (int round = 0; round < 1500; ++round) {
    RandomBook shape;
    shape.orders = random() % 30;
    shape.standing = true;
    const Book book = random_book(random, shape);
    const Book other = rewritten(book, random);
    for (const auto rule : auctions) {
      const auto first = clear(rule, book);
      const auto second = clear(rule, other);
      REQUIRE(first);
      REQUIRE(second);
      CHECK(named(book, *first) == named(other, *second));
    }
  }
}

TEST_CASE("explicit orders go by price, time and id; standing orders share pro rata") {
  Book book;
  add_order(book, "late", "A", Side::sell, 10, 100).accepted = {2};
  add_order(book, "early", "B", Side::sell, 10, 100).accepted = {1};
  add_order(book, "same-time", "C", Side::sell, 10, 100).accepted = {1};
  add_order(book, "dear", "D", Side::sell, 10, 101).accepted = {0};
  add_order(book, "buy", "E", Side::buy, 25, 200);
  auto clearing = clear("pay_as_clear", book);
  REQUIRE(clearing);
  CHECK(named(book, *clearing) == std::vector<NamedTrade>{{"buy", "early", 10, 100},
                                                          {"buy", "same-time", 10, 100},
                                                          {"buy", "late", 5, 100}});

  Book standing;
  for (const auto& [id, energy, tie] : {std::tuple{"a", 10, 3}, {"b", 20, 2}, {"c", 30, 1}}) {
    Order& order = add_order(standing, id, id, Side::sell, energy, 100);
    order.standing = true;
    order.tie_key[0] = static_cast<std::uint8_t>(tie);
  }
  add_order(standing, "buy", "E", Side::buy, 40, 200);
  clearing = clear("pay_as_clear", standing);
  REQUIRE(clearing);
  // 40/60 of 10, 20, 30 = 6, 13, 20 rounded down; the one unit left goes to the first tie key: c.
  CHECK(named(standing, *clearing) == std::vector<NamedTrade>{{"buy", "c", 21, 100},
                                                              {"buy", "b", 13, 100},
                                                              {"buy", "a", 6, 100}});
}

TEST_CASE("edges: empty sides, negative prices, rounding, bad orders, overflow") {
  Book book;
  CHECK(clear("pay_as_clear", book)->trades.empty());
  CHECK(clear("none", book).error().code() == MarketError::unknown_rule);
  add_order(book, "b", "A", Side::buy, 5, -10);
  CHECK(clear("pay_as_clear", book)->trades.empty());
  add_order(book, "s", "B", Side::sell, 5, -13);
  CHECK(clear("pay_as_clear", book)->clearing_price == Price::from_nano(-12));  // -11.5 to even

  CHECK(middle(Price::from_nano(1), Price::from_nano(2)) == Price::from_nano(2));
  CHECK(middle(Price::from_nano(2), Price::from_nano(3)) == Price::from_nano(2));
  CHECK(middle(Price::from_nano(-1), Price::from_nano(0)) == Price::from_nano(0));
  CHECK(middle(Price::from_nano(-3), Price::from_nano(-2)) == Price::from_nano(-2));

  add_order(book, "zero", "C", Side::sell, 0, 1);
  CHECK(clear("pay_as_clear", book).error().code() == MarketError::bad_order);
  book.orders.back().energy = Energy::from_nano(INT64_MAX);
  CHECK(clear("pay_as_clear", book).error().code() == MarketError::overflow);
  book.orders.back().energy = Energy::from_nano(1);
  book.orders.back().limit = Price::from_nano(INT64_MIN);
  CHECK(clear("pay_as_clear", book).error().code() == MarketError::bad_order);
  book.orders.back().limit = Price{};
  book.orders.back().participant = 99;
  CHECK(clear("pay_as_clear", book).error().code() == MarketError::bad_order);
}
