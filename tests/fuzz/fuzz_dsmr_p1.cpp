// A P1 line: the same telegrams come out however its bytes are cut, and their registers become
// intervals that add up.
#include "adapters/dsmr_p1.hpp"
#include "adapters/register_intervals.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require;

namespace {

std::vector<std::string> telegrams_of(std::string_view line, std::size_t step,
                                      const adapters::P1Options& options) {
  std::vector<std::string> result;
  adapters::P1Framer framer(options);
  for (std::size_t at = 0; at < line.size(); at += step) {
    framer.feed(line.substr(at, step), [&](std::string_view telegram) {
      require(telegram.size() <= adapters::P1Framer::max_telegram_bytes + 1);
      require(telegram.front() == '/' && telegram.back() == '!');
      result.emplace_back(telegram);
    });
  }
  return result;
}

/// What is counted is what the base moves by.
void count(const std::vector<adapters::Report>& reports) {
  adapters::RegisterIntervals intervals({}, {});
  for (const auto& report : reports) {
    if (!report.imported || !report.time) continue;
    const auto before = intervals.base();
    std::vector<adapters::Interval> out;
    const auto verdict = intervals.take(*report.time, *report.imported, report.exported, out);
    require(out.size() <= adapters::RegisterIntervals::max_intervals);
    auto sum = before ? before->imported.nano() : 0;
    for (const auto& one : out) {
      require(!one.imported.is_negative() && !one.exported.is_negative() && one.seconds > 0);
      sum += one.imported.nano();
    }
    if (before && verdict == adapters::Verdict::taken) {
      require(intervals.base()->imported.nano() == sum);
    }
    if (!out.empty()) {
      const auto& last = out.back();
      require(intervals.base()->time.value ==
              last.start.value + std::int64_t{last.seconds} * millis_per_second);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = as_text({data, size});
  adapters::P1Options options;
  options.checksum_required = false;
  const auto telegrams = telegrams_of(line, line.size() + 1, options);
  require(telegrams_of(line, 1, options) == telegrams);
  require(telegrams_of(line, 7, options) == telegrams);
  const auto strict = telegrams_of(line, 64, {});
  require(strict.size() <= telegrams.size());
  std::vector<adapters::Report> reports;
  for (const auto& telegram : telegrams) {
    if (auto report = adapters::read_p1(telegram)) reports.push_back(*report);
  }
  (void)adapters::read_p1(line, options);
  count(reports);
  return 0;
}
