// A household's trading over the routes themselves: the door's log-in is tested elsewhere.
#include "gateway/household/trading.hpp"

#include <doctest/doctest.h>

#include "ledger/calendar.hpp"
#include "ledger/history.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Json;
using test::resident;

constexpr std::int64_t slot_ms = 15 * millis_per_minute;
constexpr UtcMillis first_slot{1'571'648'400'000};  // Monday 2019-10-21T09:00:00Z

UtcMillis slot(std::int64_t k) {
  return {first_slot.value + k * slot_ms};
}
Price price(std::int64_t milli_coins) {
  return Price::from_nano(milli_coins * 1'000'000);
}

/// H01 asks; H02 and H03 are its neighbours, EEM supplies; it is 4 minutes into slot 2.
class Household {
 public:
  Household() {
    door_.gateway();  // makes the ports' parts
    Ports ports;
    ports.view = view_of(*door_.chain);
    ports.submitter = &door_.submitter;
    services_ = std::make_shared<Services>(GatewayOptions{}, std::move(ports));
    add_household_trading_routes(router_, services_);
    auto& state = door_.chain->state;
    ledger::put_parameters(state, ledger::Parameters{});
    ledger::start_market(state, first_slot, slot_ms);
    ledger::put_clock(state, {slot(2), {slot(2).value + 4 * millis_per_minute}});
    for (const auto* id : {"H01", "H02", "H03"}) add(home(id));
    ledger::Participant supplier;
    supplier.ref = {ledger::ParticipantType::utility_company, *ParticipantId::parse("EEM")};
    supplier.name = "Empresa";
    supplier.supplier = true;
    supplier.feed_in = price(50);
    add(supplier);
    ledger::Participant bank;
    bank.ref = {ledger::ParticipantType::bank, *ParticipantId::parse("B1")};
    add(bank);
  }

  static ledger::Participant home(std::string_view id) {
    ledger::Participant result;
    result.ref = resident(id);
    return result;
  }
  void add(const ledger::Participant& participant) {
    ledger::put_participant(state(), {participant, first_slot, {}});
  }
  ledger::Overlay& state() { return door_.chain->state; }
  void keep(const ledger::HistoryRow& row) {
    door_.chain->history.tables[row.table][row.key] = *row.value;
  }
  test::FakeSubmitter& submitter() { return door_.submitter; }
  /// What is submitted is answered as applied.
  void accept() {
    ledger::Receipt receipt;
    receipt.transaction = crypto::sha256(as_bytes("transaction"));
    submitter().answer = {};
    submitter().answer.transaction = receipt.transaction;
    submitter().answer.receipt = receipt;
    submitter().answer.place = TransactionPlace{7, 0};
  }

  std::shared_ptr<test::Reply> ask(std::string_view method, std::string_view target,
                                   std::string body = {}) {
    auto http = test::request_to(method, target);
    http.body = std::move(body);
    const auto match = router_.match(http.method, http.path);
    REQUIRE(match.route != nullptr);
    CHECK(match.route->info.access == Access::resident);
    auto reply = std::make_shared<test::Reply>();
    Request request;
    request.path_parameters = match.path_parameters;
    request.http = std::move(http);
    if (logged_in) request.caller = Caller{resident("H01"), session_};
    match.route->handler(request, Responder(reply, {}));
    CHECK(reply->answers == 1);
    return reply;
  }
  Json get(std::string_view target) {
    const auto reply = ask("GET", target);
    CAPTURE(reply->response.body);
    REQUIRE(reply->response.status == 200);
    return reply->json();
  }
  std::string fault(std::string_view method, std::string_view target, std::string body = {}) {
    const auto reply = ask(method, target, std::move(body));
    CHECK(reply->response.status == 400);
    return reply->json()["error"]["message"];
  }
  const Router& router() const { return router_; }
  bool logged_in = true;

 private:
  static std::function<Result<std::unique_ptr<ChainView>>()> view_of(test::Chain& chain);

  test::Door door_;
  std::shared_ptr<Services> services_;
  Router router_;
  std::shared_ptr<const crypto::KeyPair> session_ =
      std::make_shared<const crypto::KeyPair>(crypto::KeyPair::generate());
};

