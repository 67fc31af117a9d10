// GET /v1/members and GET /v1/blocks/{height}/certificate.
#include <limits>

#include "gateway/error.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/proof_json.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_epochs = 20;
constexpr std::size_t max_epochs = 100;
constexpr auto max_number = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

void write_epoch(json::Writer& out, const ledger::Epoch& epoch) {
  out.begin_object().key("epoch").unsigned_integer(epoch.number);
  out.key("first_sequence").unsigned_integer(epoch.first_sequence);
  out.key("feature_level").unsigned_integer(epoch.feature_level);
  out.key("members");
  write_members(out, epoch.members);
  out.end_object();
}

void write_pending(json::Writer& out, const std::optional<ledger::NextEpoch>& next) {
  if (!next) {
    out.null();
    return;
  }
  out.begin_object().key("last_sequence").unsigned_integer(next->last_sequence);
  out.key("feature_level").unsigned_integer(next->feature_level).key("members");
  write_members(out, next->members);
  out.end_object();
}

/// Addresses that came with a member's transaction.
void write_endpoints(json::Writer& out, const ledger::StateReader& state,
                     const std::vector<ledger::Member>& members) {
  out.begin_array();
  for (const auto& member : members) {
    const auto endpoints = ledger::endpoints_of(state, member.peer);
    if (!endpoints) continue;
    out.begin_object().key("peer").string(member.peer.text());
    out.key("control").string(endpoints->control).key("bulk").string(endpoints->bulk).end_object();
  }
  out.end_array();
}

void get_members(const Services& services, const Request& request, const Responder& responder) {
  const auto from = unsigned_parameter(request, "from", max_number);
  if (!from) return responder.send(problem_of(from.error()));
  const auto limit = limit_parameter(request, default_epochs, max_epochs);
  if (!limit) return responder.send(problem_of(limit.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto current = ledger::current_epoch(state);
  const auto pending = ledger::next_epoch(state);
  json::Writer out;
  out.begin_object().key("current");
  write_epoch(out, current);
  out.key("pending");
  write_pending(out, pending);
  out.key("endpoints");
  write_endpoints(out, state, pending ? pending->members : current.members);
  out.key("known_feature_level").unsigned_integer(ledger::known_feature_level);
  out.key("items").begin_array();
  auto number = from->value_or(current.number >= *limit ? current.number - *limit + 1 : 0);
  for (std::size_t count = 0; count < *limit && number <= current.number; ++count, ++number) {
    write_epoch(out, *ledger::epoch_at(state, number));
  }
  out.end_array().key("next");
  if (number <= current.number) {
    out.unsigned_integer(number);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

void get_certificate(const Services& services, const Request& request, const Responder& responder) {
  const auto height = parse_unsigned("height", request.path_parameter("height"), max_number);
  if (!height) return responder.send(problem_of(height.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  if (*height == 0 || *height > view->head().height) {
    return responder.send(problem(404, "not_found", "This peer has no block of that height."));
  }
  const auto proof = collect_proof(*view, *height);
  if (!proof && proof.error().code() != GatewayError::not_certified) {
    return responder.send(problem_of(proof.error()));
  }
  if (!proof || !proof->has_value()) {
    return responder.send(
        retry_later(503, "not_certified",
                    proof ? "This peer has not yet collected a certificate at or above that block."
                          : proof.error().detail(),
                    1));
  }
  json::Writer out;
  write_proof(out, **proof, ledger::members(view->state(), 0));
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_member_routes(Router& router, const ServicesPtr& services) {
  const auto epoch = object_schema({{"epoch", "integer"},
                                    {"first_sequence", "integer"},
                                    {"feature_level", "integer"},
                                    {"members", members_schema()}});
  RouteInfo members;
  members.method = "GET";
  members.pattern = "/v1/members";
  members.summary =
      "The peers that agree on this chain: the current epoch, the change that is pending, and all "
      "epochs by rising number; without `from` the newest.";
  members.access = Access::open;
  members.parameters = {{"from", "query", "integer", false, "number of the first epoch"},
                        {"limit", "query", "integer", false, "1 to 100, default 20"}};
  members.response_schema = object_schema(
      {{"current", epoch},
       {"pending", "object?"},
       {"endpoints", array_schema(object_schema(
                         {{"peer", "string"}, {"control", "string"}, {"bulk", "string"}}))},
       {"known_feature_level", "integer"},
       {"items", array_schema(epoch)},
       {"next", "integer?"}});
  members.statuses = {200, 400, 503};
  router.add(std::move(members), [services](const Request& request, const Responder& responder) {
    get_members(*services, request, responder);
  });

  RouteInfo certificate;
  certificate.method = "GET";
  certificate.pattern = "/v1/blocks/{height}/certificate";
  certificate.summary =
      "A proof of the block that holds offline against the genesis: headers up to a certified one, "
      "its certificate, and the same for each change of members before.";
  certificate.access = Access::open;
  certificate.parameters = {{"height", "path", "integer", true, "1 for the first block"}};
  certificate.response_schema = proof_schema();
  certificate.statuses = {200, 400, 404, 503};
  router.add(std::move(certificate),
             [services](const Request& request, const Responder& responder) {
               get_certificate(*services, request, responder);
             });
}

}  // namespace powershare::gateway
