// Power fails at any moment: of what was written and not yet synced, any part may be on the disk,
// in any order, torn between sectors. Whatever image results holds all that was acknowledged.
#include <numeric>

#include "tests/unit/storage/recorder.hpp"
#include "tests/unit/storage/workload.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t commits = 8;
#else
constexpr std::uint64_t commits = 32;
#endif
constexpr std::size_t sector_bytes = 512;

/// What passed between LMDB and the disk, and after how many calls each commit was acknowledged.
struct History {
  std::vector<DiskCall> calls;
  std::vector<std::size_t> acknowledged_at;  ///< [0]: the environment itself
};

History record_history(const std::filesystem::path& folder, const std::string& kind) {
  History history;
  recorded_calls = &history.calls;
  const auto environment = open_environment(folder);
  history.acknowledged_at.push_back(history.calls.size());
  for (std::uint64_t number = 1; number <= commits; ++number) {
    REQUIRE(environment->commit(commit_of(kind, number)));
    history.acknowledged_at.push_back(history.calls.size());
  }
  recorded_calls = nullptr;
  return history;
}

void write_at(Bytes& image, std::uint64_t offset, ByteView data) {
  if (image.size() < offset + data.size()) image.resize(offset + data.size());
  std::copy(data.begin(), data.end(), image.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// The sectors of one write that reach the disk, each by the toss of a coin.
void write_torn(Bytes& image, const DiskCall& call, std::mt19937_64& random) {
  for (std::uint64_t at = 0; at < call.data.size();) {
    const auto to_end = sector_bytes - (call.offset + at) % sector_bytes;
    const auto size = std::min<std::uint64_t>(to_end, call.data.size() - at);
    if (random() % 2 == 0) {
      write_at(image, call.offset + at, ByteView(call.data).subspan(at, size));
    }
    at += size;
  }
}

enum class Loss { all, none, some_writes, some_sectors, last_first };
constexpr Loss losses[] = {Loss::all, Loss::none, Loss::some_writes, Loss::some_sectors,
                           Loss::last_first};

/// The image after power failed: `durable` and some of the writes that were under way.
Bytes image_of(Bytes durable, const std::vector<const DiskCall*>& unsynced, Loss loss,
               std::mt19937_64& random) {
  const auto kept = unsynced.empty() ? 0 : random() % unsynced.size();
  for (std::size_t i = 0; i < unsynced.size(); ++i) {
    const auto& call = *unsynced[i];
    if (loss == Loss::some_sectors) {
      write_torn(durable, call, random);
    } else if (loss == Loss::none || (loss == Loss::some_writes && random() % 2 == 0) ||
               (loss == Loss::last_first && i >= kept)) {
      write_at(durable, call.offset, call.data);
    }
  }
  return durable;
}

struct Tally {
  std::size_t images = 0, older = 0, newer = 0, damaged = 0;
};

/// Opens the image: it must hold a state between what was acknowledged and what was under way.
void check_image(const std::filesystem::path& folder, const std::string& kind, const Bytes& image,
                 std::uint64_t acknowledged, Tally& tally) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  write_all(folder / "data.mdb", image);
  auto options = small_options();
  options.must_exist = true;
  const auto opened = Environment::open(folder, options);
  ++tally.images;
  if (!opened) {
    ++tally.damaged;
    FAIL_CHECK("not opened: " << opened.error().detail());
    return;
  }
  const bool older = difference(**opened, content_after(kind, acknowledged)).empty();
  const bool newer = !older && acknowledged < commits &&
                     difference(**opened, content_after(kind, acknowledged + 1)).empty();
  tally.older += older ? 1 : 0;
  tally.newer += newer ? 1 : 0;
  CHECK_MESSAGE((older || newer), "after " << acknowledged << " commits");
  // And it goes on from there.
  CHECK((*opened)->commit(commit_of(kind, acknowledged + 2)));
}

}  // namespace

TEST_CASE(
    "whatever a loss of power leaves of the unsynced writes, what was acknowledged is there") {
  const MemoryFolder folder;
  std::mt19937_64 random(test_seed("power loss"));
  for (const auto& kind : environment_kinds) {
    const auto history = record_history(folder / kind, kind);
    REQUIRE(history.calls.size() > 3 * commits);
    Tally tally;
    std::size_t points = 0;
    Bytes durable;
    std::vector<const DiskCall*> unsynced;
    std::uint64_t acknowledged = 0;
    for (std::size_t i = 0; i < history.calls.size(); ++i) {
      const auto& call = history.calls[i];
      const bool created = i >= history.acknowledged_at.front();
      while (acknowledged < commits && history.acknowledged_at[acknowledged + 1] <= i) {
        ++acknowledged;
      }
      if (call.kind == DiskCall::Kind::write || call.kind == DiskCall::Kind::durable_write) {
        unsynced.push_back(&call);
      }
      // The moment while this call is under way. Before that, nothing was promised to anybody.
      if (created) {
        ++points;
        for (const auto loss : losses) {
          INFO(kind << ", call " << i << ", loss " << static_cast<int>(loss));
          check_image(folder / "image", kind, image_of(durable, unsynced, loss, random),
                      acknowledged, tally);
        }
      }
      if (call.kind == DiskCall::Kind::durable_write) {
        unsynced.pop_back();
        write_at(durable, call.offset, call.data);
      } else if (call.kind == DiskCall::Kind::sync) {
        for (const auto* write : unsynced) write_at(durable, write->offset, write->data);
        unsynced.clear();
      }
    }
    std::printf(
        "  %s: %zu calls in %llu commits, %zu images: %zu as acknowledged, %zu one commit "
        "further, %zu damaged\n",
        kind.c_str(), points, static_cast<unsigned long long>(commits), tally.images, tally.older,
        tally.newer, tally.damaged);
    CHECK(tally.older > 0);
    CHECK(tally.newer > 0);
  }
}
