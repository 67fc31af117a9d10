#include "ledger/sharing.hpp"

#include "ledger/slot_evidence.hpp"
#include "ledger/tariffs.hpp"
#include "market/certificate.hpp"
#include "tests/unit/ledger/market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using test::reading;
using test::resident;
using test::TestChain;
using test::utility;

namespace {

constexpr UtcMillis start{1'600'000'200'000};
constexpr std::int64_t kwh = nano_per_unit;
constexpr std::int64_t slot_ms = TestChain::slot_ms;

UtcMillis slot_at(std::int64_t index) {
  return {slot_start(start, slot_ms).value + index * slot_ms};
}
UtcMillis end_of(std::int64_t index) {
  return slot_at(index + 1);
}

Settled settled_of(const TestChain& chain, const ParticipantRef& who, std::int64_t index) {
  const auto record = find_slot(chain.state, slot_at(index));
  REQUIRE(record);
  for (std::size_t i = 0; i < record->terms.size(); ++i) {
    if (record->terms[i].participant == who) return record->settled[i];
  }
  FAIL("not in the slot");
  return {};
}

/// A offers 4 kWh, B and C draw 4 each.
void settle(TestChain& chain, std::int64_t index) {
  const auto sequence = static_cast<std::uint64_t>(index + 1);
  chain.block(end_of(index), {reading("A", sequence, slot_at(index), -4 * kwh),
                              reading("B", sequence, slot_at(index), 4 * kwh),
                              reading("C", sequence, slot_at(index), 4 * kwh)});
}

/// From the second slot on; before it the registry's rate counts, which is the tariff.
void sells_cheaply(TestChain& chain, const char* id) {
  SetCriteria criteria;
  criteria.participant = resident(id);
  criteria.sell_price = Price::from_nano(50'000'000);
  chain.set_criteria(criteria);
}

TestChain community(std::string_view rule) {
  TestChain chain(start, 0);
  chain.parameters.clearing_rule = rule;
  for (const char* id : {"A", "B", "C"}) chain.add_home(id);
  sells_cheaply(chain, "A");
  return chain;
}

}  // namespace

TEST_CASE("shares on the chain decide who gets what, from their slot on") {
  for (const char* rule : {"french_static", "flemish_fixed"}) {
    CAPTURE(rule);
    auto chain = community(rule);
    chain.change([&](Overlay& changes) {
      CHECK(put_shares(changes,
                       {slot_at(1),
                        {{resident("B"), 750'000'000}, {resident("C"), 250'000'000}},
                        {},
                        Price::from_nano(80'000'000)},
                       slot_at(0)));
      CHECK(put_shares(changes, {slot_at(2), {{resident("C"), 500'000'000}}, {}, {}}, slot_at(0)));
      CHECK(put_shares(changes, {slot_at(3), {}, {}, {}}, slot_at(0)));
    });
    for (const std::int64_t index : {0, 1, 2, 3}) settle(chain, index);
    // Alike without shares; then 3 to 1, at the agreed price; then C alone; then alike again.
    CHECK(settled_of(chain, resident("B"), 0).bought == Energy::from_nano(2 * kwh));
    CHECK(settled_of(chain, resident("B"), 1).bought == Energy::from_nano(3 * kwh));
    CHECK(settled_of(chain, resident("B"), 1).paid == Coins::from_nano(240'000'000));
    CHECK(settled_of(chain, resident("C"), 1).bought == Energy::from_nano(1 * kwh));
    CHECK(settled_of(chain, resident("B"), 2).bought == Energy{});
    CHECK(settled_of(chain, resident("C"), 2).bought == Energy::from_nano(2 * kwh));
    CHECK(settled_of(chain, resident("B"), 3).bought == Energy::from_nano(2 * kwh));
    chain.check_sound();
  }
}

TEST_CASE("shares of pairs make the full dynamic key share") {
  auto chain = community("french_full_dynamic");
  chain.change([&](Overlay& changes) {
    CHECK(put_shares(changes,
                     {slot_at(1),
                      {},
                      {{resident("A"), resident("B"), 250'000'000},
                       {resident("A"), resident("C"), 500'000'000},
                       {resident("A"), resident("Z"), 250'000'000}},
                      {}},
                     slot_at(0)));
  });
  settle(chain, 0);
  settle(chain, 1);
  CHECK(settled_of(chain, resident("B"), 0).bought == Energy{});
  CHECK(settled_of(chain, resident("B"), 1).bought == Energy::from_nano(1 * kwh));
  CHECK(settled_of(chain, resident("C"), 1).bought == Energy::from_nano(2 * kwh));
  CHECK(settled_of(chain, resident("A"), 1).to_utility == Energy::from_nano(1 * kwh));
  chain.check_sound();
}

