#include <doctest/doctest.h>

#include <algorithm>

#include "ledger/cash_requests.hpp"
#include "ledger/household_news.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "tests/unit/ledger/household_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

MovementTotal total(const AccountStatement& statement, MovementKind kind) {
  for (const auto& each : statement.totals) {
    if (each.kind == kind) return each;
  }
  return {};
}

RequestCash request(const ParticipantRef& who, bool withdrawal, const char* amount) {
  return {who, withdrawal, cash(amount), "EUR"};
}

}  // namespace

TEST_CASE("a withdrawal reserves its cash at once, and goes out or comes back") {
  Household chain;
  const auto first = chain.as_owner(h01, request(h01, true, "4.000000001"));
  REQUIRE(first.outcome == Outcome::applied);
  CHECK(chain.balance(h01, "CA:EUR") == "10.999999999");
  CHECK(chain.escrow(h01) == 4'000'000'001);
  const auto second = chain.as_owner(h01, request(h01, true, "5"));
  const auto third = chain.as_owner(h01, request(h01, true, "6"));
  CHECK(third.code == "insufficient_balance");
  CHECK(third.message == "Insufficient cash in resident account");

  REQUIRE(cash_requests_of(chain.machine.state(), h01).size() == 2);
  CHECK(chain.as_administrator(ResolveCashRequest{first.transaction, true}).outcome ==
        Outcome::applied);
  CHECK(chain.as_administrator(ResolveCashRequest{second.transaction, false}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h01, "CA:EUR") == "10.999999999");
  CHECK(chain.escrow(h01) == 0);
  CHECK(!find_balance(chain.machine.state(), {AccountClass::escrow, h01, {}, "CA:EUR"}));
  CHECK(cash_requests_of(chain.machine.state(), h01).empty());
  const auto again = chain.as_administrator(ResolveCashRequest{first.transaction, true});
  CHECK(again.code == "unknown_request");

  const auto rows = chain.news(h01);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].kind == NewsKind::cash_request_refused);
  CHECK(rows[1].kind == NewsKind::cash_request_approved);
  CHECK(rows[1].subject == crypto::to_hex(first.transaction));
  CHECK(rows[1].amount_nano == 4'000'000'001);
  const auto statement = chain.statement(h01, "CA:EUR");
  CHECK(statement.opening_nano == nano("15"));
  CHECK(statement.closing_nano == nano("10.999999999"));
  CHECK(total(statement, MovementKind::withdrawal).out_nano == nano("9.000000001"));
  CHECK(total(statement, MovementKind::withdrawal).in_nano == nano("5"));
}

TEST_CASE("funding comes in when the administrator has seen the money") {
  Household chain;
  const auto asked = chain.as_owner(h02, request(h02, false, "2.5"));
  REQUIRE(asked.outcome == Outcome::applied);
  CHECK(chain.balance(h02, "CA:EUR") == "15");
  CHECK(chain.as_administrator(ResolveCashRequest{asked.transaction, true}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h02, "CA:EUR") == "17.5");
  const auto refused = chain.as_owner(h02, request(h02, false, "1"));
  CHECK(chain.as_administrator(ResolveCashRequest{refused.transaction, false}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h02, "CA:EUR") == "17.5");
  CHECK(total(chain.statement(h02, "CA:EUR"), MovementKind::funding).in_nano == nano("2.5"));
  RequestCash dollars = request(h02, false, "1");
  dollars.currency = "USD";
  CHECK(chain.as_owner(h02, dollars).code == "unknown_asset");
}

TEST_CASE("only the administrator approves; an owner takes its own request back") {
  Household chain;
  const auto asked = chain.as_owner(h01, request(h01, true, "4"));
  const ResolveCashRequest take_back{asked.transaction, false};
  CHECK(chain.as_owner(h01, ResolveCashRequest{asked.transaction, true}).code == "forbidden");
  CHECK(chain.as_owner(h02, take_back).code == "forbidden");
  CHECK(chain.as_owner(h02, request(h01, true, "1")).code == "forbidden");
  CHECK(chain.escrow(h01) == nano("4"));
  CHECK(chain.as_owner(h01, take_back).outcome == Outcome::applied);
  CHECK(chain.balance(h01, "CA:EUR") == "15");
  CHECK(chain.news(h01).empty());  // it knows
}

