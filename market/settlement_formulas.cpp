#include "market/settlement_formulas.hpp"

#include <algorithm>

namespace powershare::market {

Result<Coins> deviation_penalty(Side side, Energy traded, Energy metered, Price rate) {
  const auto deviation = side == Side::buy ? subtract(metered, traded) : subtract(traded, metered);
  if (!deviation) return deviation.error();
  return multiply(rate, larger(*deviation, Energy{}));
}

Result<Balancing> balancing_energy(Energy bought, Energy sold, Energy net_export) {
  const auto traded = subtract(sold, bought);
  if (!traded) return traded.error();
  const auto difference = subtract(net_export, *traded);
  if (!difference) return difference.error();
  const auto opposite = negate(*difference);
  if (!opposite) return opposite.error();
  return Balancing{larger(*difference, Energy{}), larger(*opposite, Energy{})};
}

Result<SolarGrant> solarcoin_grant(Energy carried, Energy metered) {
  constexpr std::int64_t energy_per_coin = 1'000 * nano_per_unit;
  const auto all = add(carried, metered);
  if (!all) return all.error();
  return SolarGrant{all->nano() / energy_per_coin,
                    Energy::from_nano(all->nano() % energy_per_coin)};
}

Amounts shares_by_need(const Amounts& needs, const Amounts& before) {
  const bool any =
      std::any_of(needs.begin(), needs.end(), [](std::int64_t need) { return need > 0; });
  return any ? pro_rata(whole_share, needs) : before;
}

}  // namespace powershare::market
