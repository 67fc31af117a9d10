// Query and path parameters of a request as typed values. Every error is
// GatewayError::bad_parameter with one sentence.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/router.hpp"
#include "ledger/participants.hpp"

namespace powershare::gateway {

/// Digits only, at most `max`.
Result<std::uint64_t> parse_unsigned(std::string_view name, std::string_view text,
                                     std::uint64_t max);
Result<std::optional<std::uint64_t>> unsigned_parameter(const Request& request,
                                                        std::string_view name, std::uint64_t max);
/// `limit`: 1 to max.
Result<std::size_t> limit_parameter(const Request& request, std::size_t otherwise, std::size_t max);
/// ISO 8601, or milliseconds since the epoch.
Result<UtcMillis> parse_time(std::string_view name, std::string_view text);
Result<std::optional<UtcMillis>> time_parameter(const Request& request, std::string_view name);
/// "Resident:H01"; without a type a Resident: "H01".
Result<ledger::ParticipantRef> parse_participant(std::string_view name, std::string_view text);
Result<std::optional<ledger::ParticipantRef>> participant_parameter(const Request& request,
                                                                    std::string_view name);
/// An error for query parameters that the route does not have, or that stand twice: a misspelt
/// filter must not go unnoticed.
Result<void> check_query(const RouteInfo& route, const net::HttpRequest& request);

}  // namespace powershare::gateway
