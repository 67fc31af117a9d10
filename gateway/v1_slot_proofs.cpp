// GET /v1/slots/{start}/allocation: who was given which energy, proven by the state root.
// GET /v1/slots/{start}/certificate: why no clearing by rule `optimal` had been better.
#include <algorithm>

#include "gateway/block_json.hpp"
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/json.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/allocation.hpp"
#include "ledger/slot_evidence.hpp"

namespace powershare::gateway {
namespace {

net::HttpResponse not_kept() {
  return problem(404, "not_found", "Nothing of that kind is kept of this slot.");
}

/// What the viewer may see of the vector, each entry with its way to the root.
std::string entries_json(const ledger::AllocationVector& vector, const Viewer& viewer) {
  const auto leaves = vector.leaves();
  json::Writer out;
  out.begin_array();
  for (std::size_t i = 0; i < vector.entries.size(); ++i) {
    const auto& entry = vector.entries[i];
    if (!viewer.sees(entry.participant)) continue;
    out.begin_object().key("participant").string(ledger::to_text(entry.participant));
    out.key("bought_kwh").decimal(entry.bought.nano());
    out.key("sold_kwh").decimal(entry.sold.nano());
    out.key("from_utility_kwh").decimal(entry.from_utility.nano());
    out.key("to_utility_kwh").decimal(entry.to_utility.nano());
    out.key("index").unsigned_integer(i).key("path").begin_array();
    for (const auto& sibling : crypto::merkle_proof(leaves, i).path) out.digest(sibling);
    out.end_array().end_object();
  }
  out.end_array();
  return std::move(out).take();
}

net::HttpResponse proven(const ledger::AllocationVector& vector, const std::string& entries,
                         const Bytes& key, const RecordProof& proof) {
  const auto& value = proof.record.value;
  const auto root = vector.root();
  // Between the snapshot and the proof the slot may have been cleared again.
  if (!value || !equal(*value, root)) {
    return retry_later(503, "busy", "The slot is being settled again.", 1);
  }
  json::Writer out;
  out.begin_object().key("start").string(to_iso8601(vector.slot));
  out.key("root").digest(root).key("size").unsigned_integer(vector.entries.size());
  out.key("entries").raw(entries);
  out.key("height").unsigned_integer(proof.header.height);
  out.key("header");
  write_header(out, proof.header);
  out.key("header_bytes").string(to_hex(proof.header.encode()));
  out.key("key").string(to_hex(key)).key("value").string(to_hex(*value));
  out.key("siblings").begin_array();
  for (const auto& sibling : proof.record.path.siblings) out.digest(sibling);
  out.end_array().end_object();
  return json_response(std::move(out).take());
}

void get_allocation(const Services& services, const Request& request, const Responder& responder) {
  const auto start = parse_time("start", request.path_parameter("start"));
  if (!start) return responder.send(problem_of(start.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto row_key = ledger::history_key::time(*start);
  const auto row = view->history().get(ledger::history_table::allocations, row_key);
  if (!row || !ledger::find_allocation(view->state(), *start)) return responder.send(not_kept());
  auto vector = ledger::parse_allocation_row(row_key, *row);
  if (!vector) return responder.send(problem_of(vector.error()));
  if (services.ports.prover == nullptr) {
    return responder.send(retry_later(503, "unavailable", "This peer proves nothing now.", 1));
  }
  auto entries = entries_json(*vector, Viewer(view->state(), request));
  auto key = ledger::allocation_key(*start);
  services.ports.prover->prove(
      key, [responder, key, shown = *std::move(vector),
            listed = std::move(entries)](const Result<RecordProof>& proof) {
        if (!proof) return responder.send(retry_later(503, "busy", proof.error().detail(), 1));
        responder.send(proven(shown, listed, key, *proof));
      });
}

void write_orders(json::Writer& out, const market::Book& book) {
  out.key("participants").begin_array();
  for (const auto& name : book.participants) out.string(name);
  out.end_array().key("orders").begin_array();
  for (const auto& order : book.orders) {
    const bool buys = order.side == market::Side::buy;
    out.begin_object().key("id").string(order.id);
    out.key("participant").string(book.participants[order.participant]);
    out.key("side").string(buys ? "buy" : "sell");
    out.key("energy").decimal(order.energy.nano()).key("price").decimal(order.limit.nano());
    out.key("attributes").begin_object().key("green");
    out.boolean(buys ? order.only_green : order.green).end_object();
    out.key("partners").begin_array();
    for (const auto partner : order.partners) out.string(book.participants[partner]);
    out.end_array().key("standing").boolean(order.standing).key("accepted");
    out.decimal(order.standing ? 0 : order.accepted.value / millis_per_second * nano_per_unit);
    out.end_object();
  }
  out.end_array().key("tariff").begin_object().key("buy").decimal(book.tariff.buy.nano());
  out.key("feed_in").decimal(book.tariff.feed_in.nano()).end_object();
}

void write_network(json::Writer& out, const market::Book& book, const market::Network& network) {
  out.key("network").begin_object().key("zones").begin_array();
  for (const auto& zone : network.zones) {
    out.begin_object().key("id").string(zone.id);
    if (zone.parent != market::no_zone) out.key("parent").string(network.zones[zone.parent].id);
    out.key("fee").decimal(zone.fee.nano()).key("loss").decimal(zone.loss_nano);
    if (zone.max_export) out.key("max_export").decimal(zone.max_export->nano());
    if (zone.max_import) out.key("max_import").decimal(zone.max_import->nano());
    out.end_object();
  }
  out.end_array().key("participants").begin_object();
  for (std::size_t i = 0; i < network.zone_of.size() && !network.zones.empty(); ++i) {
    out.key(book.participants[i]).string(network.zones[network.zone_of[i]].id);
  }
  out.end_object().key("losses").begin_array();
  for (const auto& loss : network.losses) {
    out.begin_object().key("from").string(network.zones[loss.from].id);
    out.key("to").string(network.zones[loss.to].id).key("loss").decimal(loss.loss_nano);
    out.end_object();
  }
  out.end_array().key("loss_price").decimal(network.loss_price.nano()).end_object();
}

void write_clearing(json::Writer& out, const market::Book& book, const market::Clearing& clearing) {
  out.key("clearing").begin_object().key("rule").string(clearing.rule);
  out.key("trades").begin_array();
  for (const auto& trade : clearing.trades) {
    out.begin_object().key("buy").string(book.orders[trade.buy].id);
    out.key("sell").string(book.orders[trade.sell].id);
    out.key("energy").decimal(trade.energy.nano()).key("price").decimal(trade.price.nano());
    out.key("fees").decimal(trade.fees.nano()).key("losses").decimal(trade.losses.nano());
    out.end_object();
  }
  out.end_array().key("prices").begin_array();
  for (const Price price : clearing.certificate->prices) out.decimal(price.nano());
  out.end_array().key("surplus").string(market::to_text(clearing.certificate->surplus));
  out.key("bound").string(market::to_text(clearing.certificate->bound));
  out.key("gap").string(market::to_text(clearing.certificate->gap())).end_object();
}

void get_certificate(const Services& services, const Request& request, const Responder& responder) {
  const auto start = parse_time("start", request.path_parameter("start"));
  if (!start) return responder.send(problem_of(start.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto row =
      view->history().get(ledger::history_table::certificates, ledger::history_key::time(*start));
  if (!row) return responder.send(not_kept());
  const auto evidence = ledger::parse_evidence_row(*row);
  if (!evidence) return responder.send(problem_of(evidence.error()));
  json::Writer out;
  out.begin_object().key("start").string(to_iso8601(*start));
  write_orders(out, evidence->book);
  write_network(out, evidence->book, evidence->network);
  write_clearing(out, evidence->book, evidence->clearing);
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

RouteInfo slot_route(std::string pattern, std::string summary) {
  RouteInfo info;
  info.method = "GET";
  info.pattern = std::move(pattern);
  info.summary = std::move(summary);
  info.parameters = {{"start", "path", "string", true, "start of the slot"}};
  info.statuses = {200, 400, 404, 503};
  return info;
}

std::string certificate_schema() {
  const auto orders = array_schema(object_schema({{"id", "string"},
                                                  {"participant", "string"},
                                                  {"side", "string"},
                                                  {"energy", "decimal"},
                                                  {"price", "decimal"},
                                                  {"attributes", "object"},
                                                  {"partners", "array"},
                                                  {"standing", "boolean"},
                                                  {"accepted", "decimal"}}));
  const auto trades = array_schema(object_schema({{"buy", "string"},
                                                  {"sell", "string"},
                                                  {"energy", "decimal"},
                                                  {"price", "decimal"},
                                                  {"fees", "decimal"},
                                                  {"losses", "decimal"}}));
  const auto clearing = object_schema({{"rule", "string"},
                                       {"trades", trades},
                                       {"prices", array_schema(R"({"type":"string"})")},
                                       {"surplus", "string"},
                                       {"bound", "string"},
                                       {"gap", "string"}});
  return object_schema({{"start", "time"},
                        {"participants", array_schema(R"({"type":"string"})")},
                        {"orders", orders},
                        {"tariff", "object"},
                        {"network", "object"},
                        {"clearing", clearing}});
}

}  // namespace

void add_slot_proof_routes(Router& router, const ServicesPtr& services) {
  auto allocation = slot_route(
      "/v1/slots/{start}/allocation",
      "Who was given which energy in a slot, as one Merkle root under the newest block's state "
      "root; `powershare verify-allocation` checks it. A household sees its own entry. Kept for "
      "400 days.");
  allocation.access = Access::read;
  const auto entry = object_schema({{"participant", "string"},
                                    {"bought_kwh", "decimal"},
                                    {"sold_kwh", "decimal"},
                                    {"from_utility_kwh", "decimal"},
                                    {"to_utility_kwh", "decimal"},
                                    {"index", "integer"},
                                    {"path", array_schema(R"({"type":"string"})")}});
  allocation.response_schema = object_schema({{"start", "time"},
                                              {"root", "digest"},
                                              {"size", "integer"},
                                              {"entries", array_schema(entry)},
                                              {"height", "integer"},
                                              {"header", "object"},
                                              {"header_bytes", "string"},
                                              {"key", "string"},
                                              {"value", "string"},
                                              {"siblings", array_schema(R"({"type":"string"})")}});
  router.add(std::move(allocation), [services](const Request& request, const Responder& responder) {
    get_allocation(*services, request, responder);
  });

  auto certificate = slot_route(
      "/v1/slots/{start}/certificate",
      "Book, trades and prices of a slot that was cleared by rule optimal: `powershare market "
      "check` proves from them that no clearing had been worth more.");
  certificate.access = Access::administrator;
  certificate.response_schema = certificate_schema();
  router.add(std::move(certificate),
             [services](const Request& request, const Responder& responder) {
               get_certificate(*services, request, responder);
             });
}

}  // namespace powershare::gateway
