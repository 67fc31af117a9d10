// A log that contradicts itself is a lost one, whatever else it still says (DECISIONS 13).
#include <doctest/doctest.h>

#include <algorithm>

#include "protocol/pbft/log_records.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;
using powershare::test::Group;
using powershare::test::signed_by;

namespace {

/// Four members at the begin of `epoch`, with logs that say so.
Group group_in_epoch(std::uint64_t epoch) {
  Group group(4);
  auto& committee = group.config.committee;
  committee.epoch = epoch;
  committee.start = {epoch * 8, epoch * 8, crypto::sha256(as_bytes("head"))};
  if (epoch == 0) committee.start = {};
  group.committee = committee;
  for (std::uint32_t index = 0; index < 4; ++index) {
    group.members[index]->executed = committee.begin();
    group.start(index);
  }
  group.run();
  return group;
}

Received proposal(const Group& group, std::string_view request) {
  const auto batch = Batch::make(UtcMillis{1'600'000'000'000 + group.now}, {as_bytes(request)});
  const Vote vote{0, group.committee.begin().sequence + 1, batch->digest()};
  auto body = Encoder().raw(vote.encode()).raw(batch->encoded()).data();
  const auto signature = signed_by(0, group.committee, MessageType::pre_prepare, body);
  return {0, MessageType::pre_prepare, std::move(body), signature, group.committee.epoch};
}

std::size_t votes(const test::Member& member) {
  return static_cast<std::size_t>(
      std::count_if(member.sent.begin(), member.sent.end(),
                    [](const auto& it) { return it.type == MessageType::prepare; }));
}

}  // namespace

TEST_CASE("a log whose epoch record cannot be read is lost: nothing is voted on a second time") {
  using Damage = void (*)(Bytes&);
  // Of what epoch 0 has no record, something stands there as well.
  const Damage damages[] = {[](Bytes& record) { record.resize(record.size() / 2); },
                            [](Bytes& record) { record.push_back(0); },
                            [](Bytes& record) { record.assign(100, 0xA5); }};
  for (const std::uint64_t epoch : {0u, 1u, 7u}) {
    for (const auto damage : damages) {
      CAPTURE(epoch);
      auto group = group_in_epoch(epoch);
      group.drop = [](std::uint32_t, const Received&) { return true; };
      auto& member = *group.members[1];
      group.input(1, proposal(group, "one"));
      REQUIRE(votes(member) == 1);
      const auto key = log_key(LogTag::epoch);
      REQUIRE(member.log.contains(key) == (epoch > 0));

      damage(member.log[key]);
      member.sent.clear();
      group.start(1);
      CHECK(group.status(1).recovering);
      group.input(1, proposal(group, "two"));
      CHECK(votes(member) == 0);
    }
  }
}

TEST_CASE("a log with promises of a view that it never entered is lost") {
  // As `active` says: asked for view 1 and not in it, or never asked for view 3.
  for (const auto& [view, asked] : {std::pair<View, View>{3, 0}, {1, 1}}) {
    const auto promised = view;
    CAPTURE(promised);
    auto group = group_in_epoch(0);
    group.drop = [](std::uint32_t, const Received&) { return true; };
    auto& member = *group.members[1];
    group.input(1, proposal(group, "one"));
    const Vote vote{view, 1, crypto::sha256(as_bytes("another"))};
    member.log[log_key(LogTag::accepted, 1)] =
        Encoder().raw(vote.encode()).raw(crypto::Signature{}).data();
    if (asked > 0) member.log[log_key(LogTag::view)] = Encoder().u64(asked).boolean(false).data();
    group.start(1);
    CHECK(group.status(1).recovering);
  }
}

TEST_CASE("a sound log of any epoch goes on where it was") {
  for (const std::uint64_t epoch : {0u, 1u, 7u}) {
    CAPTURE(epoch);
    auto group = group_in_epoch(epoch);
    group.drop = [](std::uint32_t, const Received&) { return true; };
    auto& member = *group.members[1];
    group.input(1, proposal(group, "one"));
    member.sent.clear();
    group.start(1);
    CHECK_FALSE(group.status(1).recovering);
    CHECK(votes(member) == 1);  // the same one again
    group.input(1, proposal(group, "two"));
    CHECK(votes(member) == 1);
  }
}

TEST_CASE("a lost log binds in the epoch that IDENTITY names and not in later ones") {
  auto group = group_in_epoch(2);
  const auto recovering_with = [&](const Reservation& promised) {
    group.members[1]->log.clear();
    group.start(1, promised);
    return group.status(1).recovering;
  };
  CHECK(recovering_with({2, 0, 20}));
  CHECK_FALSE(recovering_with({1, 5, 16}));
  CHECK(recovering_with({0, 0, 0}));  // a whole disk: nobody knows
}
