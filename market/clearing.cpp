#include "market/clearing.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "market/rules.hpp"

namespace powershare::market {
namespace {

using Run = Result<Clearing> (*)(const Book&, const Network&);

struct Rule {
  std::string_view name;
  PairPrice price;  ///< of an auction
  bool uniform;     ///< one price for all pairs
  Run run;          ///< of any other rule
};

constexpr std::array<Rule, 13> rules{{
    {"pay_as_clear", pay_as_clear, true, nullptr},
    {"pay_as_bid", pay_as_bid, false, nullptr},
    {"mid_market", mid_market, false, nullptr},
    {"thesis", thesis, false, nullptr},
    {"optimal", nullptr, false, clear_optimal},
    {"french_static", nullptr, false, clear_french_static},
    {"french_dynamic", nullptr, false, clear_french_dynamic},
    {"french_dynamic_simple", nullptr, false, clear_french_static},
    {"french_full_dynamic", nullptr, false, clear_french_full_dynamic},
    {"flemish_fixed", nullptr, false, clear_flemish_fixed},
    {"flemish_relative", nullptr, false, clear_flemish_relative},
    {"flemish_optimal", nullptr, false, clear_flemish_optimal},
    {"nrgcoin", nullptr, false, clear_nrgcoin},
}};

const Rule* find_rule(std::string_view name) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [name](const Rule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
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

Price all_in(const Trade& trade) {
  return Price::from_nano(trade.price.nano() + trade.fees.nano() + trade.losses.nano());
}

bool is_rule(std::string_view rule) {
  return find_rule(rule) != nullptr;
}

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const Rule& rule : rules) names.push_back(rule.name);
  return names;
}

std::string rule_list() {
  std::string list;
  for (const Rule& rule : rules) {
    if (!list.empty()) list += ", ";
    list += rule.name;
  }
  return list;
}

std::vector<Energy> energies_of(const Book& book) {
  std::vector<Energy> energies;
  energies.reserve(book.orders.size());
  for (const Order& order : book.orders) energies.push_back(order.energy);
  return energies;
}

void count_trades(std::vector<Energy> energies, Clearing& clearing) {
  clearing.unmatched = std::move(energies);
  std::int64_t volume = 0;
  for (const Trade& trade : clearing.trades) {
    for (const std::uint32_t order : {trade.buy, trade.sell}) {
      const std::int64_t left = clearing.unmatched[order].nano() - trade.energy.nano();
      PS_ASSERT(left >= 0);
      clearing.unmatched[order] = Energy::from_nano(left);
    }
    volume += trade.energy.nano();  // within the checked sum of one side
  }
  clearing.volume = Energy::from_nano(volume);
}

Result<Clearing> clear(std::string_view rule_name, const Book& book, const Network& network) {
  const Rule* rule = find_rule(rule_name);
  if (rule == nullptr) return Error{MarketError::unknown_rule, "rules: " + rule_list()};
  if (auto checked = check_network(network, book.participants.size()); !checked) {
    return checked.error();
  }
  auto clearing = rule->run != nullptr ? rule->run(book, network)
                                       : clear_auction(book, network, rule->price, rule->uniform);
  if (clearing) clearing->rule = std::string(rule_name);
  return clearing;
}

}  // namespace powershare::market
