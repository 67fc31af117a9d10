// GET /etms/notifications: what a household should hear of, newest first.
#include "gateway/error.hpp"
#include "gateway/event_streams.hpp"
#include "gateway/household/common.hpp"
#include "gateway/household/news_json.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

constexpr std::size_t default_items = 50;
constexpr std::size_t max_items = 200;
constexpr std::size_t max_unread = 1'000;
/// Bills that are told as final.
constexpr int told_months = 24;

/// Where a page goes on: news before a place, bills from before a time. Its text is
/// "<height>.<index>.<time in ms>".
struct Cursor {
  ledger::NewsPlace news{UINT64_MAX, UINT64_MAX};
  UtcMillis bills{INT64_MAX};
};

std::string to_text(const Cursor& cursor) {
  return to_text(EventId{cursor.news.height, cursor.news.index}) + "." +
         std::to_string(cursor.bills.value);
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto place = parse_event_id(text.substr(0, dot));
  const auto time = parse_unsigned("after", text.substr(dot + 1), INT64_MAX);
  if (!place || !time) return std::nullopt;
  return Cursor{{place->height, place->index}, {static_cast<std::int64_t>(*time)}};
}

struct FinalBill {
  std::string month;
  UtcMillis time;  ///< when it became final
};

/// Months whose slots are all final, newest first.
std::vector<FinalBill> final_bills(const ledger::StateReader& state) {
  std::vector<FinalBill> bills;
  const auto progress = ledger::slot_progress(state);
  if (!progress) return bills;
  const auto local = local_time(state);
  const auto final_after = ledger::parameters(state).final_after_ms;
  auto month = local.date_of(progress->next_final);
  for (int i = 0; i < told_months; ++i) {
    const auto period = period_around(local, PeriodKind::month, month);
    if (period.to <= progress->first || period.first.days == 0) break;
    if (period.to <= progress->next_final) {
      bills.push_back({month_text(period.first), {period.to.value + final_after}});
    }
    month = previous_month(month);
  }
  return bills;
}

void write_bill(json::Writer& out, const FinalBill& bill) {
  out.begin_object().key("id").string("bill-" + bill.month);
  write_time(out.key("time"), bill.time);
  out.key("kind").string("bill_final").key("month").string(bill.month).end_object();
}

/// One page of both, newest first.
class Page {
 public:
  Page(json::Writer& out, Cursor from, std::size_t limit, std::vector<FinalBill> bills)
      : out_(out), cursor_(from), limit_(limit), bills_(std::move(bills)) {
    std::erase_if(bills_, [&](const FinalBill& bill) { return bill.time >= from.bills; });
  }
  bool take(const ledger::NewsRow& row) {
    if (!bills_until(row.time) || full()) return false;
    out_.begin_object();
    write_news(out_, row);
    out_.end_object();
    cursor_.news = {row.height, row.index};
    ++count_;
    return true;
  }
  void finish() { bills_until({INT64_MIN}); }
  bool more() const { return more_; }
  const Cursor& cursor() const { return cursor_; }

 private:
  bool full() {
    more_ = more_ || count_ == limit_;
    return more_;
  }
  /// Bills that became final at `time` or later; false when the page is full.
  bool bills_until(UtcMillis time) {
    while (!bills_.empty() && bills_.front().time >= time) {
      if (full()) return false;
      write_bill(out_, bills_.front());
      cursor_.bills = bills_.front().time;
      bills_.erase(bills_.begin());
      ++count_;
    }
    return true;
  }

  json::Writer& out_;
  Cursor cursor_;
  std::size_t limit_;
  std::size_t count_ = 0;
  bool more_ = false;
  std::vector<FinalBill> bills_;
};

/// News after `since`; counts no further than max_unread.
Result<std::size_t> unread(const ChainView& view, const ledger::ParticipantRef& who,
                           ledger::NewsPlace since) {
  std::size_t count = 0;
  const auto scanned = ledger::for_each_news_before(
      view.history(), who, {UINT64_MAX, UINT64_MAX}, [&](const ledger::NewsRow& row) {
        if (ledger::NewsPlace{row.height, row.index} <= since) return false;
        return ++count < max_unread;
      });
  if (!scanned) return scanned.error();
  return count;
}

