// GET /v1/accounts/proof?account=: a balance with its way to the state root of a block, for
// whoever trusts the genesis and no peer (docs/formats-blocks.md).
#include "base/encoding.hpp"
#include "gateway/block_json.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/accounts.hpp"

namespace powershare::gateway {
namespace {

/// The account that people call `text` ("participant/Resident:H01/CO"); nothing where it is not
/// there.
std::optional<ledger::AccountId> find_account(const ledger::StateReader& state,
                                              std::string_view text) {
  std::optional<ledger::AccountId> found;
  const auto visit = [&](const ledger::AccountId& id, std::int64_t) {
    if (ledger::to_text(id) == text) found = id;
    return !found;
  };
  const auto owner_at = text.find('/');
  const auto owner_end = text.find('/', owner_at + 1);
  if (owner_at == std::string_view::npos || owner_end == std::string_view::npos) {
    ledger::for_each_account(state, visit);
    return found;
  }
  const auto owner =
      ledger::parse_participant_ref(text.substr(owner_at + 1, owner_end - owner_at - 1));
  if (owner) {
    ledger::for_each_account_of(state, *owner, visit);
    if (!found) ledger::for_each_escrow_of(state, *owner, visit);
  }
  if (!found) ledger::for_each_account(state, visit);
  return found;
}

net::HttpResponse proven(const std::string& account, const Bytes& key, const RecordProof& proof) {
  const auto& value = proof.record.value;
  Decoder in(value ? ByteView(*value) : ByteView());
  const auto balance_nano = in.i64();
  if (!in.finished()) return problem(404, "not_found", "There is no such account.");
  json::Writer out;
  out.begin_object().key("account").string(account);
  out.key("balance").decimal(balance_nano);
  out.key("height").unsigned_integer(proof.header.height);
  out.key("header");
  write_header(out, proof.header);
  out.key("header_bytes").string(to_hex(proof.header.encode()));
  out.key("key").string(to_hex(key));
  out.key("value").string(to_hex(*value));
  out.key("siblings").begin_array();
  for (const auto& sibling : proof.record.path.siblings) out.digest(sibling);
  out.end_array().end_object();
  return json_response(std::move(out).take());
}

void get_proof(const Services& services, const Request& request, const Responder& responder) {
  const auto account = request.http.parameter("account").value_or("");
  if (account.empty()) {
    return responder.send(problem(400, "bad_parameter", "account must be given."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const Viewer viewer(view->state(), request);
  const auto id = find_account(view->state(), account);
  // Whether others have such an account is nobody's business.
  if (!id || !viewer.sees(id->owner)) {
    return responder.send(problem(404, "not_found", "There is no such account of yours."));
  }
  if (services.ports.prover == nullptr) {
    return responder.send(retry_later(503, "unavailable", "This peer proves nothing now.", 1));
  }
  auto key = ledger::account_key(*id);
  services.ports.prover->prove(key, [responder, account, key](const Result<RecordProof>& proof) {
    if (!proof) return responder.send(retry_later(503, "busy", proof.error().detail(), 1));
    if (proof->header.height == 0) {
      return responder.send(retry_later(503, "no_block", "There is no block yet.", 1));
    }
    responder.send(proven(account, key, *proof));
  });
}

}  // namespace

void add_account_proof_routes(Router& router, const ServicesPtr& services) {
  RouteInfo proof;
  proof.method = "GET";
  proof.pattern = "/v1/accounts/proof";
  proof.summary =
      "The balance of an account as the newest block left it, with the path to that block's state "
      "root; `/v1/blocks/{height}/certificate` proves the block. A household's own only.";
  proof.access = Access::read;
  proof.parameters = {{"account", "query", "string", true,
                       "`id` of GET /v1/accounts, as participant/Resident:H01/CO"}};
  proof.response_schema = object_schema({{"account", "string"},
                                         {"balance", "decimal"},
                                         {"height", "integer"},
                                         {"header", "object"},
                                         {"header_bytes", "string"},
                                         {"key", "string"},
                                         {"value", "string"},
                                         {"siblings", array_schema(R"({"type":"string"})")}});
  proof.statuses = {200, 400, 404, 503};
  router.add(std::move(proof), [services](const Request& request, const Responder& responder) {
    get_proof(*services, request, responder);
  });
}

}  // namespace powershare::gateway
