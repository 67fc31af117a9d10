#include <doctest/doctest.h>

#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

const std::string h01_name = to_text(h01), h02_name = to_text(h02);

RegisterMeter meter(const char* name, const ParticipantRef& owner) {
  RegisterMeter result;
  result.meter = MeterId::parse(name).value();
  result.owner = owner;
  return result;
}

}  // namespace

TEST_CASE("a key that is not bound to the principal has no say, and burns no idempotency key") {
  Chain chain;
  const auto payload = TransferCoinsToEV{coins("1"), h01, vehicle};
  const auto theirs = chain.transaction(payload, stranger, h01_name, "once");
  const auto other = chain.transaction(payload, 12, h01_name, "once");
  for (const auto& receipt : chain.apply({theirs, other}).receipts) {
    CHECK(receipt.outcome == Outcome::rejected);
    CHECK(receipt.code == "unknown_key");
  }
  const auto own = chain.transaction(payload, 11, h01_name, "once");
  CHECK(chain.apply({own}).receipts[0].outcome == Outcome::applied);
}

TEST_CASE("owners act for themselves and their vehicles, nobody else does") {
  Chain chain;
  CHECK(chain.submit_as(h01, TransferCoinsToEV{coins("1"), h01, vehicle}).outcome ==
        Outcome::applied);
  CHECK(chain.submit_as(h01, TransferCoinsToEV{coins("1"), vehicle, h01}).outcome ==
        Outcome::applied);
  CHECK(chain.submit_as(h01, TransferCoinsToEV{coins("1"), vehicle, h02}).code == "forbidden");
  CHECK(chain.submit_as(h02, TransferCoinsToEV{coins("1"), vehicle, h02}).code == "forbidden");
  CHECK(chain.submit_as(h02, TransferCoinsToEV{coins("1"), h01, vehicle}).code == "forbidden");
  CHECK(chain.submit_as(h02, TransferCoinsToEV{coins("1"), h02, vehicle}).outcome ==
        Outcome::applied);
  auto updated = participant(h01);
  updated.sell_rate = price("0.12");
  CHECK(chain.submit_as(h01, UpdateParticipant{updated}).outcome == Outcome::applied);
  CHECK(chain.submit_as(h02, UpdateParticipant{updated}).code == "forbidden");
  CHECK(chain.submit_as(h02, DeleteParticipant{h01}).code == "forbidden");
  CHECK(chain.submit_as(h01, SetCriteria{h01, true, {}, true, {}}).outcome == Outcome::applied);
  CHECK(chain.submit_as(h01, SetCriteria{h02, true, {}, true, {}}).code == "forbidden");
}

TEST_CASE("registry, provisioning and cash are the administrator's") {
  Chain chain;
  const Payload payloads[] = {AddParticipant{participant(ref("Resident:H03"))},
                              ProvisionAsset{ref("Resident:H03"), AssetClass::coins, "", 1},
                              AdjustAsset{h01, AssetClass::coins, "", nano("1000")},
                              DeleteAsset{h01, AssetClass::cash, "EUR"},
                              meter("M01", h01),
                              CashFundingResident{cash("1"), "EUR", h01},
                              CashWithdrawalResident{cash("1"), "EUR", h01}};
  for (const auto& payload : payloads) {
    CHECK(chain.submit_as(h01, payload).code == "forbidden");
    CHECK(chain.submit(payload, gateway_0, "gateway:peer-0").code == "forbidden");
  }
  for (const auto& payload : payloads) {
    const auto receipt = chain.submit(payload);
    CHECK_MESSAGE((receipt.outcome == Outcome::applied || receipt.code == "unknown_asset"),
                  receipt.message);
  }
}