void get_notifications(const Services& services, const Request& request,
                       const Responder& responder) {
  const auto limit = limit_parameter(request, default_items, max_items);
  if (!limit) return responder.send(problem_of(limit.error()));
  Cursor from;
  if (const auto after = request.http.parameter("after")) {
    const auto cursor = parse_cursor(*after);
    if (!cursor) {
      return responder.send(problem(400, "bad_parameter", "after must be the next of a page."));
    }
    from = *cursor;
  }
  std::optional<EventId> since;
  if (const auto given = request.http.parameter("since")) {
    since = parse_event_id(*given);
    if (!since) {
      return responder.send(
          problem(400, "bad_parameter", "since must be the id of a notification, as 12.0."));
    }
  }
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& who = request.caller->participant;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  Page page(out, from, *limit, final_bills(view->state()));
  const auto scanned = ledger::for_each_news_before(
      view->history(), who, from.news, [&](const ledger::NewsRow& row) { return page.take(row); });
  if (!scanned) return responder.send(problem_of(scanned.error()));
  if (!page.more()) page.finish();
  out.end_array().key("next");
  if (page.more()) {
    out.string(to_text(page.cursor()));
  } else {
    out.null();
  }
  out.key("unread");
  if (since) {
    const auto count = unread(*view, who, {since->height, since->index});
    if (!count) return responder.send(problem_of(count.error()));
    out.unsigned_integer(*count);
  } else {
    out.null();
  }
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void write_news(json::Writer& out, const ledger::NewsRow& row) {
  using Kind = ledger::NewsKind;
  out.key("id").string(to_text(EventId{row.height, row.index}));
  write_time(out.key("time"), row.time);
  out.key("kind").string(ledger::to_text(row.kind));
  if (row.slot) write_time(out.key("slot"), *row.slot);
  switch (row.kind) {
    case Kind::low_balance:
      out.key("low_balance_coins").number(row.amount_nano);
      out.key("coins").number(row.balance_nano);
      break;
    case Kind::top_up:
      out.key("bought_coins").number(row.amount_nano).key("coins").number(row.balance_nano);
      break;
    case Kind::cash_request_approved:
    case Kind::cash_request_refused:
      out.key("request").string(row.subject).key("cash").number(row.amount_nano);
      break;
    case Kind::meter_quarantined:
    case Kind::meter_trusted:
      out.key("meter").string(row.subject);
      break;
    case Kind::reading_disputed:
    case Kind::dispute_upheld:
    case Kind::dispute_dismissed:
      out.key("meter").string(row.subject).key("sequence").unsigned_integer(row.number);
      break;
    case Kind::slot_corrected:
      out.key("difference_coins").number(row.amount_nano);
      break;
    case Kind::invitation:
    case Kind::access_added:
    case Kind::login_changed:
    case Kind::login_removed:
    case Kind::log_in:
      break;
  }
}

void add_notification_routes(Router& router, const ServicesPtr& services) {
  const auto item = object_schema({{"id", "string"},
                                   {"time", "time"},
                                   {"kind", "string"},
                                   {"slot", "time"},
                                   {"coins", "number"},
                                   {"low_balance_coins", "number"},
                                   {"bought_coins", "number"},
                                   {"difference_coins", "number"},
                                   {"cash", "number"},
                                   {"request", "string"},
                                   {"meter", "string"},
                                   {"sequence", "integer"},
                                   {"month", "string"}},
                                  {"id", "time", "kind"});
  auto info = resident_route(
      "GET", "/etms/notifications",
      "What the household should hear of, newest first: few coins, top-ups, resolved cash "
      "requests, "
      "log-ins and invitations, meters, disputes, corrected slots, final bills. Which fields an "
      "item has depends on its kind.",
      object_schema({{"items", array_schema(item)}, {"next", "string?"}, {"unread", "integer?"}}));
  info.parameters = {{"after", "query", "string", false, "`next` of the page before"},
                     {"limit", "query", "integer", false, "1 to 200, default 50"},
                     {"since", "query", "string", false,
                      "id of the newest one read: `unread` counts those after"}};
  add_for_caller(router, services, std::move(info), get_notifications);
}

}  // namespace powershare::gateway::household
