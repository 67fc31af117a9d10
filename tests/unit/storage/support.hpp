// What the tests of room storage share: a folder that goes away, a child process, a printed seed.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "base/bytes.hpp"
#include "base/encoding.hpp"
#include "storage/data_folder.hpp"
#include "storage/environment.hpp"

namespace powershare::storage::testing {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& where = std::filesystem::temp_directory_path()) {
    auto name = (where / "powershare-storage-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code code;
    std::filesystem::remove_all(path_, code);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// In memory where the machine has such a file system: for tests that sync thousands of times.
class MemoryFolder : public TemporaryFolder {
 public:
  MemoryFolder()
      : TemporaryFolder(::access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm")
                                                        : std::filesystem::temp_directory_path()) {}
};

/// POWERSHARE_SEED where it is set, else a fresh one; printed, so that a failure can be repeated.
inline std::uint64_t test_seed(const char* what) {
  const auto* given = std::getenv("POWERSHARE_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("%s: POWERSHARE_SEED=%llu\n", what, static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

/// Runs `work` in a child process and gives its wait status. LMDB must not be open here meanwhile.
inline int run_child(const std::function<int()>& work) {
  std::fflush(nullptr);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

inline Bytes read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

inline void write_all(const std::filesystem::path& file, ByteView content) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(as_text(content).data(), static_cast<std::streamsize>(content.size()));
}

inline Bytes number_key(std::uint64_t number) {
  return Encoder().u64(number).data();
}

inline EnvironmentOptions small_options() {
  EnvironmentOptions options;
  options.initial_map_bytes = std::uint64_t{64} << 20;
  options.label = to_bytes(std::string_view("test"));
  return options;
}

inline std::unique_ptr<Environment> open_environment(
    const std::filesystem::path& folder, const EnvironmentOptions& options = small_options()) {
  auto opened = Environment::open(folder, options);
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

/// table → key → value
using Content = std::map<std::string, std::map<Bytes, Bytes>>;

inline void apply_writes(Content& content, const std::vector<protocol::TableWrite>& writes) {
  for (const auto& write : writes) {
    if (write.value) {
      content[write.table][write.key] = *write.value;
    } else {
      content[write.table].erase(write.key);
    }
  }
}

/// Empty when all of `content` and nothing else is in its tables, else what differs.
inline std::string difference(const Environment& environment, const Content& content) {
  const auto snapshot = environment.snapshot();
  if (!snapshot) return snapshot.error().text();
  for (const auto& [table, records] : content) {
    std::map<Bytes, Bytes> found;
    const auto read = (*snapshot)->scan(table, {}, {}, false, [&](ByteView key, ByteView value) {
      found.emplace(to_bytes(key), to_bytes(value));
      return true;
    });
    if (!read) return read.error().text();
    if (found != records) return "scanning table " + table + " gives other records";
    for (const auto& [key, value] : records) {
      const auto got = (*snapshot)->get(table, key);
      if (!got) return got.error().text();
      if (*got != value) return "table " + table + " gives another value for " + to_hex(key);
    }
  }
  return {};
}

inline Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes result(size);
  for (auto& byte : result) byte = static_cast<std::uint8_t>(random());
  return result;
}

/// A batch of puts and erasures over a few tables; now and then values of several pages.
inline std::vector<protocol::TableWrite> random_batch(std::mt19937_64& random, std::size_t count,
                                                      std::uint64_t keys) {
  std::vector<protocol::TableWrite> writes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto table = "table" + std::to_string(random() % 4);
    auto key = number_key(random() % keys);
    if (random() % 8 == 0) key.resize(1 + random() % maximum_key_bytes, 'k');
    if (random() % 3 == 0) {
      writes.push_back({table, key, std::nullopt});
      continue;
    }
    const auto size = random() % 32 == 0 ? random() % 20'000 : random() % 300;
    writes.push_back({table, key, random_bytes(random, size)});
  }
  return writes;
}

inline Owner test_owner(const std::string& peer = "funchal-0",
                        const std::string& chain = "funchal") {
  Owner owner;
  owner.chain = *ChainId::parse(chain);
  owner.peer = *PeerId::parse(peer);
  owner.public_key.fill(7);
  owner.genesis.fill(9);
  return owner;
}

}  // namespace powershare::storage::testing
