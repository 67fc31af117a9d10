// Transactions, participants and meters as JSON of /v1: quantities are decimal strings,
// participants "Resident:H01".
#pragma once

#include <string>

#include "gateway/json.hpp"
#include "ledger/transaction.hpp"

namespace powershare::gateway {

/// An object with "type" first and then the payload's fields.
void write_payload(json::Writer& out, const ledger::Payload& payload);
void write_participant(json::Writer& out, const ledger::Participant& participant);

/// {"type":"…", fields}. Quantities as decimal strings or JSON numbers; more than 9 decimals are
/// rounded half to even. GatewayError::bad_parameter names the first field that is wrong, missing
/// or unknown.
Result<ledger::Payload> read_payload(const json::Value& value);
/// The fields of one payload or record, without "type" for payloads.
Result<ledger::Participant> read_participant(const json::Value& value);
Result<ledger::RegisterMeter> read_meter(const json::Value& value);
/// What of a meter changes; the meter stands in the path.
Result<ledger::UpdateMeter> read_meter_change(const json::Value& value, const MeterId& meter);
Result<ledger::SetMeterStanding> read_standing_change(const json::Value& value,
                                                      const MeterId& meter);
Result<ledger::DisputeReading> read_dispute(const json::Value& value);
Result<ledger::ResolveDispute> read_dispute_decision(const json::Value& value, const MeterId& meter,
                                                     std::uint64_t sequence);

/// JSON schemas as text, from the same list of fields.
std::string payload_schema();  ///< one of all payloads, each with its "type"
std::string participant_schema();
std::string meter_schema();
std::string meter_change_schema();
std::string standing_change_schema();
std::string dispute_schema();
std::string dispute_decision_schema();
/// A reading as /etms takes it: energies are JSON numbers.
std::string etms_reading_schema();

/// "EN", "CO" or "CA".
std::string_view to_text(ledger::AssetClass asset);
std::string_view to_text(ledger::MeterKind kind);
/// 3700 W is "3.7".
std::string kilowatts_text(std::int64_t watts);

}  // namespace powershare::gateway
