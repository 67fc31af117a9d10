#include "apps/bench_market.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "bench/market_books.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint32_t most_orders = 4'000'000;

Json to_json(const bench::MarketFigures& it) {
  Json result = {{"rule", it.rule},
                 {"network", it.network},
                 {"orders", it.orders},
                 {"runs", it.runs},
                 {"ms", it.ms},
                 {"cpu_ms", it.cpu_ms},
                 {"orders_per_second", it.ms > 0 ? it.orders / it.ms * 1000 : 0},
                 {"peak_mib", it.peak_mib},
                 {"trades", it.trades},
                 {"volume_kwh", it.volume_kwh}};
  if (!it.surplus.empty()) {
    result["surplus_coins"] = it.surplus;
    result["gap_coins"] = it.gap;
    result["certificate_check_ms"] = it.check_ms;
  }
  if (it.fell_back) result["fell_back"] = true;
  return result;
}

void print(const bench::MarketFigures& it, bool markdown, std::FILE* out) {
  const char* row = markdown ? "| %s | %s | %u | %.2f | %.2f | %.0f | %.1f | %zu |\n"
                             : "%-22s %-8s %8u orders %10.2f ms %10.2f ms CPU %11.0f /s "
                               "%8.1f MiB %8zu trades\n";
  std::fprintf(out, row, it.rule.c_str(), it.network ? "network" : "plain", it.orders, it.ms,
               it.cpu_ms, it.ms > 0 ? it.orders / it.ms * 1000 : 0, it.peak_mib, it.trades);
  if (!it.gap.empty() && it.gap != "0") {
    std::fprintf(stderr, "  %s: a gap of %s coins\n", it.rule.c_str(), it.gap.c_str());
  }
  if (it.fell_back) std::fprintf(stderr, "  %s: fell back to pay_as_clear\n", it.rule.c_str());
  std::fflush(out);
}

Result<Json> measure(const BenchMarketOptions& options, std::FILE* out) {
  Json cases = Json::array();
  for (const std::uint32_t orders : options.orders) {
    for (const bool with_network : {false, true}) {
      market::Book book = bench::synthetic_book(orders);
      const market::Network network =
          with_network ? bench::synthetic_network(book) : market::Network{};
      for (const auto rule : market::rule_names()) {
        if (!options.rules.empty() &&
            std::find(options.rules.begin(), options.rules.end(), rule) == options.rules.end()) {
          continue;
        }
        auto figures = bench::measure_rule(rule, book, network);
        if (!figures) return figures.error();
        print(*figures, options.table, out);
        cases.push_back(to_json(*figures));
      }
    }
  }
  return cases;
}

}  // namespace

int run_bench_market(const BenchMarketOptions& options) {
  for (const std::string& rule : options.rules) {
    if (market::is_rule(rule)) continue;
    return report(Error{AppError::usage, "--rule takes one of " + market::rule_list()});
  }
  for (const std::uint32_t orders : options.orders) {
    if (orders >= 2 && orders <= most_orders) continue;
    return report(Error{AppError::usage, "--orders takes 2 to 4000000"});
  }
  std::FILE* out = options.json ? stderr : stdout;
  if (options.table) {
    std::fprintf(out,
                 "| rule | book | orders | ms | ms CPU | orders/s | MiB | trades |\n"
                 "|---|---|---|---|---|---|---|---|\n");
  }
  auto cases = measure(options, out);
  if (!cases) return report(cases.error());
  if (options.json) {
    const Json line = {{"cases", *std::move(cases)}, {"ok", true}};
    std::printf("%s\n", line.dump().c_str());
  }
  return 0;
}

}  // namespace powershare::apps
