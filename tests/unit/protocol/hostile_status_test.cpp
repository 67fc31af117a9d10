#include <doctest/doctest.h>

#include "protocol/pbft/status_message.hpp"
#include "tests/unit/protocol/test_committee.hpp"

namespace powershare::test {
namespace {

using pbft::MessageType;

/// Null batches that the primary proposes while member 3 says again and again that it recovers.
std::size_t filled(Group& group, std::int64_t minutes) {
  const auto before = group.members[1]->decisions.size();
  for (std::int64_t second = 0; second < 60 * minutes; ++second) {
    pbft::StatusMessage lie;
    lie.view_active = true;
    lie.delivered = lie.executed = lie.stable = group.status(0).stable_checkpoint;
    lie.clock = group.clock().wall_clock;
    lie.recovering_to = lie.stable + 4 * group.config.options.window;
    group.input(0, pbft::Received{3, MessageType::status, lie.encode(), {}});
    group.run();
    group.now += 1'000;
    for (std::uint32_t member = 0; member < 4; ++member) group.input(member, group.clock());
    group.run();
  }
  return group.members[1]->decisions.size() - before;
}

}  // namespace

TEST_CASE("a member that says for ever that it recovers keeps the chain busy a few times only") {
  auto options = Group::quick();
  options.reservation_step = 8;
  Group group(4, options);
  group.pass(100);
  const std::size_t one = 4 * options.window + options.reservation_step;
  const auto first = filled(group, 10);
  CHECK(first >= options.window);  // an honest wish would be granted
  CHECK(first <= 6 * one);
  CHECK(filled(group, 10) <= 2 * one);
}

}  // namespace powershare::test
