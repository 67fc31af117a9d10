// What holds for every rule in every network (MARKET 1), over many random books; and that two
// compilers clear them alike.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "market/matching.hpp"
#include "market/rules.hpp"
#include "random_books.hpp"

using namespace powershare;
using namespace powershare::market;
using namespace powershare::market::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t premium(const Case& one, const Order& of, const Order& other, bool green) {
  std::uint64_t sum = 0;
  for (const Premium& premium : one.network.premiums) {
    if (premium.participant != of.participant) continue;
    if (premium.partner && *premium.partner != other.participant) continue;
    if (premium.only_green && !green) continue;
    sum += static_cast<std::uint64_t>(premium.value.nano());
  }
  return sum;
}

/// First sentence that does not hold; empty: all hold.
std::string fault_of(const Case& one, const Clearing& clearing) {
  const Book& book = one.book;
  if (clearing.unmatched.size() != book.orders.size()) return "an order is missing";
  std::vector<std::int64_t> left;
  for (const Order& order : book.orders) left.push_back(order.energy.nano());
  std::vector<std::int64_t> up(one.network.zones.size());
  std::vector<std::int64_t> down(one.network.zones.size());
  std::int64_t volume = 0;
  const bool optimal = clearing.rule == "optimal" && !clearing.fell_back;
  for (const Trade& trade : clearing.trades) {
    const Order& buy = book.orders[trade.buy];
    const Order& sell = book.orders[trade.sell];
    if (buy.side != Side::buy || sell.side != Side::sell) return "a trade of the wrong sides";
    if (buy.participant == sell.participant) return "a trade with itself";
    if (!compatible(buy, sell)) return "partners or green energy not kept";
    if (!trade.energy.is_positive()) return "a trade without energy";
    const std::int64_t more =
        optimal ? static_cast<std::int64_t>(premium(one, buy, sell, sell.green)) : 0;
    const std::int64_t less =
        optimal ? static_cast<std::int64_t>(premium(one, sell, buy, false)) : 0;
    if (all_in(trade).nano() > buy.limit.nano() + more) return "more paid than the bid";
    if (trade.price.nano() < sell.limit.nano() - less) return "less got than the offer";
    const ZoneIndex from = zone_of(one.network, sell.participant);
    const ZoneIndex to = zone_of(one.network, buy.participant);
    const PairCost cost = pair_cost(one.network, from, to);
    if (clearing.rule != "nrgcoin" && (trade.fees != cost.fees || trade.losses != cost.losses)) {
      return "not the fees of the way";
    }
    const auto money = charges(one.network, from, to, trade.energy, trade.price);
    if (!money) return "charges overflow";
    std::int64_t lines = money->seller_gets.nano() + money->losses.nano();
    for (const auto& fee : money->fees) lines += fee.amount.nano();
    if (lines != money->buyer_pays.nano()) return "the buyer does not pay the sum of the lines";
    for (ZoneIndex a = from, b = to; a != b;) {
      (a > b ? up[a] : down[b]) += trade.energy.nano();
      ZoneIndex& end = a > b ? a : b;
      end = one.network.zones[end].parent;
    }
    for (const std::uint32_t order : {trade.buy, trade.sell}) {
      left[order] -= trade.energy.nano();
      if (left[order] < 0) return "more traded than an order has";
    }
    volume += trade.energy.nano();
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (clearing.unmatched[i].nano() != left[i]) return "the rest of an order is lost";
  }
  for (std::size_t i = 0; i < up.size(); ++i) {
    const Zone& zone = one.network.zones[i];
    if (zone.max_export && up[i] > zone.max_export->nano()) return "too much out of a zone";
    if (zone.max_import && down[i] > zone.max_import->nano()) return "too much into a zone";
  }
  if (clearing.volume.nano() != volume) return "not the volume of the trades";
  return "";
}

using NamedTrade = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::int64_t>;
std::vector<NamedTrade> named(const Book& book, const Clearing& clearing) {
  std::vector<NamedTrade> result;
  for (const Trade& trade : clearing.trades) {
    result.emplace_back(book.orders[trade.buy].id, book.orders[trade.sell].id, trade.energy.nano(),
                        trade.price.nano(), all_in(trade).nano());
  }
  return result;
}

}  // namespace

TEST_CASE("every rule keeps what clearing must be, however the book is written down") {
  const std::uint64_t books =
      number_from("POWERSHARE_BOOKS", std::getenv("POWERSHARE_LONG") ? 1'000'000 : 20'000);
  const std::uint64_t first = number_from("POWERSHARE_SEED", 20'191'021);
  MESSAGE(books << " books from seed " << first << " on; one again: POWERSHARE_SEED=SEED "
                << "POWERSHARE_BOOKS=1 test_unit_market --test-case='every rule keeps*'");
  std::uint64_t trades = 0;
  std::uint64_t certificates = 0;
  std::uint64_t gaps = 0;
  for (std::uint64_t seed = first; seed < first + books; ++seed) {
    const Case one = RandomCase(seed).make();
    std::mt19937_64 random(seed);
    const Case other = rewritten(one, random);
    CAPTURE(seed);
    for (const auto rule : rule_names()) {
      CAPTURE(rule);
      const auto clearing = clear(rule, one.book, one.network);
      REQUIRE(clearing);
      const std::string fault = fault_of(one, *clearing);
      if (!fault.empty()) FAIL_CHECK(fault);
      trades += clearing->trades.size();
      const auto again = clear(rule, other.book, other.network);
      REQUIRE(again);
      if (named(one.book, *clearing) != named(other.book, *again)) {
        FAIL_CHECK("another result for the same book");
      }
      if (rule != "optimal") continue;
      REQUIRE(clearing->certificate);
      const auto checked = check_certificate(one.book, one.network, *clearing);
      if (!checked) FAIL_CHECK(checked.error().detail());
      if (clearing->certificate->gap() < 0) FAIL_CHECK("more surplus than can be");
      ++certificates;
      if (clearing->certificate->gap() > 0) ++gaps;
    }
  }
  MESSAGE(trades << " trades, " << certificates << " certificates, " << gaps << " with a gap");
  CHECK(certificates == books);
  if (books >= 1000) {
    CHECK(trades > books);
    CHECK(gaps * 10 < books);  // where what bypasses a border does not fit through it
  }
}

TEST_CASE("every compiler clears the same books alike") {
  // Release builds are made by g++, dev builds by clang++: script/test runs both.
  CHECK(digest(1, 2'000) == 2'976'417'616'856'185'305U);
}
