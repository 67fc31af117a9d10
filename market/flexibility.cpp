#include "market/flexibility.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/encoding.hpp"

namespace powershare::market {
namespace {

__extension__ using Wide = __int128;
using Direction = FlexibilityDirection;

Error bad(std::string detail) {
  return {GridServiceError::bad_flexibility, std::move(detail)};
}

Result<void> check_store(const FlexibilityStore& store) {
  if (store.least.is_negative() || store.reserve.is_negative() || store.most < store.least ||
      store.most < store.reserve) {
    return bad("store " + store.id + ": least and reserve lie between 0 and most");
  }
  if (store.stored.is_negative() || store.stored > store.most) {
    return bad("store " + store.id + ": stored lies between 0 and most");
  }
  if (store.efficiency_nano <= 0 || store.efficiency_nano > nano_per_unit) {
    return bad("store " + store.id + ": efficiency is above 0 and at most 1");
  }
  return {};
}

Result<void> check(const FlexibilityBook& book, const FlexibilityRequest& request) {
  if (book.offers.size() > FlexibilityBook::max_offers ||
      book.stores.size() > FlexibilityBook::max_offers) {
    return Error{GridServiceError::too_large, "at most 100,000 offers and stores"};
  }
  if (request.down == request.up) return bad("a request moves energy between two regions");
  if (request.from >= request.to) return bad("a request ends after it begins");
  if (!request.energy.is_positive()) return bad("a request is for more than 0 kWh");
  std::set<std::string> ids;
  for (const FlexibilityStore& store : book.stores) {
    if (!ids.insert(store.id).second) return bad("store " + store.id + " is there twice");
    if (auto checked = check_store(store); !checked) return checked;
  }
  ids.clear();
  for (const FlexibilityOffer& offer : book.offers) {
    if (!ids.insert(offer.id).second) return bad("offer " + offer.id + " is there twice");
    if (offer.store >= book.stores.size()) return bad("offer " + offer.id + ": no such store");
    if (offer.power_nano_kw <= 0) return bad("offer " + offer.id + ": power must be above 0");
    if (offer.from >= offer.to) return bad("offer " + offer.id + " ends after it begins");
  }
  return {};
}

/// One region's offers in the order in which they are called.
class MeritOrder {
 public:
  MeritOrder(const FlexibilityBook& book, const FlexibilityRequest& request, Direction direction)
      : book_(book), room_(book.stores.size()) {
    const std::string& region = direction == Direction::up ? request.up : request.down;
    for (std::uint32_t i = 0; i < book.offers.size(); ++i) {
      const FlexibilityOffer& offer = book.offers[i];
      const bool lasts = offer.from <= request.from && offer.to >= request.to;
      if (offer.region == region && offer.direction == direction && lasts) order_.push_back(i);
    }
    std::sort(order_.begin(), order_.end(), [&book](std::uint32_t a, std::uint32_t b) {
      const FlexibilityOffer& left = book.offers[a];
      const FlexibilityOffer& right = book.offers[b];
      return std::pair(left.price, std::string_view(left.id)) <
             std::pair(right.price, std::string_view(right.id));
    });
    for (std::size_t i = 0; i < room_.size(); ++i) room_[i] = room_of(book.stores[i], direction);
    const Wide ms = request.to.value - request.from.value;
    for (const std::uint32_t offer : order_) {
      const Wide energy = book.offers[offer].power_nano_kw * ms / millis_per_hour;
      limit_.push_back(static_cast<std::int64_t>(std::min<Wide>(energy, request.energy.nano())));
    }
    settle_on_next();
  }

  bool at_end() const { return next_ == order_.size(); }
  Price price() const { return book_.offers[order_[next_]].price; }
  /// Of the next offer.
  std::int64_t left() const { return left_; }

  void take(std::int64_t energy, std::vector<FlexibilityCall>& calls) {
    const std::uint32_t offer = order_[next_];
    if (!calls.empty() && calls.back().offer == offer) {
      calls.back().energy = Energy::from_nano(calls.back().energy.nano() + energy);
    } else {
      calls.push_back({offer, Energy::from_nano(energy)});
    }
    room_[book_.offers[offer].store] -= energy;
    left_ -= energy;
    if (left_ > 0) return;
    ++next_;
    settle_on_next();
  }

