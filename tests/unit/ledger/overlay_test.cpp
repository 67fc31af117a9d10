#include <doctest/doctest.h>

#include <map>
#include <random>

#include "ledger/overlay.hpp"
#include "ledger/state.hpp"
#include "ledger/state_keys.hpp"

using namespace powershare;
using namespace powershare::ledger;

namespace {

std::vector<std::pair<Bytes, Bytes>> all(const StateReader& state, ByteView prefix, ByteView from) {
  std::vector<std::pair<Bytes, Bytes>> result;
  state.scan(prefix, from, [&](ByteView key, ByteView value) {
    result.emplace_back(to_bytes(key), to_bytes(value));
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("an overlay shows what a plain map would, and hands its changes on in key order") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  State state;
  std::map<Bytes, Bytes> model;
  const auto random_bytes = [&](std::size_t most) {
    Bytes bytes(random() % (most + 1));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 3);
    return bytes;
  };
  for (int round = 0; round < 200; ++round) {
    Overlay block(state);
    Overlay transaction(block);
    auto& target = random() % 2 == 0 ? transaction : block;
    for (int change = 0; change < 20; ++change) {
      const auto key = random_bytes(4);
      if (random() % 3 == 0) {
        target.erase(key);
        model.erase(key);
      } else {
        const auto value = random_bytes(2);
        target.put(key, value);
        model[key] = value;
      }
      CHECK(target.get(key) == (model.contains(key) ? std::optional(model[key]) : std::nullopt));
    }
    const auto prefix = random_bytes(2), from = random_bytes(2);
    Bytes start = prefix;
    start.insert(start.end(), from.begin(), from.end());
    std::vector<std::pair<Bytes, Bytes>> expected;
    for (auto at = model.lower_bound(start); at != model.end(); ++at) {
      if (!std::equal(prefix.begin(), prefix.end(), at->first.begin(),
                      at->first.begin() +
                          static_cast<std::ptrdiff_t>(std::min(prefix.size(), at->first.size())))) {
        break;
      }
      expected.emplace_back(*at);
    }
    CHECK(all(transaction, prefix, from) == expected);
    transaction.merge_into(block);
    CHECK(transaction.empty());
    CHECK(all(block, prefix, from) == expected);
    const auto writes = block.take();
    CHECK(std::is_sorted(writes.begin(), writes.end(),
                         [](const auto& left, const auto& right) { return left.key < right.key; }));
    state.apply(writes);
    CHECK(all(state, prefix, from) == expected);
  }
}

TEST_CASE("a scan of an overlay stops when its visitor says so") {
  State state;
  state.apply({{{1}, Bytes{1}}, {{3}, Bytes{3}}});
  Overlay overlay(state);
  overlay.put({0}, {0});
  overlay.put({2}, {2});
  overlay.put({4}, {4});
  for (std::size_t stop = 1; stop <= 5; ++stop) {
    std::size_t seen = 0;
    overlay.scan({}, {}, [&](ByteView, ByteView) { return ++seen < stop; });
    CHECK(seen == stop);
  }
}

TEST_CASE("names sort in byte order in keys, and no name begins another one's keys") {
  const auto meter = [](const char* name) {
    return state_key::meter(MeterId::parse(name).value());
  };
  CHECK(meter("a") < meter("aa"));
  CHECK(meter("aa") < meter("b"));
  const auto a = meter("a"), aa = meter("aa");
  CHECK_FALSE(std::equal(a.begin(), a.end(), aa.begin()));
  state_key::Reader in(aa);
  CHECK(in.table() == StateTable::meter);
  CHECK(in.meter().text() == "aa");
  CHECK(in.finished());
}
