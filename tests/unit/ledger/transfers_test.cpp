#include <doctest/doctest.h>

#include <random>

#include "ledger/claims.hpp"
#include "ledger/trading_rights.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr std::string_view co = asset_coins, en = asset_energy, eur = "CA:EUR";

/// Rejected with this code and message, and nothing but the dedup record and the clock has changed.
void check_rejected(Chain& chain, const Payload& payload, const std::string& code,
                    const std::string& message) {
  const auto h01_before = chain.balance(h01, co), h02_before = chain.balance(h02, co);
  const auto block = chain.apply({chain.transaction(payload)});
  const auto& receipt = block.receipts.at(0);
  CHECK(receipt.outcome == Outcome::rejected);
  CHECK(receipt.code == code);
  CHECK(receipt.message == message);
  CHECK(chain.balance(h01, co) == h01_before);
  CHECK(chain.balance(h02, co) == h02_before);
  CHECK(block.writes.size() == 2);
  CHECK(chain.machine.check_invariants().ok());
}

EnergyToCoins trade(const char* energy, const char* rate = "0.1629") {
  return {price(rate), kwh(energy), h01, h02};
}

}  // namespace

TEST_CASE("EnergyToCoins moves energy one way and coins the other, as in the thesis's figure 3.5") {
  Chain chain;
  const auto receipt = chain.submit(trade("0.001"));
  CHECK(receipt.outcome == Outcome::applied);
  CHECK(chain.balance(h01, en) == "2.999");
  CHECK(chain.balance(h02, en) == "0.001");
  CHECK(chain.balance(h01, co) == "20.0001629");
  CHECK(chain.balance(h02, co) == "19.9998371");
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("the coins of listing 3.1 are exact to the nano-coin") {
  Chain chain;
  // 0.020789666666666668 kWh at 9 decimals
  CHECK(chain.submit(trade("0.020789667")).outcome == Outcome::applied);
  CHECK(chain.balance(h02, co) == "19.996613363");  // 20 - 0.0033866367543, rounded
}

TEST_CASE("a failing EnergyToCoins says why in the thesis's words and changes nothing") {
  Chain chain;
  check_rejected(chain, trade("14"), "insufficient_energy",
                 "Insufficient energy in producer account");
  check_rejected(chain, trade("3", "10"), "insufficient_coins",
                 "Insufficient coins in consumer account");
  auto self = trade("1");
  self.buyer = h01;
  check_rejected(chain, self, "same_participant", "A participant cannot trade with itself");
  auto with_bank = trade("1");
  with_bank.buyer = bank;
  check_rejected(chain, with_bank, "not_allowed", "A Resident cannot sell energy to a Bank");
  auto unknown = trade("1");
  unknown.buyer = ref("Resident:H99");
  check_rejected(chain, unknown, "unknown_asset", "Unknown asset EN_H99 of Resident:H99");
}

TEST_CASE("CashToCoins works both ways at the given rate") {
  Chain chain;
  CHECK(chain.submit(CashToCoins{price("2"), cash("5"), "EUR", h01, bank}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h01, co) == "30");
  CHECK(chain.balance(h01, eur) == "10");
  CHECK(chain.balance(bank, co) == "999990");
  CHECK(chain.balance(bank, eur) == "1000005");
  CHECK(chain.submit(CashToCoins{price("1"), cash("30"), "EUR", bank, h01}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h01, co) == "0");
  CHECK(chain.balance(h01, eur) == "40");
  check_rejected(chain, CashToCoins{price("1"), cash("40.5"), "EUR", h01, bank},
                 "insufficient_cash", "Insufficient cash in resident account");
  check_rejected(chain, CashToCoins{price("1"), cash("0.5"), "EUR", bank, h01},
                 "insufficient_coins", "Insufficient coins in resident account");
  check_rejected(chain, CashToCoins{price("1"), cash("2000000"), "EUR", bank, h01},
                 "insufficient_cash", "Insufficient cash in bank account");
  check_rejected(chain, CashToCoins{price("1"), cash("1"), "USD", h01, bank}, "unknown_asset",
                 "Unknown asset CA_H01 of Resident:H01");
  check_rejected(chain, CashToCoins{price("1"), cash("1"), "EUR", h01, h02}, "not_allowed",
                 "Only a Resident and a Bank exchange cash for coins");
}

TEST_CASE("Residents pay one another by TransferCoinsToEV from feature level 3 on") {
  for (const std::uint32_t level : {2u, 3u}) {
    auto start = genesis();
    start.feature_level = level;
    Chain chain(start);
    const auto receipt = chain.submit(TransferCoinsToEV{coins("1"), h01, h02});
    CHECK(receipt.code == (level < 3 ? "not_allowed" : ""));
    CHECK(chain.balance(h02, co) == (level < 3 ? "20" : "21"));
    CHECK(chain.submit(TransferCoinsToEV{coins("1"), h01, h01}).code == "not_allowed");
    // Its owner's word, or the administrator's.
    CHECK(chain.submit_as(h02, TransferCoinsToEV{coins("1"), h01, h02}).code == "forbidden");
  }
}

TEST_CASE("TransferCoinsToEV funds a wallet and withdraws from it") {
  Chain chain;
  CHECK(chain.submit(TransferCoinsToEV{coins("5"), h01, vehicle}).outcome == Outcome::applied);
  CHECK(chain.balance(vehicle, co) == "105");
  CHECK(chain.submit(TransferCoinsToEV{coins("105"), vehicle, h01}).outcome == Outcome::applied);
  CHECK(chain.balance(h01, co) == "120");
  check_rejected(chain, TransferCoinsToEV{coins("1"), vehicle, h01}, "insufficient_coins",
                 "Insufficient coins in electric vehicle account");
  check_rejected(chain, TransferCoinsToEV{coins("121"), h01, vehicle}, "insufficient_coins",
                 "Insufficient coins in resident account");
  check_rejected(chain, TransferCoinsToEV{coins("1"), h01, bank}, "not_allowed",
                 "Coins go between a Resident and an ElectricVehicle only");
}

TEST_CASE("cash comes from and goes to fiat") {
  Chain chain;
  CHECK(chain.submit(CashFundingResident{cash("10"), "EUR", h01}).outcome == Outcome::applied);
  CHECK(chain.balance(h01, eur) == "25");
  CHECK(chain.submit(CashWithdrawalResident{cash("25"), "EUR", h01}).outcome == Outcome::applied);
  CHECK(chain.balance(h01, eur) == "0");
  check_rejected(chain, CashWithdrawalResident{cash("0.01"), "EUR", h01}, "insufficient_cash",
                 "Insufficient cash in resident account");
  check_rejected(chain, CashFundingResident{cash("1"), "EUR", bank}, "not_allowed",
                 "Only a Resident funds cash");
  const auto totals = asset_totals(chain.machine.state()).value();
  CHECK(totals.at("CA:EUR").total == 0);
  CHECK(totals.at("CA:EUR").classes.at(AccountClass::fiat) == -nano("1000015"));
}

TEST_CASE("assets are provisioned, adjusted and deleted against their counter-entries") {
  Chain chain;
  const auto h03 = ref("Resident:H03");
  CHECK(chain.submit(ProvisionAsset{h03, AssetClass::coins, "", nano("7")}).outcome ==
        Outcome::applied);
  check_rejected(chain, ProvisionAsset{h03, AssetClass::coins, "", 0}, "asset_exists",
                 "The asset CO_H03 of Resident:H03 already exists");
  check_rejected(chain, ProvisionAsset{bank, AssetClass::energy, "", 0}, "not_allowed",
                 "A Bank cannot own this class of asset");
  CHECK(chain.submit(AdjustAsset{h03, AssetClass::coins, "", nano("9.5")}).outcome ==
        Outcome::applied);
  CHECK(chain.balance(h03, co) == "9.5");
  const auto& state = chain.machine.state();
  CHECK(balance(state, system_account(AccountClass::adjustment, co)) == -nano("2.5"));
  CHECK(chain.submit(DeleteAsset{h03, AssetClass::coins, ""}).outcome == Outcome::applied);
  CHECK_FALSE(find_balance(state, participant_account(h03, co)).has_value());
  check_rejected(chain, DeleteAsset{h03, AssetClass::coins, ""}, "unknown_asset",
                 "Unknown asset CO_H03 of Resident:H03");
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("the thesis's 207 trades of 27.959 kWh settle to exactly 4.5545211 coins") {
  // 207 energies of at most 5 decimals: whatever they are, their amounts at 0.1629 have at most 9
  // decimals.
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr std::int64_t unit = nano_per_unit / 100'000;
  std::vector<std::int64_t> units(207, 1);
  for (std::int64_t left = 2'795'900 - 207; left > 0; --left) ++units[random() % units.size()];
  Chain chain;
  REQUIRE(chain.submit(AdjustAsset{h01, AssetClass::energy, "", nano("27.959")}).outcome ==
          Outcome::applied);
  std::vector<Bytes> trades;
  for (const auto count : units) {
    trades.push_back(chain.transaction(
        EnergyToCoins{price("0.1629"), Energy::from_nano(count * unit), h01, h02}));
  }
  for (const auto& receipt : chain.apply(trades).receipts) {
    CHECK(receipt.outcome == Outcome::applied);
  }
  CHECK(chain.balance(h01, en) == "0");
  CHECK(chain.balance(h02, en) == "27.959");
  CHECK(chain.balance(h01, co) == "24.5545211");
  CHECK(chain.balance(h02, co) == "15.4454789");
}

TEST_CASE("who may own what and trade with whom is the thesis's table") {
  using enum ParticipantType;
  constexpr ParticipantType types[] = {resident, electric_vehicle, bank, utility_company};
  int energy = 0, exchange = 0, transfer = 0;
  for (const auto one : types) {
    for (const auto other : types) {
      CHECK(may_trade_energy(one, other) == may_trade_energy(other, one));
      CHECK(may_exchange_cash(one, other) == may_exchange_cash(other, one));
      CHECK(may_transfer_coins(one, other) == may_transfer_coins(other, one));
      energy += may_trade_energy(one, other) ? 1 : 0;
      exchange += may_exchange_cash(one, other) ? 1 : 0;
      transfer += may_transfer_coins(one, other) ? 1 : 0;
    }
    CHECK(may_own(one, AssetClass::coins));
    CHECK(may_own(one, AssetClass::energy) == (one != bank));
    CHECK(may_own(one, AssetClass::cash) == (one == resident || one == bank));
    CHECK(may_fund_cash(one) == (one == resident));
  }
  CHECK(energy == 8);  // nine pairs of three types but utility with utility
  CHECK(exchange == 2);
  CHECK(transfer == 2);
  CHECK_FALSE(may_trade_energy(utility_company, utility_company));
}
