// How a request becomes a transaction, and a receipt its answer.
#pragma once

#include <functional>

#include "gateway/json.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway {

/// Submits `payload` on behalf of the administrator under the request's Idempotency-Key (1 to 64
/// visible characters, else drawn) and answers with the receipt, or with 429 or 503 and the
/// transaction's id.
void submit_payload(const Services& services, const Request& request, const Responder& responder,
                    ledger::Payload payload);
/// Further members of a 200 answer, as JSON without braces, from an answer with a receipt.
using MoreMembers = std::function<std::string(const SubmitAnswer&)>;
/// The same on behalf of the request's caller (Access::resident), signed with the session's key.
void submit_for_caller(const Services& services, const Request& request, const Responder& responder,
                       ledger::Payload payload, MoreMembers more = {});
/// The same for the bytes of a transaction that its sender has signed.
void submit_signed(const Services& services, const Responder& responder, Bytes transaction);

/// The bytes of a transaction that its sender has signed, from {"signed"} (base64 of all of them)
/// or
/// {"body","public_key","signature"} (base64, hexadecimal, hexadecimal).
/// GatewayError::bad_parameter or malformed_json.
Result<Bytes> read_signed(const Services& services, std::string_view json);
std::string signed_schema();

/// The answer to what became of a transaction: 200 where it was executed and applied. `more`, as
/// "\"a\":1", stands beside transaction, receipt and block in a 200.
net::HttpResponse submission_response(const SubmitAnswer& answer, std::string_view more = {});
bool was_applied(const SubmitAnswer& answer);
/// For a transaction that nobody repeats: 16 random bytes.
Bytes drawn_idempotency_key();

/// The answer's schema and the statuses that both may give besides 200.
std::string submission_schema();
std::vector<int> submission_statuses();
ParameterInfo idempotency_parameter();

}  // namespace powershare::gateway