TEST_CASE("at most 16 requests are open, and a participant that goes leaves none") {
  Household chain;
  for (int i = 0; i < 16; ++i) {
    REQUIRE(chain.as_owner(h01, request(h01, i % 2 == 0, "0.5")).outcome == Outcome::applied);
  }
  CHECK(chain.as_owner(h01, request(h01, false, "1")).code == "too_many_requests");
  CHECK(chain.as_owner(h02, request(h02, false, "1")).outcome == Outcome::applied);
  CHECK(chain.escrow(h01) == nano("4"));
  REQUIRE(chain.as_owner(h01, SetPreferences{h01, RankingDisplay::named, {}, {}, {}}).outcome ==
          Outcome::applied);
  CHECK(chain.as_administrator(DeleteParticipant{h01}).outcome == Outcome::applied);
  CHECK(chain.escrow(h01) == 0);
  CHECK(chain.balance(h01, "CA:EUR") == "15");
  CHECK(cash_requests_of(chain.machine.state(), h01).empty());
  CHECK(cash_requests_of(chain.machine.state(), h02).size() == 1);
  CHECK(!find_preferences(chain.machine.state(), h01));
}

TEST_CASE("payloads that make no sense are malformed") {
  Household chain;
  for (const auto* amount : {"0", "-1"}) {
    CHECK(chain.as_owner(h01, request(h01, true, amount)).code == "malformed");
  }
  RequestCash odd = request(h01, false, "1");
  odd.currency = "euro";
  CHECK(chain.as_owner(h01, odd).code == "malformed");
  SetPreferences preferences{h01, RankingDisplay::named, coins("1"), coins("2"), {}};
  CHECK(chain.as_owner(h01, preferences).code == "malformed");
  preferences.top_up_below = coins("-1");
  preferences.top_up_amount = coins("1");
  CHECK(chain.as_owner(h01, preferences).code == "malformed");
  CHECK(chain.as_administrator(SetPreferences{bank, RankingDisplay::named, {}, {}, {}}).code ==
        "not_allowed");
  CHECK(chain.as_administrator(request(vehicle, false, "1")).code == "not_allowed");
  CHECK(chain.as_administrator(request(ref("Resident:N9"), false, "1")).code ==
        "unknown_participant");
}

TEST_CASE("coins are bought by themselves once per slot, as far as the cash reaches") {
  Household chain;
  // Everybody buys from the utility at 0.1629; H02 draws 100 kWh: 16.29 coins.
  REQUIRE(chain
              .as_owner(h02, SetPreferences{h02, RankingDisplay::anonymous, coins("10"), coins("5"),
                                            coins("9")})
              .outcome == Outcome::applied);
  chain.slot("0", "20");  // 3.258
  CHECK(chain.balance(h02, "CO") == "16.742");
  CHECK(chain.news(h02).empty());
  chain.slot("0", "24");  // 3.9096
  chain.slot("0", "24");
  CHECK(chain.balance(h02, "CO") == "8.9228");
  REQUIRE(chain.news(h02).size() == 1);
  CHECK(chain.news(h02)[0].kind == NewsKind::low_balance);
  CHECK(chain.news(h02)[0].balance_nano == nano("8.9228"));
  chain.slot("0", "24.5");  // 3.99105: 4.93175 are left, below 5
  CHECK(chain.balance(h02, "CO") == "13.93175");
  CHECK(chain.balance(h02, "CA:EUR") == "6");
  CHECK(chain.balance(bank, "CO") == "999991");
  auto rows = chain.news(h02);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].kind == NewsKind::top_up);
  CHECK(rows[0].amount_nano == nano("9"));
  CHECK(rows[0].balance_nano == nano("13.93175"));
  CHECK(rows[0].slot == UtcMillis{created.value + 3 * slot_ms});

  chain.slot("0", "24.5");  // 9.9407
  chain.slot("0", "24.5");  // 5.94965
  chain.slot("0", "24.5");  // 1.9586, and only 6 of cash
  CHECK(chain.balance(h02, "CO") == "7.9586");
  CHECK(chain.balance(h02, "CA:EUR") == "0");
  chain.slot("0", "24.5");  // 3.96755, no cash
  CHECK(chain.balance(h02, "CO") == "3.96755");
  chain.slot("0", "24.5");  // 0.0235 are owed
  CHECK(chain.balance(h02, "CO") == "0");

  const auto statement = chain.statement(h02, "CO");
  CHECK(total(statement, MovementKind::top_up).in_nano == nano("15"));
  CHECK(total(statement, MovementKind::top_up).count == 2);
  CHECK(total(statement, MovementKind::utility_charge).out_nano == nano("35.02350"));
  CHECK(total(statement, MovementKind::due).in_nano == nano("0.0235"));
  CHECK(statement.opening_nano == nano("20"));
  CHECK(statement.closing_nano == 0);
  const auto all = query_movement_totals(chain.machine.state(), chain.history, h02, {},
                                         {4'000'000'000'000}, 1'000);
  REQUIRE(all);
  CHECK(std::any_of(all->begin(), all->end(), [](const AccountStatement& each) {
    return each.asset == "due" && each.name == "E1" && each.closing_nano == nano("0.0235");
  }));
}

