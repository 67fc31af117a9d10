// Rule `optimal` against an oracle that knows nothing of classes, curves and duals, and against
// figures that can be checked by hand; and certificates that lie.
#include <doctest/doctest.h>

#include <algorithm>

#include "market/matching.hpp"
#include "market/rules.hpp"
#include "random_books.hpp"

using namespace powershare;
using namespace powershare::market;
using namespace powershare::market::test;

namespace {

constexpr std::uint64_t seed = 43;

std::int64_t premium(const Case& one, const Order& of, const Order& other, bool green) {
  std::int64_t sum = 0;
  for (const Premium& premium : one.network.premiums) {
    if (premium.participant != of.participant) continue;
    if (premium.partner && *premium.partner != other.participant) continue;
    if (premium.only_green && !green) continue;
    sum += premium.value.nano();
  }
  return sum;
}

/// Largest surplus, and largest volume of that surplus, over all pairs of orders: cheapest paths by
/// Bellman and Ford, one after the other.
struct Oracle {
  struct Edge {
    std::size_t from, to;
    std::int64_t room, cost;
  };
  static constexpr std::int64_t scale = 1'000;  // more than the volume of a path
  std::vector<Edge> edges;                      // each followed by its reverse
  std::int64_t surplus = 0;
  std::int64_t volume = 0;

  void add(std::size_t from, std::size_t to, std::int64_t room, std::int64_t cost) {
    edges.push_back({from, to, room, cost});
    edges.push_back({to, from, 0, -cost});
  }

  explicit Oracle(const Case& one) {
    const auto& orders = one.book.orders;
    const std::size_t source = orders.size();
    const std::size_t sink = source + 1;
    for (std::size_t s = 0; s < orders.size(); ++s) {
      const Order& sell = orders[s];
      if (sell.side == Side::buy) {
        add(s, sink, sell.energy.nano(), 0);
        continue;
      }
      add(source, s, sell.energy.nano(), 0);
      for (std::size_t b = 0; b < orders.size(); ++b) {
        const Order& buy = orders[b];
        if (buy.side == Side::sell || !compatible(buy, sell)) continue;
        const PairCost path = pair_cost(one.network, zone_of(one.network, sell.participant),
                                        zone_of(one.network, buy.participant));
        const std::int64_t gain = buy.limit.nano() + premium(one, buy, sell, sell.green) -
                                  sell.limit.nano() + premium(one, sell, buy, false) -
                                  path.fees.nano() - path.losses.nano();
        add(s, b, 1'000'000, -gain * scale - 1);
      }
    }
    while (augment(source, sink)) {
    }
  }

  bool augment(std::size_t source, std::size_t sink) {
    constexpr std::int64_t far = INT64_MAX / 4;
    std::vector<std::int64_t> distance(sink + 1, far);
    std::vector<std::size_t> by(sink + 1, edges.size());
    distance[source] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < edges.size(); ++i) {
        const Edge& edge = edges[i];
        if (edge.room == 0 || distance[edge.from] == far) continue;
        if (distance[edge.from] + edge.cost >= distance[edge.to]) continue;
        distance[edge.to] = distance[edge.from] + edge.cost;
        by[edge.to] = i;
        changed = true;
      }
    }
    if (distance[sink] >= 0) return false;
    std::int64_t room = far;
    for (std::size_t at = sink; at != source; at = edges[by[at]].from) {
      room = std::min(room, edges[by[at]].room);
    }
    for (std::size_t at = sink; at != source; at = edges[by[at]].from) {
      edges[by[at]].room -= room;
      edges[by[at] ^ 1].room += room;
    }
    volume += room;
    surplus += room * ((-distance[sink] - 1) / scale);
    return true;
  }
};

void without_limits(Network& network) {
  for (Zone& zone : network.zones) {
    zone.max_export.reset();
    zone.max_import.reset();
  }
}

Clearing optimum(const Case& one) {
  auto clearing = clear("optimal", one.book, one.network);
  REQUIRE(clearing);
  REQUIRE(clearing->certificate);
  const auto checked = check_certificate(one.book, one.network, *clearing);
  CHECK_MESSAGE(checked.ok(), (checked ? "" : checked.error().detail()));
  return *std::move(clearing);
}

/// Two zones under one: fee 2 in all between them, 1 within each.
Case two_zones() {
  Case one;
  one.network.zones.resize(3);
  one.network.zones[1].parent = 0;
  one.network.zones[2].parent = 0;
  for (Zone& zone : one.network.zones) zone.id = "zone";
  return one;
}

