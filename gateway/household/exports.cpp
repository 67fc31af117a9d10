// GET /etms/export, /etms/export/green-button and /v1/exports/egac.
#include "gateway/household/exports.hpp"

#include <atomic>

#include "gateway/household/common.hpp"
#include "gateway/household/news_json.hpp"
#include "gateway/payload_json.hpp"
#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::size_t max_egac_rows = 100'000;
constexpr UtcMillis end_of_time{253'402'300'800'000};

/// All that the chain keeps of one participant, as one document. Each long list holds at most
/// max_rows items; where one is cut, "continues_from" says from when on to ask for the rest.
class Export {
 public:
  Export(const ChainView& view, const ledger::ParticipantRef& who, UtcMillis from)
      : view_(view), who_(who), from_(from) {}

  Result<std::string> write(const std::optional<Profile>& profile) {
    out_.begin_object().key("participant").string(ledger::to_text(who_));
    write_time(out_.key("at"), ledger::island_time(view_.state()));
    write_time(out_.key("from"), from_);
    write_profile(profile);
    write_registry();
    write_accounts();
    for (const auto step :
         {&Export::write_slots, &Export::write_late, &Export::write_readings,
          &Export::write_movements, &Export::write_news_list, &Export::write_transactions}) {
      if (auto written = (this->*step)(); !written) return written.error();
    }
    out_.key("continues_from");
    if (continues_ < end_of_time) {
      write_time(out_, continues_);
    } else {
      out_.null();
    }
    out_.end_object();
    return std::move(out_).take();
  }

 private:
  /// False when a list is full: the rest of it begins at `time`.
  bool room(std::size_t& count, UtcMillis time) {
    if (count++ < max_rows) return true;
    continues_ = std::min(continues_, time);
    return false;
  }

  void write_profile(const std::optional<Profile>& profile) {
    out_.key("profile");
    if (!profile) {
      out_.null();
      return;
    }
    out_.begin_object().key("first_name").string(profile->first_name);
    out_.key("last_name").string(profile->last_name);
    out_.key("email").string(profile->email).key("picture");
    if (profile->picture.empty()) {
      out_.null();
    } else {
      out_.string(to_base64(profile->picture));
    }
    out_.end_object();
  }

  void write_registry() {
    const auto& state = view_.state();
    out_.key("record");
    if (const auto record = ledger::find_participant(state, who_)) {
      write_participant(out_, *record);
    } else {
      out_.null();
    }
    out_.key("meters").begin_array();
    for (const auto& meter : ledger::meters_of(state, who_)) {
      out_.begin_object().key("meter").string(meter.meter.text());
      out_.key("kind").string(gateway::to_text(meter.kind)).key("cpe").string(meter.cpe);
      out_.key("plant_kw").string(kilowatts_text(meter.plant_watts));
      write_time(out_.key("active_from"), meter.active_from);
      out_.end_object();
    }
    out_.end_array().key("criteria");
    const auto slot =
        ledger::next_slot(ledger::island_time(state), ledger::parameters(state).slot_ms);
    if (auto criteria = ledger::find_criteria(state, who_, slot)) {
      write_payload(out_, ledger::Payload(*std::move(criteria)));
    } else {
      out_.null();
    }
    out_.key("preferences");
    if (auto preferences = ledger::find_preferences(state, who_)) {
      write_payload(out_, ledger::Payload(*std::move(preferences)));
    } else {
      out_.null();
    }
  }

  void write_accounts() {
    out_.key("accounts").begin_array();
    const auto write = [&](const ledger::AccountId& id, std::int64_t balance) {
      out_.begin_object().key("id").string(ledger::to_text(id));
      out_.key("balance").number(balance).end_object();
      return true;
    };
    ledger::for_each_account_of(view_.state(), who_, write);
    ledger::for_each_escrow_of(view_.state(), who_, write);
    out_.end_array().key("cash_requests").begin_array();
    for (const auto& request : ledger::cash_requests_of(view_.state(), who_)) {
      out_.begin_object().key("id").digest(request.id);
      write_time(out_.key("made"), request.made);
      out_.key("withdrawal").boolean(request.request.withdrawal);
      out_.key("cash").number(request.request.cash.nano());
      out_.key("currency").string(request.request.currency).end_object();
    }
    out_.end_array();
  }

