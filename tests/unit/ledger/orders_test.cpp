// Explicit orders and criteria as transactions: what is taken, what is refused and why.
#include "ledger/orders.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr std::int64_t slot_ms = 15 * millis_per_minute;

UtcMillis slot(std::int64_t k) {
  return {created.value + k * slot_ms};
}

PlaceOrder bid(const char* energy, const char* limit, std::int64_t first = 1,
               std::uint16_t slots = 1) {
  return {h01, OrderSide::buy, slot(first), slots, kwh(energy), price(limit), {}, false};
}
PlaceOrder offer(const char* energy, const char* limit, std::int64_t first = 1,
                 std::uint16_t slots = 1) {
  auto result = bid(energy, limit, first, slots);
  result.side = OrderSide::sell;
  return result;
}

void step(Chain& chain, UtcMillis to) {
  REQUIRE(chain.submit(ClockStep{to}, feeder, "feeder").outcome == Outcome::applied);
}

std::string code(const Receipt& receipt) {
  return receipt.outcome == Outcome::applied ? "applied" : receipt.code;
}

/// Places it and gives its id.
Digest placed(Chain& chain, const PlaceOrder& order) {
  const auto receipt = chain.submit_as(h01, order);
  REQUIRE(code(receipt) == "applied");
  return receipt.transaction;
}

}  // namespace

TEST_CASE("an order is taken for aligned slots before their gate, up to 7 days ahead") {
  Chain chain;
  CHECK(code(chain.submit_as(h01, offer("1", "0.1"))) == "applied");
  auto odd = offer("1", "0.1");
  odd.first_slot.value += 1;
  CHECK(code(chain.submit_as(h01, odd)) == "bad_slot");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 0))) == "gate_closed");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 7 * 96))) == "applied");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 7 * 96 + 1))) == "bad_slot");
  step(chain, {gate_of(Parameters{}, slot(1)).value - 1});
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 1))) == "applied");
  step(chain, gate_of(Parameters{}, slot(1)));
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 1))) == "gate_closed");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 2))) == "applied");
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("the gate is where governance puts it, and what was cleared stays closed") {
  Chain chain;
  REQUIRE(code(chain.submit(SetParameter{"gate_closure", "20m"})) == "applied");
  const auto refused = chain.submit_as(h01, offer("1", "0.1", 1));
  CHECK(refused.code == "gate_closed");
  CHECK(refused.message == "Orders for a slot are taken until 20 minutes before its start");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 2))) == "applied");
  step(chain, {slot(2).value - 20 * millis_per_minute});
  REQUIRE(code(chain.submit(SetParameter{"gate_closure", "0s"})) == "applied");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 2))) == "gate_closed");
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 3))) == "applied");
  step(chain, {slot(3).value - 1});
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 3))) == "applied");
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("what no order may say is malformed") {
  Chain chain;
  std::vector<PlaceOrder> wrong(9, bid("1", "0.1"));
  wrong[0].energy = {};
  wrong[1].energy = kwh("1000000.000000001");
  wrong[2].limit = price("-0.1");
  wrong[3].limit = price("1000.1");
  wrong[4].slots = 0;
  wrong[5].slots = 97;
  wrong[6].partners = {h01};
  wrong[7].partners = {h02, h02};
  wrong[8] = offer("1", "0.1");
  wrong[8].only_renewable = true;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    CAPTURE(i);
    CHECK(code(chain.submit_as(h01, wrong[i])) == "malformed");
  }
}

TEST_CASE("only the owner orders, and no bank") {
  Chain chain;
  CHECK(code(chain.submit(bid("1", "0.1"), 12, to_text(h02))) == "forbidden");
  auto banker = bid("1", "0.1");
  banker.participant = bank;
  CHECK(code(chain.submit(banker)) == "not_allowed");
  auto nobody = offer("1", "0.1");
  nobody.participant = ref("Resident:N1");
  CHECK(code(chain.submit(nobody)) == "unknown_participant");
  auto car = offer("1", "0.1");
  car.participant = vehicle;
  CHECK(code(chain.submit(car, 11, to_text(h01))) == "applied");  // H01 owns V1
}

TEST_CASE("a bid needs coins and credit for all its slots, beside the other live bids") {
  Chain chain;  // H01 has 20 coins
  CHECK(code(chain.submit_as(h01, bid("10", "1", 1, 2))) == "applied");
  CHECK(code(chain.submit_as(h01, bid("0.000000001", "1"))) == "insufficient_balance");
  CHECK(code(chain.submit_as(h01, offer("100", "1"))) == "applied");
  REQUIRE(code(chain.submit(SetParameter{"credit_limit", "5"})) == "applied");
  CHECK(code(chain.submit_as(h01, bid("5.000000001", "1"))) == "insufficient_balance");
  CHECK(code(chain.submit_as(h01, bid("5", "1"))) == "applied");
  CHECK(code(chain.submit_as(h01, bid("1000000", "1000", 1, 96))) == "insufficient_balance");
}

TEST_CASE("a participant has at most 64 live orders") {
  Chain chain;
  for (std::size_t i = 0; i < OrderLimits::max_live; ++i) placed(chain, offer("1", "0.1"));
  CHECK(code(chain.submit_as(h01, offer("1", "0.1"))) == "too_many_orders");
  CHECK(orders_of(chain.machine.state(), h01).size() == 64);
  CHECK(orders_of(chain.machine.state(), h02).empty());
  // When their slot is closed there is room again, and no record is left.
  step(chain, slot(3));
  CHECK(orders_of(chain.machine.state(), h01).empty());
  CHECK(code(chain.submit_as(h01, offer("1", "0.1", 4))) == "applied");
}

