// A process killed at any moment, and a disk that fills up.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "tests/unit/storage/support.hpp"

using namespace powershare;
using namespace powershare::storage;
using namespace powershare::storage::testing;
using protocol::TableWrite;

namespace {

std::vector<TableWrite> numbered_batch(std::uint64_t number) {
  // Three tables that must agree, one value of several pages, and an erasure.
  std::vector<TableWrite> writes{
      {"blocks", number_key(number), Bytes(100 + number * 37 % 9'000, 'b')},
      {"index", number_key(~number), number_key(number)},
      {"meta", Bytes{'h'}, number_key(number)}};
  if (number > 50) writes.push_back({"index", number_key(~(number - 50)), std::nullopt});
  return writes;
}

Content content_until(std::uint64_t number) {
  Content content;
  for (std::uint64_t i = 1; i <= number; ++i) apply_writes(content, numbered_batch(i));
  return content;
}

std::uint64_t height(const Environment& environment) {
  const auto snapshot = environment.snapshot();
  if (!snapshot) return 0;
  const auto value = (*snapshot)->get("meta", Bytes{'h'});
  if (!value || !*value) return 0;
  Decoder in(**value);
  return in.u64();
}

/// Commits batch after batch from the height found, and writes each number to `out` once it is
/// acknowledged.
int commit_for_ever(const std::filesystem::path& folder, int out) {
  auto opened = Environment::open(folder, small_options());
  if (!opened) return 2;
  for (auto number = height(**opened) + 1;; ++number) {
    if (!(*opened)->commit(numbered_batch(number))) return 3;
    if (::write(out, &number, sizeof number) != sizeof number) return 4;
  }
}

/// Starts the loop in a child, kills it with SIGKILL after `count` acknowledgements, and gives the
/// last one read.
std::uint64_t kill_after(const std::filesystem::path& folder, std::size_t count) {
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    ::_exit(commit_for_ever(folder, ends[1]));
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count && ::read(ends[0], &number, sizeof number) == sizeof number;
       ++i) {
    last = number;
  }
  ::kill(child, SIGKILL);
  // What it acknowledged before the signal reached it counts too.
  while (::read(ends[0], &number, sizeof number) == sizeof number) last = number;
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return last;
}

/// Commits until an error comes; gives the last number acknowledged and the error.
std::pair<std::uint64_t, std::error_code> commit_until_error(Environment& environment) {
  for (auto number = height(environment) + 1;; ++number) {
    const auto done = environment.commit(numbered_batch(number));
    if (!done) return {number - 1, done.error().code()};
  }
}

/// Mounts a small file system in memory over `folder`, seen by this process only and gone with it.
bool mount_small_disk(const std::filesystem::path& folder) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") == 0;
}

constexpr int could_not_mount = 77;

}  // namespace

TEST_CASE("a process killed in a loop of commits leaves a prefix with all that was acknowledged") {
  const TemporaryFolder folder;
  std::mt19937_64 random(test_seed("kill -9"));
  for (int round = 0; round < 10; ++round) {
    const auto acknowledged = kill_after(folder / "e", 1 + random() % 60);
    CHECK(acknowledged > 0);
    const auto environment = open_environment(folder / "e");
    const auto found = height(*environment);
    CHECK(found >= acknowledged);
    CHECK(found <= acknowledged + 1);
    CHECK(difference(*environment, content_until(found)).empty());
  }
}

TEST_CASE(
    "a full disk refuses commits, keeps what is committed, and is usable once there is room") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "disk");
  const auto status = run_child([&] {
    if (!mount_small_disk(folder / "disk")) return could_not_mount;
    const auto ballast = folder / "disk/ballast";
    write_all(ballast, Bytes(500'000, 1));
    auto options = small_options();
    options.minimum_free_bytes = 64 << 10;
    auto opened = Environment::open(folder / "disk/e", options);
    if (!opened) return 1;
    auto& environment = **opened;
    for (int i = 0; i < 2; ++i) {
      const auto [last, error] = commit_until_error(environment);
      if (error != StorageError::no_space) return 2;
      if (!difference(environment, content_until(last)).empty()) return 3;
    }
    std::filesystem::remove(ballast);
    const auto number = height(environment) + 1;
    if (!environment.commit(numbered_batch(number))) return 4;
    if (!difference(environment, content_until(number)).empty()) return 5;
    opened->reset();
    opened = Environment::open(folder / "disk/e", options);
    if (!opened || !difference(**opened, content_until(number)).empty()) return 6;
    return 0;
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == could_not_mount) {
    MESSAGE("skipped: mounting a small file system is not permitted here");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a disk that fills up in the middle of a commit costs nothing that was acknowledged") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "disk");
  const auto status = run_child([&] {
    if (!mount_small_disk(folder / "disk")) return could_not_mount;
    auto options = small_options();
    options.minimum_free_bytes = 0;  // let it run into the wall
    auto opened = Environment::open(folder / "disk/e", options);
    if (!opened) return 1;
    auto [last, error] = commit_until_error(**opened);
    // A short write cannot be told from a broken device: then the peer stops.
    if (error != StorageError::no_space && error != StorageError::io) return 2;
    opened->reset();
    opened = Environment::open(folder / "disk/e", small_options());
    if (!opened || !difference(**opened, content_until(last)).empty()) return 3;
    return 0;
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == could_not_mount) {
    MESSAGE("skipped: mounting a small file system is not permitted here");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a file that may not grow costs nothing that was acknowledged") {
  const TemporaryFolder folder;
  const auto status = run_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const auto before = limit.rlim_cur;
    limit.rlim_cur = 1'000'000;  // not a multiple of the page size: the last write is short
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    auto opened = Environment::open(folder / "e", small_options());
    if (!opened) return 2;
    const auto [last, error] = commit_until_error(**opened);
    if (last == 0) return 3;
    if (error != StorageError::no_space && error != StorageError::io) return 4;
    opened->reset();
    limit.rlim_cur = before;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 5;
    opened = Environment::open(folder / "e", small_options());
    if (!opened || !difference(**opened, content_until(last)).empty()) return 6;
    if (!(*opened)->commit(numbered_batch(last + 1))) return 7;
    return difference(**opened, content_until(last + 1)).empty() ? 0 : 8;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