  void write_trade(const ledger::SettledTrade& trade) {
    out_.begin_object().key("buyer").string(ledger::to_text(trade.buyer));
    out_.key("seller").string(ledger::to_text(trade.seller));
    out_.key("energy_kwh").number(trade.energy.nano()).key("price").number(trade.price.nano());
    out_.key("amount_coins").number(trade.amount.nano()).end_object();
  }

  Result<void> write_slots() {
    std::size_t count = 0;
    out_.key("slots").begin_array();
    auto scanned = ledger::for_each_participant_slot(
        view_.history(), who_, from_, end_of_time, [&](const ledger::ParticipantSlotRow& row) {
          if (!room(count, row.slot)) return false;
          const auto& settled = row.settled;
          out_.begin_object();
          write_time(out_.key("slot"), row.slot);
          out_.key("imported_kwh").number(settled.imported.nano());
          out_.key("exported_kwh").number(settled.exported.nano());
          out_.key("production_kwh").number(settled.produced.nano());
          out_.key("trades").begin_array();
          for (const auto& trade : row.trades) write_trade(trade.trade);
          out_.end_array().end_object();
          return true;
        });
    out_.end_array();
    return scanned;
  }

  Result<void> write_late() {
    std::size_t count = 0;
    out_.key("late_readings").begin_array();
    auto scanned = ledger::for_each_late_row(
        view_.history(), who_, from_, end_of_time, [&](const ledger::LateRow& row) {
          if (!room(count, row.slot)) return false;
          out_.begin_object();
          write_time(out_.key("slot"), row.slot);
          write_time(out_.key("settled_at"), row.settled_at);
          out_.key("meter").string(row.meter.text());
          out_.key("from_utility_kwh").number(row.from_utility.nano());
          out_.key("to_utility_kwh").number(row.to_utility.nano());
          out_.key("charge_coins").number(row.charge.nano());
          out_.key("credit_coins").number(row.credit.nano()).end_object();
          return true;
        });
    out_.end_array();
    return scanned;
  }

  Result<void> write_readings() {
    out_.key("readings").begin_array();
    std::size_t count = 0;
    for (const auto& meter : ledger::meters_of(view_.state(), who_)) {
      const auto readings =
          ledger::query_readings(view_.history(), meter.meter, from_, end_of_time, max_rows + 1);
      if (!readings) return readings.error();
      for (const auto& reading : *readings) {
        if (!room(count, reading.start)) break;
        out_.begin_object().key("meter").string(meter.meter.text());
        out_.key("sequence").unsigned_integer(reading.sequence);
        write_time(out_.key("start"), reading.start);
        out_.key("seconds").unsigned_integer(reading.seconds);
        out_.key("imported_kwh").number(reading.imported.nano());
        out_.key("exported_kwh").number(reading.exported.nano());
        out_.key("produced_kwh").number(reading.produced.nano()).end_object();
      }
    }
    out_.end_array();
    return {};
  }

  Result<void> write_movements() {
    out_.key("movements").begin_array();
    std::size_t count = 0;
    Result<void> scanned;
    std::vector<ledger::AccountId> accounts;
    ledger::for_each_account_of(view_.state(), who_,
                                [&](const ledger::AccountId& id, std::int64_t) {
                                  accounts.push_back(id);
                                  return true;
                                });
    for (const auto& account : accounts) {
      if (!scanned) return scanned;
      scanned = ledger::for_each_movement(
          view_.history(), who_, account.asset, account.name, from_, end_of_time,
          [&](const ledger::MovementRow& row) {
            if (!room(count, row.time)) return false;
            out_.begin_object().key("asset").string(row.asset);
            write_time(out_.key("time"), row.time);
            out_.key("balance").number(row.balance_nano).key("lines").begin_array();
            for (const auto& line : row.lines) {
              out_.begin_object().key("kind").string(ledger::to_text(line.kind));
              out_.key("amount").number(line.amount_nano).end_object();
            }
            out_.end_array().end_object();
            return true;
          });
    }
    out_.end_array();
    return scanned;
  }

