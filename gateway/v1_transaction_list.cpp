// GET /v1/transactions: the newest first, from the indexes of derived history.
#include <algorithm>

#include "base/encoding.hpp"
#include "gateway/block_json.hpp"
#include "gateway/error.hpp"
#include "gateway/household/caller.hpp"
#include "gateway/parameters.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t default_items = 50;
constexpr std::size_t max_items = 200;
/// Rows that one request reads where it asks for a participant and a type.
constexpr std::size_t max_rows = 20'000;
/// time, height and index: what ends a key of the three indexes.
constexpr std::size_t place_bytes = 20;

struct Wanted {
  std::string_view table = ledger::history_transactions_by_time;
  Bytes prefix;
  Bytes before;  ///< place of the last one of the page before; empty: from the newest
  std::optional<std::string> type;
  std::size_t limit = default_items;
};

Result<Wanted> wanted_of(const Request& request) {
  Wanted wanted;
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return limit.error();
  wanted.limit = *limit;
  wanted.type = request.http.parameter("type");
  const auto participant = participant_parameter(request, "participant");
  if (!participant) return participant.error();
  if (*participant) {
    wanted.table = ledger::history_transactions_by_participant;
    wanted.prefix = ledger::history_prefix(ledger::to_text(**participant));
  } else if (wanted.type) {
    wanted.table = ledger::history_transactions_by_type;
    wanted.prefix = ledger::history_prefix(*wanted.type);
  }
  if (const auto before = request.http.parameter("before")) {
    auto place = from_hex(*before);
    if (!place || place->size() != place_bytes) {
      return Error{GatewayError::bad_parameter, "before must be the next of a page."};
    }
    wanted.before = *std::move(place);
  }
  return wanted;
}

struct Found {
  std::vector<ledger::TransactionPlace> places;
  std::optional<Bytes> next;  ///< where there are more: the place of the last one
};

Result<Found> find(const ChainView& view, const Wanted& wanted) {
  Found found;
  Bytes last;
  std::size_t rows = 0;
  Result<void> result;
  const auto visit = [&](ByteView key, ByteView value) {
    const auto place = ledger::place_of_row(key);
    const auto row = ledger::TransactionRow::decode(value);
    if (!place || !row) {
      result = place ? row.error() : place.error();
      return false;
    }
    const Bytes where(key.end() - place_bytes, key.end());
    if (where == wanted.before) return true;
    if (found.places.size() == wanted.limit || ++rows > max_rows) {
      found.next = last;
      return false;
    }
    last = where;
    if (!wanted.type || row->type == *wanted.type) found.places.push_back(*place);
    return true;
  };
  view.history().scan(wanted.table, wanted.prefix, wanted.before, true, visit);
  if (!result) return result.error();
  return found;
}

/// Those of one block stand beside one another, so that each block is read once.
Result<std::string> page_json(const ChainView& view, const Found& found, const Ports& ports,
                              const Viewer& viewer) {
  std::optional<BlockRecord> block;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& place : found.places) {
    if (!block || block->header.height != place.height) {
      auto read = view.block(place.height);
      if (!read) return read.error();
      if (!*read) continue;  // archived
      block = **std::move(read);
    }
    if (place.index >= block->transactions.size() || place.index >= block->receipts.size())
      continue;
    out.begin_object().key("time").string(to_iso8601(place.time));
    out.key("height").unsigned_integer(place.height).key("index").unsigned_integer(place.index);
    out.key("transaction");
    write_transaction(out, block->transactions[place.index], ports.decode, viewer);
    out.key("receipt");
    write_receipt(out, block->receipts[place.index]);
    out.end_object();
  }
  out.end_array().key("next");
  if (found.next) {
    out.string(to_hex(*found.next));
  } else {
    out.null();
  }
  out.end_object();
  return std::move(out).take();
}

void list_transactions(const Services& services, const Request& request,
                       const Responder& responder) {
  const auto wanted = wanted_of(request);
  if (!wanted) return responder.send(problem_of(wanted.error()));
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto found = find(*view, *wanted);
  if (!found) return responder.send(problem_of(found.error()));
  auto page = page_json(*view, *found, services.ports, Viewer(view->state(), request));
  if (!page) return responder.send(problem_of(page.error()));
  responder.send(json_response(*std::move(page)));
}

}  // namespace

void add_transaction_list_routes(Router& router, const ServicesPtr& services) {
  RouteInfo list;
  list.method = "GET";
  list.pattern = "/v1/transactions";
  list.summary =
      "Transactions but readings and clock steps, the newest first: all, those of a type, or those "
      "that a participant takes part in. `next` is the `before` of the next page.";
  list.access = Access::read;
  list.parameters = {{"type", "query", "string", false, "name of a transaction, as EnergyToCoins"},
                     {"participant", "query", "string", false, "as Resident:H01"},
                     {"before", "query", "string", false, "`next` of the page before"},
                     {"limit", "query", "integer", false, "1 to 200, default 50"}};
  list.response_schema = list_schema(object_schema({{"time", "time"},
                                                    {"height", "integer"},
                                                    {"index", "integer"},
                                                    {"transaction", transaction_schema()},
                                                    {"receipt", receipt_schema()}}),
                                     "string");
  list.statuses = {200, 400, 503};
  router.add(std::move(list), [services](const Request& request, const Responder& responder) {
    list_transactions(*services, request, responder);
  });
}

}  // namespace powershare::gateway