TEST_CASE("a trade by one side needs the other side's published criteria") {
  Chain chain;
  const auto sell = [&](const char* rate) {
    return chain.submit_as(h01, EnergyToCoins{price(rate), kwh("0.1"), h01, h02});
  };
  const auto buy = [&](const char* rate) {
    return chain.submit_as(h02, EnergyToCoins{price(rate), kwh("0.1"), h01, h02});
  };
  CHECK(sell("0.1629").outcome == Outcome::applied);  // H02 buys at up to 0.1629
  CHECK(sell("0.163").code == "no_consent");
  CHECK(buy("0.1629").outcome == Outcome::applied);
  CHECK(buy("0.1628").code == "no_consent");
  CHECK(chain.submit(EnergyToCoins{price("9"), kwh("0.1"), h01, h02}).outcome == Outcome::applied);

  REQUIRE(chain.submit_as(h01, SetCriteria{h01, true, price("0.1"), true, {}}).outcome ==
          Outcome::applied);
  CHECK(buy("0.1").code == "no_consent");  // counts from the next slot on
  REQUIRE(
      chain.submit(ClockStep{{created.value + 15 * millis_per_minute}}, feeder, "feeder").outcome ==
      Outcome::applied);
  CHECK(buy("0.1").outcome == Outcome::applied);
  CHECK(buy("0.0999").code == "no_consent");

  const auto from_utility = EnergyToCoins{price("0.1629"), kwh("0.1"), utility, h02};
  CHECK(chain.submit_as(h02, from_utility).outcome == Outcome::applied);
  CHECK(chain.submit_as(h01, from_utility).code == "forbidden");
}

TEST_CASE("cash is exchanged by the resident at the bank's rate only") {
  Chain chain;
  CHECK(chain.submit_as(h01, CashToCoins{price("1"), cash("1"), "EUR", h01, bank}).outcome ==
        Outcome::applied);
  CHECK(chain.submit_as(h01, CashToCoins{price("2"), cash("1"), "EUR", h01, bank}).code ==
        "no_consent");
  CHECK(chain.submit_as(h02, CashToCoins{price("1"), cash("1"), "EUR", h01, bank}).code ==
        "forbidden");
  REQUIRE(chain.submit(BindKey{key(13).public_key(), to_text(bank), 1}).outcome ==
          Outcome::applied);
  CHECK(
      chain.submit(CashToCoins{price("1"), cash("1"), "EUR", h01, bank}, 13, to_text(bank)).code ==
      "no_consent");
}

TEST_CASE("owners hand their rights on and take them back; only governance gives more") {
  Chain chain;
  const auto gateway_key = key(gateway_0).public_key();
  const auto payload = TransferCoinsToEV{coins("1"), h01, vehicle};
  CHECK(chain.submit(payload, gateway_0, h01_name).code == "unknown_key");
  CHECK(chain.submit_as(h02, BindKey{gateway_key, h01_name, 1}).code == "forbidden");
  CHECK(chain.submit_as(h01, BindKey{gateway_key, h01_name, 3}).code == "forbidden");
  CHECK(chain.submit_as(h01, BindKey{gateway_key, h01_name, 1}).outcome == Outcome::applied);
  CHECK(chain.submit(payload, gateway_0, h01_name).outcome == Outcome::applied);
  CHECK(chain.submit_as(h01, RevokeKey{gateway_key}).outcome == Outcome::applied);
  CHECK(chain.submit(payload, gateway_0, h01_name).code == "unknown_key");
  CHECK(find_binding(chain.machine.state(), gateway_key, "gateway:peer-0").has_value());

  // An administrator by delegation acts as one, and can neither make another one nor set
  // parameters.
  CHECK(chain.submit(BindKey{gateway_key, "administrator", 2}).outcome == Outcome::applied);
  CHECK(chain.submit(payload, gateway_0, "administrator").outcome == Outcome::applied);
  CHECK(chain.submit(payload, gateway_0, h01_name).outcome == Outcome::applied);
  CHECK(chain.submit(BindKey{key(14).public_key(), "administrator", 2}, gateway_0).code ==
        "forbidden");
  CHECK(chain.submit(BindKey{key(14).public_key(), h02_name, 1}, gateway_0).outcome ==
        Outcome::applied);
  CHECK(chain.submit(RevokeKey{key(administrator).public_key()}, gateway_0).code == "forbidden");
  CHECK(chain.submit(SetParameter{"close_grace", "1m"}, gateway_0).code == "forbidden");
  CHECK(chain.submit(RevokeKey{gateway_key}).outcome == Outcome::applied);
  CHECK(chain.submit(payload, gateway_0, "administrator").code == "unknown_key");
  CHECK(chain.submit(RevokeKey{key(administrator).public_key()}).code == "last_governance_key");
}

