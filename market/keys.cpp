#include "market/keys.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "base/assert.hpp"

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;

/// Sums of one slot's energies, which the book has checked.
std::int64_t sum(const Amounts& amounts) {
  return std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0});
}

std::int64_t scaled(std::int64_t amount, std::int64_t by, std::int64_t of) {
  return static_cast<std::int64_t>(static_cast<Wide>(amount) * by / of);
}

/// Changes `amounts` until their sum is `total`, within 0 and `most`: in proportion to the room
/// that each has, then by what is left in their order.
void adjust(Amounts& amounts, const Amounts& most, std::int64_t total) {
  const std::int64_t missing = total - sum(amounts);
  if (missing == 0) return;
  Amounts room(amounts.size());
  for (std::size_t i = 0; i < room.size(); ++i) {
    room[i] = missing > 0 ? most[i] - amounts[i] : amounts[i];
  }
  const std::int64_t wanted = missing > 0 ? missing : -missing;
  PS_ASSERT(sum(room) >= wanted);
  const Amounts parts = pro_rata(wanted, room);
  for (std::size_t i = 0; i < room.size(); ++i) amounts[i] += missing > 0 ? parts[i] : -parts[i];
}

/// `offered` less what returns in proportion to injection, when all received is known.
Amounts less_returns(const Amounts& injection, const Amounts& offered, const Amounts& received) {
  Amounts given = offered;
  const std::int64_t returned = sum(offered) - sum(received);
  if (returned == 0) return given;
  const Amounts returns = pro_rata(returned, injection);
  for (std::size_t i = 0; i < given.size(); ++i) given[i] -= returns[i];
  return given;
}

/// The same, changed where that leaves somebody with itself alone to give to.
Amounts given_back(const Amounts& injection, const Amounts& offered, const Amounts& received) {
  const std::int64_t total = sum(received);
  Amounts given = less_returns(injection, offered, received);
  Amounts most(injection.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    most[i] = std::min(offered[i], total - received[i]);
    given[i] = std::clamp<std::int64_t>(given[i], 0, most[i]);
  }
  adjust(given, most, total);
  return given;
}

/// injection_j / (sum of shares - share_j) as fixed point numbers of so many binary places that
/// their sum times a share fits into 128 bits.
struct Weights {
  int places = 0;
  std::vector<Wide> of;
  Wide total = 0;
};

Weights weights(const Amounts& injection, const Amounts& shares) {
  const std::int64_t all = sum(shares);
  std::int64_t smallest = whole_share;
  for (const std::int64_t share : shares) {
    if (all > share) smallest = std::min(smallest, all - share);
  }
  const auto bits = [](std::int64_t number) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(number)));
  };
  Weights result;
  result.places = std::clamp(94 - bits(sum(injection)) + bits(smallest) - 1, 0, 62);
  for (std::size_t j = 0; j < injection.size(); ++j) {
    const std::int64_t others = all - shares[j];
    const Wide weight =
        others > 0 ? (static_cast<Wide>(injection[j]) << result.places) / others : 0;
    result.of.push_back(weight);
    result.total += weight;
  }
  return result;
}

}  // namespace

Amounts pro_rata(std::int64_t amount, const Amounts& weights) {
  Wide total = 0;
  for (const std::int64_t weight : weights) total += weight;
  PS_ASSERT(total > 0);
  Amounts parts(weights.size());
  std::int64_t left = amount;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    parts[i] = static_cast<std::int64_t>(static_cast<Wide>(amount) * weights[i] / total);
    left -= parts[i];
  }
  for (std::size_t i = 0; left > 0; i = i + 1 == weights.size() ? 0 : i + 1) {
    if (weights[i] == 0 || (amount <= total && parts[i] == weights[i])) continue;
    ++parts[i];
    --left;
  }
  return parts;
}