Order& order(Case& one, const std::string& owner, ZoneIndex zone, Side side, std::int64_t energy,
             std::int64_t limit) {
  const std::string id = "o" + std::to_string(one.book.orders.size());
  Order& added = add_order(one.book, id, owner, side, energy, limit);
  one.network.zone_of.resize(one.book.participants.size(), zone);
  return added;
}

}  // namespace

TEST_CASE("optimal reaches the surplus and the volume of an exhaustive oracle") {
  MESSAGE("seeds from " << seed << " on");
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    Case one = RandomCase(seed + i).make();
    without_limits(one.network);
    CAPTURE(seed + i);
    const Clearing clearing = optimum(one);
    const Oracle oracle(one);
    CHECK(static_cast<std::int64_t>(clearing.certificate->surplus) == oracle.surplus);
    CHECK(clearing.volume.nano() == oracle.volume);
    CHECK((clearing.certificate->gap() == 0));
  }
}

TEST_CASE("optimal is proved optimal with limited borders where all orders are plain") {
  std::size_t scarce = 0;
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    Case one = RandomCase(seed + i).make();
    one.network.premiums.clear();
    one.network.losses.clear();
    for (std::size_t k = 0; k < one.book.orders.size(); ++k) {
      Order& order = one.book.orders[k];
      order.only_green = false;
      order.partners.clear();
      // An owner for each order: nobody might trade with itself.
      if (k >= one.book.participants.size()) {
        order.energy = Energy::from_nano(1);
        order.limit = Price::from_nano(order.side == Side::buy ? -50 : 50);
      } else {
        order.participant = static_cast<ParticipantIndex>(k);
      }
    }
    CAPTURE(seed + i);
    const Clearing clearing = optimum(one);
    CHECK((clearing.certificate->gap() == 0));
    without_limits(one.network);
    if (optimum(one).certificate->surplus > clearing.certificate->surplus) ++scarce;
  }
  CHECK(scarce > 100);
}

TEST_CASE("optimal trades as pay_as_clear where nothing tells orders apart") {
  std::mt19937_64 random(seed);
  for (int round = 0; round < 1'500; ++round) {
    RandomBook shape;
    shape.orders = random() % 30;
    shape.participants = 40;
    shape.standing = true;
    Case one;
    one.book = random_book(random, shape);
    for (std::size_t i = 0; i < one.book.orders.size(); ++i) {
      one.book.orders[i].participant = static_cast<ParticipantIndex>(i);
    }
    const Clearing best = optimum(one);
    const auto uniform = clear("pay_as_clear", one.book);
    REQUIRE(uniform);
    CHECK(best.volume == uniform->volume);
    CHECK(best.unmatched == uniform->unmatched);
    REQUIRE(best.trades.size() == uniform->trades.size());
    for (std::size_t i = 0; i < best.trades.size(); ++i) {
      CHECK(best.trades[i].buy == uniform->trades[i].buy);
      CHECK(best.trades[i].sell == uniform->trades[i].sell);
      CHECK(best.trades[i].energy == uniform->trades[i].energy);
      // The middle, rounded down here and half to even there.
      const auto apart = uniform->trades[i].price.nano() - best.trades[i].price.nano();
      CHECK((apart == 0 || apart == 1));
    }
  }
}

TEST_CASE("fees keep trade near, as far as that is worth it") {
  Case one = two_zones();
  one.network.zones[0].fee = Price::from_nano(2);
  order(one, "seller", 1, Side::sell, 10, 10);
  order(one, "near", 1, Side::buy, 6, 20);
  order(one, "far", 2, Side::buy, 10, 21);
  Clearing clearing = optimum(one);
  // The far one's bid is 19 net of the way: the near one comes first.
  REQUIRE(clearing.trades.size() == 2);
  CHECK(clearing.unmatched[2] == Energy::from_nano(6));
  CHECK((clearing.certificate->surplus == 6 * 10 + 4 * 9));
  // 4 of 10 remain unserved at 21 all-in: nobody of the others may be had for less.
  for (const Trade& trade : clearing.trades) CHECK(trade.price == Price::from_nano(19));
  CHECK(clearing.clearing_price == Price::from_nano(19));
  one.book.orders[2].limit = Price::from_nano(23);
  clearing = optimum(one);
  CHECK(clearing.unmatched[1] == Energy::from_nano(6));
  CHECK((clearing.certificate->surplus == 10 * 11));
}

