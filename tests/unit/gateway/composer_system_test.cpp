#include <doctest/doctest.h>

#include "gateway/composer/identities.hpp"
#include "gateway/composer/zip.hpp"
#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

constexpr auto resident_r1 = "org.smile.energy.network.Resident#R1";

std::string message_of(const test::Reply& reply, int status = 500) {
  CHECK(reply.response.status == status);
  return reply.json()["error"]["message"];
}

/// The little-endian number of `bytes` bytes at `at`.
std::uint32_t number_at(const std::string& text, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[at + i])) << (8 * i);
  }
  return value;
}

/// The stored files of a zip, found through its directory and checked against it.
std::map<std::string, std::string> unzip(const std::string& zip) {
  std::map<std::string, std::string> files;
  const auto end = zip.size() - 22;
  REQUIRE(number_at(zip, end, 4) == 0x06054b50);
  auto entry = number_at(zip, end + 16, 4);
  for (std::uint32_t i = 0; i < number_at(zip, end + 10, 2); ++i) {
    REQUIRE(number_at(zip, entry, 4) == 0x02014b50);
    const auto crc = number_at(zip, entry + 16, 4);
    const auto size = number_at(zip, entry + 24, 4);
    const auto name_size = number_at(zip, entry + 28, 2);
    const auto name = zip.substr(entry + 46, name_size);
    const auto local = number_at(zip, entry + 42, 4);
    REQUIRE(number_at(zip, local, 4) == 0x04034b50);
    files[name] = zip.substr(local + 30 + name_size, size);
    CHECK(composer::crc32(files[name]) == crc);
    CHECK(number_at(zip, local + 14, 4) == crc);
    entry += 46 + name_size;
  }
  return files;
}

}  // namespace

TEST_CASE("ping names the administrator and its identity") {
  ComposerDoor composer;
  const auto ping = composer.get("/api/system/ping")->json();
  CHECK(ping["version"] == "0.20.9");
  CHECK(ping["participant"] == "org.hyperledger.composer.system.NetworkAdmin#admin");
  const auto identity = ping["identity"].get<std::string>();
  const std::string prefix = "org.hyperledger.composer.system.Identity#";
  REQUIRE(identity.starts_with(prefix));
  const auto id = identity.substr(prefix.size());
  CHECK(id.size() == 64);
  CHECK(composer.get("/api/system/identities/" + id)->json()["state"] == "ACTIVATED");
}

TEST_CASE("the historian has a record for each transaction with an effect, in order of ids") {
  ComposerDoor composer;
  const auto fresh = composer.get("/api/system/historian")->json();
  REQUIRE(fresh.size() == 4);
  composer.make_island();
  composer.make("/api/EnergyToCoins", test::trade("R1", "R2", 1));
  composer.post("/api/EnergyToCoins", test::trade("R1", "R2", 100));  // rejected
  composer.put("/api/Coins/CO_R1", test::coins("R1", 7));
  composer.ask("DELETE", "/api/Cash/CA_R1");
  composer.ask("DELETE", "/api/Resident/R1");
  composer.submitter.execute(ledger::SetParameter{"close_grace", "4m"}, "governance");
  ledger::EnergyToCoins own;
  own.energy_rate = Price::from_nano(1);
  own.energy = Energy::from_nano(1);
  own.seller = test::resident("R2");
  own.buyer = {ledger::ParticipantType::utility_company, *ParticipantId::parse("E1")};
  const auto signed_id = composer.submitter.execute(own, "Resident:R2");

  const auto list = composer.get("/api/system/historian")->json();
  std::map<std::string, int> types;
  std::vector<std::string> ids;
  for (const auto& record : list) {
    auto type = record["transactionType"].get<std::string>();
    ++types[type.substr(type.rfind('.') + 1)];
    ids.push_back(record["transactionId"]);
    CHECK(record["$class"] == "org.hyperledger.composer.system.HistorianRecord");
    CHECK(record["transactionInvoked"] == "resource:" + type + "#" + ids.back());
    CHECK(record["eventsEmitted"] == Json::array());
    CHECK(record["transactionTimestamp"].get<std::string>().size() == 24);
  }
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(types == std::map<std::string, int>{{"ActivateCurrentIdentity", 1},
                                            {"AddAsset", 12},
                                            {"AddParticipant", 6},
                                            {"EnergyToCoins", 2},
                                            {"IssueIdentity", 1},
                                            {"RemoveAsset", 1},
                                            {"RemoveParticipant", 1},
                                            {"StartBusinessNetwork", 1},
                                            {"UpdateAsset", 1}});
  for (const auto& record : list) {
    const auto id = record["transactionId"].get<std::string>();
    std::string path = "/api/system/historian/";
    for (const char c : id) path += c == '#' ? std::string("%23") : std::string(1, c);
    CHECK(composer.get(path)->json() == record);
  }
  const auto mine = composer.get("/api/system/historian/" + signed_id)->json();
  CHECK(mine["participantInvoking"] == "resource:org.smile.energy.network.Resident#R2");
  const auto other = composer.get("/api/EnergyToCoins")->json();
  CHECK(other.size() == 2);
  const auto none = composer.get("/api/system/historian/none");
  CHECK(message_of(*none, 404) ==
        "Object with ID 'none' in collection with ID "
        "'Asset:org.hyperledger.composer.system.HistorianRecord' does not exist");
}

