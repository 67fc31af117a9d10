#include <doctest/doctest.h>

#include "gateway/composer/ledger_records.hpp"
#include "ledger/history.hpp"
#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

std::string message_of(const test::Reply& reply) {
  CHECK(reply.response.status == 500);
  CHECK(reply.json()["error"]["name"] == "Error");
  return reply.json()["error"]["message"];
}

void add_settled_trade(ComposerDoor& composer, std::int64_t slot_ms, std::uint32_t index) {
  ledger::TradeRow row;
  row.slot = {slot_ms};
  row.index = index;
  row.trade.buyer = test::resident("R2");
  row.trade.seller = test::resident("R1");
  row.trade.energy = Energy::from_nano(500'000'000);
  row.trade.price = Price::from_nano(150'000'000);
  const auto history = ledger::trade_row(row);
  composer.door.chain->history.tables[history.table][history.key] = *history.value;
}

}  // namespace

TEST_CASE("a trade moves coins and energy and is read back with its time") {
  ComposerDoor composer;
  composer.make_island();
  auto body = test::trade("R1", "R2", "0.5");
  body["transactionId"] = "";
  body["timestamp"] = "2001-01-01T00:00:00.000Z";
  const auto made = composer.post("/api/EnergyToCoins", body);
  REQUIRE(made->response.status == 200);
  const auto id = made->json()["transactionId"].get<std::string>();
  CHECK(id.size() == 64);
  CHECK_FALSE(made->json().contains("timestamp"));
  CHECK(composer.get("/api/Coins/CO_R1")->response.body.find("\"value\":20.08145,") !=
        std::string::npos);
  CHECK(composer.get("/api/Coins/CO_R2")->response.body.find("\"value\":19.91855,") !=
        std::string::npos);
  CHECK(composer.value("/api/Energy/EN_R1") == 2.5);
  CHECK(composer.value("/api/Energy/EN_R2") == 3.5);
  const auto read = composer.get("/api/EnergyToCoins/" + id);
  CHECK(read->response.body.starts_with(
      made->response.body.substr(0, made->response.body.size() - 1) + ",\"timestamp\":\"2019-"));
  CHECK(read->json()["timestamp"].get<std::string>().size() == 24);
  CHECK(composer.get("/api/EnergyToCoins")->json() == Json::array({read->json()}));
  CHECK(composer.get("/api/CashToCoins/" + id)->response.status == 404);
  CHECK(composer.get("/api/CashToCoins")->json().empty());
  CHECK(composer.get("/api/EnergyToCoins/none")->response.status == 404);
  const auto resolved = composer.get("/api/EnergyToCoins/" + id + "?filter[include]=resolve");
  CHECK(resolved->json()["coinsInc"]["value"] == 20.08145);
}

TEST_CASE("the other four of the thesis's transactions") {
  ComposerDoor composer;
  composer.make_island();
  const auto bought = composer.post("/api/CashToCoins", {{"cashRate", 1},
                                                         {"cashValue", 5},
                                                         {"coinsInc", "CO_R1"},
                                                         {"coinsDec", "CO_B1"},
                                                         {"cashInc", "CA_B1"},
                                                         {"cashDec", "CA_R1"}});
  CHECK(bought->response.status == 200);
  CHECK(composer.value("/api/Coins/CO_R1") == 25);
  CHECK(composer.value("/api/Cash/CA_R1") == 10);
  CHECK(composer.value("/api/Cash/CA_B1") == 20'000'005);
  const auto given =
      composer.post("/api/TransferCoinsToEV",
                    {{"coinsValue", "2"}, {"coinsInc", "CO_V1"}, {"coinsDec", "CO_R1"}});
  CHECK(given->response.status == 200);
  CHECK(composer.value("/api/Coins/CO_V1") == 102);
  const auto funded =
      composer.post("/api/CashFundingResident", {{"cashValue", 10}, {"cashInc", "CA_R1"}});
  CHECK(funded->response.status == 200);
  const auto withdrawn =
      composer.post("/api/CashWithdrawalResident", {{"cashValue", 4}, {"cashDec", "CA_R1"}});
  CHECK(withdrawn->response.status == 200);
  CHECK(composer.value("/api/Cash/CA_R1") == 16);
  for (const auto& [type, reply] :
       {std::pair("CashToCoins", bought), std::pair("TransferCoinsToEV", given),
        std::pair("CashFundingResident", funded), std::pair("CashWithdrawalResident", withdrawn)}) {
    const auto& shown_type = type;
    CAPTURE(shown_type);
    const auto id = reply->json()["transactionId"].get<std::string>();
    const auto read = composer.get("/api/" + std::string(type) + "/" + id);
    CHECK(read->response.status == 200);
    CHECK(read->json()["$class"] == "org.smile.energy.network." + std::string(type));
    CHECK(composer.get("/api/" + std::string(type))->json() == Json::array({read->json()}));
  }
}

