#include "apps/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

/// Whether there is such a process. One that its parent has not reaped is none once its last thread
/// has ended: until then it holds its files and ports.
bool runs(pid_t pid) {
  const auto folder = std::filesystem::path("/proc") / std::to_string(pid);
  std::ifstream file(folder / "stat");
  std::string stat;
  std::getline(file, stat);
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return false;
  if (stat[name_end + 2] != 'Z') return true;
  std::error_code code;
  const auto threads =
      std::distance(std::filesystem::directory_iterator(folder / "task", code), {});
  return !code && threads > 1;
}

/// Whether `pid` has ended; for an own child also how, unless in order.
bool has_ended(pid_t pid, std::vector<std::pair<pid_t, std::string>>& badly) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return !runs(pid);
  if (status != 0) badly.emplace_back(pid, describe(status));
  return true;
}

/// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* arguments, int log, bool outlives_parent, pid_t parent) {
  if (!outlives_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(0);
  }
  ::setpgid(0,
            0);  // a Ctrl-C at the terminal is for the parent, which then stops its peers in order
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Result<pid_t> start_process(const std::vector<std::string>& arguments,
                            const std::filesystem::path& log, bool outlives_parent) {
  const int output = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (output < 0) return Error{AppError::storage_error, log.string() + ": " + std::strerror(errno)};
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(pointers.data(), output, outlives_parent, parent);
  ::close(output);
  if (pid < 0) return Error{AppError::unavailable, std::string("fork: ") + std::strerror(errno)};
  return pid;
}

std::vector<std::pair<pid_t, std::string>> reap_processes() {
  std::vector<std::pair<pid_t, std::string>> ended;
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0;
       pid = ::waitpid(-1, &status, WNOHANG)) {
    ended.emplace_back(pid, describe(status));
  }
  return ended;
}

std::vector<std::pair<pid_t, std::string>> stop_processes(std::vector<pid_t> pids,
                                                          std::chrono::milliseconds patience) {
  std::vector<std::pair<pid_t, std::string>> badly;
  for (const auto pid : pids) ::kill(pid, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    std::erase_if(pids, [&](pid_t pid) { return has_ended(pid, badly); });
    if (pids.empty()) return badly;
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (const auto pid : pids) {
    ::kill(pid, SIGKILL);
    badly.emplace_back(pid, "had to be killed");
  }
  return badly;
}

std::filesystem::path own_executable() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

}  // namespace powershare::apps
