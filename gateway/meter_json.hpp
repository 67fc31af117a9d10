// Meters, their readings and disputes as JSON: shared by operators' and owners' routes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/json.hpp"
#include "gateway/router.hpp"
#include "gateway/services.hpp"
#include "ledger/meter_standing.hpp"
#include "ledger/metering.hpp"

namespace powershare::gateway {

/// Members of an object that is begun elsewhere: standing, reason, standing_since, noticed.
void write_standing(json::Writer& out, const ledger::StandingRecord& record);
std::string noticed_schema();

/// {"items":[…],"next":null} of readings with their flags.
std::string readings_json(const std::vector<ledger::SlotReading>& readings);
std::string readings_schema();
/// The query parameters `from`, `to` (the last 24 hours unless given) and `limit` (96, at most
/// 9,600), and what they name of `meter`'s readings. Answers a fault itself and gives nothing.
std::optional<std::vector<ledger::SlotReading>> readings_asked_for(const ChainView& view,
                                                                   const Request& request,
                                                                   const Responder& responder,
                                                                   const MeterId& meter);
std::vector<ParameterInfo> readings_parameters();

void write_dispute(json::Writer& out, const ledger::Dispute& dispute);
std::string disputes_schema();

/// The meter that the path or the query names; answers 400 or 404 itself.
std::optional<ledger::MeterRecord> meter_of_path(const ChainView& view, const Request& request,
                                                 const Responder& responder);
std::optional<ledger::MeterRecord> meter_of_query(const ChainView& view, const Request& request,
                                                  const Responder& responder);
/// Whether the participant's meter it is, or was.
bool is_or_was_owner(const ledger::MeterRecord& meter, const ledger::ParticipantRef& who);

}  // namespace powershare::gateway
