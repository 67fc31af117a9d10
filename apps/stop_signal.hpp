// SIGINT and SIGTERM as a flag that the commands with peers of their own look at.
#pragma once

#include <atomic>

namespace powershare::apps {

/// Set once somebody asked the process to end.
extern std::atomic<bool> stop_requested;

/// From here on SIGINT and SIGTERM set the flag; SIGPIPE is ignored.
void install_stop_signals();

}  // namespace powershare::apps