class StateView final : public ChainView {
 public:
  explicit StateView(test::Chain& chain) : chain_(chain) {}
  const ledger::StateReader& state() const override { return chain_.state; }
  const ledger::HistoryReader& history() const override { return chain_.history; }
  ledger::Header head() const override { return {}; }
  Digest head_hash() const override { return {}; }
  Result<std::optional<BlockRecord>> block(std::uint64_t) const override {
    return std::optional<BlockRecord>();
  }
  Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t) const override {
    return std::optional<ledger::HeaderProof>();
  }
  Result<std::optional<TransactionPlace>> place(const Digest&) const override {
    return std::optional<TransactionPlace>();
  }

 private:
  test::Chain& chain_;
};

std::function<Result<std::unique_ptr<ChainView>>()> Household::view_of(test::Chain& chain) {
  return [&chain]() -> Result<std::unique_ptr<ChainView>> {
    return std::unique_ptr<ChainView>(std::make_unique<StateView>(chain));
  };
}

constexpr auto full_criteria = R"({
  "sell":{"enabled":true,"price_coins_per_kwh":0.12,"partners":["H02","UtilityCompany:EEM"]},
  "buy":{"enabled":true,"tariff_offset_coins_per_kwh":-0.01,
         "windows":[{"weekdays":["mon","sun"],"from":"08:30","to":"24:00"}]},
  "automatic":false,"battery_reserve_kwh":2.5,"only_renewable":true,"pay_more_for_green":true})";

}  // namespace

