// Faults at every system call of a commit: this file stands between LMDB and the C library's
// pwrite, writev and fdatasync, and lets the n-th call fail, end the process, or hang. It also
// records the calls for power_loss_test.cpp.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/unit/storage/recorder.hpp"
#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;
using protocol::TableWrite;

std::vector<DiskCall>* powershare::storage::testing::recorded_calls = nullptr;

namespace {

void record(DiskCall::Kind kind, int descriptor, std::uint64_t offset, ByteView data) {
  if (recorded_calls == nullptr) return;
  std::error_code code;
  const auto file =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), code);
  if (code || file.filename() != "data.mdb") return;
  // LMDB writes its meta pages through a descriptor that is synchronous.
  const bool synchronous = (::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0;
  if (kind == DiskCall::Kind::write && synchronous) kind = DiskCall::Kind::durable_write;
  recorded_calls->push_back({kind, offset, to_bytes(data)});
}

enum class Fault { none, kill, kill_half_written, io_error, no_space };

std::atomic<int> calls_left{-1};  // at 0 the fault happens; below it, never
std::atomic<Fault> planned{Fault::none};
std::atomic<bool> struck_meta_page{false};
std::atomic<bool> hang{false};

/// True when this call is the one to fail. LMDB's data pages come in calls of whole pages.
bool is_due() {
  return calls_left >= 0 && calls_left-- == 0;
}

void plan(Fault fault, int call) {
  planned = fault;
  calls_left = call;
}

/// What a call that is due does in place of its work: gives the errno, or does not come back.
int strike() {
  if (planned == Fault::kill) ::kill(::getpid(), SIGKILL);
  return planned == Fault::no_space ? ENOSPC : EIO;
}

}  // namespace

extern "C" {

int fdatasync(int descriptor) {
  while (hang) std::this_thread::yield();
  if (is_due() && planned != Fault::no_space) {
    errno = strike();
    return -1;
  }
  record(DiskCall::Kind::sync, descriptor, 0, {});
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
  // A meta page is one small write inside a sector, which a disk writes whole or not.
  const bool small = size < 512;
  if (is_due() && !(small && planned == Fault::no_space)) {
    if (planned == Fault::kill_half_written && !small) {
      ::syscall(SYS_pwrite64, descriptor, data, size / 2 + 1, offset);
    }
    if (planned == Fault::kill_half_written) ::kill(::getpid(), SIGKILL);
    struck_meta_page = small;
    errno = strike();
    return -1;
  }
  record(DiskCall::Kind::write, descriptor, static_cast<std::uint64_t>(offset),
         {static_cast<const std::uint8_t*>(data), size});
  return ::syscall(SYS_pwrite64, descriptor, data, size, offset);
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  if (is_due()) {
    if (planned == Fault::kill_half_written) {
      ::syscall(SYS_writev, descriptor, parts, count / 2);
      ::kill(::getpid(), SIGKILL);
    }
    errno = strike();
    return -1;
  }
  auto offset = static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_CUR));
  for (int i = 0; i < count; ++i) {
    record(DiskCall::Kind::write, descriptor, offset,
           {static_cast<const std::uint8_t*>(parts[i].iov_base), parts[i].iov_len});
    offset += parts[i].iov_len;
  }
  return ::syscall(SYS_writev, descriptor, parts, count);
}

}  // extern "C"

