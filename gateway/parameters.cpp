#include "gateway/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "gateway/error.hpp"

namespace powershare::gateway {
namespace {

/// 9999-12-31T23:59:59.999Z: later times cannot be written as ISO 8601.
constexpr std::uint64_t max_time_ms = 253'402'300'799'999;

Error bad(std::string_view name, std::string_view rule) {
  return Error{GatewayError::bad_parameter,
               std::string(name) + " must be " + std::string(rule) + "."};
}

}  // namespace

Result<std::uint64_t> parse_unsigned(std::string_view name, std::string_view text,
                                     std::uint64_t max) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (text.empty() || fault != std::errc{} || stop != end || value > max) {
    return bad(name, "a whole number from 0 to " + std::to_string(max));
  }
  return value;
}

Result<std::optional<std::uint64_t>> unsigned_parameter(const Request& request,
                                                        std::string_view name, std::uint64_t max) {
  const auto text = request.http.parameter(name);
  if (!text) return std::optional<std::uint64_t>();
  auto value = parse_unsigned(name, *text, max);
  if (!value) return value.error();
  return std::optional(*value);
}

Result<std::size_t> limit_parameter(const Request& request, std::size_t otherwise,
                                    std::size_t max) {
  auto limit = unsigned_parameter(request, "limit", max);
  if (!limit || (*limit && **limit == 0)) {
    return bad("limit", "a whole number from 1 to " + std::to_string(max));
  }
  return limit->has_value() ? static_cast<std::size_t>(**limit) : otherwise;
}

Result<UtcMillis> parse_time(std::string_view name, std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    auto ms = parse_unsigned(name, text, max_time_ms);
    if (ms) return UtcMillis{static_cast<std::int64_t>(*ms)};
  } else if (text.size() <= 64) {
    auto time = parse_iso8601(text);
    if (time) return *time;
  }
  return bad(name, "an ISO 8601 time as 2019-10-21T09:00:00Z or milliseconds since 1970");
}

Result<std::optional<UtcMillis>> time_parameter(const Request& request, std::string_view name) {
  const auto text = request.http.parameter(name);
  if (!text) return std::optional<UtcMillis>();
  auto time = parse_time(name, *text);
  if (!time) return time.error();
  return std::optional(*time);
}

Result<ledger::ParticipantRef> parse_participant(std::string_view name, std::string_view text) {
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && ledger::participant_type(text.substr(0, colon))) {
    auto ref = ledger::parse_participant_ref(text);
    if (ref) return *ref;
  } else {
    auto id = ParticipantId::parse(text);
    if (id) return ledger::ParticipantRef{ledger::ParticipantType::resident, *id};
  }
  return bad(name, "a participant as Resident:H01 (or H01 for a resident)");
}

Result<std::optional<ledger::ParticipantRef>> participant_parameter(const Request& request,
                                                                    std::string_view name) {
  const auto text = request.http.parameter(name);
  if (!text) return std::optional<ledger::ParticipantRef>();
  auto ref = parse_participant(name, *text);
  if (!ref) return ref.error();
  return std::optional(*ref);
}

Result<void> check_query(const RouteInfo& route, const net::HttpRequest& request) {
  for (auto at = request.query.begin(); at != request.query.end(); ++at) {
    const auto known = std::any_of(
        route.parameters.begin(), route.parameters.end(),
        [&](const ParameterInfo& info) { return info.in == "query" && info.name == at->first; });
    if (!known) {
      return Error{GatewayError::bad_parameter, "This path has no such query parameter."};
    }
    const auto twice = std::any_of(request.query.begin(), at,
                                   [&](const auto& other) { return other.first == at->first; });
    if (twice) return Error{GatewayError::bad_parameter, at->first + " is given twice."};
  }
  return {};
}

}  // namespace powershare::gateway
