#include "monitoring/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <map>
#include <mutex>

#include "base/assert.hpp"

namespace powershare::monitoring {
namespace {

// A label's value as it is stored: bounded and printable, whatever it came from.
std::string cleaned(std::string_view value) {
  std::string result(value.substr(0, Metrics::max_label_bytes));
  for (auto& character : result)
    if (character < ' ' || character > '~') character = '_';
  return result;
}

// One combination of label values; exactly one pointer is set.
struct Series {
  prometheus::Counter* counter = nullptr;
  prometheus::Gauge* gauge = nullptr;
  prometheus::Histogram* histogram = nullptr;
};

}  // namespace

struct Metrics::Store {
  struct Entry {
    prometheus::Family<prometheus::Counter>* counters = nullptr;
    prometheus::Family<prometheus::Gauge>* gauges = nullptr;
    prometheus::Family<prometheus::Histogram>* histograms = nullptr;
    std::map<std::vector<std::string>, Series> series;
  };

  prometheus::Registry registry;
  mutable std::mutex mutex;
  std::vector<Entry> entries;

  Series create(const MetricDefinition& row, Entry& entry, const std::vector<std::string>& values);
  Series find_or_create(Metric metric, LabelValues labels);
};

Series Metrics::Store::create(const MetricDefinition& row, Entry& entry,
                              const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < values.size(); ++i)
    labels.emplace(std::string(row.labels[i]), values[i]);
  Series series;
  switch (row.type) {
    case MetricType::counter:
      series.counter = &entry.counters->Add(labels);
      break;
    case MetricType::gauge:
      series.gauge = &entry.gauges->Add(labels);
      break;
    case MetricType::histogram:
      series.histogram = &entry.histograms->Add(
          labels, prometheus::Histogram::BucketBoundaries(row.buckets.begin(), row.buckets.end()));
      break;
  }
  entry.series.emplace(values, series);
  return series;
}

Series Metrics::Store::find_or_create(Metric metric, LabelValues labels) {
  const auto& row = definition(metric);
  PS_ASSERT(labels.size() == row.label_count());
  std::vector<std::string> values;
  values.reserve(labels.size());
  for (const auto label : labels) values.push_back(cleaned(label));

  const std::lock_guard lock(mutex);
  auto& entry = entries[static_cast<std::size_t>(metric)];
  auto found = entry.series.find(values);
  if (found != entry.series.end()) return found->second;
  if (entry.series.size() + 1 >= max_series) {  // the last place is for "other"
    values.assign(values.size(), "other");
    found = entry.series.find(values);
    if (found != entry.series.end()) return found->second;
  }
  return create(row, entry, values);
}

Metrics::Metrics(std::vector<std::pair<std::string, std::string>> constant_labels)
    : store_(std::make_unique<Store>()) {
  prometheus::Labels constant;
  for (const auto& [name, value] : constant_labels) constant.emplace(name, cleaned(value));
  store_->entries.resize(metric_table().size());
  for (const auto& row : metric_table()) {
    auto& entry = store_->entries[static_cast<std::size_t>(row.id)];
    const std::string name(row.name), help(row.help);
    switch (row.type) {
      case MetricType::counter:
        entry.counters =
            &prometheus::BuildCounter().Name(name).Help(help).Labels(constant).Register(
                store_->registry);
        break;
      case MetricType::gauge:
        entry.gauges = &prometheus::BuildGauge().Name(name).Help(help).Labels(constant).Register(
            store_->registry);
        break;
      case MetricType::histogram:
        entry.histograms =
            &prometheus::BuildHistogram().Name(name).Help(help).Labels(constant).Register(
                store_->registry);
        break;
    }
    if (row.label_count() == 0) store_->create(row, entry, {});
  }
}

Metrics::~Metrics() = default;

void Metrics::add(Metric metric, double amount, LabelValues labels) {
  PS_ASSERT(definition(metric).type != MetricType::histogram);
  const auto series = store_->find_or_create(metric, labels);
  if (series.gauge != nullptr) {
    series.gauge->Increment(amount);
  } else if (amount >= 0 && std::isfinite(amount)) {
    series.counter->Increment(amount);
  }
}

void Metrics::set(Metric metric, double value, LabelValues labels) {
  PS_ASSERT(definition(metric).type == MetricType::gauge);
  store_->find_or_create(metric, labels).gauge->Set(value);
}

void Metrics::raise_to(Metric metric, double total, LabelValues labels) {
  PS_ASSERT(definition(metric).type == MetricType::counter);
  auto* const counter = store_->find_or_create(metric, labels).counter;
  const double missing = total - counter->Value();
  if (missing > 0 && std::isfinite(missing)) counter->Increment(missing);
}

void Metrics::observe(Metric metric, double value, LabelValues labels) {
  PS_ASSERT(definition(metric).type == MetricType::histogram);
  if (std::isfinite(value)) store_->find_or_create(metric, labels).histogram->Observe(value);
}

double Metrics::value(Metric metric, LabelValues labels) const {
  PS_ASSERT(labels.size() == definition(metric).label_count());
  std::vector<std::string> values;
  for (const auto label : labels) values.push_back(cleaned(label));
  const std::lock_guard lock(store_->mutex);
  const auto& series = store_->entries[static_cast<std::size_t>(metric)].series;
  const auto found = series.find(values);
  if (found == series.end()) return 0;
  if (found->second.counter != nullptr) return found->second.counter->Value();
  if (found->second.gauge != nullptr) return found->second.gauge->Value();
  return static_cast<double>(found->second.histogram->Collect().histogram.sample_count);
}

std::string Metrics::render() const {
  return prometheus::TextSerializer().Serialize(store_->registry.Collect());
}

}  // namespace powershare::monitoring
