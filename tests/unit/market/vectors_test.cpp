// Conformance vectors of other systems: volume and surplus are the optimum, the price supports it.
#include <doctest/doctest.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "books.hpp"
#include "market/clearing.hpp"

using namespace powershare;
using namespace powershare::market;
using namespace powershare::market::test;
using nlohmann::json;

namespace {

__extension__ using Wide = __int128;

std::optional<json> vectors(const char* name) {
  const auto folder = shared_folder();
  if (folder) {
    std::ifstream file(*folder / "market-vectors" / name);
    if (file) return json::parse(file);
  }
  MESSAGE("skipped, not there: market-vectors/" << name << " (set POWERSHARE_SHARED)");
  return std::nullopt;
}

std::int64_t nano(const json& number) {
  const auto parsed = parse_nano(number.dump());
  REQUIRE(parsed);
  return *parsed;
}

/// In units of 1e-18 coins, exact.
Wide surplus(const Book& book, const Clearing& clearing) {
  Wide total = 0;
  for (const Trade& trade : clearing.trades) {
    total += static_cast<Wide>(trade.energy.nano()) *
             (book.orders[trade.buy].limit.nano() - book.orders[trade.sell].limit.nano());
  }
  return total;
}

/// Each order its own owner, as the optimum of the vectors assumes; quantities of zero are left
/// out.
void add(Book& book, Side side, const json& energy, const json& price) {
  const std::string id = "o" + std::to_string(book.participants.size());
  if (nano(energy) > 0) add_order(book, id, id, side, nano(energy), nano(price));
}

void check_price(const Clearing& clearing, const json& interval) {
  if (clearing.trades.empty()) return;
  REQUIRE(clearing.clearing_price);
  REQUIRE(interval.is_array());
  CHECK(clearing.clearing_price->nano() >= nano(interval[0]));
  CHECK(clearing.clearing_price->nano() <= nano(interval[1]));
}

}  // namespace

TEST_CASE("GridLAB-D auctions: optimal volume, supporting price") {
  const auto file = vectors("gridlabd_auction.json");
  if (!file) return;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    Book book;
    for (const json& order : item["buyers"])
      add(book, Side::buy, order["quantity"], order["price"]);
    for (const json& order : item["sellers"]) {
      add(book, Side::sell, order["quantity"], order["price"]);
    }
    const auto clearing = clear("pay_as_clear", book);
    REQUIRE(clearing);
    CHECK(clearing->volume.nano() == nano(item["optimum"]["volume"]));
    check_price(*clearing, item["optimum"]["price_interval"]);
    ++checked;
  }
  MESSAGE(checked << " cases");
  CHECK(checked == 50);
}

TEST_CASE("gsy pay-as-clear and pay-as-bid books: optimal volume and surplus, supporting price") {
  int checked = 0;
  int skipped = 0;
  for (const char* name : {"gsy_pay_as_clear.json", "gsy_pay_as_bid.json"}) {
    const auto file = vectors(name);
    if (!file) return;
    for (const json& item : (*file)["cases"]) {
      if (!item.contains("optimum")) {  // pairwise fills with a price from elsewhere
        ++skipped;
        continue;
      }
      CAPTURE(item["id"].get<std::string>());
      Book book;
      for (const json& o : item["bids"]) add(book, Side::buy, o["energy"], o["energy_rate"]);
      for (const json& o : item["offers"]) add(book, Side::sell, o["energy"], o["energy_rate"]);
      const auto clearing = clear("pay_as_clear", book);
      REQUIRE(clearing);
      const json& optimum = item["optimum"];
      CHECK(clearing->volume.nano() == nano(optimum["max_surplus_volume"]));
      if (optimum.contains("max_surplus")) {
        CHECK((surplus(book, *clearing) ==
               static_cast<Wide>(nano(optimum["max_surplus"])) * nano_per_unit));
      }
      check_price(*clearing, optimum["price_interval"]);
      ++checked;
    }
  }
  MESSAGE(checked << " cases, " << skipped << " of another kind left out");
  CHECK(checked == 17);
}