Amounts french_static_key(std::int64_t production, const Amounts& consumption,
                          const Amounts& shares) {
  Amounts allocated(consumption.size());
  for (std::size_t i = 0; i < allocated.size(); ++i) {
    allocated[i] = std::min(consumption[i], scaled(production, shares[i], whole_share));
  }
  return allocated;
}

Amounts french_dynamic_key(std::int64_t production, const Amounts& consumption) {
  if (production >= sum(consumption)) return consumption;
  return pro_rata(production, consumption);
}

Shared flemish_fixed_key(const Amounts& injection, const Amounts& offtake, const Amounts& shares) {
  const std::int64_t all = sum(injection);
  const std::int64_t all_shares = sum(shares);
  Shared result;
  Amounts offered;
  for (std::size_t i = 0; i < injection.size(); ++i) {
    result.received.push_back(
        std::min(offtake[i], scaled(all - injection[i], shares[i], whole_share)));
    // Rounded up, so that no more is received than offered.
    const Wide part = static_cast<Wide>(injection[i]) * (all_shares - shares[i]);
    offered.push_back(static_cast<std::int64_t>((part + whole_share - 1) / whole_share));
  }
  result.given = given_back(injection, offered, result.received);
  return result;
}

namespace {

struct Offers {
  Amounts received;
  Amounts offered;
};

Offers relative_offers(const Amounts& injection, const Amounts& offtake, const Amounts& shares) {
  const Weights weight = weights(injection, shares);
  const std::int64_t all_shares = sum(shares);
  Offers result;
  for (std::size_t i = 0; i < injection.size(); ++i) {
    const Wide part = ((weight.total - weight.of[i]) * shares[i]) >> weight.places;
    result.received.push_back(static_cast<std::int64_t>(std::min<Wide>(offtake[i], part)));
    result.offered.push_back(all_shares > shares[i] ? injection[i] : 0);
  }
  return result;
}

using GivenBack = Amounts (*)(const Amounts& injection, const Amounts& offered,
                              const Amounts& received);

/// Round after round, until nothing more is shared. Each gives somebody enough, or all that is
/// left, but for rounding.
Shared optimal_rounds(const Amounts& injection, const Amounts& offtake, const Amounts& shares,
                      GivenBack given_back_by) {
  Amounts left = injection;
  Amounts wanted = offtake;
  Amounts active = shares;
  Shared result{Amounts(injection.size()), Amounts(injection.size())};
  for (std::size_t round = 0; round < 2 * injection.size() + 64; ++round) {
    const Offers offers = relative_offers(left, wanted, active);
    if (sum(offers.received) == 0) break;
    const Amounts given = given_back_by(left, offers.offered, offers.received);
    for (std::size_t i = 0; i < left.size(); ++i) {
      left[i] -= given[i];
      wanted[i] -= offers.received[i];
      result.given[i] += given[i];
      result.received[i] += offers.received[i];
      if (wanted[i] == 0) active[i] = 0;
    }
  }
  return result;
}

bool has_partners(const Shared& shared, const Amounts& injection) {
  const std::int64_t total = sum(shared.received);
  for (std::size_t i = 0; i < injection.size(); ++i) {
    const std::int64_t given = shared.given[i];
    if (given < 0 || given > injection[i] || given > total - shared.received[i]) return false;
  }
  return true;
}

}  // namespace

Shared flemish_relative_key(const Amounts& injection, const Amounts& offtake,
                            const Amounts& shares) {
  Offers offers = relative_offers(injection, offtake, shares);
  Amounts given = given_back(injection, offers.offered, offers.received);
  return {std::move(offers.received), std::move(given)};
}

Shared flemish_optimal_key(const Amounts& injection, const Amounts& offtake,
                           const Amounts& shares) {
  // As the protocol has it, a later round may give an injector back more than it gave in that
  // round. Where that ends in somebody giving to itself, no round may.
  Shared result = optimal_rounds(injection, offtake, shares, less_returns);
  if (has_partners(result, injection)) return result;
  return optimal_rounds(injection, offtake, shares, given_back);
}

}  // namespace powershare::market