TEST_CASE("a premium for a partner or for green energy is part of the surplus") {
  Case one;
  order(one, "grey", 0, Side::sell, 5, 10);
  order(one, "sun", 0, Side::sell, 5, 13).green = true;
  order(one, "buyer", 0, Side::buy, 5, 12);
  one.network.zone_of.clear();
  CHECK(optimum(one).unmatched[0].is_zero());
  one.network.premiums.push_back({2, std::nullopt, true, Price::from_nano(4)});
  Clearing clearing = optimum(one);
  CHECK(clearing.unmatched[1].is_zero());  // 12 + 4 - 13 = 3 is more than 12 - 10
  CHECK((clearing.certificate->surplus == 15));
  CHECK(clearing.trades.front().price >= Price::from_nano(13));
  CHECK(clearing.trades.front().price <= Price::from_nano(16));
  one.network.premiums.push_back({2, 0, false, Price::from_nano(2)});
  CHECK(optimum(one).unmatched[0].is_zero());  // the partner is worth 2 more: 4
  // A seller's premium: it gives the energy to a partner for less.
  one.network.premiums = {{1, 2, false, Price::from_nano(4)}};
  clearing = optimum(one);
  CHECK(clearing.unmatched[1].is_zero());
  CHECK(clearing.trades.front().price <= Price::from_nano(12));
}

TEST_CASE("a full border parts the prices of its sides and earns the difference") {
  Case one = two_zones();
  one.network.zones[1].max_export = Energy::from_nano(3);
  order(one, "seller", 1, Side::sell, 10, 10);
  order(one, "far", 2, Side::buy, 10, 20);
  const Clearing clearing = optimum(one);
  CHECK(clearing.volume == Energy::from_nano(3));
  CHECK(clearing.trades.front().price == Price::from_nano(10));
  CHECK((clearing.certificate->surplus == 30));
  CHECK((clearing.certificate->gap() == 0));  // 3 × (20 - 10) is the border's
}

TEST_CASE("what bypasses a full border is cut, and the gap says what that may cost") {
  Case one = two_zones();
  one.network.zones[1].max_export = Energy::from_nano(4);
  order(one, "sun", 1, Side::sell, 10, 10).green = true;
  order(one, "far", 2, Side::buy, 10, 20).only_green = true;
  order(one, "also far", 2, Side::buy, 10, 19);
  const Clearing clearing = optimum(one);
  CHECK(clearing.volume == Energy::from_nano(4));
  CHECK((clearing.certificate->gap() > 0));
  CHECK((clearing.certificate->bound >= clearing.certificate->surplus));
}

