#include "monitoring/metrics.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <set>
#include <thread>

using namespace powershare::monitoring;

namespace {

bool ends_with_unit(std::string_view name) {
  constexpr std::string_view units[] = {"_seconds", "_bytes", "_joules", "_watts"};
  return std::any_of(std::begin(units), std::end(units),
                     [&](auto unit) { return name.find(unit) != std::string_view::npos; });
}

std::size_t occurrences(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("metric names and labels obey the conventions") {
  std::set<std::string_view> names;
  for (const auto& row : metric_table()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.starts_with("powershare_"));
    CHECK(std::all_of(row.name.begin(), row.name.end(),
                      [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); }));
    CHECK(row.name.ends_with("_total") == (row.type == MetricType::counter));
    CHECK(row.help.size() > 10);
    CHECK(row.help.ends_with("."));
    for (const auto* wrong : {"_ms", "_millis", "_kwh", "_wh", "_kilo", "_percent"})
      CHECK(row.name.find(wrong) == std::string_view::npos);
    if (row.name.find("duration") != std::string_view::npos) CHECK(ends_with_unit(row.name));
    bool ended = false;
    for (const auto label : row.labels) {
      CHECK_FALSE((ended && !label.empty()));
      ended = ended || label.empty();
      for (const auto* household : {"participant", "meter", "household", "resident", "order", "id"})
        CHECK(label != household);
    }
  }
}

TEST_CASE("counters, gauges and histograms keep their values and stand in the text") {
  Metrics metrics({{"chain", "funchal"}, {"peer", "p1"}});
  metrics.add(Metric::consensus_view_changes_total);
  metrics.add(Metric::consensus_view_changes_total, 2);
  metrics.add(Metric::settlement_transactions_total, 3, {"EnergyToCoins", "ok"});
  metrics.set(Metric::consensus_view, 7);
  metrics.add(Metric::consensus_view, -2);
  metrics.observe(Metric::consensus_commit_duration_seconds, 0.003);
  metrics.observe(Metric::consensus_commit_duration_seconds, 100);
  CHECK(metrics.value(Metric::consensus_view_changes_total) == 3);
  CHECK(metrics.value(Metric::settlement_transactions_total, {"EnergyToCoins", "ok"}) == 3);
  CHECK(metrics.value(Metric::settlement_transactions_total, {"EnergyToCoins", "no"}) == 0);
  CHECK(metrics.value(Metric::consensus_view) == 5);
  CHECK(metrics.value(Metric::consensus_commit_duration_seconds) == 2);

  const auto text = metrics.render();
  CHECK(occurrences(text, "# TYPE powershare_consensus_commit_duration_seconds histogram\n") == 1);
  CHECK(occurrences(text, "powershare_consensus_view{chain=\"funchal\",peer=\"p1\"} 5\n") == 1);
  CHECK(occurrences(text, "type=\"EnergyToCoins\"") == 1);
  const std::string bucket =
      "powershare_consensus_commit_duration_seconds_bucket{chain=\"funchal\",peer=\"p1\",le=";
  CHECK(occurrences(text, bucket + "\"0.0025\"} 0\n") == 1);
  CHECK(occurrences(text, bucket + "\"0.005\"} 1\n") == 1);
  CHECK(occurrences(text, bucket + "\"+Inf\"} 2\n") == 1);
  CHECK(occurrences(text, "powershare_transport_connected_peers{") == 1);
}

TEST_CASE("a counter never falls") {
  Metrics metrics;
  metrics.raise_to(Metric::transport_bytes_total, 100, {"sent"});
  metrics.raise_to(Metric::transport_bytes_total, 40, {"sent"});
  metrics.add(Metric::transport_bytes_total, -5, {"sent"});
  metrics.add(Metric::transport_bytes_total, std::numeric_limits<double>::quiet_NaN(), {"sent"});
  CHECK(metrics.value(Metric::transport_bytes_total, {"sent"}) == 100);
  metrics.raise_to(Metric::transport_bytes_total, 130, {"sent"});
  CHECK(metrics.value(Metric::transport_bytes_total, {"sent"}) == 130);
}

TEST_CASE("label values from outside are bounded in number, length and alphabet") {
  Metrics metrics;
  for (int i = 0; i < 10'000; ++i)
    metrics.add(Metric::metering_readings_rejected_total, 1, {"reason " + std::to_string(i)});
  const auto text = metrics.render();
  CHECK(occurrences(text, "powershare_metering_readings_rejected_total{") == Metrics::max_series);
  CHECK(metrics.value(Metric::metering_readings_rejected_total, {"other"}) ==
        10'000 - static_cast<double>(Metrics::max_series - 1));

  Metrics other;
  other.add(Metric::gateway_requests_total, 1, {"a\"b\n\\c\x01" + std::string(500, 'x'), "200"});
  for (const auto& line : {other.render()}) {
    CHECK(line.find("a\\\"b_\\\\c_xxx") != std::string::npos);
    CHECK(line.find(std::string(Metrics::max_label_bytes, 'x')) == std::string::npos);
  }
}

TEST_CASE("threads may count at once") {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        metrics.add(Metric::gateway_requests_total, 1, {"/v1/status", t % 2 == 0 ? "200" : "503"});
        metrics.observe(Metric::gateway_request_duration_seconds, 0.001 * i, {"/v1/status"});
        if (i % 500 == 0) CHECK_FALSE(metrics.render().empty());
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(metrics.value(Metric::gateway_requests_total, {"/v1/status", "200"}) == 4'000);
  CHECK(metrics.value(Metric::gateway_requests_total, {"/v1/status", "503"}) == 4'000);
  CHECK(metrics.value(Metric::gateway_request_duration_seconds, {"/v1/status"}) == 8'000);
}

TEST_CASE("promtool accepts the exposition") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: promtool is not on PATH");
    return;
  }
  Metrics metrics({{"chain", "funchal"}, {"peer", "p1"}});
  for (const auto& row : metric_table()) {  // one series of each
    const std::string_view sample[] = {"one", "two", "three"};
    const auto put = [&](LabelValues labels) {
      if (row.type == MetricType::histogram) {
        metrics.observe(row.id, 0.01, labels);
      } else {
        metrics.add(row.id, 1, labels);
      }
    };
    switch (row.label_count()) {
      case 0:
        put({});
        break;
      case 1:
        put({sample[0]});
        break;
      case 2:
        put({sample[0], sample[1]});
        break;
      default:
        put({sample[0], sample[1], sample[2]});
        break;
    }
  }
  std::FILE* const pipe = popen("promtool check metrics 2>&1", "w");
  REQUIRE(pipe != nullptr);
  const auto text = metrics.render();
  CHECK(std::fwrite(text.data(), 1, text.size(), pipe) == text.size());
  CHECK(pclose(pipe) == 0);
}
