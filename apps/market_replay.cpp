#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/ledger_profiles.hpp"
#include "apps/market_commands.hpp"
#include "apps/market_kpis.hpp"
#include "apps/storage_report.hpp"
#include "apps/stored_profiles.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

Error usage(std::string detail) {
  return {AppError::usage, std::move(detail)};
}

Result<std::int64_t> decimal(const char* option, const std::string& text, std::int64_t least,
                             std::int64_t most) {
  const auto nano = parse_nano_exact(text);
  if (!nano || *nano < least || *nano > most) {
    return usage(std::string(option) + " takes a decimal number from " + format_nano(least) +
                 " to " + format_nano(most));
  }
  return *nano;
}

constexpr std::int64_t most_price = 1'000 * nano_per_unit;

/// Slots of the profiles between two times.
Result<void> choose_slots(const MarketReplayOptions& options, const Profiles& profiles,
                          MarketScenario& scenario) {
  const auto slot_of = [&](const char* option, const std::string& text,
                           std::uint64_t otherwise) -> Result<std::uint64_t> {
    if (text.empty()) return otherwise;
    const auto time = parse_iso8601(text);
    if (!time) return usage(std::string(option) + ": " + time.error().detail());
    const std::int64_t apart = time->value - profiles.start().value;
    if (apart < 0 || apart % profiles.slot_ms() != 0 ||
        static_cast<std::uint64_t>(apart / profiles.slot_ms()) > profiles.slot_count()) {
      return usage(std::string(option) + " is not the start of a slot of the profiles");
    }
    return static_cast<std::uint64_t>(apart / profiles.slot_ms());
  };
  const auto first = slot_of("--start", options.start, 0);
  if (!first) return first.error();
  const auto end = slot_of("--until", options.until, profiles.slot_count());
  if (!end) return end.error();
  if (*end <= *first) return usage("--until must be after --start");
  scenario.first_slot = *first;
  scenario.end_slot = *end;
  return {};
}

Result<std::vector<MarketScenario>> scenarios_of(const MarketReplayOptions& options,
                                                 const Profiles& profiles) {
  std::vector<std::string> rules = options.rules;
  if (rules.empty()) {
    for (const auto rule : market::rule_names()) rules.emplace_back(rule);
  }
  MarketScenario base;
  if (auto slots = choose_slots(options, profiles, base); !slots) return slots.error();
  const auto feed_in = decimal("--feed-in", options.feed_in, 0, most_price);
  if (!feed_in) return feed_in.error();
  const auto fee = decimal("--fee", options.fee, 0, most_price);
  if (!fee) return fee.error();
  const auto loss = decimal("--loss", options.loss, 0, nano_per_unit);
  if (!loss) return loss.error();
  base.fee = Price::from_nano(*fee);
  base.loss_nano = *loss;
  std::vector<MarketScenario> result;
  for (const std::string& text : options.tariffs) {
    const auto tariff = decimal("--tariff", text, *feed_in, most_price);
    if (!tariff) return tariff.error();
    base.tariff = {Price::from_nano(*tariff), Price::from_nano(*feed_in)};
    const auto buy =
        decimal("--buy-rate", options.buy_rate.empty() ? text : options.buy_rate, 0, most_price);
    if (!buy) return buy.error();
    const std::int64_t half = *feed_in + (*tariff - *feed_in) / 2;
    const auto sell = options.sell_rate.empty()
                          ? Result<std::int64_t>(half)
                          : decimal("--sell-rate", options.sell_rate, 0, most_price);
    if (!sell) return sell.error();
    base.buy_limit = Price::from_nano(*buy);
    base.sell_limit = Price::from_nano(*sell);
    for (const std::string& rule : rules) {
      if (!market::is_rule(rule)) return usage("--rule takes one of " + market::rule_list());
      base.rule = rule;
      result.push_back(base);
    }
  }
  return result;
}

/// For people: so many decimals of a count of nano-units.
std::string rounded(std::int64_t nano, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(nano) / nano_per_unit);
  return text;
}

std::string table(const std::vector<MarketScenario>& scenarios,
                  const std::vector<MarketKpis>& all) {
  char line[256];
  const char* format = "%-30s %11s %7s %7s %10s %10s %10s %9s %9s\n";
  std::snprintf(line, sizeof line, format, "rule", "traded kWh", "suff. %", "cons. %", "cost",
                "welfare", "to buyers", "to sell.", "to grid");
  std::string result = line;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const MarketKpis& it = all[i];
    std::snprintf(
        line, sizeof line, format, label_of(scenarios, i).c_str(),
        rounded(it.traded.nano(), 3).c_str(), rounded(100 * it.self_sufficiency_nano, 2).c_str(),
        rounded(100 * it.self_consumption_nano, 2).c_str(), rounded(it.cost.nano(), 2).c_str(),
        rounded(it.welfare().nano(), 2).c_str(), rounded(it.buyers_gain.nano(), 2).c_str(),
        rounded(it.sellers_gain.nano(), 2).c_str(),
        rounded(it.fees.nano() + it.losses.nano(), 2).c_str());
    result += line;
  }
  if (!all.empty()) {
    result += "without trade: cost " + rounded(all.front().cost_alone.nano(), 2) + ", imported " +
              rounded(all.front().imported.nano(), 3) + " kWh, exported " +
              rounded(all.front().exported.nano(), 3) + " kWh\n";
  }
  return result;
}