TEST_CASE("what is not covered changes nothing and is told in the thesis's words") {
  ComposerDoor composer;
  composer.make_island();
  const auto before = composer.get("/api/system/historian")->json().size();
  CHECK(message_of(*composer.post("/api/EnergyToCoins", test::trade("R1", "R2", 14))) ==
        "Insufficient energy in producer account");
  CHECK(message_of(*composer.post("/api/EnergyToCoins", test::trade("E1", "R2", 1000))) ==
        "Insufficient coins in consumer account");
  CHECK(message_of(*composer.post("/api/CashWithdrawalResident",
                                  {{"cashValue", 4000}, {"cashDec", "CA_R1"}})) ==
        "Insufficient cash");
  CHECK(message_of(
            *composer.post("/api/TransferCoinsToEV",
                           {{"coinsValue", 21}, {"coinsInc", "CO_V1"}, {"coinsDec", "CO_R1"}})) ==
        "Insufficient coins in consumer account");
  CHECK(message_of(*composer.post("/api/CashToCoins", {{"cashRate", 1},
                                                       {"cashValue", 16},
                                                       {"coinsInc", "CO_R1"},
                                                       {"coinsDec", "CO_B1"},
                                                       {"cashInc", "CA_B1"},
                                                       {"cashDec", "CA_R1"}})) ==
        "Insufficient cash");
  CHECK(composer.get("/api/EnergyToCoins")->json().empty());
  CHECK(composer.get("/api/system/historian")->json().size() == before);
  CHECK(composer.value("/api/Energy/EN_R1") == 3);
  // All of it may be handed over.
  CHECK(composer.post("/api/EnergyToCoins", test::trade("R1", "R2", 3))->response.status == 200);
  CHECK(composer.value("/api/Energy/EN_R1") == 0);
}

TEST_CASE("money does not flow backwards, nor to strangers, nor from assets that are not there") {
  ComposerDoor composer;
  composer.make_island();
  for (const auto& kwh : {Json(-1), Json(0), Json("0.0000000001"), Json(2e9)}) {
    CAPTURE(kwh.dump());
    CHECK(message_of(*composer.post("/api/EnergyToCoins", test::trade("R1", "R2", kwh))) ==
          "energyValue must be greater than 0 and at most 1000000000");
  }
  auto negative_rate = test::trade("R1", "R2", 1);
  negative_rate["energyRate"] = -0.1;
  CHECK(message_of(*composer.post("/api/EnergyToCoins", negative_rate)) ==
        "energyRate must be between 0 and 1000000000");
  auto stranger = test::trade("R1", "R2", 1);
  stranger["coinsInc"] = "CO_V1";
  CHECK(message_of(*composer.post("/api/EnergyToCoins", stranger)) ==
        "coinsInc and energyDec must belong to the same participant");
  stranger = test::trade("R1", "R2", 1);
  stranger["energyInc"] = "EN_V1";
  CHECK(message_of(*composer.post("/api/EnergyToCoins", stranger)) ==
        "coinsDec and energyInc must belong to the same participant");
  auto missing = test::trade("R1", "R2", 1);
  missing["coinsDec"] = "CO_none";
  CHECK(message_of(*composer.post("/api/EnergyToCoins", missing)) ==
        "attempt to get property value on an InvalidRelationship is not allowed. "
        "InvalidRelationship created due to Object with ID 'CO_none' in collection with ID "
        "'Asset:org.smile.energy.network.Coins' does not exist");
  CHECK(message_of(*composer.post("/api/EnergyToCoins", test::trade("R1", "R1", 1))) ==
        "A participant cannot trade with itself");
  CHECK(composer.get("/api/EnergyToCoins")->json().empty());
}

TEST_CASE("trades that the market has settled are shown as EnergyToCoins") {
  ComposerDoor composer;
  composer.make_island();
  constexpr std::int64_t slot = 1'571'648'400'000;
  for (std::uint32_t i = 0; i < 3; ++i) add_settled_trade(composer, slot, i);
  const auto submitted =
      composer.post("/api/EnergyToCoins", test::trade("R1", "R2", 1))->json()["transactionId"];
  const auto list = composer.get("/api/EnergyToCoins")->json();
  REQUIRE(list.size() == 4);
  std::vector<std::string> ids;
  for (const auto& item : list) ids.push_back(item["transactionId"]);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(std::find(ids.begin(), ids.end(), submitted.get<std::string>()) != ids.end());
  const auto id = composer::trade_id(crypto::sha256(as_bytes("genesis")), {slot}, 1);
  const auto one = composer.get("/api/EnergyToCoins/" + id);
  CHECK(one->json() == Json::parse(R"({"$class":"org.smile.energy.network.EnergyToCoins",
    "energyRate":0.15,"energyValue":0.5,
    "coinsInc":"resource:org.smile.energy.network.Coins#CO_R1",
    "coinsDec":"resource:org.smile.energy.network.Coins#CO_R2",
    "energyInc":"resource:org.smile.energy.network.Energy#EN_R2",
    "energyDec":"resource:org.smile.energy.network.Energy#EN_R1",
    "transactionId":")" + id + R"(","timestamp":"2019-10-21T09:15:00.000Z"})"));
  const auto unknown = composer::trade_id(crypto::sha256(as_bytes("genesis")), {slot}, 9);
  CHECK(composer.get("/api/EnergyToCoins/" + unknown)->response.status == 404);
  const auto record = composer.get("/api/system/historian/" + id)->json();
  CHECK(record["transactionType"] == "org.smile.energy.network.EnergyToCoins");
  CHECK_FALSE(record.contains("participantInvoking"));
  CHECK(composer.get("/api/system/historian/" + unknown)->response.status == 404);
}

}  // namespace powershare::gateway
