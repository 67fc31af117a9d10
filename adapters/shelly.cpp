#include "adapters/shelly.hpp"

#include <algorithm>

#include "adapters/error.hpp"
#include "adapters/json_numbers.hpp"
#include "base/assert.hpp"

namespace powershare::adapters {
namespace {

constexpr std::size_t max_number_bytes = 32;

Error overflow() {
  return {AdapterError::malformed, "a sum over the channels is out of range"};
}

/// The first of several names that is there.
template <class Quantity>
Result<std::optional<Quantity>> first_of(const JsonNumbers& numbers,
                                         const std::vector<std::string>& names,
                                         Result<Quantity> (*read)(std::string_view)) {
  for (const auto& name : names) {
    auto found = sum_at(numbers, name, read);
    if (!found || *found) return found;
  }
  return std::optional<Quantity>{};
}

}  // namespace

ShellyGen1::ShellyGen1(std::string prefix, std::size_t channels)
    : prefix_(std::move(prefix)), channels_(channels) {
  PS_ASSERT(channels >= 1 && channels <= 3);
}

Result<Report> ShellyGen1::take(std::string_view topic, std::string_view payload) {
  Report report;
  const auto begin = prefix_ + "/emeter/";
  if (!topic.starts_with(begin)) return report;
  topic.remove_prefix(begin.size());
  if (topic.size() < 3 || topic[1] != '/' || topic[0] < '0') return report;
  const auto index = static_cast<std::size_t>(topic[0] - '0');
  if (index >= channels_.size()) return report;
  const auto what = topic.substr(2);
  if (what != "power" && what != "total" && what != "total_returned") return report;
  if (payload.size() > max_number_bytes) {
    return Error{AdapterError::too_large, "a number is longer than any meter's"};
  }
  auto& channel = channels_[index];
  if (what == "power") {
    const auto power = read_watts(payload);
    if (!power) return power.error();
    channel.power = *power;
  } else {
    const auto energy = read_watt_hours(payload);
    if (!energy) return energy.error();
    (what == "total" ? channel.imported : channel.exported) = *energy;
  }
  if (auto done = complete_power(report); !done) return done.error();
  if (auto done = complete_registers(report); !done) return done.error();
  return report;
}

Result<void> ShellyGen1::complete_power(Report& report) {
  if (!std::ranges::all_of(channels_, [](const auto& c) { return c.power.has_value(); })) return {};
  Power sum;
  bool good = true;
  for (auto& channel : channels_) {
    const auto next = add(sum, *channel.power);
    good = good && next.ok();
    if (next) sum = *next;
    channel.power.reset();
  }
  if (!good) return overflow();
  report.power = sum;
  return {};
}

Result<void> ShellyGen1::complete_registers(Report& report) {
  const auto complete = [](const Channel& c) { return c.imported && c.exported; };
  if (!std::ranges::all_of(channels_, complete)) return {};
  Energy imported;
  Energy exported;
  bool good = true;
  for (auto& channel : channels_) {
    const auto more_imported = add(imported, *channel.imported);
    const auto more_exported = add(exported, *channel.exported);
    good = good && more_imported.ok() && more_exported.ok();
    if (more_imported) imported = *more_imported;
    if (more_exported) exported = *more_exported;
    channel.imported.reset();
    channel.exported.reset();
  }
  if (!good) return overflow();
  report.imported = imported;
  report.exported = exported;
  return {};
}

Result<ShellyComponent> ShellyComponent::create(std::string prefix, std::string_view component) {
  const auto colon = component.find(':');
  const auto kind = component.substr(0, colon);
  const auto number = colon == std::string_view::npos ? "" : component.substr(colon + 1);
  const bool counted = !number.empty() && number.size() <= 3 &&
                       std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
  const auto status = prefix + "/status/";
  ShellyComponent result;
  result.status_topic_ = status + std::string(component);
  result.data_topic_ = result.status_topic_;
  if (counted && (kind == "em" || kind == "em1")) {
    result.data_topic_ = status + std::string(kind) + "data:" + std::string(number);
    result.power_ = {"total_act_power", "act_power"};
    result.imported_ = {"total_act", "total_act_energy"};
    result.exported_ = {"total_act_ret", "total_act_ret_energy"};
  } else if (counted && (kind == "switch" || kind == "pm1")) {
    result.power_ = {"apower"};
    result.imported_ = {"aenergy.total"};
    result.exported_ = {"ret_aenergy.total"};
  } else {
    return Error{AdapterError::malformed,
                 "a component is em:N, em1:N, switch:N or pm1:N, not " + std::string(component)};
  }
  return result;
}

Result<Report> ShellyComponent::take(std::string_view topic, std::string_view payload) const {
  Report report;
  if (topic != status_topic_ && topic != data_topic_) return report;
  const auto numbers = JsonNumbers::parse(payload);
  if (!numbers) return numbers.error();
  if (topic == status_topic_) {
    const auto power = first_of(*numbers, power_, read_watts);
    if (!power) return power.error();
    report.power = *power;
  }
  if (topic == data_topic_) {
    const auto imported = first_of(*numbers, imported_, read_watt_hours);
    if (!imported) return imported.error();
    const auto exported = first_of(*numbers, exported_, read_watt_hours);
    if (!exported) return exported.error();
    report.imported = *imported;
    report.exported = *exported;
  }
  return report;
}

std::vector<std::string> ShellyComponent::topics() const {
  if (status_topic_ == data_topic_) return {status_topic_};
  return {status_topic_, data_topic_};
}

}  // namespace powershare::adapters
