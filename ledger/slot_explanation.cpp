#include "ledger/slot_explanation.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "ledger/records.hpp"

namespace powershare::ledger {
namespace {

constexpr std::uint32_t max_orders = 4'000'000;
constexpr std::uint8_t flag_sell = 1;
constexpr std::uint8_t flag_ordered = 2;
constexpr std::uint8_t flag_restricted = 4;

bool add_energy(Energy& sum, Energy part) {
  auto total = add(sum, part);
  if (total) sum = *total;
  return total.ok();
}

/// Left of zero: `a` is the better order of its side.
std::strong_ordering by_limit(const BookOrder& a, const BookOrder& b) {
  return a.side == OrderSide::buy ? b.limit <=> a.limit : a.limit <=> b.limit;
}

/// Orders of others beside one of the asker's: better, equal, worse.
class Groups {
 public:
  Groups(const SlotBookRow& book, const BookOrder& own) {
    for (const BookOrder& other : book.orders) {
      if (other.side != own.side || other.participant == own.participant) continue;
      const auto order = by_limit(other, own);
      add_to(order < 0 ? 0 : (order == 0 ? 1 : 2), other);
    }
  }
  Result<std::array<OrderGroup, 3>> told() const {
    if (!fits_) return Error{LedgerError::overflow, "a sum of orders leaves its range"};
    std::array<OrderGroup, 3> groups;
    bool hidden = false;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].orders = gathered_[i].orders;
      groups[i].participants = static_cast<std::uint32_t>(gathered_[i].participants.size());
      hidden =
          hidden || (groups[i].participants > 0 && groups[i].participants < smallest_told_group);
    }
    for (std::size_t i = 0; !hidden && i < groups.size(); ++i) {
      groups[i].energy = gathered_[i].energy;
      groups[i].matched = gathered_[i].matched;
    }
    return groups;
  }

 private:
  struct Gathered {
    std::uint32_t orders = 0;
    std::set<ParticipantRef> participants;
    Energy energy;
    Energy matched;
  };
  void add_to(std::size_t group, const BookOrder& order) {
    Gathered& gathered = gathered_.at(group);
    ++gathered.orders;
    gathered.participants.insert(order.participant);
    fits_ = fits_ && add_energy(gathered.energy, order.energy) &&
            add_energy(gathered.matched, order.matched);
  }
  std::array<Gathered, 3> gathered_;
  bool fits_ = true;
};

MatchOutcome outcome_of(const SlotBookRow& book, const BookOrder& own) {
  if (own.matched == own.energy) return MatchOutcome::all;
  bool opposite = false;
  bool worse_was_served = false;
  for (const BookOrder& other : book.orders) {
    if (other.participant == own.participant) continue;
    opposite = opposite || other.side != own.side;
    worse_was_served = worse_was_served || (other.side == own.side && by_limit(own, other) < 0 &&
                                            other.matched.is_positive());
  }
  if (!opposite) return MatchOutcome::nobody_opposite;
  if (own.restricted || worse_was_served) return MatchOutcome::restricted;
  return own.matched.is_positive() ? MatchOutcome::at_the_margin : MatchOutcome::limit_not_reached;
}

__extension__ using Wide = __int128;

struct Steps {
  std::int64_t limit = 0;
  std::int64_t energy = 0;
};
/// Dearest bids with cheapest offers, while the bid is the dearer.
Wide largest_surplus(std::vector<Steps> bids, std::vector<Steps> offers) {
  std::sort(bids.begin(), bids.end(),
            [](const Steps& a, const Steps& b) { return a.limit > b.limit; });
  std::sort(offers.begin(), offers.end(),
            [](const Steps& a, const Steps& b) { return a.limit < b.limit; });
  Wide surplus = 0;
  for (std::size_t bid = 0, offer = 0; bid < bids.size() && offer < offers.size();) {
    if (bids[bid].limit <= offers[offer].limit) break;
    const auto energy = std::min(bids[bid].energy, offers[offer].energy);
    surplus += static_cast<Wide>(bids[bid].limit - offers[offer].limit) * energy;
    bids[bid].energy -= energy;
    offers[offer].energy -= energy;
    if (bids[bid].energy == 0) ++bid;
    if (offer < offers.size() && offers[offer].energy == 0) ++offer;
  }
  return surplus;
}

/// See SlotExplanation::interval.
std::optional<std::pair<Price, Price>> interval_of(const SlotBookRow& book) {
  std::optional<Price> low;
  std::optional<Price> high;
  bool traded = false;
  for (const BookOrder& order : book.orders) {
    const bool buys = order.side == OrderSide::buy;
    const bool served = order.matched.is_positive();
    const bool left = order.matched < order.energy;
    traded = traded || served;
    if (buys ? left : served) low = low ? larger(*low, order.limit) : order.limit;
    if (buys ? served : left) high = high ? smaller(*high, order.limit) : order.limit;
  }
  if (!traded || !low || !high || *high < *low) return std::nullopt;
  return std::pair(*low, *high);
}

}  // namespace

