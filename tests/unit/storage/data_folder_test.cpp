#include "storage/data_folder.hpp"

#include <algorithm>

#include "storage/verify.hpp"
#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;
namespace fs = std::filesystem;

namespace {

DataFolderOptions folder_options() {
  DataFolderOptions options;
  options.environment = small_options();
  return options;
}

DataFolderOptions replacing() {
  auto options = folder_options();
  options.replace_lost_log = true;
  options.replace_damaged_ledger = true;
  options.replace_damaged_inbox = true;
  return options;
}

std::unique_ptr<DataFolder> open_folder(const fs::path& directory,
                                        const DataFolderOptions& options = folder_options(),
                                        const Owner& owner = test_owner()) {
  auto opened = DataFolder::open(directory, owner, options);
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

std::error_code refusal(const fs::path& directory, const Owner& owner = test_owner()) {
  const auto opened = DataFolder::open(directory, owner, folder_options());
  if (opened) return {};
  CHECK_FALSE(opened.error().detail().empty());
  return opened.error().code();
}

/// A folder with a record of each kind, closed.
void fill(const fs::path& directory) {
  const auto folder = open_folder(directory);
  REQUIRE(folder->consensus_log().append({{Bytes{1}, Bytes{10}}, {Bytes{2}, Bytes{20}}}));
  REQUIRE(folder->ledger().commit({{"blocks", number_key(1), Bytes{30}}}));
  REQUIRE(folder->inbox().update({{Bytes{4}, Bytes{40}}, {Bytes{5}, Bytes{50}}}, {}));
}

void flip_middle(const fs::path& file) {
  auto content = read_all(file);
  // The first page that any tree uses: never a free one in a file of a few commits.
  for (std::size_t at = 2 * 4'096; at < content.size(); ++at) content[at] ^= 0x10;
  write_all(file, content);
}

}  // namespace

TEST_CASE("the three ports keep what they are given over a restart") {
  const TemporaryFolder place;
  fill(place / "d");
  const auto folder = open_folder(place / "d");
  CHECK_FALSE(folder->is_new());
  CHECK(folder->findings().empty());
  auto log = folder->consensus_log().load();
  REQUIRE(log);
  CHECK(*log == std::vector<protocol::LogWrite>{{Bytes{1}, Bytes{10}}, {Bytes{2}, Bytes{20}}});
  REQUIRE(folder->consensus_log().append({{Bytes{1}, std::nullopt}, {Bytes{0}, Bytes{}}}));
  CHECK(*folder->consensus_log().load() ==
        std::vector<protocol::LogWrite>{{Bytes{0}, Bytes{}}, {Bytes{2}, Bytes{20}}});
  const auto snapshot = folder->ledger().snapshot();
  REQUIRE(snapshot);
  CHECK(**(*snapshot)->get("blocks", number_key(1)) == Bytes{30});
  // 6 is given up and taken anew at once: it stays.
  REQUIRE(folder->inbox().update({{Bytes{6}, Bytes{60}}}, {Bytes{4}, Bytes{9}, Bytes{6}}));
  const auto readings = folder->inbox().load();
  REQUIRE(readings);
  CHECK(*readings == std::vector<std::pair<Bytes, Bytes>>{{{5}, {50}}, {{6}, {60}}});
  CHECK(folder->ledger().statistics().commits == 0);
  CHECK(folder->inbox().statistics().commits == 1);
}

TEST_CASE("a folder belongs to one process at a time") {
  const TemporaryFolder place;
  auto folder = open_folder(place / "d");
  CHECK(folder->is_new());
  CHECK(refusal(place / "d") == StorageError::locked);
  CHECK(verify_folder(place / "d").error().code() == StorageError::locked);
  auto snapshot = folder->ledger().snapshot();
  REQUIRE(snapshot);
  folder.reset();
  CHECK(refusal(place / "d") == StorageError::locked);  // the snapshot still reads
  snapshot->reset();
  CHECK_FALSE(refusal(place / "d"));
}

TEST_CASE("another peer's or chain's files are refused") {
  const TemporaryFolder place;
  fill(place / "d");
  CHECK(refusal(place / "d", test_owner("funchal-1")) == StorageError::wrong_identity);
  CHECK(refusal(place / "d", test_owner("funchal-0", "machico")) == StorageError::wrong_identity);
  { open_folder(place / "other", folder_options(), test_owner("funchal-1")); }
  for (const auto* name : {"consensus", "ledger", "inbox"}) {
    fs::rename(place / "d" / name, place / "kept");
    fs::copy(place / "other" / name, place / "d" / name);
    CHECK(refusal(place / "d") == StorageError::wrong_identity);
    CHECK_FALSE(verify_folder(place / "d")->whole());
    fs::remove_all(place / "d" / name);
    fs::rename(place / "kept", place / "d" / name);
  }
  fs::rename(place / "d/inbox", place / "kept");
  fs::copy(place / "d/ledger", place / "d/inbox");
  CHECK(refusal(place / "d") == StorageError::wrong_identity);
  fs::remove_all(place / "d/inbox");
  fs::rename(place / "kept", place / "d/inbox");
  CHECK_FALSE(refusal(place / "d"));
}

TEST_CASE("a log that is gone, empty, damaged, older or another one is lost, never new") {
  const TemporaryFolder place;
  fill(place / "d");
  fs::copy(place / "d/consensus", place / "older");
  {
    const auto folder = open_folder(place / "d");
    REQUIRE(folder->consensus_log().append({{Bytes{3}, Bytes{30}}}));
  }
  fs::copy(place / "d/consensus", place / "newest");
  const auto file = place / "d/consensus/data.mdb";
  SUBCASE("gone") {
    fs::remove_all(place / "d/consensus");
  }
  SUBCASE("empty") {
    write_all(file, {});
  }
  SUBCASE("cut") {
    fs::resize_file(file, fs::file_size(file) / 2);
  }
  SUBCASE("damaged") {
    flip_middle(file);
  }
  SUBCASE("older") {
    fs::copy(place / "older/data.mdb", file, fs::copy_options::overwrite_existing);
  }
  SUBCASE("another") {
    { open_folder(place / "twin"); }
    fs::copy(place / "twin/consensus/data.mdb", file, fs::copy_options::overwrite_existing);
  }
  CHECK(refusal(place / "d") == StorageError::lost);
  CHECK_FALSE(verify_folder(place / "d")->whole());
  CHECK(refusal(place / "d") == StorageError::lost);
  {
    const auto folder = open_folder(place / "d", replacing());
    CHECK(folder->findings().size() == 1);
    CHECK_FALSE(folder->is_new());
    CHECK(folder->identity().recovering);
    CHECK(folder->consensus_log().load()->empty());
    const auto snapshot = folder->ledger().snapshot();
    CHECK(**(*snapshot)->get("blocks", number_key(1)) == Bytes{30});
  }
  {
    // Recovering outlives a restart, and ends when the peer says so.
    const auto folder = open_folder(place / "d");
    CHECK(folder->identity().recovering);
    REQUIRE(folder->note_recovered());
  }
  CHECK_FALSE(open_folder(place / "d")->identity().recovering);
  // The former log is now a lost one's copy.
  fs::remove_all(place / "d/consensus");
  fs::copy(place / "newest", place / "d/consensus");
  CHECK(refusal(place / "d") == StorageError::lost);
}

TEST_CASE("a damaged ledger or inbox is refused, or set aside and begun anew") {
  const TemporaryFolder place;
  fill(place / "d");
  for (const std::string name : {"ledger", "inbox"}) {
    flip_middle(place / "d" / name / "data.mdb");
    CHECK(refusal(place / "d") == StorageError::damaged);
    const auto report = verify_folder(place / "d");
    REQUIRE(report);
    CHECK_FALSE(report->whole());
    CHECK(report->problems.front().starts_with(name + ": "));
    const auto folder = open_folder(place / "d", replacing());
    CHECK(folder->findings().size() == 1);
    CHECK_FALSE(folder->identity().recovering);
    CHECK(fs::exists(place / "d" / (name + ".damaged") / "data.mdb"));
    CHECK(folder->consensus_log().load()->size() == 2);
  }
  CHECK(verify_folder(place / "d")->whole());
}

namespace {

std::vector<std::pair<Bytes, Bytes>> numbered_readings(std::uint64_t count) {
  std::vector<std::pair<Bytes, Bytes>> readings;
  for (std::uint64_t i = 0; i < count; ++i) {
    readings.emplace_back(number_key(i), Bytes(150, static_cast<std::uint8_t>(i)));
  }
  return readings;
}

/// How many of `readings` the inbox holds; nothing else may be in it.
std::size_t held(const fs::path& directory, const std::vector<std::pair<Bytes, Bytes>>& readings) {
  const auto folder = open_folder(directory, replacing());
  const auto found = folder->inbox().load();
  REQUIRE(found);
  for (const auto& one : *found) {
    CHECK(std::find(readings.begin(), readings.end(), one) != readings.end());
  }
  return found->size();
}

}  // namespace

TEST_CASE("what can be read of a damaged inbox is kept") {
  const TemporaryFolder place;
  const auto readings = numbered_readings(500);
  {
    const auto folder = open_folder(place / "d");
    for (std::size_t i = 0; i < readings.size(); i += 50) {
      REQUIRE(folder->inbox().update({&readings[i], &readings[i] + 50}, {}));
    }
  }
  const auto file = place / "d/inbox/data.mdb";
  const auto sound = read_all(file);
  const auto try_damage = [&](const Bytes& damaged) {
    write_all(file, damaged);
    CHECK(refusal(place / "d") == StorageError::damaged);
    return held(place / "d", readings);
  };
  auto damaged = sound;
  std::fill_n(damaged.begin(), 2 * 4'096, std::uint8_t{0});
  CHECK(try_damage(damaged) == readings.size());  // both meta pages
  for (std::size_t page = 2; page < sound.size() / 4'096; ++page) {
    INFO("page " << page);
    damaged = sound;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(page * 4'096), 4'096,
                std::uint8_t{0});
    write_all(file, damaged);
    if (refusal(place / "d") != StorageError::damaged) continue;  // a free page
    CHECK(held(place / "d", readings) + 40 >= readings.size());
  }
  damaged = sound;
  damaged[damaged.size() - 100] ^= 1;
  write_all(file, damaged);
  CHECK(held(place / "d", readings) + 1 >= readings.size());
  CHECK(try_damage(to_bytes(ByteView(sound).first(sound.size() - 4'096))) + 40 >= readings.size());
}

TEST_CASE("an inbox that was saved but not yet in its place is found by the next start") {
  const TemporaryFolder place;
  const auto readings = numbered_readings(20);
  {
    const auto folder = open_folder(place / "d");
    REQUIRE(folder->inbox().update(readings, {}));
  }
  fs::rename(place / "d/inbox", place / "d/inbox.new");
  CHECK(held(place / "d", readings) == readings.size());
  CHECK_FALSE(fs::exists(place / "d/inbox.new"));
  // Half of a new one beside the old one means nothing.
  fs::create_directory(place / "d/inbox.new");
  write_all(place / "d/inbox.new/data.mdb", Bytes(4'096, 7));
  CHECK(held(place / "d", readings) == readings.size());
}

TEST_CASE("without its IDENTITY a folder with data is refused") {
  const TemporaryFolder place;
  fill(place / "d");
  auto text = read_all(place / "d/IDENTITY");
  fs::remove(place / "d/IDENTITY");
  CHECK(refusal(place / "d") == StorageError::damaged);
  CHECK_FALSE(verify_folder(place / "d")->whole());
  text[text.size() / 2] ^= 1;
  write_all(place / "d/IDENTITY", text);
  CHECK(refusal(place / "d") == StorageError::damaged);
  CHECK_FALSE(verify_folder(place / "d")->whole());
}

TEST_CASE("a folder that lost its IDENTITY comes back as recovering, its data set aside") {
  for (const bool all_gone : {false, true}) {
    const TemporaryFolder place;
    fill(place / "d");
    if (all_gone) {
      fs::remove_all(place / "d");
    } else {
      fs::remove(place / "d/IDENTITY");
    }
    DataFolderOptions options;
    options.recover_lost_folder = true;
    {
      const auto folder = open_folder(place / "d", options);
      CHECK(folder->identity().recovering);
      CHECK(folder->consensus_log().load()->empty());
      CHECK(folder->findings().size() == 1);
      CHECK(fs::exists(place / "d/ledger.damaged/data.mdb") == !all_gone);
    }
    // Later starts know it without being told.
    CHECK(open_folder(place / "d")->identity().recovering);
  }
}

TEST_CASE("a damaged IDENTITY is as good as none") {
  const TemporaryFolder place;
  fill(place / "d");
  auto text = read_all(place / "d/IDENTITY");
  text[text.size() / 2] ^= 1;
  write_all(place / "d/IDENTITY", text);
  DataFolderOptions options;
  options.recover_lost_folder = true;
  const auto folder = open_folder(place / "d", options);
  CHECK(folder->identity().recovering);
  CHECK(folder->is_new());
}

TEST_CASE("a creation that is taken back leaves a folder that the next start begins again") {
  const TemporaryFolder place;
  {
    const auto folder = open_folder(place / "d");
    REQUIRE(folder->is_new());
    REQUIRE(folder->consensus_log().append({{Bytes{1}, Bytes{2}}}));
    REQUIRE(folder->take_back_creation());
  }
  {
    const auto folder = open_folder(place / "d");
    CHECK(folder->is_new());
    CHECK_FALSE(folder->identity().recovering);
    CHECK(folder->consensus_log().load()->empty());
    REQUIRE(folder->take_back_creation());
  }
  DataFolderOptions options;
  options.recover_lost_folder = true;
  CHECK(open_folder(place / "d", options)->identity().recovering);
}

TEST_CASE("a ledger whose records contradict one another is set aside on request") {
  const TemporaryFolder place;
  fill(place / "d");
  DataFolderOptions options;
  options.discard_ledger = true;
  const auto folder = open_folder(place / "d", options);
  CHECK(fs::exists(place / "d/ledger.damaged/data.mdb"));
  CHECK(folder->consensus_log().load()->size() == 2);
  CHECK_FALSE(folder->identity().recovering);
}

TEST_CASE("a creation that was cut short is begun again") {
  const TemporaryFolder place;
  fill(place / "d");
  auto unfinished = **read_identity(place / "d/IDENTITY");
  unfinished.log_commits = 0;
  REQUIRE(write_identity(place / "d/IDENTITY", unfinished));
  fs::remove_all(place / "d/inbox");
  write_all(place / "d/ledger/data.mdb", Bytes(100, 1));
  const auto folder = open_folder(place / "d");
  CHECK(folder->is_new());
  CHECK(folder->identity().log_commits > 0);
  CHECK(folder->consensus_log().load()->empty());
}

TEST_CASE("the reservation is raised rarely, never lowered, and durable") {
  const TemporaryFolder place;
  {
    const auto folder = open_folder(place / "d");
    int writes = 0;
    for (std::uint64_t sequence = 1; sequence <= 5'000; ++sequence) {
      if (!folder->reservation_covers({0, 2, sequence})) ++writes;
      REQUIRE(folder->reserve({0, 2, sequence}));
      CHECK(folder->reservation_covers({0, 2, sequence}));
    }
    CHECK(writes == 5);
    REQUIRE(folder->reserve({0, 1, 1}));
    REQUIRE(folder->note_stable_checkpoint(64));
    REQUIRE(folder->note_stable_checkpoint(32));
  }
  const auto identity = open_folder(place / "d")->identity();
  CHECK(identity.reservation ==
        Reservation{0, 2, 1 + 4 * (reservation_ahead + 1) + reservation_ahead});
  CHECK(identity.stable_checkpoint == 64);
  const auto folder = open_folder(place / "d");
  const auto last = ~std::uint64_t{0};
  REQUIRE(folder->reserve({0, last, last - 5}));
  CHECK(folder->reservation_covers({0, last, last}));
  // A later epoch counts its views from 0 again.
  CHECK(!folder->reservation_covers({1, 0, 1}));
  REQUIRE(folder->reserve({1, 0, 1}));
  CHECK(folder->identity().reservation == Reservation{1, 0, last});
  REQUIRE(folder->reserve({0, 7, 1}));
  CHECK(folder->identity().reservation == Reservation{1, 0, last});
}

TEST_CASE("verification names every damaged record and changes nothing") {
  const TemporaryFolder place;
  {
    const auto folder = open_folder(place / "d");
    REQUIRE(folder->ledger().commit({{"blocks", number_key(1), Bytes(500, 'A')},
                                     {"blocks", number_key(2), Bytes(500, 'B')},
                                     {"receipts", number_key(3), Bytes(9'000, 'C')}}));
  }
  const auto sound = verify_folder(place / "d");
  REQUIRE(sound);
  CHECK(sound->whole());
  CHECK(sound->environments.size() == 3);
  CHECK(sound->environments[1].pages.records == 3 + 2);  // and the environment's own two
  const auto file = place / "d/ledger/data.mdb";
  auto content = read_all(file);
  for (const std::uint8_t letter : {'A', 'C'}) {
    const Bytes pattern(500, letter);
    const auto at = std::search(content.begin(), content.end(), pattern.begin(), pattern.end());
    REQUIRE(at != content.end());
    at[250] ^= 0x80;
  }
  write_all(file, content);
  const auto report = verify_folder(place / "d");
  REQUIRE(report);
  CHECK(report->problems ==
        std::vector<std::string>{
            "ledger: table blocks, key 0000000000000001: checksum does not match",
            "ledger: table receipts, key 0000000000000003: checksum does not match"});
  CHECK(read_all(file) == content);
}

TEST_CASE("an audit reads the ledger alone, also beside a damaged log") {
  const TemporaryFolder place;
  fill(place / "d");
  flip_middle(place / "d/consensus/data.mdb");
  {
    const auto ledger = open_ledger_for_audit(place / "d", small_options());
    REQUIRE(ledger);
    const auto snapshot = (*ledger)->snapshot();
    REQUIRE(snapshot);
    CHECK(**(*snapshot)->get("blocks", number_key(1)) == Bytes{30});
    CHECK(refusal(place / "d") == StorageError::locked);
  }
  flip_middle(place / "d/ledger/data.mdb");
  CHECK(open_ledger_for_audit(place / "d", small_options()).error().code() ==
        StorageError::damaged);
  CHECK(open_ledger_for_audit(place / "nothing", small_options()).error().code() ==
        StorageError::damaged);
}
