#include "market/order_classes.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace powershare::market {
namespace {

/// What is known of a participant before its orders are looked at.
struct Profile {
  bool named = false;
  std::int64_t premium_any = 0;
  std::int64_t premium_green = 0;
};

class Classifier {
 public:
  Classifier(const Book& book, const Network& network)
      : book_(book), network_(network), profiles_(book.participants.size()) {}

  OrderClasses run() {
    look_at_premiums();
    look_at_orders();
    for (const PairLoss& loss : network_.losses) {
      apart_[0].resize(network_.zones.size());
      apart_[1].resize(network_.zones.size());
      apart_[0][loss.from] = true;
      apart_[1][loss.to] = true;
    }
    OrderClasses result;
    result.of_order.resize(book_.orders.size());
    for (std::uint32_t i = 0; i < book_.orders.size(); ++i) add(i, result);
    sort(Side::sell, result.sells, result.of_order);
    sort(Side::buy, result.buys, result.of_order);
    return result;
  }

 private:
  void look_at_premiums() {
    for (const Premium& premium : network_.premiums) {
      Profile& profile = profiles_[premium.participant];
      if (premium.partner) {
        profile.named = true;
        profiles_[*premium.partner].named = true;
      } else {
        (premium.only_green ? profile.premium_green : profile.premium_any) += premium.value.nano();
      }
      if (premium.only_green) green_matters_ = true;
    }
  }

  /// Names those whom partners name, and those who might trade with themselves.
  void look_at_orders() {
    constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> lowest_offer(profiles_.size(), none);
    for (const Order& order : book_.orders) {
      if (order.only_green) green_matters_ = true;
      for (const ParticipantIndex partner : order.partners) profiles_[partner].named = true;
      if (order.side == Side::buy) continue;
      std::int64_t& lowest = lowest_offer[order.participant];
      lowest = std::min(lowest, order.limit.nano());
    }
    for (const Order& order : book_.orders) {
      Profile& profile = profiles_[order.participant];
      if (order.side != Side::buy || lowest_offer[order.participant] == none) continue;
      const bool prefers = profile.premium_any != 0 || profile.premium_green != 0;
      if (prefers || order.limit.nano() >= lowest_offer[order.participant]) profile.named = true;
    }
  }

  OrderClass class_of(const Order& order) const {
    const Profile& profile = profiles_[order.participant];
    OrderClass result;
    result.zone = zone_of(network_, order.participant);
    const bool buys = order.side == Side::buy;
    result.green = !buys && order.green && green_matters_;
    result.only_green = buys && order.only_green;
    if (profile.named) result.named = order.participant;
    result.partners = order.partners;
    std::sort(result.partners.begin(), result.partners.end());
    result.partners.erase(std::unique(result.partners.begin(), result.partners.end()),
                          result.partners.end());
    result.premium_any = profile.premium_any;
    if (buys) result.premium_green = profile.premium_green;
    const auto& apart = apart_[buys ? 1 : 0];
    result.plain = !result.only_green && !profile.named && result.partners.empty() &&
                   result.premium_any == 0 && result.premium_green == 0 &&
                   (apart.empty() || !apart[result.zone]);
    return result;
  }

  using Key = std::tuple<ZoneIndex, bool, bool, ParticipantIndex, std::int64_t, std::int64_t,
                         std::vector<ParticipantIndex>>;

  void add(std::uint32_t position, OrderClasses& result) {
    const Order& order = book_.orders[position];
    const bool buys = order.side == Side::buy;
    auto& classes = buys ? result.buys : result.sells;
    const Profile& profile = profiles_[order.participant];
    const bool common = !profile.named && order.partners.empty() && profile.premium_any == 0 &&
                        (profile.premium_green == 0 || !buys);
    if (common) {  // nearly all: found without building a key
      const ZoneIndex zone = zone_of(network_, order.participant);
      const bool trait = buys ? order.only_green : order.green && green_matters_;
      auto& table = common_[buys ? 1 : 0];
      const std::size_t at = 2 * std::size_t{zone} + (trait ? 1 : 0);
      if (table.size() <= at) table.resize(at + 1, not_there);
      if (table[at] == not_there) {
        table[at] = static_cast<std::uint32_t>(classes.size());
        classes.push_back(class_of(order));
      }
      result.of_order[position] = table[at];
      return;
    }
    OrderClass one = class_of(order);
    Key key{one.zone,        one.green,         one.only_green, one.named,
            one.premium_any, one.premium_green, one.partners};
    const auto [found, added] = special_[buys ? 1 : 0].try_emplace(
        std::move(key), static_cast<std::uint32_t>(classes.size()));
    if (added) classes.push_back(std::move(one));
    result.of_order[position] = found->second;
  }

