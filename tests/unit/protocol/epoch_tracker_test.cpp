// In which epoch a ledger stands after a start.
#include "protocol/epoch_tracker.hpp"

#include <doctest/doctest.h>

#include "ledger/membership.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"
#include "tests/unit/protocol/memory_snapshot.hpp"

using namespace powershare;
using namespace powershare::protocol;
using powershare::test::MemorySnapshot;

namespace {

constexpr std::uint64_t last_sequence = 360;

/// A ledger in epoch 0, which a pending change ends.
struct Ending {
  ledger::test::Chain chain;
  ledger::Overlay state{chain.machine.state()};
  crypto::Digest genesis = chain.machine.genesis().hash();
  pbft::Position before{last_sequence - 2, 26, crypto::sha256(as_bytes("head"))};
  MemorySnapshot store;

  Ending() {
    ledger::put_next_epoch(
        state, {last_sequence, ledger::known_feature_level, ledger::current_epoch(state).members});
  }
  EpochTracker open(pbft::Sequence sequence) const {
    auto own = before;
    own.sequence = sequence;
    auto tracker = EpochTracker::open(state, genesis, store, own);
    REQUIRE(tracker.ok());
    return *tracker;
  }
  /// Null batches up to `sequence`, and what became durable with them.
  void pass_to(pbft::Sequence sequence) {
    auto tracker = open(before.sequence);
    for (auto position = before; position.sequence < sequence;) {
      const auto former = position;
      ++position.sequence;
      std::vector<TableWrite> writes;
      tracker.advanced(state, former, position, writes);
      store.apply(writes);
    }
  }
};

}  // namespace

TEST_CASE("a ledger that has passed an epoch's end without a block there starts in the next one") {
  Ending ledger;
  ledger.pass_to(last_sequence + 8);
  CHECK(ledger::current_epoch_number(ledger.state) == 0);  // the state learns of it with a block
  const auto tracker = ledger.open(last_sequence + 8);
  CHECK(tracker.committee()->epoch == 1);
  CHECK(tracker.committee()->begin() ==
        pbft::Position{last_sequence, ledger.before.height, ledger.before.head});
  CHECK(tracker.epoch_end() == nullptr);
}

TEST_CASE("a ledger at an epoch's last sequence is in it until the end is proven") {
  Ending ledger;
  CHECK(ledger.open(last_sequence).committee()->epoch == 0);
  auto tracker = ledger.open(last_sequence);
  auto own = ledger.before;
  own.sequence = last_sequence;
  std::vector<TableWrite> writes;
  REQUIRE(tracker.finished(ledger.state, {0, {own, {}}}, own, writes));
  ledger.store.apply(writes);
  CHECK(ledger.open(last_sequence).committee()->epoch == 1);
}

TEST_CASE("a ledger beyond an epoch's end that does not say where the next one began is damaged") {
  const Ending ledger;
  auto own = ledger.before;
  own.sequence = last_sequence + 1;
  const auto tracker = EpochTracker::open(ledger.state, ledger.genesis, ledger.store, own);
  REQUIRE_FALSE(tracker.ok());
  CHECK(tracker.error().code() == StorageError::damaged);
}
