#include "actors/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace powershare::actors {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("peer");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

}  // namespace

void log(LogLevel level, std::string_view part, std::string_view sentence) {
  const auto spdlog_level = level == LogLevel::error     ? spdlog::level::err
                            : level == LogLevel::warning ? spdlog::level::warn
                                                         : spdlog::level::info;
  logger().log(spdlog_level, "{}: {}", part, sentence);
}

}  // namespace powershare::actors