TEST_CASE("criteria go in as JSON numbers and come out as they went in") {
  Household household;
  household.accept();
  const auto reply = household.ask("PUT", "/etms/criteria", full_criteria);
  CHECK(reply->response.status == 200);
  REQUIRE(household.submitter().calls.size() == 1);
  const auto& call = household.submitter().calls[0];
  CHECK(call.principal == "Resident:H01");
  CHECK(call.signer);
  const auto& criteria = std::get<ledger::SetCriteria>(*call.payload);
  CHECK(criteria.participant == resident("H01"));
  CHECK(criteria.sell_price == price(120));
  CHECK(criteria.buy_rules.tariff_offset == price(-10));
  CHECK(criteria.buy_rules.windows == std::vector<ledger::WeeklyWindow>{{0b1000001, 510, 1'440}});
  CHECK(criteria.sell_rules.partners.size() == 2);
  CHECK(criteria.battery_reserve.nano() == 2'500'000'000);

  ledger::put_criteria(household.state(), criteria, slot(3), first_slot);
  const auto shown = household.get("/etms/criteria");
  CHECK(shown["sell"]["price_coins_per_kwh"] == 0.12);
  CHECK(shown["buy"]["tariff_offset_coins_per_kwh"] == -0.01);
  CHECK(shown["buy"]["windows"][0] ==
        Json::parse(R"({"weekdays":["mon","sun"],"from":"08:30","to":"24:00"})"));
  CHECK(shown["sell"]["partners"] == Json::parse(R"(["Resident:H02","UtilityCompany:EEM"])"));
  CHECK(shown["set"] == true);
  CHECK(shown["in_force"] == false);
  CHECK(shown["counts_from"] == "2019-10-21T09:45:00Z");
  CHECK(shown["effect"]["tariff_coins_per_kwh"] == 0.1629);
  CHECK(shown["effect"]["feed_in_coins_per_kwh"] == 0.05);
  CHECK(shown["effect"]["buys_at_most_coins_per_kwh"] == 0.1529);
  CHECK(shown["effect"]["sells_at_least_coins_per_kwh"] == 0.12);
  CHECK(shown["effect"]["buys_renewable_only"] == true);
  CHECK(shown["effect"]["zone"] == "UTC");
}

TEST_CASE("without criteria the registry's prices are shown, in force; off is null") {
  Household household;
  auto shown = household.get("/etms/criteria");
  CHECK(shown["set"] == false);
  CHECK(shown["in_force"] == true);
  CHECK(shown["counts_from"] == "2019-10-21T09:30:00Z");
  CHECK(shown["sell"]["price_coins_per_kwh"].is_null());
  CHECK(shown["effect"]["sells_at_least_coins_per_kwh"] == 0.1629);
  ledger::SetCriteria off;
  off.participant = resident("H01");
  off.sell_enabled = false;
  ledger::put_criteria(household.state(), off, slot(0), first_slot);
  shown = household.get("/etms/criteria");
  CHECK(shown["in_force"] == true);
  CHECK(shown["effect"]["sells_at_least_coins_per_kwh"].is_null());
}

TEST_CASE("what is wrong with criteria is named, and nothing is submitted") {
  Household household;
  const auto wrong = [&](std::string body) {
    return household.fault("PUT", "/etms/criteria", std::move(body));
  };
  CHECK(wrong("[]") == "The body must be an object.");
  CHECK(wrong(R"({"sel":{}})") == "sel must be left away: there is no such field.");
  CHECK(wrong(R"({"sell":{"price":1}})") ==
        "sell.price must be left away: there is no such field.");
  CHECK(wrong(R"({"sell":{"price_coins_per_kwh":"0.1"}})") ==
        "sell.price_coins_per_kwh must be a number of at most 9,223,372,036.");
  CHECK(wrong(R"({"automatic":1})") == "automatic must be true or false.");
  CHECK(wrong(R"({"automatic":true,"automatic":true})") == "automatic must be given once.");
  for (const auto* to : {"8:30", "24:01", "12:60", "ab:cd", "-1:00", "08-30"}) {
    CAPTURE(to);
    CHECK(wrong(std::string(R"({"buy":{"windows":[{"weekdays":["mon"],"from":"08:00","to":")") +
                to + R"("}]}})") == "buy.windows.to must be a local time as 08:30.");
  }
  CHECK(wrong(R"({"buy":{"windows":[{"weekdays":["Monday"],"from":"08:00","to":"09:00"}]}})")
            .starts_with("buy.windows.weekdays must be"));
  CHECK(wrong(R"({"buy":{"partners":[7]}})").starts_with("buy.partners must be"));
  CHECK(household.submitter().calls.empty());
}

TEST_CASE("orders: placed, listed, cancelled") {
  Household household;
  household.accept();
  const auto reply = household.ask("POST", "/etms/orders",
                                   R"({"side":"buy","first_slot":"2019-10-21T10:00:00Z","slots":4,
      "energy_kwh":0.5,"limit_coins_per_kwh":0.15,"partners":["H03"],"only_renewable":true})");
  CHECK(reply->response.status == 200);
  CHECK(reply->json()["order"] == crypto::to_hex(crypto::sha256(as_bytes("transaction"))));
  const auto& order = std::get<ledger::PlaceOrder>(*household.submitter().calls.at(0).payload);
  CHECK(order.participant == resident("H01"));
  CHECK(order.first_slot == slot(4));
  CHECK(order.slots == 4);
  CHECK(order.energy.nano() == 500'000'000);
  CHECK(order.only_renewable);

  ledger::LiveOrder live;
  live.id[0] = 0xab;
  live.order = order;
  live.accepted = slot(2);
  ledger::put_order(household.state(), live, slot_ms);
  const auto items = household.get("/etms/orders")["items"];
  REQUIRE(items.size() == 1);
  CHECK(items[0]["id"] == crypto::to_hex(live.id));
  CHECK(items[0]["side"] == "buy");
  CHECK(items[0]["last_slot"] == "2019-10-21T10:45:00Z");
  CHECK(items[0]["cancel_before"] == "2019-10-21T10:40:00Z");
  CHECK(items[0]["limit_coins_per_kwh"] == 0.15);
  CHECK(items[0]["partners"] == Json::parse(R"(["Resident:H03"])"));

  CHECK(household.ask("DELETE", "/etms/orders/" + crypto::to_hex(live.id))->response.status == 200);
  const auto& cancelled = std::get<ledger::CancelOrder>(*household.submitter().calls.at(1).payload);
  CHECK(cancelled.order == live.id);
  CHECK(cancelled.participant == resident("H01"));
  CHECK(household.fault("DELETE", "/etms/orders/12") == "id must be 64 hexadecimal digits.");

  household.submitter().answer.receipt->outcome = ledger::Outcome::rejected;
  household.submitter().answer.receipt->code = "gate_closed";
  const auto refused = household.ask("DELETE", "/etms/orders/" + crypto::to_hex(live.id));
  CHECK(refused->response.status == 422);
  CHECK(refused->json()["error"]["code"] == "gate_closed");
}

