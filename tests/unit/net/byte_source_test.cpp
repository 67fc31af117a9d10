#include "net/byte_source.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/unit/net/raw_socket.hpp"

using namespace powershare;
using namespace powershare::net;
using namespace powershare::net::test;

namespace {

/// What a source has said so far.
struct Ear {
  std::mutex mutex;
  std::string bytes;
  int opened = 0;
  int failed = 0;

  ByteSourceHandlers handlers() {
    return {[this](std::string_view more) {
              const std::lock_guard lock(mutex);
              bytes += more;
            },
            [this](bool open, const std::string& why) {
              const std::lock_guard lock(mutex);
              (open ? opened : failed) += 1;
              CHECK(open == why.empty());
            }};
  }
  bool hears(const std::string& text) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return bytes == text;
    });
  }
  bool opens(int times) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return opened >= times;
    });
  }
};

ByteSourceOptions quick() {
  ByteSourceOptions options;
  options.first_pause = options.longest_pause = std::chrono::milliseconds(20);
  return options;
}

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-bytes-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void add(const std::string& text) const { std::ofstream(file(), std::ios::app) << text; }
  std::string file() const { return path / "line"; }
  std::filesystem::path path;
};

struct Listener {
  explicit Listener(std::uint16_t port) : number(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto place = loopback(port);
    REQUIRE(::bind(number, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
    REQUIRE(::listen(number, 4) == 0);
  }
  ~Listener() { ::close(number); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int number;
};

}  // namespace

TEST_CASE("a TCP line is read, and opened again when it is closed or was never there") {
  const auto port = free_port();
  Ear ear;
  auto options = quick();
  options.host = "127.0.0.1";
  options.port = port;
  auto source = ByteSource::start(options, ear.handlers());
  REQUIRE(source.ok());
  REQUIRE(wait_until([&] {
    const std::lock_guard lock(ear.mutex);
    return ear.failed > 0;
  }));
  const Listener listener(port);
  for (int i = 1; i <= 2; ++i) {
    const int line = ::accept(listener.number, nullptr, nullptr);
    REQUIRE(line >= 0);
    CHECK(::send(line, "abc", 3, MSG_NOSIGNAL) == 3);
    CHECK(ear.hears(i == 1 ? "abc" : "abcabc"));
    CHECK(ear.opens(i));
    ::close(line);
  }
}

TEST_CASE("a TCP line that falls silent is opened anew") {
  const auto port = free_port();
  const Listener listener(port);
  Ear ear;
  auto options = quick();
  options.host = "localhost";
  options.port = port;
  options.silence = std::chrono::seconds(1);
  auto source = ByteSource::start(options, ear.handlers());
  REQUIRE(source.ok());
  CHECK(ear.opens(2));
}

TEST_CASE("a file is read from its beginning, as it grows, and when it is replaced") {
  const Folder folder;
  folder.add("one ");
  Ear ear;
  auto options = quick();
  options.path = folder.file();
  auto source = ByteSource::start(options, ear.handlers());
  REQUIRE(source.ok());
  CHECK(ear.hears("one "));
  folder.add("two ");
  CHECK(ear.hears("one two "));
  std::filesystem::remove(folder.file());
  folder.add("three");
  CHECK(ear.hears("one two three"));
  CHECK(ear.opens(2));
}

TEST_CASE("of a file only what is added can be asked for") {
  const Folder folder;
  folder.add("old ");
  Ear ear;
  auto options = quick();
  options.path = folder.file();
  options.from_end = true;
  auto source = ByteSource::start(options, ear.handlers());
  REQUIRE(source.ok());
  REQUIRE(ear.opens(1));
  folder.add("new");
  CHECK(ear.hears("new"));
}

TEST_CASE("a pipe is read like a device") {
  const Folder folder;
  REQUIRE(::mkfifo(folder.file().c_str(), 0600) == 0);
  Ear ear;
  auto options = quick();
  options.path = folder.file();
  auto source = ByteSource::start(options, ear.handlers());
  REQUIRE(source.ok());
  REQUIRE(ear.opens(1));
  folder.add("telegram");
  CHECK(ear.hears("telegram"));
}

TEST_CASE("a line must be named, at a speed that there is") {
  Ear ear;
  CHECK_FALSE(ByteSource::start({}, ear.handlers()).ok());
  auto options = quick();
  options.path = "/dev/null";
  options.baud = 12'345;
  CHECK_FALSE(ByteSource::start(options, ear.handlers()).ok());
}
