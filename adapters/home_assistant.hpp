// Home Assistant's MQTT discovery: what this house knows of a meter appears there as one device
// with its sensors, and in its Energy dashboard, without any add-on.
#pragma once

#include <string>
#include <vector>

#include "adapters/report.hpp"
#include "base/ids.hpp"

namespace powershare::adapters {

/// One message to publish, retained.
struct Publication {
  std::string topic;
  std::string payload;
  friend bool operator==(const Publication&, const Publication&) = default;
};

struct HomeAssistantOptions {
  std::string discovery_prefix = "homeassistant";
  std::string state_prefix = "powershare";  ///< states at <prefix>/<meter>/<sensor>
  std::string price_unit = "EUR/kWh";
};

/// What is known of one meter; what is absent is not published.
struct MeterStates {
  std::optional<Energy> imported;  ///< register
  std::optional<Energy> exported;  ///< register
  std::optional<Power> power;      ///< drawn now; below zero while feeding in
  std::optional<Energy> bought;    ///< from neighbours, since the year began
  std::optional<Energy> sold;      ///< to neighbours, since the year began
  std::optional<Price> price;      ///< what the last settled slot was cleared at
};

/// Where this program says whether it lives: "online", or "offline" as its last will.
std::string availability_topic(const HomeAssistantOptions& options);
/// A meter's name as a part of a topic and an identifier: what is not A-Z, a-z, 0-9 or _ becomes -
/// and two hexadecimal digits, so that no two meters share one.
std::string topic_name(const MeterId& meter);

/// The configurations of all sensors of a meter, one each:
/// <discovery>/sensor/powershare_<meter>/<sensor>/config.
std::vector<Publication> discovery(const HomeAssistantOptions& options, const MeterId& meter);
/// The states that are known: plain decimal numbers in the unit of the sensor's configuration.
std::vector<Publication> states(const HomeAssistantOptions& options, const MeterId& meter,
                                const MeterStates& values);

}  // namespace powershare::adapters