Json to_json(const MarketScenario& scenario, const MarketKpis& it) {
  return {{"rule", scenario.rule},
          {"tariff", to_text(scenario.tariff.buy)},
          {"feed_in", to_text(scenario.tariff.feed_in)},
          {"slots", scenario.end_slot - scenario.first_slot},
          {"trades", it.trades},
          {"imported_kwh", to_text(it.imported)},
          {"exported_kwh", to_text(it.exported)},
          {"produced_kwh", to_text(it.produced)},
          {"traded_kwh", to_text(it.traded)},
          {"lost_kwh", to_text(it.lost)},
          {"self_sufficiency", format_nano(it.self_sufficiency_nano)},
          {"self_consumption", format_nano(it.self_consumption_nano)},
          {"cost", to_text(it.cost)},
          {"cost_without_market", to_text(it.cost_alone)},
          {"welfare", to_text(it.welfare())},
          {"buyers_gain", to_text(it.buyers_gain)},
          {"sellers_gain", to_text(it.sellers_gain)},
          {"fees", to_text(it.fees)},
          {"losses", to_text(it.losses)}};
}

Result<std::unique_ptr<Profiles>> profiles_of(const MarketReplayOptions& options) {
  if (options.profiles && options.ledger) return usage("--profiles or --ledger, not both");
  if (options.profiles) return read_profiles(*options.profiles);
  if (options.ledger) return read_ledger_profiles(*options.ledger);
  return built_in_profiles(15 * millis_per_minute, 1);
}

/// One chart below the other.
std::string one_below_the_other(const std::string& upper, int upper_height,
                                const std::string& lower) {
  const int height = upper_height + storage_chart_height;
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
         std::to_string(storage_chart_width) + "\" height=\"" + std::to_string(height) + "\">\n" +
         upper + "<g transform=\"translate(0," + std::to_string(upper_height) + ")\">\n" + lower +
         "</g>\n</svg>\n";
}

/// The replay of all scenarios, with batteries and vehicles where `stored` is not null.
int replay_all(const MarketReplayOptions& options, const Profiles& profiles,
               const StoredProfiles* stored) {
  const auto scenarios = scenarios_of(options, profiles);
  if (!scenarios) return report(scenarios.error());
  const auto first_slot = scenarios->front().first_slot;
  const auto end_slot = scenarios->front().end_slot;
  std::optional<StorageTotals> totals;
  if (stored != nullptr) totals = stored->totals(first_slot, end_slot);
  std::vector<MarketKpis> all;
  Json result{{"scenarios", Json::array()}};
  for (const MarketScenario& scenario : *scenarios) {
    auto kpis =
        replay_market(profiles, scenario, totals ? std::optional(totals->used()) : std::nullopt);
    if (!kpis) return report(kpis.error());
    result["scenarios"].push_back(to_json(scenario, *kpis));
    all.push_back(*kpis);
  }
  auto* const out = options.json ? stderr : stdout;
  std::fputs(table(*scenarios, all).c_str(), out);
  if (totals) {
    std::fputs(storage_table(stored->options(), *totals, all.front()).c_str(), out);
    result["storage"] = Json::parse(storage_json(stored->options(), *totals, all.front()));
  }
  if (!options.chart.empty()) {
    auto chart = market_chart(*scenarios, all);
    if (stored != nullptr) {
      chart = one_below_the_other(chart, market_chart_height(all.size()),
                                  storage_chart(*stored, first_slot, end_slot));
    }
    if (auto written = write_file(options.chart, chart, 0644); !written) {
      return report(written.error());
    }
  }
  if (options.json) std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace

int run_market_replay(const MarketReplayOptions& options) {
  const auto storage = storage_options(options.storage, options.vehicles, options.battery_reserve);
  if (!storage) return report(storage.error());
  auto profiles = profiles_of(options);
  if (!profiles) return report(profiles.error());
  if (!storage->any()) return replay_all(options, **profiles, nullptr);
  const auto stored = StoredProfiles::make(*std::move(profiles), *storage);
  if (!stored) return report(stored.error());
  return replay_all(options, **stored, stored->get());
}

}  // namespace powershare::apps
