#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "crypto/hash.hpp"
#include "storage/people_store.hpp"
#include "storage/people_writer.hpp"
#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using powershare::storage::testing::TemporaryFolder;

namespace {

crypto::Digest hash(ByteView profile) {
  return crypto::sha256(profile);
}

protocol::StoredProfile stored(const std::string& text, bool confirmed) {
  return {crypto::sha256(as_bytes(text)), to_bytes(text), confirmed};
}

}  // namespace

TEST_CASE("profiles are there again after a start, each as confirmed as it was") {
  const TemporaryFolder folder;
  {
    auto store = PeopleStore::open(folder.path() / "people", hash, 64);
    REQUIRE(store.ok());
    CHECK(store->take_stored().empty());
    REQUIRE(store->put(stored("one", false)).ok());
    REQUIRE(store->put(stored("two", true)).ok());
    REQUIRE(store->put(stored("three", false)).ok());
    REQUIRE(store->confirm(hash(as_bytes("three"))).ok());
    REQUIRE(store->erase(hash(as_bytes("two"))).ok());
  }
  auto store = PeopleStore::open(folder.path() / "people", hash, 64);
  REQUIRE(store.ok());
  auto found = store->take_stored();
  REQUIRE(found.size() == 2);
  for (const auto& entry : found) {
    CHECK(entry.commitment == hash(entry.profile));
    CHECK(entry.confirmed == (as_text(entry.profile) == "three"));
  }
}

TEST_CASE("an erased profile is overwritten before its file goes") {
  const TemporaryFolder folder;
  auto store = PeopleStore::open(folder.path() / "people", hash, 64);
  REQUIRE(store.ok());
  REQUIRE(store->put(stored("a name", true)).ok());
  const auto file =
      folder.path() / "people" / (crypto::to_hex(hash(as_bytes("a name"))) + ".profile");
  REQUIRE(std::filesystem::exists(file));
  std::filesystem::create_hard_link(file,
                                    folder.path() / "kept");  // what a backup might hold on to
  REQUIRE(store->erase(hash(as_bytes("a name"))).ok());
  CHECK_FALSE(std::filesystem::exists(file));
  std::ifstream in(folder.path() / "kept");
  std::string content((std::istreambuf_iterator<char>(in)), {});
  CHECK(content == std::string(6, '\0'));
}

TEST_CASE("files that are damaged, too long or no profiles are removed at the start") {
  const TemporaryFolder folder;
  const auto people = folder.path() / "people";
  {
    auto store = PeopleStore::open(people, hash, 64);
    REQUIRE(store.ok());
    REQUIRE(store->put(stored("one", true)).ok());
    REQUIRE(store->put(stored("two", true)).ok());
  }
  const auto damaged = people / (crypto::to_hex(hash(as_bytes("one"))) + ".profile");
  std::ofstream(damaged) << "onf";
  std::ofstream(people / "notes.txt") << "hello";
  std::ofstream(people / "long.profile") << std::string(65, 'x');
  auto store = PeopleStore::open(people, hash, 64);
  REQUIRE(store.ok());
  CHECK(store->take_stored().size() == 1);
  CHECK_FALSE(std::filesystem::exists(damaged));
  CHECK_FALSE(std::filesystem::exists(people / "notes.txt"));
  CHECK_FALSE(std::filesystem::exists(people / "long.profile"));
}

TEST_CASE("while the disk is full writes wait in their order, and none is forgotten") {
  const TemporaryFolder folder;
  auto store = PeopleStore::open(folder.path() / "people", hash, 64);
  REQUIRE(store.ok());
  bool full = false;
  PeopleWriter writer([&](const PeopleWrite& write) -> Result<void> {
    if (full) return Error{StorageError::no_space, "the disk is full"};
    return carry_out(*store, write);
  });
  writer.add(stored("one", true));
  CHECK(*writer.write());
  full = true;
  writer.add(EraseProfile{hash(as_bytes("one"))});
  writer.add(stored("two", false));
  writer.add(ConfirmProfile{hash(as_bytes("two"))});
  writer.add(stored("one", true));  // named again
  CHECK_FALSE(*writer.write());     // so nothing may be promised to anybody
  CHECK(writer.waiting() == 4);
  CHECK_FALSE(*writer.write());
  full = false;
  CHECK(*writer.write());
  CHECK(writer.waiting() == 0);
  auto again = PeopleStore::open(folder.path() / "people", hash, 64);
  REQUIRE(again.ok());
  const auto found = again->take_stored();
  CHECK(found.size() == 2);
  for (const auto& profile : found) CHECK(profile.confirmed);
}

TEST_CASE("another error than a full disk is told") {
  PeopleWriter writer([](const PeopleWrite&) -> Result<void> {
    return Error{StorageError::io, "bad disk"};
  });
  writer.add(stored("one", true));
  const auto written = writer.write();
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code() == make_error_code(StorageError::io));
}
