#include "storage/checksummed_record.hpp"
#include "storage/identity.hpp"
#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;

TEST_CASE("a record is read as it was written, and every flipped bit of it is found") {
  const auto key = to_bytes(std::string_view("key"));
  const auto payload = to_bytes(std::string_view("a reading"));
  const auto stored = seal_record("table", key, payload);
  CHECK(stored.size() == payload.size() + record_checksum_bytes);
  REQUIRE(open_record("table", key, stored));
  CHECK(equal(*open_record("table", key, stored), payload));
  for (std::size_t bit = 0; bit < stored.size() * 8; ++bit) {
    auto flipped = stored;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
    CHECK_FALSE(open_record("table", key, flipped));
  }
  CHECK_FALSE(open_record("table", key, ByteView(stored).first(record_checksum_bytes - 1)));
}

TEST_CASE("a record copied to another key or table is found") {
  const auto stored = seal_record("table", as_bytes("key"), as_bytes("value"));
  CHECK_FALSE(open_record("table", as_bytes("kez"), stored));
  CHECK_FALSE(open_record("tablf", as_bytes("key"), stored));
  CHECK_FALSE(open_record("tablek", as_bytes("ey"), stored));
  CHECK_FALSE(open_record("table", as_bytes("keyv"), stored));
}

TEST_CASE("the checksum is the documented one") {
  // First 8 bytes of SHA-256("\0\0\0\1t\0\0\0\1kv"), computed with an independent tool.
  const auto stored = seal_record("t", as_bytes("k"), as_bytes("v"));
  CHECK(to_hex(stored) == "85f0ae28b75526d576");
}

namespace {

Identity example() {
  Identity identity;
  identity.owner = test_owner();
  identity.stable_checkpoint = 64;
  identity.reservation = {1, 3, 1'064};
  identity.log_id.fill(0xAB);
  identity.log_commits = 17;
  return identity;
}

}  // namespace

TEST_CASE("IDENTITY is read as it was written and in no other spelling") {
  const auto text = format_identity(example());
  const auto parsed = parse_identity(text);
  REQUIRE(parsed);
  CHECK(*parsed == example());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    auto flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(parse_identity(flipped));
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(parse_identity(std::string_view(text).substr(0, size)));
  }
  CHECK_FALSE(parse_identity(text + "\n"));
}

TEST_CASE("IDENTITY is replaced as a whole, and its absence is no error") {
  const TemporaryFolder folder;
  const auto file = folder / "IDENTITY";
  const auto absent = read_identity(file);
  REQUIRE(absent);
  CHECK_FALSE(absent->has_value());
  REQUIRE(write_identity(file, example()));
  auto next = example();
  next.recovering = true;
  REQUIRE(write_identity(file, next));
  CHECK(**read_identity(file) == next);
  CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0600));
  CHECK_FALSE(std::filesystem::exists(folder / "IDENTITY.new"));
  write_all(file, Bytes(10'000, 'x'));
  CHECK(read_identity(file).error().code() == StorageError::damaged);
}

TEST_CASE("another owner's folder is refused with one sentence that names the difference") {
  CHECK(check_owner(test_owner(), test_owner()));
  CHECK(check_owner(test_owner("a"), test_owner("b")).error().detail() ==
        "the data folder belongs to peer a, not to b");
  auto key = test_owner();
  key.public_key[0] ^= 1;
  CHECK(check_owner(key, test_owner()).error().code() == StorageError::wrong_identity);
  auto genesis = test_owner();
  genesis.genesis[0] ^= 1;
  CHECK_FALSE(check_owner(genesis, test_owner()));
  CHECK_FALSE(check_owner(test_owner("a", "x"), test_owner("a", "y")));
}