  /// Compares by names, since participants may be numbered otherwise in an equal book.
  bool before(const OrderClass& a, const OrderClass& b) const {
    const auto traits = [](const OrderClass& one) {
      return std::tuple(!one.plain, one.zone, one.green, one.only_green, one.premium_any,
                        one.premium_green);
    };
    if (traits(a) != traits(b)) return traits(a) < traits(b);
    if (a.named != b.named) {
      if (a.named == nobody || b.named == nobody) return a.named == nobody;
      return name(a.named) < name(b.named);
    }
    return names(a.partners) < names(b.partners);
  }

  std::string_view name(ParticipantIndex participant) const {
    return book_.participants[participant];
  }
  std::vector<std::string_view> names(const std::vector<ParticipantIndex>& partners) const {
    std::vector<std::string_view> result;
    for (const ParticipantIndex partner : partners) result.push_back(name(partner));
    std::sort(result.begin(), result.end());
    return result;
  }

  void sort(Side side, std::vector<OrderClass>& classes, std::vector<std::uint32_t>& of_order) {
    std::vector<std::uint32_t> order(classes.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return before(classes[a], classes[b]); });
    std::vector<std::uint32_t> rank(classes.size());
    std::vector<OrderClass> sorted;
    for (std::uint32_t i = 0; i < order.size(); ++i) {
      rank[order[i]] = i;
      sorted.push_back(std::move(classes[order[i]]));
    }
    classes = std::move(sorted);
    for (std::size_t i = 0; i < of_order.size(); ++i) {
      if (book_.orders[i].side == side) of_order[i] = rank[of_order[i]];
    }
  }

  static constexpr std::uint32_t not_there = std::numeric_limits<std::uint32_t>::max();
  const Book& book_;
  const Network& network_;
  std::vector<Profile> profiles_;
  bool green_matters_ = false;
  std::vector<bool> apart_[2];            ///< zones with listed losses, as seller's and buyer's
  std::vector<std::uint32_t> common_[2];  ///< by zone and trait; sells, buys
  std::map<Key, std::uint32_t> special_[2];
};

bool accepts(const std::vector<ParticipantIndex>& partners, ParticipantIndex other) {
  return partners.empty() || std::binary_search(partners.begin(), partners.end(), other);
}

}  // namespace

OrderClasses classify(const Book& book, const Network& network) {
  return Classifier(book, network).run();
}

bool may_trade(const OrderClass& sell, const OrderClass& buy) {
  if (buy.only_green && !sell.green) return false;
  if (sell.named != nobody && sell.named == buy.named) return false;
  return accepts(buy.partners, sell.named) && accepts(sell.partners, buy.named);
}

PartnerPremiums::PartnerPremiums(const Network& network) {
  for (const Premium& premium : network.premiums) {
    if (!premium.partner) continue;
    entries_.push_back({premium.participant, *premium.partner,
                        premium.only_green ? 0 : premium.value.nano(),
                        premium.only_green ? premium.value.nano() : 0});
  }
  const auto pair = [](const Entry& entry) { return std::pair(entry.participant, entry.partner); };
  std::sort(entries_.begin(), entries_.end(),
            [&](const Entry& a, const Entry& b) { return pair(a) < pair(b); });
  std::vector<Entry> merged;
  for (const Entry& entry : entries_) {
    if (merged.empty() || pair(merged.back()) != pair(entry)) {
      merged.push_back(entry);
    } else {
      merged.back().any += entry.any;
      merged.back().green += entry.green;
    }
  }
  entries_ = std::move(merged);
}

const PartnerPremiums::Entry* PartnerPremiums::find(ParticipantIndex participant,
                                                    ParticipantIndex partner) const {
  if (participant == nobody || partner == nobody) return nullptr;
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), std::pair(participant, partner),
                       [](const Entry& entry, auto pair) {
                         return std::pair(entry.participant, entry.partner) < pair;
                       });
  if (found == entries_.end() || found->participant != participant || found->partner != partner) {
    return nullptr;
  }
  return &*found;
}

std::int64_t PartnerPremiums::of_buyer(const OrderClass& buy, const OrderClass& sell) const {
  std::int64_t premium = buy.premium_any + (sell.green ? buy.premium_green : 0);
  if (const Entry* entry = find(buy.named, sell.named)) {
    premium += entry->any + (sell.green ? entry->green : 0);
  }
  return premium;
}

std::int64_t PartnerPremiums::of_seller(const OrderClass& sell, const OrderClass& buy) const {
  const Entry* entry = find(sell.named, buy.named);
  return sell.premium_any + (entry != nullptr ? entry->any : 0);
}

}  // namespace powershare::market