std::string_view to_text(MatchOutcome outcome) {
  switch (outcome) {
    case MatchOutcome::all:
      return "all";
    case MatchOutcome::limit_not_reached:
      return "limit_not_reached";
    case MatchOutcome::at_the_margin:
      return "at_the_margin";
    case MatchOutcome::restricted:
      return "restricted";
    case MatchOutcome::nobody_opposite:
      return "nobody_opposite";
  }
  return "unknown";
}

HistoryRow slot_book_row(const SlotBookRow& row) {
  Encoder key;
  key.time(row.slot);
  Encoder value;
  value.u32(static_cast<std::uint32_t>(row.orders.size()));
  for (const BookOrder& order : row.orders) {
    value.u8(static_cast<std::uint8_t>(order.participant.type));
    value.text(order.participant.id.text());
    value.u8(static_cast<std::uint8_t>((order.side == OrderSide::sell ? flag_sell : 0) |
                                       (order.ordered ? flag_ordered : 0) |
                                       (order.restricted ? flag_restricted : 0)));
    value.quantity(order.limit).quantity(order.energy).quantity(order.matched);
  }
  return {std::string(history_table::slot_books), std::move(key).take(), std::move(value).take()};
}

Result<SlotBookRow> parse_slot_book_row(ByteView key_bytes, ByteView value_bytes) {
  Decoder key(key_bytes);
  Decoder in(value_bytes);
  SlotBookRow row;
  row.slot = key.time();
  const auto count = in.count(max_orders, 30);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    BookOrder order;
    order.participant.type = static_cast<ParticipantType>(in.u8());
    auto id = ParticipantId::parse(in.text(128));
    if (!id) return Error{LedgerError::malformed, "not a slot's book"};
    order.participant.id = *std::move(id);
    const unsigned flags = in.u8();
    if (flags > (flag_sell | flag_ordered | flag_restricted)) in.fail();
    order.side = (flags & flag_sell) != 0 ? OrderSide::sell : OrderSide::buy;
    order.ordered = (flags & flag_ordered) != 0;
    order.restricted = (flags & flag_restricted) != 0;
    order.limit = in.quantity<Price>();
    order.energy = in.quantity<Energy>();
    order.matched = in.quantity<Energy>();
    row.orders.push_back(std::move(order));
  }
  if (!key.finished() || !in.finished()) {
    return Error{LedgerError::malformed, "not a slot's book"};
  }
  return row;
}

Result<std::optional<SlotBookRow>> find_slot_book(const HistoryReader& history, UtcMillis slot) {
  const auto key = history_key::time(slot);
  const auto value = history.get(history_table::slot_books, key);
  if (!value) return std::optional<SlotBookRow>();
  auto row = parse_slot_book_row(key, *value);
  if (!row) return row.error();
  return std::optional(*std::move(row));
}

Result<Welfare> welfare(const SlotBookRow& book) {
  Wide reached = 0;
  std::vector<Steps> bids;
  std::vector<Steps> offers;
  for (const BookOrder& order : book.orders) {
    const bool buys = order.side == OrderSide::buy;
    const Wide value = static_cast<Wide>(order.limit.nano()) * order.matched.nano();
    reached += buys ? value : -value;
    (buys ? bids : offers).push_back({order.limit.nano(), order.energy.nano()});
  }
  const Wide possible = largest_surplus(std::move(bids), std::move(offers));
  const auto coins = [](Wide value) -> Result<Coins> {
    value /= nano_per_unit;
    if (value > INT64_MAX || value < INT64_MIN) {
      return Error{LedgerError::overflow, "the welfare of a slot leaves its range"};
    }
    return Coins::from_nano(static_cast<std::int64_t>(value));
  };
  const auto reached_coins = coins(reached);
  if (!reached_coins) return reached_coins.error();
  const auto possible_coins = coins(possible);
  if (!possible_coins) return possible_coins.error();
  return Welfare{*reached_coins, *possible_coins};
}

Result<SlotExplanation> explain(const SlotBookRow& book, const ParticipantRef& who) {
  SlotExplanation result;
  std::set<ParticipantRef> buyers;
  std::set<ParticipantRef> sellers;
  bool fits = true;
  for (const BookOrder& order : book.orders) {
    const bool buys = order.side == OrderSide::buy;
    (buys ? buyers : sellers).insert(order.participant);
    fits = fits && add_energy(buys ? result.wanted : result.offered, order.energy);
    if (buys) fits = fits && add_energy(result.matched, order.matched);
    if (order.participant != who) continue;
    const auto groups = Groups(book, order).told();
    if (!groups) return groups.error();
    result.own.push_back(
        {order, outcome_of(book, order), (*groups)[0], (*groups)[1], (*groups)[2]});
  }
  if (!fits) return Error{LedgerError::overflow, "a sum of orders leaves its range"};
  result.buyers = static_cast<std::uint32_t>(buyers.size());
  result.sellers = static_cast<std::uint32_t>(sellers.size());
  result.interval = interval_of(book);
  return result;
}

}  // namespace powershare::ledger
