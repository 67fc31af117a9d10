#include "market/dispatch.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/time.hpp"

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;

constexpr Wide square_unit = Wide{nano_per_unit} * nano_per_unit;
constexpr std::int64_t most_loss_nano = 10 * nano_per_unit;

Error bad(std::string detail) {
  return {GridServiceError::bad_dispatch, std::move(detail)};
}

Wide divide_up(Wide numerator, Wide denominator) {
  return (numerator + denominator - 1) / denominator;
}

Result<void> check(const std::vector<CommunityBattery>& batteries, const ConversionLoss& loss,
                   std::int64_t power_nano_kw, std::int64_t slot_ms) {
  if (batteries.size() > DispatchLimits::max_batteries) return bad("at most 10,000 batteries");
  if (loss.a_nano < 0 || loss.a_nano > most_loss_nano || loss.b_nano < 0 ||
      loss.b_nano > nano_per_unit || loss.c_nano < 0 || loss.c_nano > most_loss_nano) {
    return bad("losses: a and c lie between 0 and 10, b between 0 and 1");
  }
  constexpr auto most = DispatchLimits::max_power_nano_kw;
  if (power_nano_kw > most || power_nano_kw < -most) return bad("at most 10,000 kW");
  if (slot_ms <= 0 || slot_ms > millis_per_day) return bad("a slot lasts at most a day");
  std::set<std::string> ids;
  for (const CommunityBattery& battery : batteries) {
    if (!ids.insert(battery.id).second) return bad("battery " + battery.id + " is there twice");
    if (battery.least.is_negative() || battery.stored < battery.least ||
        battery.most < battery.stored || !battery.most.is_positive()) {
      return bad("battery " + battery.id + ": stored lies between least and most");
    }
    if (battery.power_nano_kw <= 0 || battery.power_nano_kw > most) {
      return bad("battery " + battery.id + ": power is above 0 and at most 10,000 kW");
    }
  }
  return {};
}

/// What a battery that gives `power` takes out of its store in a slot, losses included.
Wide drawn_from_store(const ConversionLoss& loss, std::int64_t power, std::int64_t slot_ms) {
  return divide_up((Wide{power} + conversion_loss(loss, power)) * slot_ms, millis_per_hour);
}

/// What gets into the store of one that takes `power`.
std::int64_t brought_to_store(const ConversionLoss& loss, std::int64_t power,
                              std::int64_t slot_ms) {
  const Wide kept = std::max<Wide>(0, Wide{power} - conversion_loss(loss, power));
  return static_cast<std::int64_t>(kept * slot_ms / millis_per_hour);
}

/// The most that a battery can give, or take, over the whole slot.
std::int64_t capability(const CommunityBattery& battery, const ConversionLoss& loss, bool gives,
                        std::int64_t slot_ms) {
  if (!gives) {
    const Wide room = Wide{battery.most.nano()} - battery.stored.nano();
    return static_cast<std::int64_t>(
        std::min<Wide>(battery.power_nano_kw, room * millis_per_hour / slot_ms));
  }
  const Wide there = Wide{battery.stored.nano()} - battery.least.nano();
  std::int64_t low = 0;
  std::int64_t high = battery.power_nano_kw;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (drawn_from_store(loss, middle, slot_ms) <= there) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/// Batteries in the order in which they take their turns; those that cannot do anything are left
/// out.
std::vector<std::size_t> turns(const std::vector<CommunityBattery>& batteries,
                               const std::vector<std::int64_t>& capabilities, bool gives) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < batteries.size(); ++i) {
    if (capabilities[i] > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Wide left = Wide{batteries[a].stored.nano()} * batteries[b].most.nano();
    const Wide right = Wide{batteries[b].stored.nano()} * batteries[a].most.nano();
    if (left != right) return gives ? left > right : left < right;
    return batteries[a].id < batteries[b].id;
  });
  return order;
}

/// The first of `order`: as many as lose least, and more where these cannot do it.
void choose(const std::vector<std::int64_t>& capabilities, std::uint32_t best, std::int64_t power,
            std::vector<std::size_t>& order) {
  std::size_t count = 0;
  std::int64_t together = 0;
  while (count < order.size() && (count < best || together < power)) {
    together += std::min(capabilities[order[count]], power);
    ++count;
  }
  order.resize(count);
}

}  // namespace

std::int64_t conversion_loss(const ConversionLoss& loss, std::int64_t power_nano_kw) {
  if (power_nano_kw == 0) return 0;
  const Wide power = power_nano_kw < 0 ? -Wide{power_nano_kw} : Wide{power_nano_kw};
  return static_cast<std::int64_t>(divide_up(
      loss.a_nano * square_unit + loss.b_nano * power * nano_per_unit + loss.c_nano * power * power,
      square_unit));
}

std::uint32_t best_battery_count(const ConversionLoss& loss, std::int64_t power_nano_kw,
                                 std::uint32_t available) {
  const Wide quadratic = Wide{loss.c_nano} * power_nano_kw * power_nano_kw;
  const auto enough = [&](std::uint32_t count) {
    return loss.a_nano * (Wide{count} * (count + 1)) * square_unit >= quadratic;
  };
  std::uint32_t low = std::min<std::uint32_t>(1, available);
  std::uint32_t high = available;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (enough(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Result<Dispatch> dispatch(std::vector<CommunityBattery>& batteries, const ConversionLoss& loss,
                          std::int64_t power_nano_kw, std::int64_t slot_ms) {
  if (auto checked = check(batteries, loss, power_nano_kw, slot_ms); !checked) {
    return checked.error();
  }
  Dispatch result;
  result.power_nano_kw.resize(batteries.size());
  const bool gives = power_nano_kw > 0;
  std::int64_t rest = gives ? power_nano_kw : -power_nano_kw;
  if (rest == 0) return result;
  std::vector<std::int64_t> capabilities;
  for (const CommunityBattery& battery : batteries) {
    capabilities.push_back(capability(battery, loss, gives, slot_ms));
  }
  auto order = turns(batteries, capabilities, gives);
  choose(capabilities,
         best_battery_count(loss, power_nano_kw, static_cast<std::uint32_t>(order.size())), rest,
         order);
  // Those that can do least first: what they leave is shared by the others.
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return capabilities[a] < capabilities[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto sharing = static_cast<std::int64_t>(order.size() - i);
    const std::int64_t share = std::min(capabilities[order[i]], (rest + sharing - 1) / sharing);
    if (share == 0) continue;
    CommunityBattery& battery = batteries[order[i]];
    rest -= share;
    ++result.batteries;
    result.power_nano_kw[order[i]] = gives ? share : -share;
    result.loss_nano_kw += conversion_loss(loss, share);
    const std::int64_t change =
        gives ? -static_cast<std::int64_t>(drawn_from_store(loss, share, slot_ms))
              : brought_to_store(loss, share, slot_ms);
    battery.stored = Energy::from_nano(battery.stored.nano() + change);
  }
  result.missing_nano_kw = gives ? rest : -rest;
  return result;
}

}  // namespace powershare::market