TEST_CASE("what became of orders: by slot in whole pages, and in the list of live ones") {
  Household household;
  household.accept();
  ledger::LiveOrder live;
  live.id[0] = 0xab;
  live.order = {resident("H01"),
                ledger::OrderSide::sell,
                slot(4),
                4,
                Energy::from_nano(500),
                price(1),
                {},
                false};
  ledger::put_order(household.state(), live, slot_ms);
  for (int k = 4; k < 7; ++k) {
    ledger::OrderOutcome outcome;
    outcome.participant = resident("H01");
    outcome.order = live.id;
    outcome.side = ledger::OrderSide::sell;
    outcome.ordered = Energy::from_nano(500'000'000);
    outcome.limit = price(100);
    outcome.committed = Energy::from_nano(400'000'000);
    outcome.amount = Coins::from_nano(48'000'000);
    outcome.settled = k < 6;
    outcome.spot = Energy::from_nano(k < 6 ? 50'000'000 : 0);
    outcome.deviation = Energy::from_nano(k < 6 ? 100'000'000 : 0);
    outcome.deviation_cost = Coins::from_nano(k < 6 ? 16'000'000 : 0);
    household.keep(ledger::order_slot_row({slot(k), outcome}));
    outcome.participant = resident("H02");
    household.keep(ledger::order_slot_row({slot(k), outcome}));
  }
  const auto order = household.get("/etms/orders")["items"][0];
  CHECK(order["committed_kwh"] == 1.2);
  CHECK(order["delivered_kwh"] == 0.6);
  CHECK(order["traded_kwh"] == 0.1);
  CHECK(order["deviation_kwh"] == 0.2);
  CHECK(order["deviation_cost_coins"] == 0.032);

  const auto all = household.get("/etms/orders/results");
  REQUIRE(all["items"].size() == 3);
  CHECK(all["next"].is_null());
  const auto& first = all["items"][0];
  CHECK(first["order"] == crypto::to_hex(live.id));
  CHECK(first["slot"] == "2019-10-21T10:00:00Z");
  CHECK(first["side"] == "sell");
  CHECK(first["delivered_kwh"] == 0.3);
  CHECK(first["committed_coins"] == 0.048);
  CHECK(first["deviation_cost_coins"] == 0.016);
  CHECK(all["items"][2]["delivered_kwh"].is_null());
  const auto page = household.get("/etms/orders/results?limit=1");
  CHECK(page["items"].size() == 1);
  CHECK(page["next"] == "2019-10-21T10:15:00Z");
  CHECK(household
            .get("/etms/orders/results?from=2019-10-21T10:15:00Z&to=2019-10-21T10:30:00Z")["items"]
            .size() == 1);
  CHECK(household.fault("GET", "/etms/orders/results?from=2019-10-21T10:15:00Z&to=0") ==
        "from must not be after to.");
}

TEST_CASE("what is wrong with an order is named") {
  Household household;
  const auto wrong = [&](std::string body) {
    return household.fault("POST", "/etms/orders", std::move(body));
  };
  const auto with = [](const std::string& field, const Json& value) {
    Json order{{"side", "sell"},
               {"first_slot", "2019-10-21T10:00:00Z"},
               {"energy_kwh", 1},
               {"limit_coins_per_kwh", 0.1}};
    order[field] = value;
    return order.dump();
  };
  CHECK(wrong("{}") == "side must be buy or sell.");
  CHECK(wrong(with("side", "both")) == "side must be buy or sell.");
  CHECK(wrong(with("first_slot", 12)).starts_with("first_slot must be an ISO 8601 time"));
  CHECK(wrong(with("slots", 0)) == "slots must be a whole number from 1 to 96.");
  CHECK(wrong(with("slots", 97)) == "slots must be a whole number from 1 to 96.");
  CHECK(wrong(with("slots", 1.5)) == "slots must be a whole number from 1 to 96.");
  CHECK(wrong(with("energy_kwh", nullptr)) == "energy_kwh must be a number of kWh per slot.");
  CHECK(wrong(with("price", 1)) == "price must be left away: there is no such field.");
  CHECK(household.submitter().calls.empty());
}