TEST_CASE("shares that contradict themselves are refused") {
  const auto fault = [](const SetShares& shares) {
    const auto checked = check_shares(shares);
    return checked ? std::string() : checked.error().detail();
  };
  const auto a = resident("A");
  const auto b = resident("B");
  CHECK(fault({slot_at(1), {{a, kwh}}, {{a, b, kwh}}, {}}).empty());
  CHECK(fault({slot_at(1), {{a, kwh}, {b, 1}}, {}, {}}) == "the shares together are more than 1");
  CHECK(fault({slot_at(1), {{b, 1}, {a, 1}}, {}, {}}) == "shares stand by participant, each once");
  CHECK(fault({slot_at(1), {{a, -1}}, {}, {}}) == "a share must be between 0 and 1");
  CHECK(fault({slot_at(1), {}, {{a, a, 1}}, {}}) == "nobody has a share of its own energy");
  CHECK(fault({slot_at(1), {}, {{a, b, kwh}, {a, resident("C"), 1}}, {}}) ==
        "the shares of a producer are more than 1");
  CHECK(fault({slot_at(1), {}, {{b, a, 1}, {a, b, 1}}, {}}) ==
        "pairs stand by producer and consumer, each once");
  CHECK(fault({slot_at(1), {}, {}, Price::from_nano(-1)}) ==
        "the price of shared energy must be between 0 and 1000 coins per kWh");
}

TEST_CASE("versions that no slot goes by any more are forgotten, and there are not too many") {
  auto chain = community("french_static");
  chain.change([&](Overlay& changes) {
    for (std::int64_t i = 1; i <= 64; ++i) {
      CHECK(put_shares(changes, {slot_at(i), {}, {}, {}}, slot_at(0)));
    }
    CHECK_FALSE(put_shares(changes, {slot_at(65), {}, {}, {}}, slot_at(0)));
    CHECK(put_shares(changes, {slot_at(65), {}, {}, {}}, slot_at(10)));
    CHECK(share_versions(changes).size() == 56);
    CHECK(find_shares(changes, slot_at(10))->from == slot_at(10));
    CHECK_FALSE(find_shares(changes, slot_at(9)));
  });
}

TEST_CASE("the certificate of an optimal slot is kept, and anyone checks it") {
  auto chain = community("optimal");
  settle(chain, 0);
  settle(chain, 1);
  const auto value = chain.history.get(history_table::certificates, history_key::time(slot_at(1)));
  REQUIRE(value);
  const auto evidence = parse_evidence_row(*value);
  REQUIRE(evidence.ok());
  CHECK(evidence->clearing.volume == Energy::from_nano(4 * kwh));
  CHECK(market::check_certificate(evidence->book, evidence->network, evidence->clearing).ok());
  CHECK(evidence->clearing.certificate->gap() == 0);
  auto forged = *evidence;
  forged.clearing.trades.pop_back();
  CHECK_FALSE(market::check_certificate(forged.book, forged.network, forged.clearing).ok());
  forged = *evidence;
  forged.book.orders[0].limit = Price::from_nano(forged.book.orders[0].limit.nano() + 1);
  CHECK_FALSE(market::check_certificate(forged.book, forged.network, forged.clearing).ok());
  for (std::size_t cut = 0; cut < value->size(); cut += 3) {
    CHECK_FALSE(parse_evidence_row(ByteView(*value).first(cut)).ok());
  }
}

