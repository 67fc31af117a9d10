// GET /etms/history: a household's energy and money by slots, hours, days or months.
#include "gateway/error.hpp"
#include "gateway/household/common.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::size_t max_buckets = 1'500;  // a day of minutes

struct Table {
  Period period;
  std::vector<UtcMillis> bounds;
  std::vector<EnergySums> buckets;
  EnergySums total;
};

Result<BucketKind> bucket_parameter(const Request& request, PeriodKind period) {
  const auto given = request.http.parameter("bucket");
  if (!given) return usual_bucket(period);
  constexpr std::pair<std::string_view, BucketKind> names[] = {{"slot", BucketKind::slot},
                                                               {"hour", BucketKind::hour},
                                                               {"day", BucketKind::day},
                                                               {"month", BucketKind::month}};
  for (const auto& [name, kind] : names) {
    if (*given == name) return kind;
  }
  return Error{GatewayError::bad_parameter, "bucket must be one of slot, hour, day, month."};
}

Result<Table> read_table(const Request& request, const ChainView& view) {
  const auto& state = view.state();
  const auto period = period_parameter(request, state, PeriodKind::day);
  if (!period) return period.error();
  const auto bucket = bucket_parameter(request, period->kind);
  if (!bucket) return bucket.error();
  Table table{*period, {}, {}, {}};
  table.bounds =
      bucket_bounds(local_time(state), *period, *bucket, ledger::parameters(state).slot_ms);
  if (table.bounds.size() > max_buckets + 1) {
    return Error{GatewayError::bad_parameter, "The period has too many buckets of this length."};
  }
  auto buckets = energy_by_bucket(view.history(), request.caller->participant, table.bounds,
                                  renewable_producers(state), max_rows);
  if (!buckets) return buckets.error();
  table.buckets = *std::move(buckets);
  for (const auto& each : table.buckets) {
    if (auto added = add_sums(table.total, each); !added) return added.error();
  }
  return table;
}

void write_trades(json::Writer& out, std::string_view name,
                  const std::map<ledger::ParticipantRef, Traded>& trades) {
  out.key(name).begin_array();
  for (const auto& [who, traded] : trades) {
    out.begin_object().key("counterparty").string(ledger::to_text(who));
    out.key("energy_kwh").number(traded.energy.nano());
    out.key("amount_coins").number(traded.amount.nano()).end_object();
  }
  out.end_array();
}

/// Members of an object.
void write_sums(json::Writer& out, const EnergySums& sums) {
  out.key("consumption_kwh").number(sums.consumption().nano());
  out.key("production_kwh").number(sums.produced.nano());
  out.key("imported_kwh").number(sums.imported.nano());
  out.key("exported_kwh").number(sums.exported.nano());
  out.key("own_used_kwh").number(sums.own_used.nano());
  write_trades(out, "bought", sums.bought);
  write_trades(out, "sold", sums.sold);
  out.key("from_utility_kwh").number(sums.from_utility.nano());
  out.key("to_utility_kwh").number(sums.to_utility.nano());
  out.key("deviation_charge_coins").number(sums.deviation_charge.nano());
  out.key("deviation_credit_coins").number(sums.deviation_credit.nano());
  out.key("cost_coins").number(sums.cost().nano());
  out.key("earnings_coins").number(sums.earnings().nano());
  write_optional_number(out.key("renewable_share"), sums.renewable_nano());
  out.key("slots").unsigned_integer(sums.slots);
}

std::string table_json(const Table& table, const Completeness& complete) {
  json::Writer out;
  out.begin_object().key("period").string(to_text(table.period.kind));
  out.key("date").string(to_text(table.period.first));
  write_time(out.key("from"), table.period.from);
  write_time(out.key("to"), table.period.to);
  out.key("buckets").begin_array();
  for (std::size_t i = 0; i < table.buckets.size(); ++i) {
    out.begin_object();
    write_time(out.key("start"), table.bounds[i]);
    write_time(out.key("end"), table.bounds[i + 1]);
    write_sums(out, table.buckets[i]);
    out.end_object();
  }
  out.end_array().key("total").begin_object();
  write_sums(out, table.total);
  out.end_object();
  write_completeness(out, complete, table.period.to);
  out.end_object();
  return std::move(out).take();
}