 private:
  /// What a store can give or take, on its meter's side, rounded so that it stays in its bounds.
  static std::int64_t room_of(const FlexibilityStore& store, Direction direction) {
    if (direction == Direction::up) {
      const Wide above = Wide{store.stored.nano()} - larger(store.least, store.reserve).nano();
      return static_cast<std::int64_t>(std::max<Wide>(0, above) * store.efficiency_nano /
                                       nano_per_unit);
    }
    const Wide below = Wide{store.most.nano()} - store.stored.nano();
    return static_cast<std::int64_t>(std::min<Wide>(below * nano_per_unit / store.efficiency_nano,
                                                    std::numeric_limits<std::int64_t>::max()));
  }

  void settle_on_next() {
    for (; next_ < order_.size(); ++next_) {
      left_ = std::min(limit_[next_], room_[book_.offers[order_[next_]].store]);
      if (left_ > 0) return;
    }
  }

  const FlexibilityBook& book_;
  std::vector<std::uint32_t> order_;
  std::vector<std::int64_t> limit_;  ///< by place in order_
  std::vector<std::int64_t> room_;   ///< by store
  std::size_t next_ = 0;
  std::int64_t left_ = 0;
};

}  // namespace

Result<FlexibilityActivation> activate(const FlexibilityBook& book,
                                       const FlexibilityRequest& request) {
  if (auto checked = check(book, request); !checked) return checked.error();
  MeritOrder down(book, request, Direction::down);
  MeritOrder up(book, request, Direction::up);
  FlexibilityActivation result;
  std::int64_t wanted = request.energy.nano();
  while (wanted > 0 && !down.at_end() && !up.at_end()) {
    const Wide price = Wide{down.price().nano()} + up.price().nano();
    if (request.most && price > request.most->nano()) break;
    const std::int64_t energy = std::min({wanted, down.left(), up.left()});
    down.take(energy, result.down);
    up.take(energy, result.up);
    wanted -= energy;
  }
  result.missing = Energy::from_nano(wanted);
  result.energy = Energy::from_nano(request.energy.nano() - wanted);
  return result;
}

Result<Energy> flexibility_baseline(const std::vector<Energy>& comparable) {
  if (comparable.empty()) return bad("a baseline needs a slot to go by");
  Wide sum = 0;
  for (const Energy energy : comparable) sum += energy.nano();
  const auto count = static_cast<Wide>(comparable.size());
  Wide mean = sum / count;
  if (sum % count < 0) --mean;
  return Energy::from_nano(static_cast<std::int64_t>(mean));
}

Result<std::vector<FlexibilityRecord>> settle(const FlexibilityBook& book,
                                              const FlexibilityRequest& request,
                                              const FlexibilityActivation& activation,
                                              const std::vector<FlexibilityMetering>& metering) {
  if (metering.size() != activation.down.size() + activation.up.size()) {
    return bad("each call needs its metering");
  }
  std::vector<FlexibilityRecord> records;
  for (std::size_t i = 0; i < metering.size(); ++i) {
    const bool is_down = i < activation.down.size();
    const FlexibilityCall& call =
        is_down ? activation.down[i] : activation.up[i - activation.down.size()];
    if (call.offer >= book.offers.size()) return bad("a call names an offer that is not there");
    const FlexibilityOffer& offer = book.offers[call.offer];
    const auto more_drawn = subtract(metering[i].metered, metering[i].baseline);
    if (!more_drawn) return more_drawn.error();
    const auto change = is_down ? Result<Energy>(*more_drawn) : negate(*more_drawn);
    if (!change) return change.error();
    FlexibilityRecord record;
    record.request = request.id;
    record.offer = offer.id;
    record.participant = book.stores[offer.store].participant;
    record.region = offer.region;
    record.direction = offer.direction;
    record.from = request.from;
    record.to = request.to;
    record.called = call.energy;
    record.baseline = metering[i].baseline;
    record.metered = metering[i].metered;
    record.delivered = smaller(larger(*change, Energy{}), call.energy);
    record.price = offer.price;
    const auto amount = multiply(offer.price, record.delivered);
    if (!amount) return amount.error();
    record.amount = *amount;
    records.push_back(std::move(record));
  }
  return records;
}

Bytes flexibility_statement(const FlexibilityRecord& record) {
  return Encoder()
      .raw(as_bytes("powershare/flexibility/1"))
      .text(record.request)
      .text(record.offer)
      .text(record.participant)
      .text(record.region)
      .u8(static_cast<std::uint8_t>(record.direction))
      .time(record.from)
      .time(record.to)
      .quantity(record.called)
      .quantity(record.baseline)
      .quantity(record.metered)
      .quantity(record.delivered)
      .quantity(record.price)
      .quantity(record.amount)
      .data();
}

}  // namespace powershare::market
