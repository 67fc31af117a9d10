#include "crypto/sealed_key.hpp"

#include <doctest/doctest.h>

using namespace powershare;
using namespace powershare::crypto;

namespace {

constexpr SealCost cheap{8, 1};

Seed some_seed() {
  Seed seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  return seed;
}

}  // namespace

TEST_CASE("a sealed key opens with its password, for whom it was sealed") {
  const auto sealed = seal_seed(some_seed(), "correct horse", as_bytes("ana"), cheap);
  REQUIRE(sealed.ok());
  CHECK(sealed->box.size() == 72);
  const auto opened = open_seed(*sealed, "correct horse", as_bytes("ana"));
  REQUIRE(opened.ok());
  CHECK(*opened == some_seed());
  CHECK_FALSE(open_seed(*sealed, "correct horsf", as_bytes("ana")).ok());
  CHECK_FALSE(open_seed(*sealed, "", as_bytes("ana")).ok());
  CHECK_FALSE(open_seed(*sealed, "correct horse", as_bytes("eva")).ok());
}

TEST_CASE("a sealed key that was changed anywhere stays closed") {
  const auto sealed = seal_seed(some_seed(), "password", {}, cheap);
  REQUIRE(sealed.ok());
  for (std::size_t i = 0; i < sealed->box.size(); ++i) {
    auto changed = *sealed;
    changed.box[i] ^= 1;
    CHECK_FALSE(open_seed(changed, "password", {}).ok());
  }
  auto salted = *sealed;
  salted.salt[0] ^= 1;
  CHECK_FALSE(open_seed(salted, "password", {}).ok());
  auto cheaper = *sealed;
  cheaper.cost.passes = 2;
  CHECK_FALSE(open_seed(cheaper, "password", {}).ok());
  auto shorter = *sealed;
  shorter.box.pop_back();
  CHECK_FALSE(open_seed(shorter, "password", {}).ok());
}

TEST_CASE("the same key under the same password is sealed differently each time") {
  const auto one = seal_seed(some_seed(), "password", {}, cheap);
  const auto two = seal_seed(some_seed(), "password", {}, cheap);
  REQUIRE(one.ok());
  REQUIRE(two.ok());
  CHECK(one->box != two->box);
  CHECK(one->salt != two->salt);
}

TEST_CASE("the cost is Argon2id's default for passwords, and an absurd one is an error") {
  const SealCost standard;
  CHECK(standard.memory_kib == 19 * 1024);
  CHECK(standard.passes == 2);
  CHECK_FALSE(seal_seed(some_seed(), "password", {}, {1, 0}).ok());
}