namespace {

constexpr std::uint64_t commits_tried = 4;

/// Touches three tables, one with a value of several pages and one with scattered keys.
std::vector<TableWrite> batch(std::uint64_t number) {
  std::vector<TableWrite> writes{{"head", Bytes{1}, number_key(number)},
                                 {"blocks", number_key(number), Bytes(20'000, 'b')}};
  for (std::uint64_t i = 0; i < 30; ++i) {
    writes.push_back({"state", number_key(i * 7'919 % 300), number_key(number)});
  }
  if (number > 2) writes.push_back({"blocks", number_key(number - 2), std::nullopt});
  return writes;
}

Content content_until(std::uint64_t number) {
  Content content;
  for (std::uint64_t i = 1; i <= number; ++i) apply_writes(content, batch(i));
  return content;
}

constexpr std::uint64_t commits_before = 6;

/// Commits 1 to commits_before into a fresh environment, closed again.
void prepare(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  const auto environment = open_environment(folder);
  for (std::uint64_t i = 1; i <= commits_before; ++i) REQUIRE(environment->commit(batch(i)));
}

/// The number of the last commit that is wholly there, from `least` to `most`; 0 where there is
/// none such.
std::uint64_t find_height(const std::filesystem::path& folder, std::uint64_t least,
                          std::uint64_t most) {
  const auto environment = open_environment(folder);
  for (auto number = most; number >= least; --number) {
    if (difference(*environment, content_until(number)).empty()) return number;
  }
  return 0;
}

/// Calls that one round of commits makes.
int count_calls(const std::filesystem::path& folder) {
  prepare(folder);
  const auto environment = open_environment(folder);
  constexpr int many = 1'000'000;
  plan(Fault::none, many);
  for (std::uint64_t i = 1; i <= commits_tried; ++i) {
    REQUIRE(environment->commit(batch(commits_before + i)));
  }
  const int calls = many - calls_left;
  plan(Fault::none, -1);
  return calls;
}

}  // namespace

TEST_CASE("a process killed at any write or sync of a commit loses nothing it acknowledged") {
  const MemoryFolder folder;
  const int calls = count_calls(folder / "e");
  REQUIRE(calls >= static_cast<int>(3 * commits_tried));
  for (const auto fault : {Fault::kill, Fault::kill_half_written}) {
    for (int call = 0; call < calls; ++call) {
      prepare(folder / "e");
      const auto acknowledged = folder / "acknowledged";
      write_all(acknowledged, Bytes{0});
      const auto status = run_child([&] {
        auto opened = Environment::open(folder / "e", small_options());
        if (!opened) return 1;
        plan(fault, call);
        for (std::uint64_t i = 1; i <= commits_tried; ++i) {
          if (!(*opened)->commit(batch(commits_before + i))) return 2;
          write_all(acknowledged, Bytes{static_cast<std::uint8_t>(i)});
        }
        return 0;
      });
      const auto least = commits_before + read_all(acknowledged).front();
      INFO("call " << call << " of " << calls);
      // Half a sync is a whole one that fails: the process reports the error instead.
      const bool reported = WIFEXITED(status) && WEXITSTATUS(status) == 2;
      CHECK((WIFSIGNALED(status) || (fault == Fault::kill_half_written && reported)));
      CHECK(find_height(folder / "e", least, least + 1) >= least);
    }
  }
}

TEST_CASE("after an I/O error at any call nothing more is acknowledged, and nothing is lost") {
  const MemoryFolder folder;
  const int calls = count_calls(folder / "e");
  int mixed = 0;
  for (int call = 0; call < calls; ++call) {
    prepare(folder / "e");
    auto last = commits_before;
    {
      const auto environment = open_environment(folder / "e");
      plan(Fault::io_error, call);
      auto done = environment->commit(batch(last + 1));
      for (; done; done = environment->commit(batch(last + 1))) {
        if (++last == commits_before + commits_tried) break;
      }
      plan(Fault::none, -1);
      INFO("call " << call << " of " << calls);
      REQUIRE_FALSE(done);
      CHECK(done.error().code() == StorageError::io);
      CHECK(environment->commit(batch(last + 1)).error().code() == StorageError::io);
      CHECK(environment->snapshot().error().code() == StorageError::io);
    }
    if (struck_meta_page.exchange(false)) {
      // LMDB then leaves a meta page that is half of this commit and half of an earlier one: not to
      // be told from a damaged one, and not trusted.
      const auto again = Environment::open(folder / "e", small_options());
      REQUIRE_FALSE(again);
      CHECK(again.error().code() == StorageError::damaged);
      ++mixed;
      continue;
    }
    CHECK(find_height(folder / "e", last, last + 1) >= last);
  }
  CHECK(mixed == static_cast<int>(commits_tried));
}

TEST_CASE("after a full disk at any write the environment goes on where it was") {
  const MemoryFolder folder;
  const int calls = count_calls(folder / "e");
  int refused = 0;
  for (int call = 0; call < calls; ++call) {
    prepare(folder / "e");
    const auto environment = open_environment(folder / "e");
    plan(Fault::no_space, call);
    for (std::uint64_t i = 1; i <= commits_tried; ++i) {
      const auto number = commits_before + i;
      auto done = environment->commit(batch(number));
      if (!done) {
        CHECK(done.error().code() == StorageError::no_space);
        CHECK(difference(*environment, content_until(number - 1)).empty());
        ++refused;
        done = environment->commit(batch(number));
      }
      INFO("call " << call << " of " << calls);
      REQUIRE(done);
    }
    plan(Fault::none, -1);
    CHECK(difference(*environment, content_until(commits_before + commits_tried)).empty());
  }
  CHECK(refused >= static_cast<int>(commits_tried));
}

TEST_CASE("a commit that hangs is seen from another thread") {
  const TemporaryFolder folder;
  const auto environment = open_environment(folder / "e");
  hang = true;
  std::atomic<bool> committed{false};
  std::thread writer([&] {
    const auto done = environment->commit(batch(1));
    committed = done.ok();
  });
  while (environment->statistics().running_commit_ms == 0) std::this_thread::yield();
  CHECK_FALSE(committed);
  hang = false;
  writer.join();
  CHECK(committed);
  CHECK(environment->statistics().running_commit_ms == 0);
  CHECK(environment->statistics().last_commit_ms > 0);
}
