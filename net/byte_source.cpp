#include "net/byte_source.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "net/thread.hpp"

namespace powershare::net {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto connect_limit = 10s;
/// Between two looks at a file that has no more.
constexpr auto file_pause = 200ms;

struct Speed {
  unsigned baud;
  speed_t code;
};
constexpr std::array<Speed, 8> speeds{{{1'200, B1200},
                                       {2'400, B2400},
                                       {4'800, B4800},
                                       {9'600, B9600},
                                       {19'200, B19200},
                                       {38'400, B38400},
                                       {57'600, B57600},
                                       {115'200, B115200}}};

std::optional<speed_t> speed_code(unsigned baud) {
  for (const auto& speed : speeds) {
    if (speed.baud == baud) return speed.code;
  }
  return std::nullopt;
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

std::string system_reason() {
  return std::strerror(errno);
}

class Source final : public ByteSource {
 public:
  Source(ByteSourceOptions options, ByteSourceHandlers handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Source() override {
    stopping_ = true;
    const std::uint64_t one = 1;
    // Only a counter that is not zero already can make this fail, and then the thread is awake.
    (void)!::write(wake_.number(), &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }
  bool ready() const { return wake_.open(); }
  void run_in_thread() {
    thread_ = start_thread([this] { run(); });
  }

 private:
  void run() {
    auto pause = options_.first_pause;
    while (!stopping_) {
      std::string why;
      auto descriptor = options_.path.empty() ? connect(why) : open_path(why);
      bool heard = false;
      if (descriptor.open()) {
        handlers_.on_state(true, {});
        why = regular_ ? follow(descriptor, heard) : read_on(descriptor, heard);
      }
      if (stopping_) return;
      handlers_.on_state(false, why);
      if (heard) pause = options_.first_pause;
      wait(-1, pause);
      pause = std::min(pause * 2, options_.longest_pause);
    }
  }

  /// Waits for input (or for output, while connecting); false after `limit` or when to stop.
  bool wait(int descriptor, std::chrono::milliseconds limit, short events = POLLIN) {
    const auto deadline = Clock::now() + limit;
    while (!stopping_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      std::array<pollfd, 2> items{{{wake_.number(), POLLIN, 0}, {descriptor, events, 0}}};
      const int found = ::poll(items.data(), items.size(), static_cast<int>(std::max(left, 0L)));
      if (found < 0 && errno == EINTR) continue;
      if (found <= 0 || (items[0].revents & POLLIN) != 0) return false;
      return true;
    }
    return false;
  }

  Descriptor connect(std::string& why) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int looked_up = ::getaddrinfo(options_.host.c_str(),
                                        std::to_string(options_.port).c_str(), &wanted, &found);
    if (looked_up != 0) {
      why = ::gai_strerror(looked_up);
      return Descriptor();
    }
    Descriptor result;
    for (const auto* place = found; place != nullptr && !result.open() && !stopping_;
         place = place->ai_next) {
      result = connect(*place, why);
    }
    ::freeaddrinfo(found);
    return result;
  }

  Descriptor connect(const addrinfo& place, std::string& why) {
    Descriptor socket(::socket(place.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.open() && ::connect(socket.number(), place.ai_addr, place.ai_addrlen) == 0) {
      return socket;
    }
    if (!socket.open() || errno != EINPROGRESS) {
      why = system_reason();
      return Descriptor();
    }
    int fault = ETIMEDOUT;
    socklen_t size = sizeof fault;
    if (wait(socket.number(), connect_limit, POLLOUT)) {
      ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &fault, &size);
    }
    if (fault == 0) return socket;
    why = std::strerror(fault);
    return Descriptor();
  }

  Descriptor open_path(std::string& why) {
    Descriptor file(::open(options_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat status {};
    if (!file.open() || ::fstat(file.number(), &status) != 0) {
      why = system_reason();
      return Descriptor();
    }
    regular_ = S_ISREG(status.st_mode);
    if (regular_ && options_.from_end && !opened_before_) ::lseek(file.number(), 0, SEEK_END);
    opened_before_ = true;
    if (::isatty(file.number()) == 1 && !set_line(file.number())) {
      why = system_reason();
      return Descriptor();
    }
    return file;
  }

  bool set_line(int descriptor) const {
    termios line{};
    if (::tcgetattr(descriptor, &line) != 0) return false;
    ::cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    if (options_.seven_even_one) {
      line.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARODD);
      line.c_cflag |= CS7 | PARENB;
    }
    const auto speed = *speed_code(options_.baud);
    return ::cfsetispeed(&line, speed) == 0 && ::cfsetospeed(&line, speed) == 0 &&
           ::tcsetattr(descriptor, TCSANOW, &line) == 0;
  }

  /// A socket, a device or a pipe, until it ends.
  std::string read_on(const Descriptor& descriptor, bool& heard) {
    const bool socket = options_.path.empty();
    while (true) {
      if (!wait(descriptor.number(), socket ? options_.silence : 3'600s)) {
        if (stopping_) return {};
        if (socket) return "silent for " + std::to_string(options_.silence.count()) + " s";
        continue;
      }
      const auto count = read(descriptor);
      if (count < 0) return system_reason();
      if (count == 0) return "closed by the other end";
      heard = true;
    }
  }

  /// A regular file: what is there, and then what is added; until it is replaced or cut.
  std::string follow(const Descriptor& file, bool& heard) {
    while (!stopping_) {
      const auto count = read(file);
      if (count < 0) return system_reason();
      heard = heard || count > 0;
      if (count > 0) continue;
      struct stat now {};
      struct stat ours {};
      ::fstat(file.number(), &ours);
      if (::stat(options_.path.c_str(), &now) != 0) return system_reason();
      if (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev ||
          now.st_size < ::lseek(file.number(), 0, SEEK_CUR)) {
        return "replaced";
      }
      wait(-1, file_pause);
    }
    return {};
  }

  ssize_t read(const Descriptor& descriptor) {
    std::array<char, 4096> buffer{};
    while (true) {
      const auto count = ::read(descriptor.number(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {
        if (!wait(descriptor.number(), 1s) && stopping_) return 0;
        continue;
      }
      if (count > 0) handlers_.on_bytes({buffer.data(), static_cast<std::size_t>(count)});
      return count;
    }
  }

  const ByteSourceOptions options_;
  const ByteSourceHandlers handlers_;
  Descriptor wake_;
  std::atomic<bool> stopping_{false};
  bool regular_ = false;
  bool opened_before_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::start(ByteSourceOptions options,
                                                      ByteSourceHandlers handlers) {
  if (options.path.empty() && (options.host.empty() || options.port == 0)) {
    return Error{NetError::bad_address, "neither a TCP port nor a path"};
  }
  if (!speed_code(options.baud)) {
    return Error{NetError::bad_address,
                 "no serial line has " + std::to_string(options.baud) + " baud"};
  }
  auto source = std::make_unique<Source>(std::move(options), std::move(handlers));
  if (!source->ready()) return Error{NetError::closed, system_reason()};
  source->run_in_thread();
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace powershare::net
