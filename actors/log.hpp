// The peer's log: one line an event on standard error, which the machine's log collector takes.
// Never holds secrets or payload.
#pragma once

#include <string_view>

namespace powershare::actors {

enum class LogLevel { info, warning, error };

/// "2026-01-02T03:04:05.678Z warning consensus: sentence"
void log(LogLevel level, std::string_view part, std::string_view sentence);

}  // namespace powershare::actors
