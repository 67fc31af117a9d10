// Who agrees on the chain, and proofs of blocks that hold offline.
#include <doctest/doctest.h>

#include "gateway/error.hpp"
#include "gateway/proof_json.hpp"
#include "ledger/parameters.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;

crypto::KeyPair key(std::uint8_t number) {
  crypto::Seed seed{};
  seed.fill(number);
  return crypto::KeyPair::from_seed(seed);
}

ledger::Member member(std::uint8_t number) {
  ledger::Member result;
  result.peer = *PeerId::parse("p" + std::to_string(number));
  result.consensus_key = key(number).public_key();
  result.gateway_key = key(static_cast<std::uint8_t>(100 + number)).public_key();
  result.transport_key.fill(number);
  return result;
}

/// Five blocks: 1 and 2 of epoch 0 (p1 to p4), whose block 2 commits to p5; 3 to 5 of epoch 1.
struct Story {
  Story() {
    for (std::uint8_t i = 1; i <= 4; ++i) genesis.members.push_back(member(i));
    members = genesis.members;
    members.push_back(member(5));
    ledger::put_first_epoch(door.chain->state, genesis);
    ledger::put_next_epoch(door.chain->state, {6, 2, members});
    ledger::begin_due_epoch(door.chain->state, 7);
    for (int i = 0; i < 5; ++i) door.chain->append({to_bytes(std::to_string(i))});
    auto previous = genesis.hash();
    for (auto& block : door.chain->blocks) {
      auto& header = block.header;
      header.genesis = genesis.hash();
      header.epoch = header.height <= 2 ? 0 : 1;
      header.sequence = header.height <= 2 ? header.height : header.height + 4;
      header.previous = previous;
      header.next_members = ledger::members_hash(header.height == 1 ? genesis.members : members);
      previous = header.hash();
    }
    door.chain->history.tables[std::string(ledger::history_epoch_ends)] = {
        {Encoder().u64(0).data(), Encoder().u64(2).data()}};
    certify(2);
    certify(4);
  }

  void certify(std::uint64_t height) {
    auto& block = door.chain->blocks[height - 1];
    const auto& header = block.header;
    const auto statement =
        ledger::block_statement(header.genesis, header.epoch, header.height, header.hash());
    crypto::QuorumCertificate certificate;
    const std::uint32_t needed = header.epoch == 0 ? 3 : 4;
    for (std::uint32_t i = 0; i < needed; ++i) {
      certificate.endorsements.push_back(
          {i, key(static_cast<std::uint8_t>(i + 1)).sign(statement)});
    }
    block.certificate = certificate;
  }

  ledger::Genesis genesis;
  std::vector<ledger::Member> members;  ///< of epoch 1
  Door door;
};

std::string refusal(const Json& document) {
  const auto result = parse_proof(document.dump());
  return result ? "" : result.error().detail();
}

}  // namespace

TEST_CASE("the members of all epochs, and the change that is pending") {
  Story story;
  auto& door = story.door;
  auto json = door.get("/v1/members")->json();
  CHECK(json["current"]["epoch"] == 1);
  CHECK(json["current"]["first_sequence"] == 7);
  CHECK(json["current"]["members"].size() == 5);
  CHECK(json["current"]["members"][4]["peer"] == "p5");
  CHECK(json["current"]["members"][4]["consensus_key"] == to_hex(key(5).public_key()));
  CHECK(json["pending"].is_null());
  CHECK(json["items"].size() == 2);
  CHECK(json["items"][0]["members"].size() == 4);
  CHECK(json["items"][1] == json["current"]);
  CHECK(json["next"].is_null());
  json = door.get("/v1/members?from=0&limit=1")->json();
  CHECK(json["items"].size() == 1);
  CHECK(json["next"] == 1);
  CHECK(door.get("/v1/members?from=2")->json()["items"].empty());
  CHECK(door.get("/v1/members?from=-1")->response.status == 400);
  CHECK(door.get("/v1/members?limit=101")->response.status == 400);
}

