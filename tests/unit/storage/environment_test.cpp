#include "storage/environment.hpp"

#include <atomic>
#include <thread>

#include "storage/page_check.hpp"
#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;
using protocol::TableWrite;

namespace {

std::vector<std::string> scan_keys(const protocol::LedgerSnapshot& snapshot, ByteView prefix,
                                   ByteView from, bool descending, std::size_t limit = 1'000'000) {
  std::vector<std::string> keys;
  const auto read = snapshot.scan("t", prefix, from, descending, [&](ByteView key, ByteView) {
    keys.push_back(to_hex(key));
    return keys.size() < limit;
  });
  REQUIRE(read);
  return keys;
}

}  // namespace

TEST_CASE("what is committed is read back, also after reopening") {
  const TemporaryFolder folder;
  Content content;
  std::mt19937_64 random(test_seed("round trip"));
  for (int round = 0; round < 4; ++round) {
    const auto environment = open_environment(folder / "e");
    CHECK(difference(*environment, content).empty());
    CHECK(environment->label() == to_bytes(std::string_view("test")));
    const auto before = environment->commit_number();
    for (int i = 0; i < 10; ++i) {
      const auto batch = random_batch(random, 50, 200);
      REQUIRE(environment->commit(batch));
      apply_writes(content, batch);
    }
    CHECK(environment->commit_number() == before + 10);
    CHECK(difference(*environment, content).empty());
  }
}

TEST_CASE("files are private and an empty batch is no commit") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  const auto mode = [&](const std::string& name) {
    return std::filesystem::status(folder / name).permissions();
  };
  CHECK(mode("e") == std::filesystem::perms(0700));
  CHECK(mode("e/data.mdb") == std::filesystem::perms(0600));
  CHECK(mode("e/lock.mdb") == std::filesystem::perms(0600));
  const auto number = environment->commit_number();
  CHECK(environment->commit({}));
  CHECK(environment->commit_number() == number);
}

TEST_CASE("later writes of a batch win, and erasing what is not there is harmless") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  const auto key = number_key(1);
  REQUIRE(environment->commit({{"t", key, Bytes{1}},
                               {"t", key, std::nullopt},
                               {"t", key, Bytes{2}},
                               {"t", number_key(2), std::nullopt},
                               {"never", key, std::nullopt}}));
  const auto snapshot = environment->snapshot();
  REQUIRE(snapshot);
  CHECK(**(*snapshot)->get("t", key) == Bytes{2});
  CHECK_FALSE((*snapshot)->get("t", number_key(2))->has_value());
  CHECK_FALSE((*snapshot)->get("never", key)->has_value());
  CHECK_FALSE((*snapshot)->get("t", {})->has_value());
}

TEST_CASE("a snapshot shows one moment: neither later values nor later tables") {
  const TemporaryFolder folder;
  auto environment = open_environment(folder / "e");
  const auto key = number_key(1);
  REQUIRE(environment->commit({{"t", key, Bytes{1}}}));
  auto before = environment->snapshot();
  REQUIRE(before);
  REQUIRE(environment->commit({{"t", key, Bytes{2}}, {"new", key, Bytes{3}}}));
  CHECK(**(*before)->get("t", key) == Bytes{1});
  CHECK_FALSE((*before)->get("new", key)->has_value());
  const auto after = environment->snapshot();
  REQUIRE(after);
  CHECK(**(*after)->get("t", key) == Bytes{2});
  CHECK(**(*after)->get("new", key) == Bytes{3});
  CHECK(environment->statistics().open_snapshots == 2);
  // A snapshot may outlive its environment, and end on another thread.
  environment.reset();
  CHECK(**(*before)->get("t", key) == Bytes{1});
  std::thread([snapshot = std::move(*before)]() mutable { snapshot.reset(); }).join();
}