/// RFC 4180, units in the header.
net::HttpResponse table_csv(const Table& table) {
  std::string text =
      "start (UTC),end (UTC),consumption (kWh),production (kWh),imported (kWh),exported (kWh),"
      "own production used (kWh),bought from neighbours (kWh),sold to neighbours (kWh),"
      "from utility (kWh),to utility (kWh),paid for deviations (coins),got for deviations (coins),"
      "cost (coins),earnings (coins),renewable share (1)\r\n";
  for (std::size_t i = 0; i < table.buckets.size(); ++i) {
    const auto& sums = table.buckets[i];
    text += to_iso8601(table.bounds[i]) + "," + to_iso8601(table.bounds[i + 1]);
    for (const auto nano :
         {sums.consumption().nano(), sums.produced.nano(), sums.imported.nano(),
          sums.exported.nano(), sums.own_used.nano(), sums.bought_total().nano(),
          sums.sold_total().nano(), sums.from_utility.nano(), sums.to_utility.nano(),
          sums.deviation_charge.nano(), sums.deviation_credit.nano(), sums.cost().nano(),
          sums.earnings().nano()}) {
      text += "," + format_nano(nano);
    }
    const auto share = sums.renewable_nano();
    text += "," + (share ? format_nano(*share) : std::string()) + "\r\n";
  }
  net::HttpResponse response;
  response.content_type = "text/csv; charset=utf-8; header=present";
  response.headers = {{"Content-Disposition", "attachment; filename=\"energy-" +
                                                  std::string(to_text(table.period.kind)) + "-" +
                                                  to_text(table.period.first) + ".csv\""}};
  response.body = std::move(text);
  return response;
}

void get_history(const Services& services, const Request& request, const Responder& responder) {
  const auto format = request.http.parameter("format").value_or("json");
  if (format != "json" && format != "csv") {
    return responder.send(problem(400, "bad_parameter", "format must be json or csv."));
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto table = read_table(request, *view);
  if (!table) return responder.send(query_problem(table.error()));
  if (format == "csv") return responder.send(table_csv(*table));
  const auto complete = completeness(view->state(), request.caller->participant, table->period.from,
                                     table->period.to);
  responder.send(json_response(table_json(*table, complete)));
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields sums_fields() {
  const auto trades = array_schema(object_schema(
      {{"counterparty", "string"}, {"energy_kwh", "number"}, {"amount_coins", "number"}}));
  return {{"consumption_kwh", "number"},
          {"production_kwh", "number"},
          {"imported_kwh", "number"},
          {"exported_kwh", "number"},
          {"own_used_kwh", "number"},
          {"bought", trades},
          {"sold", trades},
          {"from_utility_kwh", "number"},
          {"to_utility_kwh", "number"},
          {"deviation_charge_coins", "number"},
          {"deviation_credit_coins", "number"},
          {"cost_coins", "number"},
          {"earnings_coins", "number"},
          {"renewable_share", "number?"},
          {"slots", "integer"}};
}

}  // namespace

void add_history_routes(Router& router, const ServicesPtr& services) {
  auto bucket = sums_fields();
  bucket.insert(bucket.begin(), {{"start", "time"}, {"end", "time"}});
  Fields fields = {{"period", "string"},
                   {"date", "string"},
                   {"from", "time"},
                   {"to", "time"},
                   {"buckets", array_schema(schema_of(bucket))},
                   {"total", schema_of(sums_fields())}};
  for (auto& field : completeness_fields()) fields.push_back(std::move(field));
  auto info = resident_route(
      "GET", "/etms/history",
      "The household's energy and money: slots of a day, hours of a week, days of a month or "
      "months of a year, with whom it traded, and how complete it is. CSV has units in its header.",
      schema_of(fields));
  info.parameters = period_parameters();
  info.parameters.push_back(
      {"bucket", "query", "string", false, "slot, hour, day or month instead of the usual"});
  info.other_response_types = {"text/csv"};
  info.parameters.push_back({"format", "query", "string", false, "json (default) or csv"});
  add_for_caller(router, services, std::move(info), get_history);
}

}  // namespace powershare::gateway::household