TEST_CASE("a pending change shows when it takes effect and where its member listens") {
  Story story;
  auto& state = story.door.chain->state;
  auto next = story.members;
  next.push_back(member(6));
  ledger::put_next_epoch(state, {320, 3, next});
  ledger::put_endpoints(state, next.back().peer, {"tcp://a:1", "tcp://a:2"});
  const auto json = story.door.get("/v1/members")->json();
  CHECK(json["pending"]["last_sequence"] == 320);
  CHECK(json["pending"]["feature_level"] == 3);
  CHECK(json["pending"]["members"].size() == 6);
  CHECK(json["endpoints"] ==
        Json::parse(R"([{"peer":"p6","control":"tcp://a:1","bulk":"tcp://a:2"}])"));
}

TEST_CASE("a certificate holds offline against the genesis, over a change of members") {
  Story story;
  const auto reply = story.door.get("/v1/blocks/3/certificate");
  REQUIRE(reply->response.status == 200);
  const auto json = reply->json();
  CHECK(json["height"] == 3);
  CHECK(json["headers"].size() == 2);  // block 4 has the certificate
  CHECK(json["epochs"].size() == 1);
  CHECK(json["epochs"][0]["epoch"] == 1);
  CHECK(json["epochs"][0]["certificate"]["endorsements"][0]["peer"] == "p1");
  CHECK(json["certificate"]["endorsements"][3]["peer"] == "p4");
  const auto proof = parse_proof(reply->response.body);
  REQUIRE_MESSAGE(proof.ok(), proof.error().detail());
  const auto header = ledger::verify_block_proof(story.genesis, *proof);
  REQUIRE_MESSAGE(header.ok(), header.error().detail());
  CHECK(*header == story.door.chain->blocks[2].header);
  const auto early = parse_proof(story.door.get("/v1/blocks/1/certificate")->response.body);
  REQUIRE(early.ok());
  CHECK(early->epochs.empty());
  CHECK(ledger::verify_block_proof(story.genesis, *early).ok());
}

TEST_CASE("a block without a certificate above it, or without its epoch's, is not proven yet") {
  Story story;
  CHECK(story.door.get("/v1/blocks/5/certificate")->response.status == 503);
  CHECK(story.door.get("/v1/blocks/6/certificate")->response.status == 404);
  CHECK(story.door.get("/v1/blocks/0/certificate")->response.status == 404);
  CHECK(story.door.get("/v1/blocks/x/certificate")->response.status == 400);
  story.door.chain->blocks[1].certificate.reset();
  const auto reply = story.door.get("/v1/blocks/4/certificate");
  CHECK(reply->response.status == 503);
  CHECK(reply->json()["error"]["message"] == "This peer lacks a certificate of epoch 0.");
}

TEST_CASE("signers of a block are named by the members of its own epoch") {
  Story story;
  auto& certificate = *story.door.chain->blocks[3].certificate;
  certificate.endorsements[3].signer = 4;
  const auto json = story.door.get("/v1/blocks/4")->json();
  CHECK(json["certificate"]["endorsements"][3]["peer"] == "p5");
}

TEST_CASE("a document that is no certificate is refused with one sentence") {
  Story story;
  const auto good = story.door.get("/v1/blocks/3/certificate")->json();
  CHECK(refusal(good).empty());
  CHECK(refusal(Json::array()) == "A certificate is a JSON object.");
  CHECK(parse_proof("{").error().code() == GatewayError::malformed_json);
  for (const auto* name : {"genesis", "height", "hash", "epochs", "headers", "certificate"}) {
    auto wrong = good;
    wrong.erase(name);
    CHECK(refusal(wrong) == std::string("The certificate has no field ") + name + ".");
  }
  auto wrong = good;
  wrong["height"] = 4;
  CHECK(refusal(wrong) == "genesis, height or hash are not those of the first header.");
  wrong = good;
  wrong["headers"] = Json::array();
  CHECK(refusal(wrong) == "headers is empty.");
  wrong["headers"] = Json::array({"00"});
  CHECK(refusal(wrong) == "headers must be block headers of a known version.");
  wrong = good;
  wrong["certificate"]["endorsements"][0]["signature"] = "ab";
  CHECK(refusal(wrong) == "signature must be 128 hexadecimal digits.");
  wrong = good;
  wrong["certificate"]["endorsements"][0]["signer"] = "99999999999";
  CHECK(refusal(wrong) == "signer must be the index of a member.");
  wrong = good;
  wrong["epochs"][0]["members"][0]["peer"] = "a b";
  CHECK(refusal(wrong).rfind("peer: ", 0) == 0);
}

}  // namespace powershare::gateway
