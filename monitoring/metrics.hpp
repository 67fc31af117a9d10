// The measured values of one process, and their text for Prometheus.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitoring/metric_table.hpp"

namespace powershare::monitoring {

/// Values of the labels in the order of the table.
using LabelValues = std::initializer_list<std::string_view>;

/// Safe from any thread. A metric keeps at most `max_series` combinations of label values; the ones
/// beyond count under "other", so that memory stays flat whatever reaches a label. Label values are
/// cut to `max_label_bytes`, with bytes other than printable ASCII replaced.
class Metrics {
 public:
  static constexpr std::size_t max_series = 256;
  static constexpr std::size_t max_label_bytes = 64;

  /// `constant_labels` stand on every series: {{"chain", "funchal"}, {"peer", "p1"}}.
  explicit Metrics(std::vector<std::pair<std::string, std::string>> constant_labels = {});
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Adds to a counter (amounts below 0 and not-a-number are ignored) or to a gauge.
  void add(Metric metric, double amount = 1, LabelValues labels = {});
  /// Sets a gauge.
  void set(Metric metric, double value, LabelValues labels = {});
  /// Raises a counter to a total that is counted elsewhere; a lower total than before changes
  /// nothing. Must be the only writer of that series.
  void raise_to(Metric metric, double total, LabelValues labels = {});
  /// Puts one value into a histogram.
  void observe(Metric metric, double value, LabelValues labels = {});

  /// The present value of a counter or gauge, of a histogram the number of its values; 0 where
  /// there is none yet.
  double value(Metric metric, LabelValues labels = {}) const;

  /// Prometheus text exposition, format 0.0.4. Metrics without labels are always in it.
  std::string render() const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Store;
  std::unique_ptr<Store> store_;
};

}  // namespace powershare::monitoring