  Result<void> write_news_list() {
    out_.key("notifications").begin_array();
    std::size_t count = 0;
    auto scanned = ledger::for_each_news_before(view_.history(), who_, {UINT64_MAX, UINT64_MAX},
                                                [&](const ledger::NewsRow& row) {
                                                  if (row.time < from_ || count++ >= max_rows)
                                                    return false;
                                                  out_.begin_object();
                                                  write_news(out_, row);
                                                  out_.end_object();
                                                  return true;
                                                });
    out_.end_array();
    return scanned;
  }

  Result<void> write_transactions() {
    out_.key("transactions").begin_array();
    std::size_t count = 0;
    Result<void> result;
    const auto prefix = ledger::history_prefix(ledger::to_text(who_));
    view_.history().scan(
        ledger::history_transactions_by_participant, prefix, {}, false,
        [&](ByteView key, ByteView value) {
          const auto row = ledger::TransactionRow::decode(value);
          const auto place = ledger::place_of_row(key);
          if (!row || !place) {
            result = row ? place.error() : row.error();
            return false;
          }
          if (count++ >= max_rows) return false;
          out_.begin_object().key("id").digest(row->id).key("type").string(row->type);
          write_time(out_.key("time"), place->time);
          out_.key("height").unsigned_integer(place->height).end_object();
          return true;
        });
    out_.end_array();
    return result;
  }

  const ChainView& view_;
  const ledger::ParticipantRef& who_;
  UtcMillis from_;
  UtcMillis continues_ = end_of_time;
  json::Writer out_;
};

/// One export at a time: each costs about half a second.
class Turn {
 public:
  explicit Turn(std::shared_ptr<std::atomic<bool>> taken) : taken_(std::move(taken)) {}
  ~Turn() { taken_->store(false); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;
  static std::shared_ptr<Turn> take(const std::shared_ptr<std::atomic<bool>>& taken) {
    return taken->exchange(true) ? nullptr : std::make_shared<Turn>(taken);
  }

 private:
  std::shared_ptr<std::atomic<bool>> taken_;
};

net::HttpResponse file(std::string body, std::string type, const std::string& name) {
  net::HttpResponse response;
  response.content_type = std::move(type);
  response.headers = {{"Content-Disposition", "attachment; filename=\"" + name + "\""}};
  response.body = std::move(body);
  return response;
}

void get_export(Services& services, const std::shared_ptr<std::atomic<bool>>& taken,
                const Request& request, const Responder& responder) {
  const auto from = time_parameter(request, "from");
  if (!from) return responder.send(problem_of(from.error()));
  auto turn = Turn::take(taken);
  if (turn == nullptr) {
    return responder.send(
        retry_later(429, "export_under_way", "Another export is being written.", 2));
  }
  auto finish = [view_of = services.ports.view, who = request.caller->participant,
                 from = from->value_or(UtcMillis{}), responder,
                 turn](const std::optional<Profile>& profile) {
    const auto view = view_of();
    if (!view || *view == nullptr) {
      return responder.send(retry_later(
          503, "unavailable", "This peer cannot read its ledger now; ask another one.", 5));
    }
    auto text = Export(**view, who, from).write(profile);
    if (!text) return responder.send(problem_of(text.error()));
    responder.send(file(*std::move(text), "application/json", "power-share.json"));
  };
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto record = ledger::find_participant(view->state(), request.caller->participant);
  const bool has_profile = record && record->profile != decltype(record->profile){};
  if (services.ports.profiles == nullptr || !has_profile) return finish(std::nullopt);
  services.ports.profiles->fetch({record->profile},
                                 [finish](const std::vector<std::optional<Profile>>& found) {
                                   finish(found.empty() ? std::nullopt : found.front());
                                 });
}

void get_green_button(const Services& services, const Request& request,
                      const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto period = period_parameter(request, view->state(), PeriodKind::month);
  if (!period) return responder.send(problem_of(period.error()));
  auto feed = green_button_feed(*view, request.caller->participant, *period, max_rows);
  if (!feed) return responder.send(query_problem(feed.error()));
  responder.send(file(*std::move(feed), "application/atom+xml; charset=utf-8",
                      "green-button-" + to_text(period->first) + ".xml"));
}

void get_egac(const Services& services, const Request& request, const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto month = request.http.parameter("month");
  if (!month) return responder.send(problem(400, "bad_parameter", "month is missing."));
  const auto period = parse_month(local_time(view->state()), *month);
  if (!period) return responder.send(problem_of(period.error()));
  auto part = egac_csv(*view, *period, request.http.parameter("after").value_or(""), max_egac_rows);
  if (!part) return responder.send(query_problem(part.error()));
  auto response = file(std::move(part->csv), "text/csv; charset=utf-8; header=present",
                       "egac-" + std::string(*month) + ".csv");
  if (!part->next.empty()) {
    response.headers.emplace_back("Link", "</v1/exports/egac?month=" + std::string(*month) +
                                              "&after=" + part->next + ">; rel=\"next\"");
  }
  responder.send(std::move(response));
}

}  // namespace

