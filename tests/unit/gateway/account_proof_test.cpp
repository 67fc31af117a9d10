#include <doctest/doctest.h>

#include "ledger/accounts.hpp"
#include "tests/unit/gateway/account_door.hpp"

namespace powershare::gateway {
namespace {

using ledger::test::h01;
using ledger::test::h02;
using test::AccountDoor;
using test::Json;

constexpr auto own_coins = "/v1/accounts/proof?account=participant/Resident:H01/CO";

crypto::Digest digest(const Json& hex) {
  const auto bytes = from_hex(hex.get<std::string>());
  REQUIRE(bytes.has_value());
  crypto::Digest result{};
  REQUIRE(bytes->size() == result.size());
  std::copy(bytes->begin(), bytes->end(), result.begin());
  return result;
}

}  // namespace

TEST_CASE("a balance leads to the state root of the newest block") {
  AccountDoor door;
  door.chain.slot("-1", "3", "1.5");
  const auto reply = door.get(h01, own_coins);
  REQUIRE(reply->response.status == 200);
  const auto json = reply->json();
  CHECK(json["account"] == "participant/Resident:H01/CO");
  CHECK(json["balance"] == door.chain.balance(h01, "CO"));
  const auto& head = door.chain.machine.head();
  CHECK(json["height"] == head.height);
  CHECK(json["header_bytes"] == to_hex(head.encode()));
  const auto key = ledger::account_key(ledger::participant_account(h01, ledger::asset_coins));
  CHECK(json["key"] == to_hex(key));
  const auto value = from_hex(json["value"].get<std::string>());
  REQUIRE(value.has_value());
  crypto::SparseProof proof;
  for (const auto& sibling : json["siblings"]) proof.siblings.push_back(digest(sibling));
  proof.leaf = crypto::SparseLeaf{crypto::sha256(key), crypto::sha256(*value)};
  CHECK(crypto::verify_sparse_proof(head.state_root, crypto::sha256(key), crypto::sha256(*value),
                                    proof));
}

TEST_CASE("a household gets proofs of its own accounts and of its vehicles' only") {
  AccountDoor door;
  door.chain.slot("1", "1");
  CHECK(door.get(h01, "/v1/accounts/proof?account=participant/ElectricVehicle:V1/CO")
            ->response.status == 200);
  CHECK(door.get(h02, own_coins)->response.status == 404);
  CHECK(door.get(h01, "/v1/accounts/proof?account=bank_issue/CO")->response.status == 404);
  CHECK(door.get({}, "/v1/accounts/proof?account=bank_issue/CO")
            ->json()["balance"]
            .get<std::string>()
            .starts_with("-"));
  for (const auto* name : {"x", "a/b/c", "participant/Resident:H01/XX", "%2F%2F%2F"}) {
    CAPTURE(name);
    CHECK(door.get({}, "/v1/accounts/proof?account=" + std::string(name))->response.status == 404);
  }
}

TEST_CASE("the account must be named") {
  AccountDoor door;
  CHECK(door.get(h01, "/v1/accounts/proof")->response.status == 400);
  CHECK(door.get(h01, "/v1/accounts/proof?account=")->response.status == 400);
}

TEST_CASE("whoever asks for proofs too often or too early is told to come again") {
  AccountDoor door;
  const auto early = door.get(h01, own_coins);
  CHECK(early->response.status == 503);
  CHECK(early->header("Retry-After") == "1");
  door.chain.slot("1", "1");
  door.prover.busy = true;
  CHECK(door.get(h01, own_coins)->json()["error"]["code"] == "busy");
}

}  // namespace powershare::gateway
