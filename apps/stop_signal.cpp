#include "apps/stop_signal.hpp"

#include <signal.h>

namespace powershare::apps {

std::atomic<bool> stop_requested{false};

namespace {
void request_stop(int) {
  stop_requested = true;
}
}  // namespace

void install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace powershare::apps
