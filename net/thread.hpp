// Threads of this room. Not for other rooms.
#pragma once

#include <functional>
#include <thread>

namespace powershare::net {

/// Starts a thread that receives no signals: those are for the main thread.
std::thread start_thread(std::function<void()> body);

}  // namespace powershare::net
