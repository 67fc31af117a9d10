// POST /v1/transactions/prepare: the bytes that people sign who keep their key, so that a browser
// needs no Protobuf.
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/parameters.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "gateway/submit.hpp"
#include "ledger/validity.hpp"

namespace powershare::gateway {
namespace {

constexpr std::int64_t default_expiry_ms = millis_per_hour;

Error bad(std::string detail) {
  return {GatewayError::bad_parameter, std::move(detail)};
}

Result<std::string> text_of(const json::Value& body, std::string_view name, std::string otherwise) {
  const auto* value = body.find(name);
  if (value == nullptr) return otherwise;
  if (value->kind() == json::Kind::string) return value->text();
  return bad(std::string(name) + " must be a text.");
}

Result<ledger::Transaction> read_draft(const json::Value& body, const Digest& genesis,
                                       UtcMillis now) {
  const auto* payload_json = body.find("payload");
  if (payload_json == nullptr) return bad("payload is missing.");
  for (const auto& [name, value] : body.members()) {
    if (name != "principal" && name != "payload" && name != "idempotency_key" &&
        name != "expires") {
      return bad("There is an unknown field.");
    }
  }
  auto payload = read_payload(*payload_json);
  if (!payload) return payload.error();
  ledger::Transaction draft;
  draft.genesis = genesis;
  draft.payload = std::move(*payload);
  auto principal = text_of(body, "principal", "");
  if (!principal) return principal.error();
  draft.principal = std::move(*principal);
  const auto key = text_of(body, "idempotency_key", to_hex(drawn_idempotency_key()));
  if (!key) return key.error();
  draft.idempotency_key = to_bytes(*key);
  draft.expires = {now.value + default_expiry_ms};
  if (body.find("expires") != nullptr) {
    const auto expires = text_of(body, "expires", "");
    if (!expires) return expires.error();
    const auto time = parse_time("expires", *expires);
    if (!time) return time.error();
    draft.expires = *time;
  }
  if (auto valid = ledger::check_transaction(draft); !valid) return bad(valid.error().detail());
  return draft;
}

void post_prepare(const Services& services, const Request& request, const Responder& responder) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto draft = read_draft(*body, services.ports.genesis_hash, present_time(services, *view));
  if (!draft) return responder.send(problem_of(draft.error()));
  if (!services.ports.encode_body) {
    return responder.send(retry_later(503, "unavailable", "This peer prepares nothing.", 5));
  }
  const auto bytes = services.ports.encode_body(*draft);
  const auto statement = std::move(Encoder()
                                       .raw(as_bytes("powershare/transaction/1"))
                                       .raw(services.ports.genesis_hash)
                                       .raw(bytes))
                             .take();
  json::Writer out;
  out.begin_object().key("body").string(to_base64(bytes));
  out.key("statement").string(to_base64(statement));
  out.key("idempotency_key").string(as_text(draft->idempotency_key));
  out.key("expires").string(to_iso8601(draft->expires)).end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_prepare_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "POST";
  info.pattern = "/v1/transactions/prepare";
  info.summary =
      "The bytes of a transaction's body and the statement to sign with the sender's own Ed25519 "
      "key. Nothing is submitted: POST /v1/transactions takes the body with key and signature.";
  info.request_schema =
      R"({"type":"object","properties":{"principal":{"type":"string"},"payload":)" +
      payload_schema() + R"(,"idempotency_key":{"type":"string"},"expires":{"type":"string"}},)" +
      R"("required":["principal","payload"]})";
  info.response_schema = object_schema({{"body", "string"},
                                        {"statement", "string"},
                                        {"idempotency_key", "string"},
                                        {"expires", "time"}});
  info.statuses = {200, 400, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    post_prepare(*services, request, responder);
  });
}

}  // namespace powershare::gateway
