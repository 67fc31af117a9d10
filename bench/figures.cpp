#include "bench/figures.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "crypto/keys.hpp"
#include "protocol/ports.hpp"

namespace powershare::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double measure_verifies(Clock::duration duration) {
  const auto key = crypto::KeyPair::generate();
  std::array<std::uint8_t, 128> message{};
  crypto::random_bytes(message);
  const auto signature = key.sign(message);
  const auto end = Clock::now() + duration;
  const auto begin = thread_cpu_seconds();
  std::uint64_t verified = 0;
  while (Clock::now() < end) {
    if (crypto::verify(key.public_key(), message, signature)) ++verified;
  }
  return static_cast<double>(verified) / (thread_cpu_seconds() - begin);
}

Result<double> measure_fdatasync_ms(const std::filesystem::path& folder) {
  constexpr int writes = 200;
  const auto path = folder / "fdatasync";
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  std::vector<std::uint8_t> page(4096, 0x5a);
  std::vector<double> times;
  bool good = file >= 0;
  for (int i = 0; i < writes && good; ++i) {
    const auto begin = Clock::now();
    good = ::pwrite(file, page.data(), page.size(), i * 4096) == 4096 && ::fdatasync(file) == 0;
    times.push_back(Seconds(Clock::now() - begin).count() * 1000);
  }
  if (file >= 0) ::close(file);
  ::unlink(path.c_str());
  if (!good) return Error{StorageError::io, path.string() + ": cannot be written"};
  std::ranges::sort(times);
  return quantile(times, 0.5);
}

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Result<Ceilings> measure_ceilings(const std::filesystem::path& folder) {
  auto sync = measure_fdatasync_ms(folder);
  if (!sync) return sync.error();
  return Ceilings{measure_verifies(std::chrono::seconds(1)), *sync, usable_cores()};
}

double cpu_seconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  // After the name: state, then ten numbers, then user and system time in ticks.
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace powershare::bench
