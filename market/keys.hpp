// Keys by which a community shares what its members feed in: the French ones of collective
// self-consumption, and the Flemish protocol of energy sharing. Pure arithmetic on nano-kWh; all
// positions are members of the community, in an order that the caller chooses and that decides who
// gets the nano-units that are left over by rounding down.
#pragma once

#include <cstdint>
#include <vector>

namespace powershare::market {

using Amounts = std::vector<std::int64_t>;  ///< nano-kWh or nano-shares, >= 0, by member

inline constexpr std::int64_t whole_share = 1'000'000'000;

/// What each member gets of the others' energy and gives of its own; the sums are equal, and nobody
/// needs to be its own partner: received + given of one is at most the sum.
struct Shared {
  Amounts received;
  Amounts given;
};

/// `amount` in proportion to `weights`, whose sum is positive; rounded down, and the nano-units
/// that are left go one each to those with a weight, in their order.
Amounts pro_rata(std::int64_t amount, const Amounts& weights);

/// French static key: min(C_i, c_i × P). What a member does not use of its share is surplus.
/// Also the dynamic simple key, whose shares are sent anew for each slot.
Amounts french_static_key(std::int64_t production, const Amounts& consumption,
                          const Amounts& shares);

/// French dynamic key by default: C_i × min(1, P / sum of C).
Amounts french_dynamic_key(std::int64_t production, const Amounts& consumption);

/// Flemish sharing protocol. Fixed: each injects for the others by their shares; what goes to its
/// own stays unshared; what a member cannot take returns to the injectors in proportion to their
/// injection. Relative: the injector's own share counts as 0, the others' are scaled up to the
/// whole. Optimal: relative again and again on what is left, without those who have enough.
Shared flemish_fixed_key(const Amounts& injection, const Amounts& offtake, const Amounts& shares);
Shared flemish_relative_key(const Amounts& injection, const Amounts& offtake,
                            const Amounts& shares);
Shared flemish_optimal_key(const Amounts& injection, const Amounts& offtake, const Amounts& shares);

}  // namespace powershare::market
