// A member that is behind the others: after a crash, for want of messages, with requests that the
// primary does not order.
#include <doctest/doctest.h>

#include "protocol/pbft/log_records.hpp"
#include "protocol/pbft/request.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;
using powershare::test::Group;

TEST_CASE("a member that died between its ledger and its log still votes for the checkpoint") {
  Group group(4);
  group.cut[3] = true;  // all others are needed
  group.drop = [](std::uint32_t, const Received& message) {
    return message.type == MessageType::checkpoint;
  };
  for (int i = 0; i < 4; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  auto& member = *group.members[2];
  REQUIRE(member.executed.sequence == 4);
  REQUIRE(group.status(2).stable_checkpoint == 0);
  member.log.erase(log_key(LogTag::checkpoint, 4));
  group.start(2);
  group.drop = {};
  group.pass(2'000);
  for (std::uint32_t index = 0; index < 3; ++index) {
    CHECK(group.status(index).stable_checkpoint == 4);
  }
}

TEST_CASE("requests are told to everybody in groups that a batch could hold") {
  auto options = Group::quick();
  options.batch.max_requests = 8;
  Group group(4, options);
  // The primary hears nobody's requests.
  group.drop = [](std::uint32_t to, const Received& message) {
    return to == 0 && message.type == MessageType::request;
  };
  for (int i = 0; i < 20; ++i) group.submit(1, "request " + std::to_string(i));
  group.pass(options.request_timeout_ms / 2);
  std::size_t told = 0;
  for (const auto& message : group.members[1]->sent) {
    if (message.type != MessageType::request || message.recipient) continue;
    const auto requests = decode_requests(message.body, options.batch);
    REQUIRE(requests.ok());  // as every receiver checks
    told += requests->size();
  }
  CHECK(told >= 20);
}

TEST_CASE("a member that lags behind f + 1 others does not blame the primary") {
  Group group(4);
  for (int i = 0; i < 2; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  // Member 3 sends, and hears of the others nothing but how far they are.
  group.drop = [](std::uint32_t to, const Received& message) {
    return to == 3 && message.type != MessageType::status;
  };
  group.submit(3, "a request of its own");
  for (int i = 2; i < 40; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.pass(group.config.options.request_timeout_ms / 10);
  }
  CHECK(group.status(0).executed.height > 30);
  CHECK(group.status(3).executed.height == 2);
  CHECK(group.status(3).view == 0);
  CHECK(group.status(3).view_active);
  // Without them it would have to.
  Group alone(4);
  alone.drop = [](std::uint32_t to, const Received&) { return to == 3; };
  alone.submit(3, "a request of its own");
  alone.pass(3 * alone.config.options.request_timeout_ms);
  CHECK(alone.status(3).view > 0);
}
