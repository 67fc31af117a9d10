// Random books in random networks, for the properties that hold for every rule. The same seed gives
// the same book on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "books.hpp"

namespace powershare::market::test {

struct Case {
  Book book;
  Network network;
};

class RandomCase {
 public:
  explicit RandomCase(std::uint64_t seed) : random_(seed) {}

  Case make() {
    Case result;
    shape_ = static_cast<unsigned>(random_());
    add_participants(result.book);
    if (chance(3, 4)) add_zones(result.network, result.book.participants.size());
    const std::size_t orders = below(chance(1, 8) ? 60 : 16);
    for (std::size_t i = 0; i < orders; ++i) add_order(result.book, i);
    if (chance(1, 2)) add_premiums(result);
    add_sharing(result.book);
    return result;
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool chance(std::uint64_t part, std::uint64_t of) { return below(of) < part; }
  ParticipantIndex anyone(const Book& book) {
    return static_cast<ParticipantIndex>(below(book.participants.size()));
  }

  void add_participants(Book& book) {
    const std::uint64_t count = 1 + below(shape_ % 3 == 0 ? 40 : 7);
    for (std::uint64_t i = 0; i < count; ++i) book.participants.push_back("P" + std::to_string(i));
  }

  void add_zones(Network& network, std::size_t participants) {
    const std::uint64_t zones = 1 + below(7);
    const bool borders = chance(1, 2);
    for (std::uint64_t i = 0; i < zones; ++i) {
      Zone zone;
      zone.id = "Z" + std::to_string(i);
      if (i > 0) zone.parent = static_cast<ZoneIndex>(below(i));
      zone.fee = Price::from_nano(chance(1, 2) ? static_cast<std::int64_t>(below(4)) : 0);
      zone.loss_nano = chance(1, 3) ? static_cast<std::int64_t>(below(200'000'000)) : 0;
      if (i > 0 && borders && chance(1, 2)) zone.max_export = small_energy();
      if (i > 0 && borders && chance(1, 2)) zone.max_import = small_energy();
      network.zones.push_back(zone);
    }
    for (std::size_t i = 0; i < participants; ++i) {
      network.zone_of.push_back(static_cast<ZoneIndex>(below(zones)));
    }
    network.loss_price = Price::from_nano(static_cast<std::int64_t>(below(20)));
    if (chance(2, 3)) return;
    for (ZoneIndex from = 0; from < zones; ++from) {
      for (ZoneIndex to = 0; to < zones; ++to) {
        if (chance(1, 4)) {
          network.losses.push_back({from, to, static_cast<std::int64_t>(below(300'000'000))});
        }
      }
    }
  }

  Energy small_energy() { return Energy::from_nano(static_cast<std::int64_t>(below(12))); }

  void add_order(Book& book, std::size_t number) {
    Order order;
    order.id = "o" + std::to_string(number);
    order.participant = anyone(book);
    order.side = chance(1, 2) ? Side::buy : Side::sell;
    order.energy = Energy::from_nano(1 + static_cast<std::int64_t>(below(9)));
    const std::int64_t bonus = order.side == Side::buy ? 3 : 0;
    order.limit = Price::from_nano(static_cast<std::int64_t>(below(12)) - 1 + bonus);
    order.standing = chance(1, 2);
    order.accepted = {static_cast<std::int64_t>(below(3))};
    for (auto& byte : order.tie_key) byte = static_cast<std::uint8_t>(random_());
    order.green = chance(1, 2);
    if (shape_ % 5 < 2) {
      order.only_green = chance(1, 4);
      for (std::uint64_t i = chance(1, 4) ? 1 + below(2) : 0; i > 0; --i) {
        order.partners.push_back(anyone(book));
      }
    }
    book.orders.push_back(order);
  }

  void add_premiums(Case& result) {
    for (std::uint64_t i = below(4); i > 0; --i) {
      Premium premium;
      premium.participant = anyone(result.book);
      if (chance(1, 2)) premium.partner = anyone(result.book);
      premium.only_green = chance(1, 2);
      premium.value = Price::from_nano(static_cast<std::int64_t>(below(6)));
      result.network.premiums.push_back(premium);
    }
  }

  void add_sharing(Book& book) {
    const std::size_t count = book.participants.size();
    book.tariff = {Price::from_nano(static_cast<std::int64_t>(below(15))), Price{}};
    if (chance(1, 2)) {
      for (std::size_t i = 0; i < count; ++i) {
        book.sharing.shares_nano.push_back(
            static_cast<std::int64_t>(below(1'000'000'000 / count + 1)));
      }
    }
    for (ParticipantIndex from = 0; from < count && from < 6; ++from) {
      for (ParticipantIndex to = 0; to < count && to < 6; ++to) {
        if (chance(1, 2)) continue;
        book.sharing.pair_shares.push_back(
            {from, to, static_cast<std::int64_t>(below(1'000'000'000 / 6))});
      }
    }
    if (chance(1, 4)) {
      book.sharing.price = Price::from_nano(static_cast<std::int64_t>(below(12)));
    }
    book.nrgcoin.tolerance_nano = 1 + static_cast<std::int64_t>(below(1'000));
  }

  std::mt19937_64 random_;
  unsigned shape_ = 0;
};

/// The same book written down differently: orders shuffled, participants numbered anew.
inline Case rewritten(const Case& original, std::mt19937_64& random) {
  Case result = original;
  const auto shuffle = [&random](auto& list) {  // std::shuffle differs between libraries
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random() % i]);
  };
  std::vector<ParticipantIndex> numbers(original.book.participants.size());
  for (ParticipantIndex i = 0; i < numbers.size(); ++i) numbers[i] = i;
  shuffle(numbers);
  for (ParticipantIndex i = 0; i < numbers.size(); ++i) {
    const ParticipantIndex to = numbers[i];
    result.book.participants[to] = original.book.participants[i];
    if (!original.network.zone_of.empty()) {
      result.network.zone_of[to] = original.network.zone_of[i];
    }
    if (!original.book.sharing.shares_nano.empty()) {
      result.book.sharing.shares_nano[to] = original.book.sharing.shares_nano[i];
    }
  }
  for (Order& order : result.book.orders) {
    order.participant = numbers[order.participant];
    for (auto& partner : order.partners) partner = numbers[partner];
  }
  for (auto& share : result.book.sharing.pair_shares) {
    share = {numbers[share.producer], numbers[share.consumer], share.share_nano};
  }
  for (Premium& premium : result.network.premiums) {
    premium.participant = numbers[premium.participant];
    if (premium.partner) premium.partner = numbers[*premium.partner];
  }
  shuffle(result.book.orders);
  shuffle(result.network.premiums);
  return result;
}

/// A number that any difference in clearing these books by every rule would change.
inline std::uint64_t digest(std::uint64_t first_seed, std::uint64_t books) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a over eight bytes at a time
  const auto mix = [&hash](std::int64_t number) {
    hash = (hash ^ static_cast<std::uint64_t>(number)) * 0x100000001b3ULL;
    hash ^= hash >> 29;
  };
  for (std::uint64_t i = 0; i < books; ++i) {
    const Case one = RandomCase(first_seed + i).make();
    for (const auto rule : rule_names()) {
      const auto clearing = clear(rule, one.book, one.network);
      if (!clearing) {
        mix(clearing.error().code().value());
        continue;
      }
      for (const Trade& trade : clearing->trades) {
        for (const std::int64_t number :
             {std::int64_t{trade.buy}, std::int64_t{trade.sell}, trade.energy.nano(),
              trade.price.nano(), trade.fees.nano(), trade.losses.nano()}) {
          mix(number);
        }
      }
      if (!clearing->certificate) continue;
      for (const Price price : clearing->certificate->prices) mix(price.nano());
    }
  }
  return hash;
}

}  // namespace powershare::market::test