TEST_CASE("scans give what a sorted map gives, in both directions") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  std::mt19937_64 random(test_seed("scan"));
  const std::uint8_t alphabet[] = {0x00, 0x01, 0xFE, 0xFF};
  const auto word = [&](std::size_t longest) {
    Bytes result(random() % (longest + 1));
    for (auto& byte : result) byte = alphabet[random() % 4];
    return result;
  };
  std::map<Bytes, Bytes> oracle;
  std::vector<TableWrite> writes;
  for (int i = 0; i < 300; ++i) {
    auto key = word(5);
    if (key.empty()) continue;
    oracle[key] = Bytes{1};
    writes.push_back({"t", key, Bytes{1}});
  }
  REQUIRE(environment->commit(writes));
  const auto snapshot = environment->snapshot();
  REQUIRE(snapshot);
  for (int i = 0; i < 2'000; ++i) {
    const auto prefix = word(2);
    const auto from = word(4);
    auto start = prefix;
    start.insert(start.end(), from.begin(), from.end());
    std::vector<std::string> ascending;
    std::vector<std::string> descending;
    for (const auto& [key, value] : oracle) {
      if (key.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), key.begin()))
        continue;
      if (!less(key, start)) ascending.push_back(to_hex(key));
      if (from.empty() || !less(start, key)) descending.insert(descending.begin(), to_hex(key));
    }
    const auto limit = 1 + random() % 20;
    const auto cut = [&](std::vector<std::string> keys) {
      if (keys.size() > limit) keys.resize(limit);
      return keys;
    };
    CHECK(scan_keys(**snapshot, prefix, from, false, limit) == cut(ascending));
    CHECK(scan_keys(**snapshot, prefix, from, true, limit) == cut(descending));
  }
  // Starts longer than any key.
  CHECK(scan_keys(**snapshot, {}, Bytes(2'000, 0xFF), false).empty());
  CHECK(scan_keys(**snapshot, {}, Bytes(2'000, 0xFF), true).size() == oracle.size());
}

TEST_CASE("readers on several threads see whole commits only") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  std::atomic<bool> done{false};
  std::atomic<int> faults{0};
  std::atomic<int> reads{0};
  const auto read = [&] {
    while (!done) {
      const auto snapshot = environment->snapshot();
      if (!snapshot) {
        ++faults;
        continue;
      }
      const auto left = (*snapshot)->get("left", number_key(0));
      const auto right = (*snapshot)->get("right", number_key(0));
      const auto fresh = (*snapshot)->get("fresh", number_key(0));
      if (!left || !right || !fresh || *left != *right) ++faults;
      // The table "fresh" comes with the 100th commit and not without it.
      const bool late = *left && **left >= number_key(100);
      if (fresh->has_value() != late) ++faults;
      ++reads;
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    std::vector<TableWrite> writes{{"left", number_key(0), number_key(i)},
                                   {"right", number_key(0), number_key(i)}};
    if (i == 100) writes.push_back({"fresh", number_key(0), Bytes{}});
    const auto committed = environment->commit(writes);
    if (!committed) ++faults;
  }
  while (reads < 100) std::this_thread::yield();
  done = true;
  first.join();
  second.join();
  CHECK(faults == 0);
}

TEST_CASE("the map grows by itself, and a commit that cannot make it grow changes nothing") {
  const TemporaryFolder folder;
  auto options = small_options();
  options.initial_map_bytes = std::uint64_t{256} << 10;
  Content content;
  {
    const auto environment = open_environment(folder / "e", options);
    for (std::uint64_t i = 0; i < 20; ++i) {
      const std::vector<TableWrite> batch{{"t", number_key(i), Bytes(100'000, 'x')}};
      REQUIRE(environment->commit(batch));
      apply_writes(content, batch);
    }
    CHECK(environment->statistics().map_bytes > 2'000'000);
    auto pinned = environment->snapshot();
    REQUIRE(pinned);
    const std::vector<TableWrite> large{{"t", number_key(99), Bytes(16'000'000, 'y')}};
    const auto refused = environment->commit(large);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == StorageError::no_space);
    CHECK(difference(*environment, content).empty());
    pinned->reset();
    REQUIRE(environment->commit(large));
    apply_writes(content, large);
  }
  const auto environment = open_environment(folder / "e", options);
  CHECK(difference(*environment, content).empty());
}

TEST_CASE("a map at its limit answers no_space and stays usable") {
  const TemporaryFolder folder;
  auto options = small_options();
  options.initial_map_bytes = options.maximum_map_bytes = std::uint64_t{1} << 20;
  const auto environment = open_environment(folder / "e", options);
  REQUIRE(environment->commit({{"t", number_key(1), Bytes{1}}}));
  const auto refused = environment->commit({{"t", number_key(2), Bytes(2'000'000, 'x')}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StorageError::no_space);
  CHECK(environment->statistics().refused_no_space == 1);
  REQUIRE(environment->commit({{"t", number_key(3), Bytes{3}}}));
  CHECK(difference(*environment, {{"t", {{number_key(1), {1}}, {number_key(3), {3}}}}}).empty());
}

TEST_CASE("too little room on the disk is no_space before anything is written") {
  const TemporaryFolder folder;
  auto options = small_options();
  { open_environment(folder / "e", options); }
  options.minimum_free_bytes = std::uint64_t{1} << 60;
  const auto environment = open_environment(folder / "e", options);
  const auto refused = environment->commit({{"t", number_key(1), Bytes{1}}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StorageError::no_space);
  CHECK(environment->snapshot());
}

TEST_CASE("after a stalled commit nothing more is acknowledged") {
  const TemporaryFolder folder;
  { open_environment(folder / "e"); }
  auto options = small_options();
  options.commit_stall_ms = -1;  // every commit takes longer
  const auto environment = open_environment(folder / "e", options);
  const auto stalled = environment->commit({{"t", number_key(1), Bytes{1}}});
  REQUIRE_FALSE(stalled);
  CHECK(stalled.error().code() == StorageError::io);
  CHECK(environment->statistics().stalls == 1);
  CHECK(environment->commit({{"t", number_key(2), Bytes{1}}}).error().code() == StorageError::io);
  CHECK(environment->snapshot().error().code() == StorageError::io);
}

TEST_CASE("statistics count commits and bytes") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  const auto before = environment->statistics();
  for (std::uint64_t i = 0; i < 5; ++i) {
    REQUIRE(environment->commit({{"t", number_key(i), Bytes(50'000, 'x')}}));
  }
  const auto after = environment->statistics();
  CHECK(after.commits == before.commits + 5);
  CHECK(after.bytes_used >= before.bytes_used + 250'000);
  CHECK(after.map_bytes == small_options().initial_map_bytes);
  CHECK(after.last_commit_ms >= 0);
  CHECK(after.longest_commit_ms >= after.last_commit_ms);
  CHECK(after.running_commit_ms == 0);
  CHECK(after.disk_free_bytes > 0);
}
