// Regressions of other systems' bugs: the end of an epoch (rows of tests/README.md).
#include <doctest/doctest.h>

#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;
using powershare::test::Group;

namespace {

/// A group whose ledgers say, from the execution of one sequence on, that the epoch ends.
struct EndingGroup : Group {
  explicit EndingGroup(Sequence change) : Group(4), change_at(change), told(4), positions(4) {
    execute = false;
    for (auto& position : positions) position.head = committee.genesis;
    EpochEnd value;
    const auto interval = config.options.checkpoint_interval;
    value.last_sequence = (change + config.options.window + interval - 1) / interval * interval;
    value.next_members = committee.members;
    value.next_feature_level = 2;
    end = std::make_shared<const EpochEnd>(value);
  }

  /// Executes what is decided, and delivers what follows from it, until nothing is left.
  void settle() {
    for (bool more = true; more;) {
      more = false;
      run();
      for (std::uint32_t index = 0; index < 4; ++index) {
        auto& decisions = members[index]->decisions;
        while (!cut[index] && told[index] < decisions.size()) {
          const auto decision = decisions[told[index]++];
          auto& position = positions[index];
          position.sequence = decision.sequence;
          if (!decision.batch->requests().empty()) {
            ++position.height;
            position.head =
                crypto::sha256(Encoder().raw(position.head).raw(decision.batch->digest()).data());
          }
          const bool ending = decision.epoch == 0 && decision.sequence >= change_at;
          input(index, Executed{position, ending ? end : nullptr});
          more = true;
        }
      }
    }
  }

  void pass_and_settle(std::int64_t span_ms) {
    for (const auto until = now + span_ms; now < until;) {
      now += 10;
      for (std::uint32_t index = 0; index < 4; ++index) {
        if (!cut[index]) input(index, clock());
      }
      settle();
    }
  }

  Sequence change_at;
  EpochEndPointer end;
  std::vector<std::size_t> told;
  std::vector<Position> positions;
};

}  // namespace

TEST_CASE("§6.9 the null batches up to the end of an epoch are proposed beyond the window, too") {
  EndingGroup group(6);
  for (int i = 0; i < 6; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.settle();
  }
  // When the change was executed the window reached to 12, and the epoch ends at 16.
  REQUIRE(group.end->last_sequence == 16);
  group.pass_and_settle(5'000);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CAPTURE(member);
    CHECK(group.status(member).epoch == 1);
    CHECK(group.positions[member].sequence == 16);
  }
  group.submit(3, "in the new epoch");
  group.pass_and_settle(500);
  for (const auto& member : group.members) {
    CHECK(as_text(member->decisions.back().batch->requests().at(0)) == "in the new epoch");
    CHECK(member->decisions.back().epoch == 1);
  }
}

TEST_CASE("§6.9 a primary that dies while it fills does not keep the epoch from ending") {
  EndingGroup group(6);
  group.drop = [](std::uint32_t, const Received& message) {
    return message.type == MessageType::pre_prepare && message.sender == 0 &&
           Vote::decode(ByteView(message.body).first(Vote::encoded_bytes))->sequence > 7;
  };
  for (int i = 0; i < 6; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.settle();
  }
  group.cut[0] = true;
  group.pass_and_settle(10'000);
  for (std::uint32_t member = 1; member < 4; ++member) {
    CAPTURE(member);
    CHECK(group.status(member).epoch == 1);
    CHECK(group.positions[member].sequence == 16);
  }
}