TEST_CASE("cancelling ends the slots whose gate is open") {
  Chain chain;
  const auto id = placed(chain, offer("1", "0.1", 1, 3));
  const auto& state = chain.machine.state();
  CHECK(code(chain.submit_as(h01, CancelOrder{h01, Digest{}})) == "unknown_order");
  CHECK(code(chain.submit(CancelOrder{h01, id}, 12, to_text(h02))) == "forbidden");
  CHECK(code(chain.submit(CancelOrder{h02, id}, 12, to_text(h02))) == "unknown_order");
  step(chain, gate_of(Parameters{}, slot(1)));
  CHECK(code(chain.submit_as(h01, CancelOrder{h01, id})) == "applied");
  REQUIRE(find_order(state, h01, id));
  CHECK(find_order(state, h01, id)->order.slots == 1);
  CHECK(code(chain.submit_as(h01, CancelOrder{h01, id})) == "gate_closed");
  const auto whole = placed(chain, offer("1", "0.1", 3, 3));
  CHECK(code(chain.submit_as(h01, CancelOrder{h01, whole})) == "applied");
  CHECK_FALSE(find_order(state, h01, whole));
  CHECK(code(chain.submit_as(h01, CancelOrder{h01, whole})) == "unknown_order");
}

TEST_CASE("who leaves takes its orders along, from the end of the running slot on") {
  Chain chain;
  const auto& state = chain.machine.state();
  const auto running = placed(chain, offer("1", "0.1", 1, 4));
  const auto later = placed(chain, offer("1", "0.1", 3, 4));
  step(chain, slot(2));
  REQUIRE(code(chain.submit(DeleteParticipant{h01})) == "applied");
  REQUIRE(find_order(state, h01, running));
  CHECK(find_order(state, h01, running)->order.slots == 2);
  CHECK_FALSE(find_order(state, h01, later));
  step(chain, slot(4));
  CHECK(orders_of(state, h01).empty());
}

TEST_CASE("criteria with rules are checked, kept, and stand beside those without") {
  Chain chain;
  SetCriteria criteria;
  criteria.participant = h01;
  criteria.buy_rules.tariff_offset = price("-0.01");
  criteria.buy_rules.windows = {{0b0011111, 480, 1080}};
  criteria.sell_rules.partners = {h02, vehicle};
  criteria.battery_reserve = kwh("2");
  criteria.only_renewable = true;
  REQUIRE(code(chain.submit_as(h01, criteria)) == "applied");
  const auto kept = find_criteria(chain.machine.state(), h01, slot(1));
  REQUIRE(kept);
  CHECK(kept->buy_rules == criteria.buy_rules);
  CHECK(kept->sell_rules == criteria.sell_rules);
  CHECK(kept->battery_reserve == criteria.battery_reserve);
  CHECK(kept->only_renewable);

  std::vector<SetCriteria> wrong(8, criteria);
  wrong[0].buy_price = price("0.1");  // fixed and tied
  wrong[1].buy_rules.tariff_offset = price("1000.1");
  wrong[2].buy_rules.windows[0].weekdays = 0;
  wrong[3].buy_rules.windows[0].weekdays = 128;
  wrong[4].buy_rules.windows[0].from_minute = 1440;
  wrong[5].buy_rules.windows.assign(17, criteria.buy_rules.windows[0]);
  wrong[6].sell_rules.partners = {h01};
  wrong[7].battery_reserve = kwh("-1");
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    CAPTURE(i);
    CHECK(code(chain.submit_as(h01, wrong[i])) == "malformed");
  }
}

TEST_CASE("consent to manual trades obeys the criteria: windows, partners, tariff, renewable") {
  Chain chain;
  const EnergyToCoins trade{price("0.1629"), kwh("0.5"), h01, h02};
  const auto consent = [&](const std::function<void(SetCriteria&)>& wish) {
    SetCriteria criteria;
    criteria.participant = h01;
    wish(criteria);
    REQUIRE(code(chain.submit_as(h01, criteria)) == "applied");
    const auto now = clock(chain.machine.state()).island;
    step(chain, {slot_start(now, slot_ms).value + slot_ms});
    return code(chain.submit_as(h02, trade));
  };
  CHECK(consent([](SetCriteria&) {}) == "applied");
  CHECK(consent([](SetCriteria& it) { it.sell_enabled = false; }) == "no_consent");
  CHECK(consent([](SetCriteria& it) { it.sell_rules.partners = {vehicle}; }) == "no_consent");
  CHECK(consent([](SetCriteria& it) { it.sell_rules.partners = {h02}; }) == "applied");
  CHECK(consent([](SetCriteria& it) {
          it.sell_rules.windows = {{0b1000000, 0, 0}};
        }) == "no_consent");  // 2019-10-21 was a Monday
  CHECK(consent([](SetCriteria& it) { it.sell_rules.windows = {{0b0000001, 0, 0}}; }) == "applied");
  CHECK(consent([](SetCriteria& it) { it.sell_rules.tariff_offset = price("0.01"); }) ==
        "no_consent");
  CHECK(consent([](SetCriteria& it) { it.sell_rules.tariff_offset = price("0"); }) == "applied");

  SetCriteria green;
  green.participant = h02;
  green.only_renewable = true;
  REQUIRE(code(chain.submit_as(h02, green)) == "applied");
  step(chain, {slot_start(clock(chain.machine.state()).island, slot_ms).value + slot_ms});
  CHECK(code(chain.submit_as(h01, EnergyToCoins{price("0.1"), kwh("0.1"), h01, h02})) ==
        "no_consent");
}
