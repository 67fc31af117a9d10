#include "ledger/assets.hpp"

#include <doctest/doctest.h>

#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

std::string code(const Receipt& receipt) {
  return receipt.outcome == Outcome::applied ? "applied" : receipt.code;
}

std::string balance_of(const Chain& chain, AssetClass asset, const std::string& id) {
  const auto view = find_asset(chain.machine.state(), asset, id);
  return view ? format_nano(view->balance_nano) : "none";
}

ProvisionAsset provision(const ParticipantRef& owner, AssetClass asset, const char* id,
                         const char* balance, const char* currency = "") {
  return {owner, asset, currency, nano(balance), id};
}

std::vector<std::string> ids(const Chain& chain, AssetClass asset) {
  std::vector<std::string> result;
  for_each_asset(chain.machine.state(), asset, [&](const AssetView& view) {
    result.push_back(view.id);
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("an asset without an id of its own is found by the one that follows from its owner's") {
  const Chain chain;
  const auto coins_of_h01 = find_asset(chain.machine.state(), AssetClass::coins, "CO_H01");
  REQUIRE(coins_of_h01.has_value());
  CHECK(coins_of_h01->owner == h01);
  CHECK(coins_of_h01->balance_nano == nano("20"));
  const auto cash_of_bank = find_asset(chain.machine.state(), AssetClass::cash, "CA_B1");
  REQUIRE(cash_of_bank.has_value());
  CHECK(cash_of_bank->currency == "EUR");
  CHECK(find_asset(chain.machine.state(), AssetClass::energy, "EN_V1")->units == "kWh");
  CHECK_FALSE(find_asset(chain.machine.state(), AssetClass::cash, "CA_V1").has_value());
  CHECK_FALSE(find_asset(chain.machine.state(), AssetClass::coins, "H01").has_value());
  CHECK(ids(chain, AssetClass::cash) == std::vector<std::string>{"CA_B1", "CA_H01", "CA_H02"});
}

TEST_CASE("an asset may stand before its owner does, as the former server's clients create them") {
  Chain chain;
  const auto newcomer = ref("Resident:R1");
  CHECK(code(chain.submit(provision(newcomer, AssetClass::coins, "CO_R1", "20"))) == "applied");
  auto energy = provision(newcomer, AssetClass::energy, "EN_R1", "3");
  energy.units = "kwH";
  CHECK(code(chain.submit(energy)) == "applied");
  CHECK(code(chain.submit(AddParticipant{participant(newcomer), {"", "CO_R1", ""}})) == "applied");
  CHECK(asset_references(chain.machine.state(), newcomer) == AssetReferences{"", "CO_R1", ""});
  CHECK(find_asset(chain.machine.state(), AssetClass::energy, "EN_R1")->units == "kwH");
  // It is the very account that everybody else means.
  CHECK(chain.balance(newcomer, asset_coins) == "20");
  EnergyToCoins trade{price("0.1629"), kwh("1"), newcomer, h02};
  CHECK(code(chain.submit(trade)) == "applied");
  CHECK(balance_of(chain, AssetClass::coins, "CO_R1") == "20.1629");
  CHECK(code(chain.submit(DeleteParticipant{newcomer})) == "applied");
  CHECK(asset_references(chain.machine.state(), newcomer).empty());
  CHECK(balance_of(chain, AssetClass::coins, "CO_R1") == "20.1629");
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("one id names one asset of a class") {
  Chain chain;
  CHECK(code(chain.submit(provision(h01, AssetClass::coins, "CO_H01", "1"))) == "asset_exists");
  CHECK(code(chain.submit(provision(h01, AssetClass::coins, "purse", "1"))) == "applied");
  CHECK(code(chain.submit(provision(h02, AssetClass::coins, "purse", "1"))) == "asset_exists");
  CHECK(code(chain.submit(provision(h02, AssetClass::energy, "purse", "1"))) == "applied");
  // The id that would follow from a bank of the same name belongs to the resident.
  const auto namesake = ref("Bank:H01");
  CHECK(code(chain.submit(provision(namesake, AssetClass::coins, "CO_H01", "1"))) ==
        "asset_exists");
  CHECK(code(chain.submit(provision(h01, AssetClass::coins, "a\nb", "1"))) == "malformed");
}

TEST_CASE("a transaction may name which of an owner's assets it means") {
  Chain chain;
  REQUIRE(code(chain.submit(provision(h01, AssetClass::coins, "purse", "5"))) == "applied");
  TransferCoinsToEV transfer{coins("5"), h01, vehicle, "", "purse"};
  CHECK(code(chain.submit(transfer)) == "applied");
  CHECK(balance_of(chain, AssetClass::coins, "purse") == "0");
  CHECK(balance_of(chain, AssetClass::coins, "CO_H01") == "20");
  CHECK(balance_of(chain, AssetClass::coins, "CO_V1") == "105");
  const auto again = chain.submit(transfer);
  CHECK(again.message == "Insufficient coins in resident account");
  transfer.coins_dec = "CO_H02";  // somebody else's
  CHECK(chain.submit(transfer).message == "Unknown asset CO_H02 of Resident:H01");
  transfer.coins_dec = "CO_H01";
  CHECK(code(chain.submit(transfer)) == "applied");
  CashToCoins exchange{price("1"), cash("2"), "EUR", h01, bank};
  exchange.coins_inc = "purse";
  CHECK(code(chain.submit(exchange)) == "applied");
  CHECK(balance_of(chain, AssetClass::coins, "purse") == "2");
  EnergyToCoins trade{price("0.5"), kwh("1"), h01, h02};
  trade.coins_inc = "purse";
  CHECK(code(chain.submit(trade)) == "applied");
  CHECK(balance_of(chain, AssetClass::coins, "purse") == "2.5");
  CashFundingResident funding{cash("1"), "EUR", h01, "purse"};
  CHECK(code(chain.submit(funding)) == "unknown_asset");  // of another class
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("units are kept of an asset that is named by its owner alone") {
  Chain chain;
  AdjustAsset adjusted{h01, AssetClass::energy, "", nano("3")};
  adjusted.units = "MWh";
  CHECK(code(chain.submit(adjusted)) == "applied");
  const auto asset = find_asset(chain.machine.state(), AssetClass::energy, "EN_H01");
  REQUIRE(asset);
  CHECK(asset->units == "MWh");
  CHECK(asset->owner == h01);
  CHECK(balance_of(chain, AssetClass::energy, "EN_H01") == "3");
  CHECK(chain.balance(h01, asset_energy) == "3");
}

TEST_CASE("an asset goes to another owner with its id and balance, and away with the balance") {
  Chain chain;
  REQUIRE(code(chain.submit(provision(h01, AssetClass::coins, "purse", "5"))) == "applied");
  AdjustAsset hand_over{h01, AssetClass::coins, "", nano("7"), "purse"};
  hand_over.new_owner = h02;
  CHECK(code(chain.submit(hand_over)) == "applied");
  CHECK(find_asset(chain.machine.state(), AssetClass::coins, "purse")->owner == h02);
  CHECK(balance_of(chain, AssetClass::coins, "purse") == "7");
  CHECK(code(chain.submit(hand_over)) == "unknown_asset");  // it is H01's no more
  AdjustAsset own{h01, AssetClass::coins, "", nano("20"), "CO_H01"};
  own.new_owner = ref("Resident:R9");
  CHECK(code(chain.submit(own)) == "applied");
  CHECK(find_asset(chain.machine.state(), AssetClass::coins, "CO_H01")->owner ==
        ref("Resident:R9"));
  AdjustAsset to_bank{h02, AssetClass::energy, "", 0, "EN_H02"};
  to_bank.new_owner = bank;
  CHECK(code(chain.submit(to_bank)) == "not_allowed");
  DeleteAsset away{h02, AssetClass::coins, "", "purse"};
  CHECK(code(chain.submit(away)) == "applied");
  CHECK(balance_of(chain, AssetClass::coins, "purse") == "none");
  CHECK(code(chain.submit(away)) == "unknown_asset");
  CHECK(chain.machine.check_invariants().ok());
}
