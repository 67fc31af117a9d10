// Child processes: started, watched, asked to end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace powershare::apps {

/// Starts `arguments[0]` with its output appended to `log`. The child stays when the parent dies if
/// `outlives_parent`; else it gets SIGTERM.
Result<pid_t> start_process(const std::vector<std::string>& arguments,
                            const std::filesystem::path& log, bool outlives_parent);
/// Reaps children that have ended: pid and a sentence ("killed by signal 9", "exit code 70").
std::vector<std::pair<pid_t, std::string>> reap_processes();
/// SIGTERM to all, waits up to `patience` for them to be gone (own children are reaped), SIGKILL to
/// what is left. Gives those that did not end in order: who had to be killed, and own children that
/// ended with another exit code than 0.
std::vector<std::pair<pid_t, std::string>> stop_processes(std::vector<pid_t> pids,
                                                          std::chrono::milliseconds patience);
/// This program's own path.
std::filesystem::path own_executable();

}  // namespace powershare::apps