TEST_CASE("PowerTAC double auction: volume of the cases in which every order has a limit") {
  const auto file = vectors("powertac_k_double_auction.json");
  if (!file) return;
  int checked = 0;
  int skipped = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    Book book;
    bool limits = true;
    for (const char* side : {"buys", "sells"}) {
      for (const json& order : item[side]) {
        if (order["limit"].is_null()) {
          limits = false;
          continue;
        }
        add(book, side[0] == 'b' ? Side::buy : Side::sell, order["quantity"], order["limit"]);
      }
    }
    if (!limits) {
      ++skipped;
      continue;
    }
    const auto clearing = clear("pay_as_clear", book);
    REQUIRE(clearing);
    CHECK(clearing->volume.nano() == nano(item["expected"]["volume"]));
    ++checked;
  }
  MESSAGE(checked << " cases, " << skipped << " with market orders left out");
  CHECK(checked > 0);
}

TEST_CASE("Quartierstrom: pairs and prices of mid_market, the local fee in the offer") {
  const auto file = vectors("quartierstrom.json");
  if (!file) return;
  const std::int64_t fee = nano((*file)["params"]["grid_fee"]);
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    Book book;
    for (const json& ask : item["asks"]) {
      const std::string seller = ask["seller"];
      add_order(book, seller, seller, Side::sell, nano(ask["kwh"]), nano(ask["limit"]) + fee);
    }
    for (const json& bid : item["bids"]) {
      const std::string buyer = bid["buyer"];
      add_order(book, buyer, buyer, Side::buy, nano(bid["kwh"]), nano(bid["limit"]));
    }
    const auto clearing = clear("mid_market", book);
    REQUIRE(clearing);
    const json& expected = item["expected"]["trades"];
    REQUIRE(clearing->trades.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Trade& trade = clearing->trades[i];
      CHECK(book.orders[trade.buy].id == expected[i]["buyer"]);
      CHECK(book.orders[trade.sell].id == expected[i]["seller"]);
      CHECK(trade.energy.nano() == nano(expected[i]["kwh"]));
      CHECK(trade.price.nano() == nano(expected[i]["buyer_price"]));
      CHECK(trade.price.nano() - fee == nano(expected[i]["seller_net"]));
    }
    ++checked;
  }
  CHECK(checked == 5);
}

TEST_CASE("synthetic books of up to a million orders: exact optimum, and how long it takes") {
  const auto file = vectors("synthetic_books.json");
  if (!file) return;
  for (const json& item : (*file)["cases"]) {
    const auto count = item["n"].get<std::uint32_t>();
    std::uint64_t state = item["seed"].get<std::uint64_t>();
    const auto next = [&state] {  // splitmix64
      state += 0x9E3779B97F4A7C15ULL;
      std::uint64_t z = state;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      return z ^ (z >> 31);
    };
    Book book;
    book.orders.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      Order order;
      order.id = "o" + std::to_string(i);
      order.participant = i;
      book.participants.push_back(order.id);
      order.side = i < count / 2 ? Side::buy : Side::sell;
      order.energy = Energy::from_nano(static_cast<std::int64_t>(50 + next() % 1451) * 1'000'000);
      const auto price = static_cast<std::int64_t>(next() % 2001);
      order.limit = Price::from_nano((i < count / 2 ? 1000 + price : 500 + price) * 100'000);
      book.orders.push_back(order);
    }
    const std::clock_t begin = std::clock();  // processor time: the machine may be busy
    const auto clearing = clear("pay_as_clear", book);
    const auto elapsed_us = (std::clock() - begin) * 1'000'000 / CLOCKS_PER_SEC;
    MESSAGE(count << " orders: " << elapsed_us << " us of processor time, "
                  << (clearing ? clearing->trades.size() : 0) << " trades");
    REQUIRE(clearing);
    const json& optimum = item["optimum"];
    CHECK(clearing->volume.nano() == optimum["volume_wh"].get<std::int64_t>() * 1'000'000);
    // 1e-4 EUR/kWh × Wh = 1e5 nano-coins/kWh × 1e6 nano-kWh
    CHECK((surplus(book, *clearing) ==
           static_cast<Wide>(optimum["surplus_1e4eur_wh"].get<std::int64_t>()) * 100'000'000'000));
    const json& interval = optimum["price_interval_1e4_eur_per_kwh"];
    CHECK(clearing->clearing_price->nano() ==
          (interval[0].get<std::int64_t>() + interval[1].get<std::int64_t>()) * 50'000);
    CHECK(clearing->trades.size() < count);
  }
}