TEST_CASE("the running slot says when it closes, what a kWh is worth and who is missing") {
  Household household;
  auto slot_json = household.get("/etms/slot");
  CHECK(slot_json["start"] == "2019-10-21T09:30:00Z");
  CHECK(slot_json["end"] == "2019-10-21T09:45:00Z");
  CHECK(slot_json["state"] == "open");
  CHECK(slot_json["closes_in_seconds"] == 660);
  CHECK(slot_json["closes_at_latest"] == "2019-10-21T09:50:00Z");
  CHECK(slot_json["indicative_price_coins_per_kwh"].is_null());
  CHECK(slot_json["settled_until"] == "2019-10-21T09:00:00Z");
  CHECK(slot_json["missing_meters"] == 0);
  CHECK(slot_json["next_order_slot"] == "2019-10-21T09:45:00Z");

  ledger::MeterRecord meter;
  meter.meter = *MeterId::parse("M1");
  meter.owner = resident("H02");
  meter.active_from = first_slot;
  ledger::put_meter(household.state(), meter);
  ledger::SlotRow row;
  row.start = slot(0);
  row.rule = "thesis";
  row.pairs = 1;
  household.keep(ledger::slot_row(row));
  ledger::TradeRow trade;
  trade.slot = slot(0);
  trade.trade = {resident("H01"), resident("H02"), Energy::from_nano(2'000'000'000), price(110),
                 Coins::from_nano(220'000'000)};
  household.keep(ledger::trade_row(trade));
  ledger::put_clock(household.state(), {slot(2), {slot(2).value + 10 * millis_per_minute}});
  slot_json = household.get("/etms/slot");
  CHECK(slot_json["indicative_price_coins_per_kwh"] == 0.11);
  CHECK(slot_json["indicative_from_slot"] == "2019-10-21T09:00:00Z");
  CHECK(slot_json["missing_meters"] == 1);
  CHECK(slot_json["next_order_slot"] == "2019-10-21T10:00:00Z");
  CHECK(slot_json["gate_closure_seconds"] == 300);
}

namespace {

void settle(Household& household, int slots) {
  for (int k = 0; k < slots; ++k) {
    ledger::SlotRow row;
    row.start = slot(k - slots);
    row.rule = "pay_as_clear";
    row.clearing_price = price(140);
    household.keep(ledger::slot_row(row));
    ledger::ParticipantSlotRow own;
    own.participant = resident("H01");
    own.slot = row.start;
    own.supply = {*ParticipantId::parse("EEM"), price(163), price(50)};
    ledger::SettledTrade bought{resident("H01"),
                                resident("H02"),
                                Energy::from_nano(1'000'000'000),
                                price(140),
                                Coins::from_nano(140'000'000),
                                ledger::Venue::local,
                                true,
                                false};
    ledger::SettledTrade rest{
        resident("H01"),
        {ledger::ParticipantType::utility_company, *ParticipantId::parse("EEM")},
        Energy::from_nano(500'000'000),
        price(163),
        Coins::from_nano(81'500'000),
        ledger::Venue::utility};
    own.trades = {{row.start, 0, bought}, {row.start, 1, rest}};
    household.keep(ledger::participant_slot_row(own));
  }
}

}  // namespace

TEST_CASE("trades are the caller's own, in pages, each with its reason") {
  Household household;
  settle(household, 5);
  const auto all = household.get("/etms/trades?limit=1000");
  REQUIRE(all["items"].size() == 10);
  CHECK(all["next"].is_null());
  const auto& local = all["items"][0];
  CHECK(local["side"] == "buy");
  CHECK(local["counterparty"] == "Resident:H02");
  CHECK(local["energy_kwh"] == 1);
  CHECK(local["why"]["reason"] == "one_price_for_all");
  CHECK(local["why"]["by"] == "order");
  CHECK(local["why"]["clearing_price_coins_per_kwh"] == 0.14);
  CHECK(local["why"]["advantage_coins"] == 0.023);
  const auto& rest = all["items"][1];
  CHECK(rest["counterparty"] == "UtilityCompany:EEM");
  CHECK(rest["why"]["reason"] == "rest_from_utility");
  CHECK(rest["why"]["by"] == "criteria");
  CHECK(rest["why"]["advantage_coins"] == 0);

  Json pages = Json::array();
  std::string target = "/etms/trades?limit=3";
  for (int page = 0; page < 4; ++page) {
    const auto json = household.get(target);
    for (const auto& item : json["items"]) pages.push_back(item);
    if (json["next"].is_null()) break;
    target = "/etms/trades?limit=3&after=" + json["next"].get<std::string>();
  }
  CHECK(pages == all["items"]);
  CHECK(household.get("/etms/trades?from=2019-10-21T08:45:00Z&to=2019-10-21T09:00:00Z")["items"]
            .size() == 2);
  CHECK(household.fault("GET", "/etms/trades?from=2&to=1") == "from must not be after to.");
  CHECK(household.fault("GET", "/etms/trades?after=x") == "after must be the id of a trade.");
  CHECK(household.fault("GET", "/etms/trades?limit=1001") ==
        "limit must be a whole number from 1 to 1000.");
  CHECK(household.fault("GET", "/etms/trades?from=now").starts_with("from must be"));
}

TEST_CASE("neighbours show a price and whether they trade with the caller, and nothing personal") {
  Household household;
  ledger::SetCriteria picky;
  picky.participant = resident("H02");
  picky.sell_rules.partners = {resident("H03")};
  picky.buy_enabled = false;
  ledger::put_criteria(household.state(), picky, slot(0), first_slot);
  ledger::SetCriteria seller;
  seller.participant = resident("H03");
  seller.sell_price = price(90);
  ledger::put_criteria(household.state(), seller, slot(0), first_slot);
  const auto all = household.get("/etms/neighbours");
  CHECK(all["next"].is_null());
  CHECK(all["items"] == Json::parse(R"([
    {"id":"Resident:H02","alias":null,"type":"Resident","sells_at_coins_per_kwh":null,"open_to_trade":false},
    {"id":"Resident:H03","alias":null,"type":"Resident","sells_at_coins_per_kwh":0.09,"open_to_trade":true},
    {"id":"UtilityCompany:EEM","alias":"Empresa","type":"UtilityCompany","sells_at_coins_per_kwh":0.1629,
     "open_to_trade":true}])"));
  const auto first = household.get("/etms/neighbours?limit=1");
  CHECK(first["items"].size() == 1);
  CHECK(first["next"] == "Resident:H02");
  CHECK(household.get("/etms/neighbours?after=Resident:H02")["items"].size() == 2);
}

TEST_CASE("without a log-in every trading route answers 401 and does nothing") {
  Household household;
  household.logged_in = false;
  for (const auto& route : household.router().routes()) {
    CAPTURE(route.info.pattern);
    CHECK(household.ask(route.info.method, route.info.pattern, "{}")->response.status == 401);
  }
  CHECK(household.submitter().calls.empty());
}

TEST_CASE("every trading route describes its answer and what may go wrong") {
  const Household household;
  CHECK(household.router().routes().size() == 9);
  for (const auto& route : household.router().routes()) {
    CAPTURE(route.info.pattern);
    CHECK(Json::parse(route.info.response_schema).is_object());
    const bool has_body = route.info.method == "PUT" || route.info.method == "POST";
    CHECK(has_body == !route.info.request_schema.empty());
    CHECK(route.info.access == Access::resident);
  }
}

}  // namespace powershare::gateway
