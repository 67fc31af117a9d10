// `powershare bench market`: how long each clearing rule takes for books of up to a million orders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace powershare::apps {

struct BenchMarketOptions {
  bool json = false;
  bool table = false;  ///< as Markdown
  std::vector<std::uint32_t> orders = {1'000, 10'000, 100'000, 1'000'000};
  std::vector<std::string> rules;  ///< empty: all
};

/// 0 when all rules cleared all books, and every certificate held.
int run_bench_market(const BenchMarketOptions& options);

}  // namespace powershare::apps