TEST_CASE("governance sets parameters, but not the slot length") {
  Chain chain;
  CHECK(chain.submit(SetParameter{"close_grace", "1m"}).outcome == Outcome::applied);
  CHECK(parameters(chain.machine.state()).close_grace_ms == millis_per_minute);
  CHECK(chain.submit(SetParameter{"clearing_rule", "thesis"}).outcome == Outcome::applied);
  CHECK(chain.submit(SetParameter{"slot", "5m"}).code == "bad_parameter");
  CHECK(chain.submit(SetParameter{"slot", "7m"}).code == "malformed");
  CHECK(chain.submit(SetParameter{"price", "1"}).code == "malformed");
  CHECK(chain.submit_as(h01, SetParameter{"close_grace", "1m"}).code == "forbidden");
}

TEST_CASE("the feeder steps a simulated clock forwards, and no other") {
  Chain chain;
  const ClockStep step{{created.value + 60'000}};
  CHECK(chain.submit(step).code == "forbidden");
  CHECK(chain.submit(step, feeder, "feeder").outcome == Outcome::applied);
  CHECK(island_time(chain.machine.state()) == step.to);
  CHECK(chain.submit(step, feeder, "feeder").code == "clock_backwards");
  CHECK(chain.submit(ClockStep{{step.to.value + 32 * millis_per_day}}, feeder, "feeder").code ==
        "step_too_long");
  CHECK(chain.submit(TransferCoinsToEV{coins("1"), h01, vehicle}, feeder, "feeder").code ==
        "forbidden");

  Chain real(genesis(false));
  REQUIRE(real.submit(BindKey{key(feeder).public_key(), "feeder", 16}).outcome == Outcome::applied);
  CHECK(real.submit(ClockStep{{created.value + 60'000'000}}, feeder, "feeder").code ==
        "not_simulated");
  CHECK(island_time(real.machine.state()) == real.time);
}

TEST_CASE("participants are added, changed, deleted and added again") {
  Chain chain;
  const auto& state = chain.machine.state();
  const auto h03 = ref("Resident:H03");
  CHECK(chain.submit(AddParticipant{participant(h03)}).outcome == Outcome::applied);
  CHECK(chain.submit(AddParticipant{participant(h03)}).code == "participant_exists");
  CHECK(chain.submit(meter("M03", h03)).outcome == Outcome::applied);
  CHECK(chain.submit(meter("M03", h03)).code == "meter_exists");
  CHECK(chain.submit(meter("M04", ref("Resident:H99"))).code == "unknown_participant");
  CHECK(chain.submit(meter("M04", bank)).code == "not_allowed");
  auto charger = meter("M03-car", h03);
  charger.parent = MeterId::parse("M05").value();
  CHECK(chain.submit(charger).code == "unknown_meter");
  CHECK(chain.submit(BindKey{key(13).public_key(), to_text(h03), 1}).outcome == Outcome::applied);
  CHECK(chain.submit(DeleteParticipant{h03}, 13, to_text(h03)).outcome == Outcome::applied);
  CHECK_FALSE(find_participant(state, h03).has_value());
  const UtcMillis end{created.value + 15 * millis_per_minute};
  CHECK(find_participant_record(state, h03)->closed == end);
  CHECK(find_meter(state, MeterId::parse("M03").value())->retired == end);
  CHECK(keys_of(state, to_text(h03)).empty());
  CHECK(chain.submit(UpdateParticipant{participant(h03)}).code == "unknown_participant");
  CHECK(chain.submit(DeleteParticipant{h03}).code == "unknown_participant");
  CHECK(chain.submit(AddParticipant{participant(h03)}).outcome == Outcome::applied);
  CHECK(chain.submit(RetireMeter{MeterId::parse("M03").value()}).code == "meter_retired");
}

TEST_CASE("a chain with meters keeps a supplier") {
  Chain chain;
  REQUIRE(chain.submit(meter("M01", h01)).outcome == Outcome::applied);
  CHECK(chain.submit(DeleteParticipant{utility}).code == "supplier_needed");
  CHECK(chain.submit(UpdateParticipant{participant(utility)}).code == "supplier_needed");
  CHECK(find_supplier(chain.machine.state()).has_value());
  REQUIRE(chain.submit(RetireMeter{MeterId::parse("M01").value()}).outcome == Outcome::applied);
  CHECK(chain.submit(DeleteParticipant{utility}).outcome == Outcome::applied);
  CHECK(chain.submit(meter("M02", h01)).code == "supplier_needed");
}