TEST_CASE("optimal clears ten thousand orders with zones, partners and premiums, and proves it") {
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t end) {
    return static_cast<std::int64_t>(random() % end);
  };
  Case one = two_zones();
  one.network.zones[0].fee = Price::from_nano(20'000'000);
  one.network.zones[2].loss_nano = 10'000'000;
  one.network.loss_price = Price::from_nano(160'000'000);
  constexpr ParticipantIndex participants = 2'000;
  for (ParticipantIndex i = 0; i < participants; ++i) {
    one.book.participants.push_back("P" + std::to_string(i));
    one.network.zone_of.push_back(static_cast<ZoneIndex>(1 + i % 2));
    if (i % 5 == 0) {
      one.network.premiums.push_back({i, std::nullopt, true, Price::from_nano(10'000'000)});
    }
  }
  for (std::size_t i = 0; i < 10'000; ++i) {
    Order order;
    order.id = "o" + std::to_string(i);
    order.participant = static_cast<ParticipantIndex>(below(participants));
    order.side = order.participant % 2 == 0 ? Side::buy : Side::sell;
    order.energy = Energy::from_nano(1 + below(1'000'000'000));
    order.limit = Price::from_nano(50'000'000 + below(200'000'000));
    order.green = i % 3 == 0;
    order.only_green = i % 7 == 0;
    // One in a hundred deals with two others only.
    if (i % 100 == 0) {
      for (int k = 0; k < 2; ++k) {
        const auto other = static_cast<ParticipantIndex>(below(participants / 2) * 2);
        order.partners.push_back(order.side == Side::buy ? other + 1 : other);
      }
    }
    one.book.orders.push_back(order);
  }
  const Clearing clearing = optimum(one);
  CHECK(!clearing.fell_back);
  CHECK((clearing.certificate->gap() == 0));
  CHECK(clearing.trades.size() > 1'000);
  const auto uniform = clear("pay_as_clear", one.book);  // too many restricted pairs for it
  CHECK(!uniform);
}

TEST_CASE("past its budget optimal clears as pay_as_clear does, and says so") {
  Case one;
  for (int i = 0; i < 40; ++i) {
    order(one, "s" + std::to_string(i), 0, Side::sell, 5, 10 + i);
    order(one, "b" + std::to_string(i), 0, Side::buy, 5, 40 - i);
  }
  one.network.zone_of.clear();
  one.book.orders[0].limit = Price::from_nano(-max_limit_nano);  // outside of what it can sum up
  const auto clearing = clear("optimal", one.book, one.network);
  const auto uniform = clear("pay_as_clear", one.book, one.network);
  REQUIRE(clearing);
  CHECK(clearing->fell_back);
  CHECK(!clearing->certificate);
  CHECK(clearing->rule == "optimal");
  CHECK(clearing->trades == uniform->trades);
}

TEST_CASE("a certificate that lies is refused") {
  Case one = two_zones();
  one.network.zones[0].fee = Price::from_nano(1);
  one.network.zones[1].max_export = Energy::from_nano(8);
  order(one, "seller", 1, Side::sell, 10, 10);
  order(one, "near", 1, Side::buy, 4, 20);
  order(one, "far", 2, Side::buy, 10, 25);
  const Clearing honest = optimum(one);
  const auto refused = [&](const Clearing& clearing) {
    const auto checked = check_certificate(one.book, one.network, clearing);
    return !checked && checked.error().code() == MarketError::bad_certificate;
  };
  CHECK(!refused(honest));
  for (std::size_t i = 0; i < honest.certificate->prices.size(); ++i) {
    for (const std::int64_t change : {-1, 1, 100}) {
      Clearing lie = honest;
      lie.certificate->prices[i] = Price::from_nano(lie.certificate->prices[i].nano() + change);
      // Another price may prove as much, but then the bound is that of the honest one.
      const auto checked = check_certificate(one.book, one.network, lie);
      if (checked) CHECK(lie.certificate->bound == honest.certificate->bound);
    }
  }
  Clearing lie = honest;
  lie.certificate->bound += 1;
  CHECK(refused(lie));
  lie = honest;
  lie.certificate->surplus += 1;
  CHECK(refused(lie));
  lie = honest;
  lie.trades.pop_back();
  CHECK(refused(lie));
  lie = honest;
  lie.trades[0].energy = Energy::from_nano(lie.trades[0].energy.nano() - 1);
  CHECK(refused(lie));
  lie = honest;
  for (Trade& trade : lie.trades) trade.fees = Price::from_nano(trade.fees.nano() + 1);
  CHECK(refused(lie));
  lie = honest;
  lie.trades[0].price = Price::from_nano(9);
  CHECK(refused(lie));
  lie = honest;
  lie.certificate.reset();
  CHECK(refused(lie));
  lie = honest;
  lie.certificate->prices.pop_back();
  CHECK(refused(lie));
}

TEST_CASE("charges add up to the nano-unit, losses are bought from the utility") {
  Network network;
  network.zones.resize(3);
  network.zones[1].parent = 0;
  network.zones[2].parent = 0;
  network.zones[0].fee = Price::from_nano(20'000'000);  // 0.02
  network.zones[1].fee = Price::from_nano(10'000'000);
  network.zones[2].loss_nano = 30'000'000;  // 3 %
  network.loss_price = Price::from_nano(162'900'000);
  REQUIRE(check_network(network, 0));
  CHECK(levels_between(network, 1, 2) == std::vector<ZoneIndex>{1, 0, 2});
  CHECK(levels_between(network, 2, 2) == std::vector<ZoneIndex>{2});
  const auto money =
      charges(network, 1, 2, Energy::from_nano(1'500'000'000), Price::from_nano(100'000'000));
  REQUIRE(money);
  CHECK(money->seller_gets == Coins::from_nano(150'000'000));
  CHECK(money->fees == std::vector<Charges::Fee>{{1, Coins::from_nano(15'000'000)},
                                                 {0, Coins::from_nano(30'000'000)}});
  CHECK(money->lost == Energy::from_nano(45'000'000));
  CHECK(money->losses == Coins::from_nano(7'330'500));
  CHECK(money->buyer_pays == Coins::from_nano(202'330'500));
  network.losses.push_back({1, 2, 0});  // this way loses nothing
  CHECK(charges(network, 1, 2, Energy::from_nano(1), Price{})->lost.is_zero());
  CHECK(charges(network, 2, 1, Energy::from_nano(1), Price{})->lost == Energy::from_nano(1));
  network.zones[1].parent = 2;
  CHECK(check_network(network, 0).error().code() == MarketError::bad_network);
}
