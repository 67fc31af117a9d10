// GET /v1/transactions/{id} and POST /v1/transactions.
#include "gateway/block_json.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/submit.hpp"

namespace powershare::gateway {
namespace {

void write_found(json::Writer& out, const BlockRecord& block, std::size_t index,
                 const ledger::StateReader& state, const Ports& ports, const Viewer& viewer) {
  const auto& header = block.header;
  out.begin_object().key("transaction");
  write_transaction(out, block.transactions[index], ports.decode, viewer);
  out.key("receipt");
  write_receipt(out, block.receipts[index]);
  out.key("block").begin_object();
  out.key("height").unsigned_integer(header.height).key("index").unsigned_integer(index);
  out.key("hash").digest(header.hash()).key("time").string(to_iso8601(header.time));
  out.key("header");
  write_header(out, header);
  out.key("header_bytes").string(to_hex(header.encode()));
  out.key("certificate");
  write_certificate(out, block, state);
  out.end_object();
  // RFC 6962: leads from the transaction's bytes to header.transactions_root.
  out.key("proof");
  write_proof(out, block.transactions, index);
  std::vector<Bytes> receipts;
  receipts.reserve(block.receipts.size());
  for (const auto& receipt : block.receipts) receipts.push_back(receipt.encode());
  out.key("receipt_bytes").string(to_base64(receipts[index]));
  out.key("receipt_proof");
  write_proof(out, receipts, index);
  out.end_object();
}

void get_transaction(const Services& services, const Request& request, const Responder& responder) {
  const auto id = crypto::digest_from_hex(request.path_parameter("id"));
  if (!id) {
    return responder.send(
        problem(400, "bad_parameter", "A transaction id must be 64 hexadecimal digits."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto place = view->place(*id);
  if (!place) return responder.send(problem_of(place.error()));
  if (!place->has_value()) {
    return responder.send(
        problem(404, "not_found", "No executed block of this peer holds that transaction."));
  }
  const auto block = view->block((*place)->height);
  if (!block) return responder.send(problem_of(block.error()));
  const auto index = (*place)->index;
  if (!block->has_value() || index >= (*block)->transactions.size() ||
      index >= (*block)->receipts.size()) {
    return responder.send(problem(404, "not_found", "This peer no longer holds that block."));
  }
  json::Writer out;
  write_found(out, **block, index, view->state(), services.ports, Viewer(view->state(), request));
  responder.send(json_response(std::move(out).take()));
}

void post_transaction(const Services& services, const Request& request,
                      const Responder& responder) {
  const auto body = json::parse(request.http.body);
  if (!body) return responder.send(problem_of(body.error()));
  if (body->find("signed") != nullptr || body->find("signature") != nullptr) {
    auto bytes = read_signed(services, request.http.body);
    if (!bytes) return responder.send(problem_of(bytes.error()));
    return submit_signed(services, responder, std::move(*bytes));
  }
  if (request.caller) {
    auto payload = read_payload(*body);
    if (!payload) return responder.send(problem_of(payload.error()));
    return submit_for_caller(services, request, responder, std::move(*payload));
  }
  if (!request.has_role(Role::administrator)) {
    return responder.send(problem(request.key ? 403 : 401, "administrator_only",
                                  "Only a signed transaction needs no administrator's API key."));
  }
  auto payload = read_payload(*body);
  if (!payload) return responder.send(problem_of(payload.error()));
  submit_payload(services, request, responder, std::move(*payload));
}

}  // namespace

void add_transaction_routes(Router& router, const ServicesPtr& services) {
  RouteInfo post;
  post.method = "POST";
  post.pattern = "/v1/transactions";
  post.summary =
      "Submits a transaction and waits for its receipt. Either one signed by its sender (base64 of "
      "its bytes, or what /v1/transactions/prepare gave with key and signature; no API key) or its "
      "fields, which this peer signs for the administrator or, with a token, its session does.";
  post.access = Access::partly;
  post.parameters = {idempotency_parameter()};
  post.request_schema = R"({"anyOf":[)" + signed_schema() + "," + payload_schema() + "]}";
  post.response_schema = submission_schema();
  post.statuses = submission_statuses();
  post.statuses.insert(post.statuses.end(), {401, 403});
  router.add(std::move(post), [services](const Request& request, const Responder& responder) {
    post_transaction(*services, request, responder);
  });

  RouteInfo get;
  get.method = "GET";
  get.pattern = "/v1/transactions/{id}";
  get.summary =
      "A transaction with its receipt, its block's header and certificate, and RFC 6962 proofs "
      "that "
      "both stand in that block.";
  get.access = Access::read;
  get.parameters = {{"id", "path", "string", true, "64 hexadecimal digits"}};
  const auto proof = object_schema({{"leaf", "digest"},
                                    {"index", "integer"},
                                    {"size", "integer"},
                                    {"path", array_schema(R"({"type":"string"})")},
                                    {"root", "digest"}});
  get.response_schema = object_schema({{"transaction", transaction_schema()},
                                       {"receipt", receipt_schema()},
                                       {"block", "object"},
                                       {"proof", proof},
                                       {"receipt_bytes", "string"},
                                       {"receipt_proof", proof}});
  get.statuses = {200, 400, 404, 503};
  router.add(std::move(get), [services](const Request& request, const Responder& responder) {
    get_transaction(*services, request, responder);
  });
}

}  // namespace powershare::gateway