TEST_CASE("by rule nrgcoin the operator's part is a fee of its own level in a settled slot") {
  // A feeds in 4 kWh and B draws 14: buyers pay h = 0.1629 × 14/18, sellers get g = 0.1629 / e.
  TestChain chain(start, 0);
  chain.parameters.clearing_rule = "nrgcoin";
  for (const char* id : {"A", "B"}) chain.add_home(id);
  sells_cheaply(chain, "A");
  for (const std::int64_t index : {0, 1}) {
    const auto sequence = static_cast<std::uint64_t>(index + 1);
    chain.block(end_of(index), {reading("A", sequence, slot_at(index), index * -4 * kwh),
                                reading("B", sequence, slot_at(index), index * 14 * kwh)});
  }
  const auto key = Encoder().time(slot_at(1)).u32(0).data();
  const auto value = chain.history.get(history_table::trades, key);
  REQUIRE(value);
  const auto row = parse_trade_row(key, *value);
  REQUIRE(row.ok());
  const auto& trade = row->trade;
  const auto a = settled_of(chain, resident("A"), 1);
  const auto b = settled_of(chain, resident("B"), 1);
  CHECK(trade.venue == Venue::local);
  CHECK(trade.energy == Energy::from_nano(4 * kwh));
  REQUIRE(trade.fees.size() == 1);
  CHECK(trade.fees[0].zone == "operator");
  CHECK(trade.losses.is_zero());
  // Integers, to the nano-coin: h × 4 kWh = 0.5068, g × 4 kWh = 0.239710….
  CHECK(trade.amount.nano() == doctest::Approx(0.1629 / 2.718281828459 * 4e9).epsilon(1e-7));
  CHECK(trade.amount.nano() + trade.total_fees().nano() ==
        doctest::Approx(0.1629 * 14 / 18 * 4e9).epsilon(1e-7));
  CHECK(a.earned == trade.amount);
  CHECK(b.paid == trade.amount);
  CHECK(b.fees == trade.total_fees());
  CHECK(balance(chain.state, system_account(AccountClass::network_fees, asset_coins)) ==
        b.fees.nano());
  chain.check_sound();
}

TEST_CASE("bands of a tariff price slots by local hour, from their slot on and not before") {
  TestChain chain(start, 50'000'000);
  chain.add_home("A");
  // 12:30 and 12:45 UTC; local time is an hour ahead from the second slot on.
  SetCalendar summer{"Test", {{slot_at(1), 60}}};
  const auto hour = [&](std::int64_t index, int minutes) {
    const auto local = Calendar("Test", {{slot_at(1), 60}}).local(slot_at(index));
    return static_cast<std::uint16_t>((local.minute + minutes + 1'440) % 1'440);
  };
  SetTariff tariff;
  tariff.utility = utility().id;
  tariff.from = slot_at(1);
  tariff.bands = {{"peak",
                   Price::from_nano(300'000'000),
                   Price::from_nano(60'000'000),
                   {{127, hour(2, 0), hour(2, 15)}}},
                  {"night",
                   Price::from_nano(100'000'000),
                   Price::from_nano(20'000'000),
                   {{127, hour(1, 0), hour(1, 15)}}}};
  tariff.mix = {{EnergySource::solar, 200'000}, {EnergySource::thermal, 800'000}};
  REQUIRE(check_tariff(tariff).ok());
  chain.change([&](Overlay& changes) {
    put_calendar(changes, summer);
    CHECK(put_tariff(changes, tariff, slot_at(0)));
  });
  for (const std::int64_t index : {0, 1, 2, 3}) {
    chain.block(end_of(index),
                {reading("A", static_cast<std::uint64_t>(index + 1), slot_at(index), 2 * kwh)});
  }
  const auto charge = [&](std::int64_t index) {
    return settled_of(chain, resident("A"), index).utility_charge.nano();
  };
  CHECK(charge(0) == 325'800'000);  // the registry's 0.1629
  CHECK(charge(1) == 200'000'000);
  CHECK(charge(2) == 600'000'000);
  CHECK(charge(3) == 325'800'000);
  CHECK(find_tariff(chain.state, utility().id, slot_at(1))->mix.size() == 2);
  chain.check_sound();
}

TEST_CASE("tariffs that contradict themselves are refused") {
  SetTariff tariff;
  tariff.utility = utility().id;
  tariff.from = slot_at(1);
  const auto fault = [&] {
    const auto checked = check_tariff(tariff);
    return checked ? std::string() : checked.error().detail();
  };
  CHECK(fault().empty());
  tariff.bands = {{"day", Price::from_nano(2), Price::from_nano(1), {}}};
  CHECK(fault().empty());
  tariff.bands.push_back(tariff.bands[0]);
  CHECK(fault() == "a band is named twice");
  tariff.bands[1].name = "";
  CHECK(fault() == "a band of a tariff has a name of 1 to 64 bytes");
  tariff.bands[1] = {"night", Price::from_nano(1), Price::from_nano(2), {}};
  CHECK(fault() == "a utility pays no more than it asks");
  tariff.bands.pop_back();
  tariff.mix = {{EnergySource::wind, 999'999}};
  CHECK(fault() == "the parts of a mix are not 1000000 together");
  tariff.mix = {{EnergySource::wind, 500'000}, {EnergySource::solar, 500'000}};
  CHECK(fault() == "a mix stands by source, each once");
}