TEST_CASE("an identity is issued as a card, listed and revoked once") {
  ComposerDoor composer;
  composer.make("/api/Resident", test::composer_resident("R1"));
  const auto issue = [&](const Json& body) {
    return composer.post("/api/system/identities/issue", body);
  };
  const auto card = issue({{"participant", resident_r1}, {"userID", "r1user"}});
  REQUIRE(card->response.status == 200);
  CHECK(card->response.content_type == "application/octet-stream");
  CHECK(card->header("Content-Disposition") ==
        "attachment; filename=r1user@smile-energy-network.card");
  const auto files = unzip(card->response.body);
  const auto metadata = Json::parse(files.at("metadata.json"));
  CHECK(metadata["userName"] == "r1user");
  CHECK(metadata["businessNetwork"] == "smile-energy-network");
  CHECK(Json::parse(files.at("connection.json")).contains("name"));
  // Only the secret's hash is on the ledger.
  const auto& payload =
      std::get<ledger::IssueIdentity>(composer.submitter.transactions.back().payload);
  CHECK(payload.secret_hash ==
        crypto::sha256(as_bytes(metadata["enrollmentSecret"].get<std::string>())));

  const auto list = composer.get("/api/system/identities")->json();
  REQUIRE(list.size() == 2);
  CHECK(list[0]["identityId"] < list[1]["identityId"]);
  const auto id = crypto::to_hex(payload.identity);
  const auto identity = composer.get("/api/system/identities/" + id)->json();
  CHECK(identity["name"] == "r1user");
  CHECK(identity["state"] == "ISSUED");
  CHECK(identity["certificate"] == "");
  CHECK(identity["participant"] == "resource:org.smile.energy.network.Resident#R1");

  CHECK(message_of(*issue({{"participant", resident_r1}, {"userID", "r1user"}})) ==
        "Identity with name r1user already exists in smile-energy-network");
  CHECK(message_of(
            *issue({{"participant", "org.smile.energy.network.Resident#none"}, {"userID", "x"}})) ==
        "Participant 'org.smile.energy.network.Resident#none' does not exist ");
  CHECK(message_of(*issue({{"participant", "R1"}, {"userID", "x"}})) == "Missing namespace");
  CHECK(message_of(*issue({{"participant", resident_r1}})) == "identityName not specified");
  CHECK(message_of(*issue({{"userID", "x"}})) == "participant not specified");

  const auto revoke = [&](const std::string& which) {
    return composer.ask("POST", "/api/system/identities/" + which + "/revoke");
  };
  CHECK(revoke(id)->response.status == 204);
  CHECK(composer.get("/api/system/identities/" + id)->json()["state"] == "REVOKED");
  CHECK(message_of(*revoke(id)) == "The specified identity has already been revoked");
  CHECK(revoke(std::string(64, '0'))->response.status == 404);
  CHECK(revoke("none")->response.status == 404);
  CHECK(composer.get("/api/system/identities/none")->response.status == 404);
}

TEST_CASE("a certificate is bound once, to a participant that exists") {
  ComposerDoor composer;
  composer.make("/api/Resident", test::composer_resident("R1"));
  const auto bind = [&](const Json& body) {
    return composer.post("/api/system/identities/bind", body);
  };
  const Json body = {{"participant", "resource:" + std::string(resident_r1)},
                     {"certificate", "-----BEGIN CERTIFICATE-----\nx\n"}};
  CHECK(bind(body)->response.status == 204);
  const auto id = crypto::to_hex(crypto::sha256(as_bytes("-----BEGIN CERTIFICATE-----\nx\n")));
  CHECK(composer.get("/api/system/identities/" + id)->json()["state"] == "BOUND");
  CHECK(message_of(*bind(body)) ==
        "Failed to add object with ID '" + id + "' as the object already exists");
  CHECK(message_of(*bind({{"participant", resident_r1}})) == "certificate not specified");
  auto stranger = body;
  stranger["participant"] = "org.smile.energy.network.Resident#none";
  stranger["certificate"] = "another";
  CHECK(message_of(*bind(stranger)) ==
        "Participant 'org.smile.energy.network.Resident#none' does not exist ");
  int bound = 0;
  for (const auto& record : composer.get("/api/system/historian")->json()) {
    bound += record["transactionType"] == "org.hyperledger.composer.system.BindIdentity";
  }
  CHECK(bound == 1);
}

TEST_CASE("named queries answer in stored form, and parameters are typed") {
  ComposerDoor composer;
  composer.make_island();
  const auto size = [&](const char* query) {
    return composer.get("/api/queries/" + std::string(query))->json().size();
  };
  CHECK(size("selectResidents") == 2);
  CHECK(size("selectBanks") == 1);
  CHECK(size("selectUtilityCompanies") == 1);
  CHECK(size("selectElectricVehicles") == 1);
  CHECK(size("selectCoins?extra=1") == 5);
  CHECK(size("selectCoinsByOwner?ownerID=R1") == 1);
  CHECK(size("selectEnergyAbove?value=3") == 2);
  CHECK(size("selectTransactions") == composer.get("/api/system/historian")->json().size());
  CHECK(composer.get("/api/queries/selectResidents")->json() ==
        composer.get("/api/Resident")->json());
  CHECK(message_of(*composer.get("/api/queries/selectCoinsByOwner"), 400) ==
        "ownerID is a required argument");
  CHECK(message_of(*composer.get("/api/queries/selectCoinsByOwner?ownerID="), 400) ==
        "ownerID is a required argument");
  CHECK(message_of(*composer.get("/api/queries/selectEnergyAbove?value=much"), 400) ==
        "Value is not a number.");
  CHECK(composer.post("/api/queries/selectCoins", Json::object())->response.status == 404);
}

}  // namespace powershare::gateway
