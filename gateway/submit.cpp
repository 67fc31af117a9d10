#include "gateway/submit.hpp"

#include <algorithm>

#include "crypto/keys.hpp"
#include "gateway/block_json.hpp"
#include "gateway/error.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"

namespace powershare::gateway {
namespace {

/// "transaction":"…" and, where they are known, "receipt" and "block": members of an object that is
/// begun elsewhere.
void write_outcome(json::Writer& out, const SubmitAnswer& answer) {
  out.key("transaction");
  if (crypto::is_zero(answer.transaction)) {
    out.null();
  } else {
    out.digest(answer.transaction);
  }
  out.key("receipt");
  if (answer.receipt) {
    write_receipt(out, *answer.receipt);
  } else {
    out.null();
  }
  out.key("block");
  if (answer.place) {
    out.begin_object().key("height").unsigned_integer(answer.place->height);
    out.key("index").unsigned_integer(answer.place->index).end_object();
  } else {
    out.null();
  }
}

/// The same as members for problem(): without the braces.
std::string details_of(const SubmitAnswer& answer) {
  json::Writer out;
  out.begin_object();
  write_outcome(out, answer);
  out.end_object();
  auto text = std::move(out).take();
  return text.substr(1, text.size() - 2);
}

}  // namespace

net::HttpResponse submission_response(const SubmitAnswer& answer, std::string_view more) {
  using Kind = SubmitAnswer::Kind;
  const auto details = details_of(answer);
  const auto wait = answer.retry_after_seconds;
  switch (answer.kind) {
    case Kind::executed:
      break;
    case Kind::refused:
      return problem(400, answer.code.empty() ? "refused" : answer.code, answer.message, details);
    case Kind::over_quota:
      return retry_later(429, "over_quota", "Too much of this sender is under way.", wait, details);
    case Kind::mempool_full:
      return retry_later(503, "mempool_full", "Too many transactions are waiting.", wait, details);
    case Kind::no_quorum:
      return retry_later(503, "no_quorum",
                         "The peers have not agreed in time; the transaction may still be "
                         "executed, ask for it by its id.",
                         wait, details);
    case Kind::unavailable:
      return retry_later(503, "unavailable", "This peer takes no transactions now.", wait, details);
  }
  if (answer.receipt && answer.receipt->outcome == ledger::Outcome::rejected) {
    return problem(422, answer.receipt->code, answer.receipt->message, details);
  }
  return json_response("{" + std::string(more) + (more.empty() ? "" : ",") + details + "}");
}

bool was_applied(const SubmitAnswer& answer) {
  return answer.kind == SubmitAnswer::Kind::executed && answer.receipt &&
         answer.receipt->outcome != ledger::Outcome::rejected;
}

Bytes drawn_idempotency_key() {
  Bytes drawn(16);
  crypto::random_bytes(drawn);
  return drawn;
}

namespace {

Result<Bytes> idempotency_key(const Request& request) {
  const auto given = request.http.header("idempotency-key");
  if (!given) return drawn_idempotency_key();
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (given->empty() || given->size() > 64 || !std::all_of(given->begin(), given->end(), visible)) {
    return Error{GatewayError::bad_parameter,
                 "Idempotency-Key must be 1 to 64 visible ASCII characters."};
  }
  return to_bytes(*given);
}

}  // namespace

Result<Bytes> read_signed(const Services& services, std::string_view json) {
  const Error bad{
      GatewayError::bad_parameter,
      "There must be signed, base64 of a transaction; or body in base64, public_key and "
      "signature in hexadecimal digits; and nothing else."};
  const auto parsed = json::parse(json);
  if (!parsed) return parsed.error();
  const auto text = [&](std::string_view name) -> const std::string* {
    const auto* value = parsed->find(name);
    return value != nullptr && value->kind() == json::Kind::string ? &value->text() : nullptr;
  };
  if (const auto* whole = text("signed"); whole != nullptr && parsed->members().size() == 1) {
    auto bytes = from_base64(*whole);
    if (!bytes || bytes->empty()) return bad;
    return *std::move(bytes);
  }
  const auto* body_text = text("body");
  const auto* key_text = text("public_key");
  const auto* signature_text = text("signature");
  if (body_text == nullptr || key_text == nullptr || signature_text == nullptr ||
      parsed->members().size() != 3) {
    return bad;
  }
  const auto body = from_base64(*body_text);
  const auto key = crypto::digest_from_hex(*key_text);
  const auto signature_bytes = from_hex(*signature_text);
  crypto::Signature signature{};
  if (!body || body->empty() || !key || !signature_bytes ||
      signature_bytes->size() != signature.size() || !services.ports.assemble) {
    return bad;
  }
  std::copy(signature_bytes->begin(), signature_bytes->end(), signature.begin());
  return services.ports.assemble(*body, *key, signature);
}

std::string signed_schema() {
  return R"({"oneOf":[)" + object_schema({{"signed", "string"}}, {"signed"}) + "," +
         object_schema({{"body", "string"}, {"public_key", "digest"}, {"signature", "string"}},
                       {"body", "public_key", "signature"}) +
         "]}";
}

void submit_payload(const Services& services, const Request& request, const Responder& responder,
                    ledger::Payload payload) {
  auto key = idempotency_key(request);
  if (!key) return responder.send(problem_of(key.error()));
  const auto initiator = request.key ? "api-key:" + request.key->label : std::string();
  services.ports.submitter->submit(
      std::move(payload), "administrator", initiator, std::move(*key),
      services.options.submit_timeout_ms,
      [responder](const SubmitAnswer& answer) { responder.send(submission_response(answer)); });
}

void submit_for_caller(const Services& services, const Request& request, const Responder& responder,
                       ledger::Payload payload, MoreMembers more) {
  auto key = idempotency_key(request);
  if (!key) return responder.send(problem_of(key.error()));
  services.ports.submitter->submit_as(
      std::move(payload), ledger::to_text(request.caller->participant), *request.caller->session,
      std::move(*key), services.options.submit_timeout_ms,
      [responder, more = std::move(more)](const SubmitAnswer& answer) {
        const auto members = more && answer.receipt ? more(answer) : std::string();
        responder.send(submission_response(answer, members));
      });
}

void submit_signed(const Services& services, const Responder& responder, Bytes transaction) {
  services.ports.submitter->submit_signed(
      std::move(transaction), services.options.submit_timeout_ms,
      [responder](const SubmitAnswer& answer) { responder.send(submission_response(answer)); });
}

std::string submission_schema() {
  return object_schema({{"transaction", "digest?"},
                        {"receipt", receipt_schema()},
                        {"block", object_schema({{"height", "integer"}, {"index", "integer"}})}});
}

std::vector<int> submission_statuses() {
  return {200, 400, 422, 429, 503};
}

ParameterInfo idempotency_parameter() {
  return {"Idempotency-Key", "header", "string", false,
          "1 to 64 visible characters; the same key again within 24 h gives the first receipt"};
}

}  // namespace powershare::gateway