void add_export_routes(Router& router, const ServicesPtr& services) {
  auto all = resident_route("GET", "/etms/export",
                            "All that is kept of the household, as one JSON document. A long "
                            "past comes in parts: `continues_from` is the `from` of the next.",
                            object_schema({{"participant", "string"},
                                           {"at", "time"},
                                           {"from", "time"},
                                           {"profile", "object?"},
                                           {"record", "object?"},
                                           {"meters", "array"},
                                           {"criteria", "object?"},
                                           {"preferences", "object?"},
                                           {"accounts", "array"},
                                           {"cash_requests", "array"},
                                           {"slots", "array"},
                                           {"late_readings", "array"},
                                           {"readings", "array"},
                                           {"movements", "array"},
                                           {"notifications", "array"},
                                           {"transactions", "array"},
                                           {"continues_from", "time?"}}));
  all.parameters = {{"from", "query", "string", false, "ISO 8601 or milliseconds"}};
  all.statuses = {200, 400, 401, 429, 503};
  add_for_caller(router, services, std::move(all),
                 [taken = std::make_shared<std::atomic<bool>>(false)](
                     Services& given, const Request& request, const Responder& responder) {
                   get_export(given, taken, request, responder);
                 });

  auto green = resident_route("GET", "/etms/export/green-button",
                              "Energy drawn and fed in, slot by slot, as a Green Button feed "
                              "(NAESB ESPI); a month where no "
                              "period is given.",
                              {});
  green.parameters = period_parameters();
  green.response_type = "application/atom+xml";
  add_for_caller(router, services, std::move(green), get_green_button);

  RouteInfo egac;
  egac.method = "GET";
  egac.pattern = "/v1/exports/egac";
  egac.summary =
      "Energy per point of delivery (CPE) and slot of a local month with sharing coefficients, as "
      "CSV for the managing entity of a collective self-consumption (EGAC). A Link header with "
      "rel=next leads to the next part.";
  egac.access = Access::operators;
  egac.parameters = {{"month", "query", "string", true, "YYYY-MM"},
                     {"after", "query", "string", false, "id of a meter: those after it"}};
  egac.response_type = "text/csv";
  egac.statuses = {200, 400, 503};
  router.add(std::move(egac), [services](const Request& request, const Responder& responder) {
    get_egac(*services, request, responder);
  });
}

}  // namespace powershare::gateway::household
