#include "market/clearing.hpp"

#include <array>

#include "market/matching.hpp"
#include "market/rules.hpp"

namespace powershare::market {
namespace {

struct Rule {
  std::string_view name;
  PairPrice price;
  bool uniform;  ///< one price for all pairs
};

constexpr std::array<Rule, 4> rules{{
    {"pay_as_clear", pay_as_clear, true},
    {"pay_as_bid", pay_as_bid, false},
    {"mid_market", mid_market, false},
    {"thesis", thesis, false},
}};

const Rule* find_rule(std::string_view name) {
  for (const Rule& rule : rules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace

Price middle(Price low, Price high) {
  __extension__ using Wide = __int128;
  const Wide sum = static_cast<Wide>(low.nano()) + high.nano();
  Wide half = sum / 2;
  if (sum % 2 != 0) {
    // Exactly between `half` and its neighbour away from zero: take the even one.
    if (half % 2 != 0) half += sum < 0 ? -1 : 1;
  }
  return Price::from_nano(static_cast<std::int64_t>(half));
}

bool is_rule(std::string_view rule) {
  return find_rule(rule) != nullptr;
}

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const Rule& rule : rules) names.push_back(rule.name);
  return names;
}

Result<Clearing> clear(std::string_view rule_name, const Book& book) {
  const Rule* rule = find_rule(rule_name);
  if (rule == nullptr) {
    return Error{MarketError::unknown_rule, "rules: pay_as_clear, pay_as_bid, mid_market, thesis"};
  }
  auto matching = match(book);
  if (!matching) return matching.error();

  Clearing clearing;
  clearing.rule = std::string(rule_name);
  clearing.unmatched = std::move(matching->energies);
  clearing.trades.reserve(matching->pairs.size());
  std::int64_t volume = 0;
  for (const Pair& pair : matching->pairs) {
    Price price = *matching->price;
    if (!rule->uniform) {
      const Order& buy = book.orders[pair.buy];
      const Order& sell = book.orders[pair.sell];
      price = rule->price(buy, sell, price);
      PS_ASSERT(price <= buy.limit && price >= sell.limit);
    }
    clearing.trades.push_back({pair.buy, pair.sell, Energy::from_nano(pair.energy_nano), price});
    for (const std::uint32_t order : {pair.buy, pair.sell}) {
      const std::int64_t left = clearing.unmatched[order].nano() - pair.energy_nano;
      PS_ASSERT(left >= 0);
      clearing.unmatched[order] = Energy::from_nano(left);
    }
    volume += pair.energy_nano;  // within the checked sum of one side
  }
  clearing.volume = Energy::from_nano(volume);
  if (rule->uniform && !clearing.trades.empty()) clearing.clearing_price = matching->price;
  return clearing;
}

}  // namespace powershare::market
