#include <doctest/doctest.h>

#include "crypto/merkle_list.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;

std::vector<Bytes> transactions(int first, int count) {
  std::vector<Bytes> result;
  for (int i = 0; i < count; ++i)
    result.push_back(to_bytes("transaction " + std::to_string(first + i)));
  return result;
}

/// Only what the JSON says.
bool proof_holds(const Json& proof, ByteView item, const Digest& root) {
  crypto::MerkleProof path;
  path.index = proof["index"];
  path.size = proof["size"];
  for (const auto& sibling : proof["path"]) {
    path.path.push_back(*crypto::digest_from_hex(sibling.get<std::string>()));
  }
  return crypto::verify_merkle_proof(crypto::merkle_leaf(item), path, root);
}

}  // namespace

TEST_CASE("status has the agreed fields, and the probes tell why") {
  Door door;
  door.status.view = 3;
  door.status.primary = "p4";
  door.status.height = 12;
  door.status.executed_transactions = 99;
  door.status.peers = {{"p2", true, 12}, {"p3", false, 0}};
  const auto json = door.get("/v1/status")->json();
  for (const auto* field : {"peer", "chain", "view", "primary", "height", "head", "state_root",
                            "executed_transactions", "mempool", "syncing", "peers"}) {
    CAPTURE(field);
    CHECK(json.contains(field));
  }
  CHECK(json["view"] == 3);
  CHECK(json["head"].get<std::string>().size() == 64);
  CHECK(json["peers"][1] == Json::parse(R"({"id":"p3","connected":false,"height":0})"));
  CHECK(door.get("/livez")->response.status == 200);
  CHECK(door.get("/healthz")->response.status == 200);
  CHECK(door.get("/readyz")->response.status == 200);
  door.status.not_ready = {"catching up", "the disk is full"};
  CHECK(door.get("/livez")->response.status == 200);
  const auto unready = door.get("/readyz");
  CHECK(unready->response.status == 503);
  CHECK(unready->json()["error"]["reasons"][1] == "the disk is full");
  CHECK(unready->header("Retry-After") == "1");
  door.status.alive = false;
  CHECK(door.get("/livez")->response.status == 503);
}

TEST_CASE("a block shows its header, transactions, receipts and certificate") {
  Door door;
  door.chain->append(transactions(0, 2));
  auto& block = door.chain->blocks[0];
  crypto::Endorsement endorsement;
  endorsement.signer = 2;
  block.certificate = crypto::QuorumCertificate{{endorsement}};
  const auto json = door.get("/v1/blocks/1")->json();
  CHECK(json["height"] == 1);
  CHECK(json["hash"] == crypto::to_hex(block.header.hash()));
  CHECK(json["header"]["transactions_root"] == crypto::to_hex(block.header.transactions_root));
  CHECK(crypto::to_hex(crypto::sha256(*from_hex(json["header_bytes"].get<std::string>()))) ==
        json["hash"]);
  REQUIRE(json["transactions"].size() == 2);
  CHECK(json["transactions"][0]["type"] == "EnergyToCoins");
  CHECK(json["transactions"][0]["payload"] ==
        Json::parse(R"({"type":"EnergyToCoins","energy_rate":"0.1629","energy_kwh":"1.5",
                        "seller":"Resident:H01","buyer":"Resident:H02"})"));
  CHECK(json["receipts"][1]["outcome"] == "applied");
  CHECK(json["certificate"]["endorsements"][0]["peer"] == "p3");
  CHECK(json["ordering_certificate"] == to_base64(Bytes{1, 2, 3}));
}

TEST_CASE("blocks that are not there and heights that are none") {
  Door door;
  door.chain->append(transactions(0, 1));
  CHECK(door.get("/v1/blocks/2")->response.status == 404);
  CHECK(door.get("/v1/blocks/0")->response.status == 404);
  for (const auto* height :
       {"x", "-1", "1.5", "1e3", "99999999999999999999999", "18446744073709551615", "0x1"}) {
    CAPTURE(height);
    const auto reply = door.get("/v1/blocks/" + std::string(height));
    CHECK(reply->response.status == 400);
    CHECK(reply->json()["error"]["code"] == "bad_parameter");
  }
}