TEST_CASE("what was bought for owed coins pays what is owed first") {
  Household chain;
  for (int i = 0; i < 6; ++i) chain.slot("0", "25");  // 24.435: 4.435 are owed
  CHECK(chain.balance(h02, "CO") == "0");
  REQUIRE(
      chain
          .as_owner(h02, SetPreferences{h02, RankingDisplay::anonymous, {}, coins("1"), coins("5")})
          .outcome == Outcome::applied);
  chain.slot("0", "0");
  CHECK(chain.balance(h02, "CO") == "0.565");
  const auto statement = chain.statement(h02, "CO");
  CHECK(total(statement, MovementKind::top_up).in_nano == nano("5"));
  CHECK(total(statement, MovementKind::due).in_nano == nano("4.435"));
  CHECK(total(statement, MovementKind::due).out_nano == nano("4.435"));
}

TEST_CASE("a slot that is settled again tops nobody up, and is told as corrected") {
  Household chain;
  chain.slot("-4", "4");
  CHECK(chain.balance(h02, "CO") == "19.3484");
  REQUIRE(
      chain
          .as_owner(h02,
                    SetPreferences{h02, RankingDisplay::anonymous, {}, coins("19.3"), coins("1")})
          .outcome == Outcome::applied);
  auto correction = Household::reading("M2", 50, created, "6");
  correction.reading.corrects = 1;
  REQUIRE(chain.as_administrator(ReadingBatch{{correction}}).outcome == Outcome::applied);
  CHECK(chain.balance(h02, "CO") == "19.0226");
  CHECK(chain.balance(h02, "CA:EUR") == "15");
  const auto rows = chain.news(h02);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == NewsKind::slot_corrected);
  CHECK(rows[0].amount_nano == nano("-0.3258"));
  CHECK(rows[0].slot == created);
  const auto statement = chain.statement(h02, "CO");
  CHECK(total(statement, MovementKind::energy_bought).out_nano == nano("0.6516"));
  CHECK(total(statement, MovementKind::utility_charge).out_nano == nano("0.3258"));
  CHECK(chain.statement(h01, "CO").closing_nano == nano("20.6516"));
  CHECK(total(chain.statement(h01, "CO"), MovementKind::energy_sold).in_nano == nano("0.6516"));
}

TEST_CASE("rows read back as they were written; others are refused") {
  MovementRow movement{h01, "CA:EUR", "purse", created, 7, 3, created, {}, {}, -5};
  movement.transaction[4] = 9;
  movement.lines = {{MovementKind::top_up, 4}, {MovementKind::due, -9}};
  const auto row = movement_row(movement);
  CHECK(parse_movement_row(row.key, *row.value).value() == movement);
  auto cut = *row.value;
  cut.pop_back();
  CHECK(!parse_movement_row(row.key, cut));
  const NewsRow news{h02, 7, 3, created, NewsKind::top_up, "x", 4, created, -1, 2};
  const auto told = news_row(news);
  CHECK(parse_news_row(told.key, *told.value).value() == news);
  CHECK(!parse_news_row(ByteView(told.key).first(9), *told.value));
}

TEST_CASE("a statement stops at its bound of rows") {
  Household chain;
  for (int i = 0; i < 6; ++i) chain.slot("1", "1");
  const auto& state = chain.machine.state();
  const UtcMillis end{4'000'000'000'000};
  CHECK(query_movement_totals(state, chain.history, h01, {}, end, 6).ok());
  const auto refused = query_movement_totals(state, chain.history, h01, {}, end, 5);
  REQUIRE(!refused);
  CHECK(refused.error().code() == BaseError::out_of_range);
}
