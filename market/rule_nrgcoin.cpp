// Rule `nrgcoin`: who feeds in gets g, who draws pays h, both for the whole slot and substation
// (market/nrgcoin.hpp). Where g is more than h the operator does not add the difference: sellers
// get h. Where it is less, the operator keeps it, as a fee. h is all-in: it contains all fees. Both
// sides share in proportion to their energy; a member's own needs come first.
#include <algorithm>
#include <numeric>

#include "market/community.hpp"
#include "market/nrgcoin.hpp"
#include "market/rules.hpp"

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;
constexpr int places = 60;
constexpr std::int64_t one = std::int64_t{1} << places;

std::int64_t times(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>((static_cast<Wide>(a) * b) >> places);
}

/// exp(-(whole + fraction)), 60 binary places each, by its series; an error of less than 2^-50.
std::int64_t exp_negative(std::int64_t whole, std::int64_t fraction) {
  constexpr std::int64_t exp_minus_one = 424'136'118'829'305'329;  // 2^60 / e
  std::int64_t term = one;
  std::int64_t sum = one;
  for (int k = 1; k <= 25 && term != 0; ++k) {
    term = times(term, fraction) / k;
    sum += k % 2 != 0 ? -term : term;
  }
  for (std::int64_t i = 0; i < whole && sum != 0; ++i) sum = times(sum, exp_minus_one);
  return std::max<std::int64_t>(sum, 0);
}

/// exp(-(difference² / tolerance)) with 60 binary places.
std::int64_t bell(std::int64_t difference_nano, std::int64_t tolerance_nano) {
  const std::int64_t size = difference_nano < 0 ? -difference_nano : difference_nano;
  const Wide square = static_cast<Wide>(size) * size;
  const Wide scale = static_cast<Wide>(tolerance_nano) * nano_per_unit;
  const Wide whole = square / scale;
  if (whole >= 42) return 0;  // less than a nano-unit of a nano-unit
  Wide rest = square % scale;
  std::int64_t fraction = 0;
  for (int part = 0; part < 2; ++part) {
    rest <<= 30;
    fraction = fraction << 30 | static_cast<std::int64_t>(rest / scale);
    rest %= scale;
  }
  return exp_negative(static_cast<std::int64_t>(whole), fraction);
}

}  // namespace

Result<Coins> nrgcoin_paid(Energy energy, const Substation& at, Price top_rate,
                           std::int64_t tolerance_nano, unsigned exponent) {
  std::int64_t power = energy.nano();
  for (unsigned i = 1; i < exponent; ++i) {
    const auto next = multiply_divide(power, energy.nano(), nano_per_unit);
    if (!next) return next.error();
    power = *next;
  }
  const auto most = multiply_divide(power, top_rate.nano(), nano_per_unit);
  if (!most) return most.error();
  const std::int64_t share = bell(at.injected.nano() - at.drawn.nano(), tolerance_nano);
  const auto paid = multiply_divide_floor(*most, share, one);
  if (!paid) return paid.error();
  return Coins::from_nano(*paid);
}

Result<Coins> nrgcoin_charged(Energy energy, const Substation& at, Price rate) {
  const auto flow = add(at.injected, at.drawn);
  if (!flow) return flow.error();
  if (flow->is_zero()) return Coins{};
  const auto price = multiply_divide(rate.nano(), at.drawn.nano(), flow->nano());
  if (!price) return price.error();
  return multiply(Price::from_nano(*price), energy);
}

Result<Clearing> clear_nrgcoin(const Book& book, const Network& network) {
  const auto sides = survey(book);
  if (!sides) return sides.error();
  const Substation at{Energy::from_nano(sum(sides->sells)), Energy::from_nano(sum(sides->buys))};
  const NrgCoin& terms = book.nrgcoin;
  if (terms.tolerance_nano <= 0 || terms.top_rate.is_negative() || terms.rate.is_negative()) {
    return Error{MarketError::bad_keys, "nrgcoin: rates from 0, and a tolerance above 0"};
  }
  const auto rate = [&](Price own) { return own.is_zero() ? book.tariff.buy : own; };
  const Energy unit = Energy::from_nano(nano_per_unit);
  const auto paid = nrgcoin_paid(unit, at, rate(terms.top_rate), terms.tolerance_nano);
  if (!paid) return paid.error();
  const auto charged = nrgcoin_charged(unit, at, rate(terms.rate));
  if (!charged) return charged.error();
  const std::int64_t gets = std::min(paid->nano(), charged->nano());
  const auto community = CommunityBook::make(
      book, network,
      SharingPrice{Price::from_nano(gets), Price::from_nano(charged->nano() - gets)});
  if (!community) return community.error();
  Amounts consumption = community->community().consumption;
  Amounts production = community->community().production;
  for (std::size_t i = 0; i < consumption.size(); ++i) {
    const std::int64_t own = std::min(consumption[i], production[i]);
    consumption[i] -= own;
    production[i] -= own;
  }
  const auto total = [](const Amounts& amounts) {
    return std::accumulate(amounts.begin(), amounts.end(), std::int64_t{0});
  };
  const std::int64_t volume = std::min(total(consumption), total(production));
  Shared shared{Amounts(consumption.size()), Amounts(production.size())};
  if (volume > 0) shared = {pro_rata(volume, consumption), pro_rata(volume, production)};
  return community->clear(shared);
}

}  // namespace powershare::market
