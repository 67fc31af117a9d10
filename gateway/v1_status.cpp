// Probes, GET /v1/status and GET /v1/genesis.
#include "gateway/json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway {
namespace {

net::HttpResponse status_response(const NodeStatus& status) {
  json::Writer out;
  out.begin_object().key("peer").string(status.peer).key("chain").string(status.chain);
  out.key("view").unsigned_integer(status.view).key("primary").string(status.primary);
  out.key("height").unsigned_integer(status.height).key("head").digest(status.head);
  out.key("state_root").digest(status.state_root);
  out.key("executed_transactions").unsigned_integer(status.executed_transactions);
  out.key("mempool").unsigned_integer(status.mempool);
  out.key("syncing").boolean(status.syncing).key("peers").begin_array();
  for (const auto& peer : status.peers) {
    out.begin_object().key("id").string(peer.id).key("connected").boolean(peer.connected);
    out.key("height").unsigned_integer(peer.height).end_object();
  }
  out.end_array().key("time").string(to_iso8601(status.time));
  out.key("ready").boolean(status.not_ready.empty());
  out.key("not_ready").begin_array();
  for (const auto& reason : status.not_ready) out.string(reason);
  out.end_array().end_object();
  return json_response(std::move(out).take());
}

net::HttpResponse liveness(const NodeStatus& status) {
  if (status.alive) return json_response(R"({"alive":true})");
  return problem(503, "not_alive", "The event loop has not ticked for 10 seconds.");
}

net::HttpResponse readiness(const NodeStatus& status) {
  if (status.not_ready.empty()) return json_response(R"({"ready":true})");
  std::string reasons;
  json::Writer list;
  list.begin_array();
  for (const auto& reason : status.not_ready) {
    reasons += (reasons.empty() ? "" : "; ") + reason;
    list.string(reason);
  }
  list.end_array();
  return retry_later(503, "not_ready", reasons, 1, R"("reasons":)" + std::move(list).take());
}

void add_probe(Router& router, const ServicesPtr& services, std::string path, std::string summary,
               net::HttpResponse (*answer)(const NodeStatus&)) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(path);
  info.summary = std::move(summary);
  info.response_schema = R"({"type":"object"})";
  info.statuses = {200, 503};
  router.add(std::move(info), [services, answer](const Request&, const Responder& responder) {
    responder.send(answer(services->ports.status()));
  });
}

}  // namespace

void add_node_routes(Router& router, const ServicesPtr& services) {
  add_probe(router, services, "/livez", "The event loop ticks.", liveness);
  add_probe(router, services, "/healthz", "The same as /livez.", liveness);
  add_probe(router, services, "/readyz", "Able to serve; otherwise 503 with the reasons.",
            readiness);

  RouteInfo status;
  status.method = "GET";
  status.pattern = "/v1/status";
  status.summary = "Where this peer stands.";
  status.response_schema = object_schema(
      {{"peer", "string"},
       {"chain", "string"},
       {"view", "integer"},
       {"primary", "string"},
       {"height", "integer"},
       {"head", "digest"},
       {"state_root", "digest"},
       {"executed_transactions", "integer"},
       {"mempool", "integer"},
       {"syncing", "boolean"},
       {"peers", array_schema(object_schema(
                     {{"id", "string"}, {"connected", "boolean"}, {"height", "integer"}}))},
       {"time", "time"},
       {"ready", "boolean"},
       {"not_ready", array_schema(R"({"type":"string"})")}});
  router.add(std::move(status), [services](const Request&, const Responder& responder) {
    responder.send(status_response(services->ports.status()));
  });

  RouteInfo genesis;
  genesis.method = "GET";
  genesis.pattern = "/v1/genesis";
  genesis.summary = "The genesis that this chain starts from; its hash is the chain's domain.";
  genesis.response_schema = R"({"type":"object"})";
  router.add(std::move(genesis), [services](const Request&, const Responder& responder) {
    auto response = json_response(services->ports.genesis_json);
    response.headers.emplace_back("X-Genesis-Hash", crypto::to_hex(services->ports.genesis_hash));
    responder.send(std::move(response));
  });
}

}  // namespace powershare::gateway
