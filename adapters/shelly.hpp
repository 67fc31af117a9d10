// Shelly energy meters over MQTT. First generation: one plain number per topic,
// shellies/<id>/emeter/<n>/{power,total,total_returned}. From the second generation on: a JSON
// document per component, <prefix>/status/<component>.
#pragma once

#include <string>
#include <vector>

#include "adapters/report.hpp"

namespace powershare::adapters {

/// A first-generation meter of one to three channels. Its numbers come one by one: a report is made
/// when every channel has sent its own since the last one.
class ShellyGen1 {
 public:
  /// `prefix` as "shellies/shellyem3-ABC123"; 1 to 3 channels, which are summed.
  ShellyGen1(std::string prefix, std::size_t channels);

  /// Empty for a topic of no concern, and until a report is complete.
  /// AdapterError::malformed for what is no number.
  Result<Report> take(std::string_view topic, std::string_view payload);
  /// What to subscribe to.
  std::string topics() const { return prefix_ + "/emeter/+/+"; }

 private:
  struct Channel {
    std::optional<Power> power;
    std::optional<Energy> imported;
    std::optional<Energy> exported;
  };
  Result<void> complete_power(Report& report);
  Result<void> complete_registers(Report& report);

  std::string prefix_;
  std::vector<Channel> channels_;
};

/// A component of a later generation: "em:0" (three-phase), "em1:0" (one phase), "switch:0",
/// "pm1:0". Of em and em1 the registers stand in a document of their own, emdata and em1data.
class ShellyComponent {
 public:
  /// AdapterError::malformed for a component that is none of these.
  static Result<ShellyComponent> create(std::string prefix, std::string_view component);

  /// Empty for a topic of no concern. AdapterError::malformed or too_large for what cannot be read.
  Result<Report> take(std::string_view topic, std::string_view payload) const;
  std::vector<std::string> topics() const;

 private:
  ShellyComponent() = default;
  std::string status_topic_;
  std::string data_topic_;  ///< the same as status_topic_ where there is one document
  std::vector<std::string> power_;
  std::vector<std::string> imported_;
  std::vector<std::string> exported_;
};

}  // namespace powershare::adapters
