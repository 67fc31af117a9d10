#include "ledger/identities.hpp"

#include <doctest/doctest.h>

#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

std::string code(const Receipt& receipt) {
  return receipt.outcome == Outcome::applied ? "applied" : receipt.code;
}

IssueIdentity issue(std::uint8_t number, const char* name) {
  IssueIdentity payload;
  payload.identity.fill(number);
  payload.name = name;
  payload.participant = h01;
  return payload;
}

AddApiKey api_key(std::uint8_t number, const char* label, Role role = Role::operator_) {
  AddApiKey payload;
  payload.hash.fill(number);
  payload.label = label;
  payload.role = role;
  return payload;
}

}  // namespace

TEST_CASE("an identity is issued or bound once, and revoked once") {
  Chain chain;
  CHECK(code(chain.submit(issue(1, "r1user"))) == "applied");
  CHECK(code(chain.submit(issue(1, "other"))) == "identity_exists");
  CHECK(code(chain.submit(issue(2, "r1user"))) == "identity_name_exists");
  auto bound = issue(3, "bound");
  bound.certificate = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n";
  CHECK(code(chain.submit(bound)) == "applied");
  CHECK(find_identity(chain.machine.state(), bound.identity)->state == IdentityState::bound);
  CHECK(find_identity_named(chain.machine.state(), "r1user")->participant == h01);
  CHECK(code(chain.submit(RevokeIdentity{issue(1, "").identity})) == "applied");
  CHECK(find_identity(chain.machine.state(), issue(1, "").identity)->state ==
        IdentityState::revoked);
  const auto again = chain.submit(RevokeIdentity{issue(1, "").identity});
  CHECK(again.message == "The specified identity has already been revoked");
  CHECK(code(chain.submit(RevokeIdentity{issue(9, "").identity})) == "unknown_identity");
  CHECK(code(chain.submit(issue(2, "r1user"))) == "applied");  // the name is free again
  std::size_t identities = 0;
  for_each_identity(chain.machine.state(), [&](const Identity&) { return ++identities < 100; });
  CHECK(identities == 3);
  auto nobody = issue(5, "nobody");
  nobody.participant = ref("Resident:none");
  CHECK(code(chain.submit(nobody)) == "unknown_participant");
}

TEST_CASE("an API key is known by its hash and its label until it is revoked") {
  Chain chain;
  auto key = api_key(1, "console");
  key.max_requests_per_second = 5;
  key.expires = {chain.time.value + millis_per_hour};
  CHECK(code(chain.submit(key)) == "applied");
  CHECK(code(chain.submit(key)) == "api_key_exists");
  CHECK(code(chain.submit(api_key(2, "console"))) == "api_key_label_exists");
  const auto found = find_api_key(chain.machine.state(), key.hash);
  REQUIRE(found.has_value());
  CHECK(found->role == Role::operator_);
  CHECK(found->max_requests_per_second == 5);
  CHECK(found->expires == key.expires);
  CHECK(find_api_key_labelled(chain.machine.state(), "console")->hash == key.hash);
  CHECK(code(chain.submit(RevokeApiKey{key.hash})) == "applied");
  CHECK_FALSE(find_api_key(chain.machine.state(), key.hash).has_value());
  CHECK(code(chain.submit(RevokeApiKey{key.hash})) == "unknown_key");
  auto late = api_key(3, "late");
  late.expires = {1};
  CHECK(code(chain.submit(late)) == "expired");
}

TEST_CASE("only the administrator gives and takes identities and API keys") {
  Chain chain;
  CHECK(code(chain.submit_as(h01, issue(1, "me"))) == "forbidden");
  CHECK(code(chain.submit_as(h01, api_key(1, "me", Role::administrator))) == "forbidden");
  CHECK(code(chain.submit(api_key(1, "x"), gateway_0, "gateway:peer-0")) == "forbidden");
  REQUIRE(code(chain.submit(api_key(1, "console"))) == "applied");
  CHECK(code(chain.submit_as(h01, RevokeApiKey{api_key(1, "").hash})) == "forbidden");
}

TEST_CASE("below feature level 3 none of this exists") {
  auto old = genesis();
  old.feature_level = 2;
  Chain chain(old);
  CHECK(code(chain.submit(api_key(1, "console"))) == "malformed");
  CHECK(code(chain.submit(issue(1, "r1user"))) == "malformed");
  ProvisionAsset named{h01, AssetClass::coins, "", 0, "purse"};
  CHECK(code(chain.submit(named)) == "malformed");
}