TEST_CASE("blocks come in pages that cover each block once") {
  Door door;
  CHECK(door.get("/v1/blocks")->json() == Json::parse(R"({"items":[],"next":null})"));
  for (int i = 0; i < 25; ++i) door.chain->append(transactions(i * 10, 1));
  std::vector<int> heights;
  std::string target = "/v1/blocks?from=1&limit=10";
  for (int page = 0; page < 3; ++page) {
    const auto json = door.get(target)->json();
    for (const auto& block : json["items"]) heights.push_back(block["height"]);
    if (page < 2) {
      target = "/v1/blocks?limit=10&from=" + std::to_string(json["next"].get<int>());
    } else {
      CHECK(json["next"].is_null());
    }
  }
  REQUIRE(heights.size() == 25);
  for (int i = 0; i < 25; ++i) CHECK(heights[static_cast<std::size_t>(i)] == i + 1);
  const auto newest = door.get("/v1/blocks?limit=3")->json();
  CHECK(newest["items"][0]["height"] == 23);
  CHECK(newest["items"].size() == 3);
  CHECK(door.get("/v1/blocks?from=26")->json()["items"].empty());
  for (const auto* query : {"limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "from=x",
                            "from=-1", "form=1", "limit=1&limit=2"}) {
    CAPTURE(query);
    CHECK(door.get("/v1/blocks?" + std::string(query))->response.status == 400);
  }
}

TEST_CASE("a page of blocks ends before it gets too large, and the next goes on") {
  Door door;
  for (int i = 0; i < 12; ++i) door.chain->append({Bytes(1'000'000, static_cast<std::uint8_t>(i))});
  const auto json = door.get("/v1/blocks?from=1&limit=12")->json();
  const auto count = json["items"].size();
  CHECK(count >= 1);
  CHECK(count < 12);
  CHECK(json["next"] == count + 1);
}

TEST_CASE("a transaction's proof verifies from the JSON answer alone, for every index and size") {
  for (int size = 1; size <= 9; ++size) {
    Door door;
    door.chain->append(transactions(0, 1));
    const auto all = transactions(100, size);
    door.chain->append(all);
    for (int i = 0; i < size; ++i) {
      CAPTURE(size);
      CAPTURE(i);
      const auto& bytes = all[static_cast<std::size_t>(i)];
      const auto json =
          door.get("/v1/transactions/" + crypto::to_hex(crypto::sha256(bytes)))->json();
      CHECK(json["block"]["height"] == 2);
      CHECK(json["block"]["index"] == i);
      CHECK(json["receipt"]["transaction"] == json["transaction"]["id"]);
      const auto shown = *from_base64(json["transaction"]["bytes"].get<std::string>());
      CHECK(shown == bytes);
      const auto header =
          ledger::Header::decode(*from_hex(json["block"]["header_bytes"].get<std::string>()));
      REQUIRE(header.ok());
      CHECK(crypto::to_hex(header->hash()) == json["block"]["hash"]);
      CHECK(proof_holds(json["proof"], shown, header->transactions_root));
      CHECK_FALSE(proof_holds(json["proof"], as_bytes("another"), header->transactions_root));
      const auto receipt = *from_base64(json["receipt_bytes"].get<std::string>());
      CHECK(proof_holds(json["receipt_proof"], receipt, header->receipts_root));
    }
  }
}

TEST_CASE("transactions that are not there, ids that are none, bytes that do not decode") {
  Door door;
  door.chain->append({to_bytes("bad bytes")});
  const auto id = crypto::to_hex(door.chain->blocks[0].receipts[0].transaction);
  const auto json = door.get("/v1/transactions/" + id)->json();
  CHECK(json["transaction"]["type"].is_null());
  CHECK(json["transaction"]["id"] == id);
  CHECK(door.get("/v1/transactions/" + std::string(64, '0'))->response.status == 404);
  CHECK(door.get("/v1/transactions/12")->response.status == 400);
  CHECK(door.get("/v1/transactions/" + std::string(64, 'g'))->response.status == 400);
}

TEST_CASE("a ledger that cannot be read answers 503, never an empty list") {
  Door door;
  door.chain->unreadable = true;
  for (const auto* path : {"/v1/blocks", "/v1/blocks/1", "/v1/accounts", "/v1/ledger/totals",
                           "/v1/participants", "/v1/meters", "/v1/parameters", "/v1/events"}) {
    CAPTURE(path);
    const auto reply = door.get(path);
    CHECK(reply->response.status == 503);
    CHECK_FALSE(reply->header("Retry-After").empty());
  }
  CHECK(door.get("/v1/status")->response.status == 200);
}

}  // namespace powershare::gateway
