#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/market_book.hpp"
#include "apps/market_commands.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto orders = R"({"start":"2026-12-01T00:00:00Z","participants":["B","A","C"],"orders":[
  {"id":"a","participant":"A","side":"sell","energy":"3","price":"0.05"},
  {"id":"b","participant":"B","side":"buy","energy":"2","price":"0.16"},
  {"id":"c","participant":"C","side":"buy","energy":"2","price":"0.12"}],
 "network":{"zones":[{"id":"z","fee":"0.01"}],"participants":{"A":"z","B":"z","C":"z"}}})";

/// As GET /v1/slots/{start}/certificate answers.
Json answer() {
  const auto book = parse_market_book(orders);
  REQUIRE_MESSAGE(book.ok(), book.error().detail());
  const auto clearing = market::clear("optimal", book->book, book->network);
  REQUIRE(clearing.ok());
  REQUIRE(clearing->certificate);
  Json document = Json::parse(orders);
  Json trades = Json::array();
  for (const auto& trade : clearing->trades) {
    trades.push_back({{"buy", book->book.orders[trade.buy].id},
                      {"sell", book->book.orders[trade.sell].id},
                      {"energy", to_text(trade.energy)},
                      {"price", to_text(trade.price)},
                      {"fees", to_text(trade.fees)},
                      {"losses", to_text(trade.losses)}});
  }
  Json prices = Json::array();
  for (const Price price : clearing->certificate->prices) prices.push_back(to_text(price));
  document["clearing"] = {{"rule", "optimal"},
                          {"trades", trades},
                          {"prices", prices},
                          {"surplus", market::to_text(clearing->certificate->surplus)},
                          {"bound", market::to_text(clearing->certificate->bound)},
                          {"gap", market::to_text(clearing->certificate->gap())}};
  return document;
}

std::string fault(const Json& document) {
  const auto checked = check_market_certificate(document.dump());
  return checked ? std::string() : checked.error().detail();
}

}  // namespace

TEST_CASE("a certificate is checked from its text alone, and a forged one is refused") {
  const Json good = answer();
  const auto holds = check_market_certificate(good.dump());
  REQUIRE_MESSAGE(holds.ok(), holds.error().detail());
  CHECK(holds->gap() == 0);
  CHECK(market::to_text(holds->surplus) == "0.26");  // 2 × 0.10 + 1 × 0.06
  Json forged = good;
  forged["clearing"]["trades"][0]["energy"] = "0.5";
  CHECK(fault(forged) == "the surplus is another one");
  forged = good;
  forged["clearing"]["trades"].clear();
  forged["clearing"]["surplus"] = "0";
  CHECK(check_market_certificate(forged.dump())->gap() > 0);  // a true bound, and not reached
  forged = good;
  forged["orders"][1]["price"] = "0.17";
  CHECK_FALSE(fault(forged).empty());
  forged = good;
  forged["clearing"]["prices"].erase(0);
  CHECK_FALSE(fault(forged).empty());
}

TEST_CASE("what is no certificate is told apart from one that does not hold") {
  const Json good = answer();
  const auto damaged = [](const Json& document) {
    const auto checked = check_market_certificate(document.dump());
    REQUIRE_FALSE(checked.ok());
    return checked.error().detail();
  };
  Json wrong = good;
  wrong.erase("clearing");
  CHECK(damaged(wrong) == "certificate: there is no clearing");
  wrong = good;
  wrong["clearing"]["trades"][0]["buy"] = "nobody";
  CHECK(damaged(wrong) == "certificate: a trade names an order that is not in the book");
  for (const char* number :
       {"x", "1e3", "0.1234567890123456789", "99999999999999999999999999999"}) {
    CAPTURE(number);
    wrong = good;
    wrong["clearing"]["surplus"] = number;
    CHECK_FALSE(check_market_certificate(wrong.dump()).ok());
  }
  wrong = good;
  wrong["clearing"]["trades"][0].erase("fees");
  CHECK(damaged(wrong) == "certificate: fees is missing or no text");
}

}  // namespace powershare::apps
