#include "gateway/household/ranking.hpp"

#include <algorithm>

#include "gateway/household/common.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/slots.hpp"

namespace powershare::gateway::household {
namespace {

/// A thousand homes' week of quarters of an hour, and some: about three seconds of work.
constexpr std::size_t max_ranking_rows = 1'000'000;
/// Above it a ranking is made once per slot, not once per block.
constexpr std::uint64_t large_ranking_rows = 50'000;
constexpr std::size_t max_weeks = 8;
constexpr std::size_t top = 10;
constexpr int min_readings_percent = 80;

RankedHome home_of(const ledger::ParticipantRef& who, const EnergySums& sums,
                   const Completeness& complete) {
  RankedHome home;
  home.participant = who;
  if (complete.expected_seconds > 0) {
    home.readings_percent =
        static_cast<int>(complete.covered_seconds * 100 / complete.expected_seconds);
  }
  const auto share = sums.renewable_nano();
  if (!share) return home;
  home.share_nano = *share;
  const auto percent = multiply_divide(*share, 100, nano_per_unit);
  home.percent = percent ? static_cast<int>(*percent) : 0;
  home.ranked = home.readings_percent >= min_readings_percent;
  return home;
}

}  // namespace

Result<std::vector<RankedHome>> rank_homes(const ChainView& view, const Period& week,
                                           std::size_t row_bound) {
  const auto& state = view.state();
  const auto producers = renewable_producers(state);
  std::set<ledger::ParticipantRef> residents;
  ledger::for_each_meter(state, [&](const ledger::MeterRecord& meter) {
    if (meter.owner.type == ledger::ParticipantType::resident) residents.insert(meter.owner);
    return true;
  });
  std::vector<RankedHome> homes;
  for (const auto& who : residents) {
    const auto complete = completeness(state, who, week.from, week.to);
    if (complete.expected_seconds == 0) continue;
    const auto sums =
        energy_by_bucket(view.history(), who, {week.from, week.to}, producers, row_bound);
    if (!sums) return sums.error();
    row_bound -= std::min<std::size_t>(row_bound, sums->front().slots);
    homes.push_back(home_of(who, sums->front(), complete));
    homes.back().slots = sums->front().slots;
  }
  std::sort(homes.begin(), homes.end(), [](const RankedHome& left, const RankedHome& right) {
    if (left.ranked != right.ranked) return left.ranked;
    if (left.share_nano != right.share_nano) return left.share_nano > right.share_nano;
    return left.participant < right.participant;
  });
  return homes;
}

Result<RankingCache::Ranking> RankingCache::of(const ChainView& view, const Period& week) {
  const auto height = view.head().height;
  const auto progress = ledger::slot_progress(view.state());
  const auto settled_until = progress ? progress->next_close : UtcMillis{};
  const std::lock_guard lock(mutex_);
  const auto found = weeks_.find(week.from);
  if (found != weeks_.end()) {
    const auto& entry = found->second;
    const bool holds = entry.is_final || entry.height >= height ||
                       (entry.is_large && entry.settled_until >= settled_until);
    if (holds) return entry.ranking;
  }
  auto ranked = rank_homes(view, week, max_ranking_rows);
  if (!ranked) return ranked.error();
  std::uint64_t rows = 0;
  for (const auto& home : *ranked) rows += home.slots;
  auto ranking = std::make_shared<const std::vector<RankedHome>>(*std::move(ranked));
  if (found == weeks_.end() && weeks_.size() >= max_weeks) weeks_.erase(weeks_.begin());
  weeks_[week.from] = {height, settled_until, progress && week.to <= progress->next_final,
                       rows > large_ranking_rows, ranking};
  return ranking;
}

namespace {

ledger::RankingDisplay display_of(const ledger::StateReader& state,
                                  const ledger::ParticipantRef& who) {
  const auto preferences = ledger::find_preferences(state, who);
  return preferences ? preferences->ranking : ledger::RankingDisplay::anonymous;
}

void write_own(json::Writer& out, const RankedHome* home, std::size_t place,
               ledger::RankingDisplay display) {
  out.key("own").begin_object().key("place");
  const bool ranked = home != nullptr && home->ranked;
  if (ranked) {
    out.unsigned_integer(place).key("percent").integer(home->percent);
  } else {
    out.null().key("percent").null();
  }
  out.key("readings_percent").integer(home == nullptr ? 0 : home->readings_percent);
  out.key("display").string(display == ledger::RankingDisplay::hidden  ? "hidden"
                            : display == ledger::RankingDisplay::named ? "named"
                                                                       : "anonymous");
  out.end_object();
}

void get_ranking(const Services& services, RankingCache& cache, const Request& request,
                 const Responder& responder) {
  const auto view = open_view(services, responder);
  if (!view) return;
  const auto& state = view->state();
  const auto local = local_time(state);
  const auto given = request.http.parameter("week");
  const auto week =
      given ? parse_week(local, *given)
            : period_around(local, PeriodKind::week, local.date_of(ledger::island_time(state)));
  if (!week) return responder.send(problem_of(week.error()));
  const auto ranking = cache.of(*view, *week);
  if (!ranking) return responder.send(query_problem(ranking.error()));

  const auto& who = request.caller->participant;
  json::Writer out;
  out.begin_object().key("week").string(week_text(week->first));
  write_time(out.key("from"), week->from);
  write_time(out.key("to"), week->to);
  out.key("items").begin_array();
  std::size_t place = 0;  // of the last one that is shown to others
  std::size_t own_place = 0;
  const RankedHome* own = nullptr;
  for (const auto& home : **ranking) {
    const bool is_own = home.participant == who;
    const auto display = display_of(state, home.participant);
    if (is_own) {
      own = &home;
      own_place = place + 1;
    }
    if (!home.ranked || display == ledger::RankingDisplay::hidden) continue;
    if (++place > top) continue;
    out.begin_object().key("place").unsigned_integer(place).key("participant");
    if (is_own || display == ledger::RankingDisplay::named) {
      out.string(ledger::to_text(home.participant));
    } else {
      out.null();
    }
    out.key("percent").integer(home.percent).key("own").boolean(is_own).end_object();
  }
  out.end_array().key("homes").unsigned_integer(place);
  write_own(out, own, own_place, display_of(state, who));
  const auto progress = ledger::slot_progress(state);
  write_time(out.key("settled_until"), progress ? progress->next_close : UtcMillis{});
  out.end_object();
  responder.send(json_response(std::move(out).take()));
}

}  // namespace

void add_ranking_routes(Router& router, const ServicesPtr& services) {
  const auto item = object_schema({{"place", "integer"},
                                   {"participant", "string?"},
                                   {"percent", "integer"},
                                   {"own", "boolean"}});
  const auto own = object_schema({{"place", "integer?"},
                                  {"percent", "integer?"},
                                  {"readings_percent", "integer"},
                                  {"display", "string"}});
  auto info = resident_route(
      "GET", "/etms/ranking",
      "The ten homes with the highest renewable share of the week. Homes are anonymous unless they "
      "have opted in, absent where they have opted out, and count with at least 80 % of their "
      "readings.",
      object_schema({{"week", "string"},
                     {"from", "time"},
                     {"to", "time"},
                     {"items", array_schema(item)},
                     {"homes", "integer"},
                     {"own", own},
                     {"settled_until", "time"}}));
  info.parameters = {{"week", "query", "string", false, "YYYY-Www; without it this week"}};
  add_for_caller(router, services, std::move(info),
                 [cache = std::make_shared<RankingCache>()](
                     const Services& all, const Request& request, const Responder& responder) {
                   get_ranking(all, *cache, request, responder);
                 });
}

}  // namespace powershare::gateway::household
