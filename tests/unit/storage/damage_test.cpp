// Damage at rest: every flip and every truncation is found before LMDB maps the file, or does no
// harm.
#include "storage/lmdb_page.hpp"
#include "storage/page_check.hpp"
#include "tests/unit/storage/workload.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;

namespace {

// A sanitized build is several times slower and looks for other faults: it tries every eighth
// damage.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stride = 8;
#else
constexpr std::size_t stride = 1;
#endif

/// Some tables after some dozens of commits, with overflow pages, branch pages and a free list.
Content build(const std::filesystem::path& folder, std::mt19937_64& random) {
  Content content;
  const auto environment = open_environment(folder);
  for (int i = 0; i < 40; ++i) {
    const auto batch = random_batch(random, 40, 400);
    REQUIRE(environment->commit(batch));
    apply_writes(content, batch);
  }
  return content;
}

/// One damaged copy of the file: 0 when the damage is found at opening, or when everything reads as
/// before and goes on reading so after another commit.
int try_damaged(const std::filesystem::path& folder, ByteView file, Content content,
                std::size_t& found) {
  std::filesystem::create_directories(folder);
  write_all(folder / "data.mdb", file);
  auto options = small_options();
  options.must_exist = true;
  auto opened = Environment::open(folder, options);
  if (!opened) {
    ++found;
    return opened.error().code() == StorageError::damaged ? 0 : 2;
  }
  if (!difference(**opened, content).empty()) return 3;
  const std::vector<protocol::TableWrite> more{{"table0", number_key(1), Bytes(5'000, 'n')},
                                               {"table3", number_key(2), std::nullopt}};
  if (!(*opened)->commit(more)) return 4;
  apply_writes(content, more);
  return difference(**opened, content).empty() ? 0 : 5;
}

/// Tries `count` damaged copies in one child; on a failure says which.
void try_all(const TemporaryFolder& folder, std::size_t count, const Content& content,
             const std::function<Bytes(std::size_t)>& damaged) {
  const auto place = folder / "progress";
  const auto status = run_child([&] {
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; i += stride) {
      write_all(place, as_bytes(std::to_string(i)));
      const int answer = try_damaged(folder / "try", damaged(i), content, found);
      if (answer != 0) return answer;
    }
    std::printf("  %zu of %zu damages found at opening, the others harmless\n", found,
                count / stride);
    std::fflush(stdout);
    return 0;
  });
  INFO("damage number " << as_text(read_all(place)));
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace

TEST_CASE("the page check finds no fault in sound files of any shape") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("sound files"));
  const auto environment = open_environment(folder / "e");
  for (int i = 0; i < 300; i += stride == 1 ? 1 : 3) {
    // Waves of growing and shrinking, so that pages come, go and are reused.
    const auto keys = std::uint64_t{20} << (i / 50 % 2 == 0 ? 5 : 0);
    const auto batch = random_batch(random, 1 + random() % 120, keys);
    // An old snapshot now and then keeps pages from being reused.
    const auto pin = environment->snapshot();
    if (random() % 2 == 0) REQUIRE(environment->commit(random_batch(random, 5, keys)));
    REQUIRE(environment->commit(batch));
    const auto report = check_pages(folder / "e/data.mdb", true);
    REQUIRE(report);
    REQUIRE_MESSAGE(report->whole(), report->damages.front().text());
    CHECK(report->commit_number == environment->commit_number());
  }
}

TEST_CASE("any flipped bit is found at opening or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("bit flips"));
  const auto content = build(folder / "e", random);
  const auto file = read_all(folder / "e/data.mdb");
  std::vector<std::size_t> bits(1'500);
  for (auto& bit : bits) bit = random() % (file.size() * 8);
  try_all(folder, bits.size(), content, [&](std::size_t i) {
    auto damaged = file;
    damaged[bits[i] / 8] ^= static_cast<std::uint8_t>(1u << (bits[i] % 8));
    return damaged;
  });
}

TEST_CASE("any byte set to another value is found at opening or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("bytes"));
  const auto content = build(folder / "e", random);
  const auto file = read_all(folder / "e/data.mdb");
  try_all(folder, 500, content, [&](std::size_t) {
    auto damaged = file;
    auto& byte = damaged[random() % file.size()];
    byte = static_cast<std::uint8_t>(byte + 1 + random() % 255);
    return damaged;
  });
}

TEST_CASE("every flipped bit of the meta pages is found or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("meta pages"));
  const auto content = build(folder / "e", random);
  const auto file = read_all(folder / "e/data.mdb");
  const std::size_t meta_bits = 152 * 8;
  try_all(folder, 2 * meta_bits, content, [&](std::size_t i) {
    auto damaged = file;
    const auto bit = i % meta_bits + (i < meta_bits ? 0 : std::size_t{4'096} * 8);
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    return damaged;
  });
}

TEST_CASE("a page with another page's content is found or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("pages"));
  const auto content = build(folder / "e", random);
  const auto file = read_all(folder / "e/data.mdb");
  const std::size_t page_bytes = 4'096;
  const auto pages = file.size() / page_bytes;
  try_all(folder, 500, content, [&](std::size_t i) {
    auto damaged = file;
    const auto to = random() % pages;
    const auto from = random() % pages;
    auto source = file.begin() + static_cast<std::ptrdiff_t>(from * page_bytes);
    auto target = damaged.begin() + static_cast<std::ptrdiff_t>(to * page_bytes);
    if (i % 2 == 0) {
      std::copy_n(source, page_bytes, target);
    } else {
      std::fill_n(target, page_bytes, std::uint8_t{0});
    }
    return damaged;
  });
}

TEST_CASE("a file cut to any length is found or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("truncation"));
  const auto content = build(folder / "e", random);
  const auto file = read_all(folder / "e/data.mdb");
  try_all(folder, 400, content, [&](std::size_t i) {
    // 0 and everything around page ends first, then anywhere.
    const auto length = i < 60 ? i / 3 * 4'096 + i % 3 : random() % file.size();
    return to_bytes(ByteView(file).first(std::min(length, file.size())));
  });
}

TEST_CASE("a record damaged in a running peer is found by the read that meets it") {
  const MemoryFolder folder;
  const auto environment = open_environment(folder / "e");
  const auto key = number_key(1);
  REQUIRE(environment->commit({{"t", key, Bytes(1'000, 'A')}, {"t", number_key(2), Bytes{2}}}));
  auto file = read_all(folder / "e/data.mdb");
  const Bytes pattern(1'000, 'A');
  const auto at = std::search(file.begin(), file.end(), pattern.begin(), pattern.end());
  REQUIRE(at != file.end());
  const int descriptor = ::open((folder / "e/data.mdb").c_str(), O_WRONLY);
  REQUIRE(::pwrite(descriptor, "B", 1, at - file.begin() + 500) == 1);
  ::close(descriptor);
  const auto snapshot = environment->snapshot();
  REQUIRE(snapshot);
  const auto read = (*snapshot)->get("t", key);
  REQUIRE_FALSE(read);
  CHECK(read.error().code() == StorageError::damaged);
  CHECK(read.error().detail() == "table t, key 0000000000000001: checksum does not match");
  const auto scanned =
      (*snapshot)->scan("t", {}, {}, false, [](ByteView, ByteView) { return true; });
  REQUIRE_FALSE(scanned);
  CHECK(scanned.error().code() == StorageError::damaged);
  CHECK(**(*snapshot)->get("t", number_key(2)) == Bytes{2});
}

TEST_CASE("without the records' checksums the structure is still checked") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("structure"));
  build(folder / "e", random);
  CHECK(check_pages(folder / "e/data.mdb", false)->whole());
  auto file = read_all(folder / "e/data.mdb");
  write_all(folder / "e/data.mdb", ByteView(file).first(file.size() / 2));
  CHECK_FALSE(check_pages(folder / "e/data.mdb", false)->whole());
}

namespace {

enum class PageType { meta, branch, leaf, overflow, free };
constexpr PageType page_types[] = {PageType::meta, PageType::branch, PageType::leaf,
                                   PageType::overflow, PageType::free};

const char* to_text(PageType type) {
  switch (type) {
    case PageType::meta:
      return "meta";
    case PageType::branch:
      return "branch";
    case PageType::leaf:
      return "leaf";
    case PageType::overflow:
      return "overflow";
    case PageType::free:
      return "free";
  }
  return "?";
}

constexpr std::size_t page_size = 4'096;

/// Free is a page that may hold anything; the others are what their headers say.
std::map<PageType, std::vector<std::size_t>> pages_by_type(const std::filesystem::path& scratch,
                                                           const Bytes& file) {
  std::map<PageType, std::vector<std::size_t>> pages;
  for (std::size_t page = 0; page < file.size() / page_size; ++page) {
    if (page < 2) {
      pages[PageType::meta].push_back(page);
      continue;
    }
    auto junk = file;
    std::fill_n(junk.begin() + static_cast<std::ptrdiff_t>(page * page_size), page_size,
                std::uint8_t{0xA5});
    write_all(scratch, junk);
    const auto report = check_pages(scratch, true);
    REQUIRE(report);
    const auto content = ByteView(file).subspan(page * page_size, page_size);
    if (report->whole()) {
      pages[PageType::free].push_back(page);
    } else if (const auto tree = read_tree_page(content, page)) {
      pages[tree->kind == PageKind::branch ? PageType::branch : PageType::leaf].push_back(page);
    } else {
      pages[PageType::overflow].push_back(page);
    }
  }
  return pages;
}

}  // namespace

TEST_CASE("in every type of page of every environment a flipped bit is found or does no harm") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("flips by page type"));
  const std::size_t flips = 300;
  for (const auto& kind : environment_kinds) {
    constexpr std::uint64_t commits = 150;
    {
      const auto environment = open_environment(folder / kind);
      for (std::uint64_t i = 1; i <= commits; ++i) {
        REQUIRE(environment->commit(commit_of(kind, i)));
      }
    }
    const auto content = content_after(kind, commits);
    const auto file = read_all(folder / kind / "data.mdb");
    const auto pages = pages_by_type(folder / "scratch", file);
    for (const auto type : page_types) {
      const auto found = pages.find(type);
      // Readings and their pages are small: an inbox has no overflow pages.
      if (found == pages.end()) continue;
      std::printf("  %s, %zu %s pages:", kind.c_str(), found->second.size(), to_text(type));
      try_all(folder, flips, content, [&](std::size_t) {
        auto damaged = file;
        const auto page = found->second[random() % found->second.size()];
        const auto bit = page * page_size * 8 + random() % (page_size * 8);
        damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        return damaged;
      });
    }
    CHECK(pages.size() >= 4);
  }
}
