// Regressions of other systems' bugs: catching up, restarts, lost disks (rows of tests/README.md).
#include <doctest/doctest.h>

#include "protocol/catch_up_messages.hpp"
#include "protocol/pbft/status_message.hpp"
#include "tests/sim/regressions/scenario.hpp"

using namespace powershare;
using namespace powershare::sim;
using Type = pbft::MessageType;

namespace {

constexpr std::int64_t progress_ms = 10'000;

void check_progress(Scenario& chain, std::uint32_t peer, std::int64_t most_ms = progress_ms) {
  const auto id = chain.submit(peer);
  CHECK(chain.run_until([&] { return chain.all_have(id); }, most_ms));
  CHECK(chain.times_in_chain(id) == 1);
  CHECK(chain.violation() == "");
}

/// Peer 3 comes back so far behind that the others' logs do not reach back to it.
void leave_behind(Scenario& chain, std::uint32_t blocks = 60) {
  chain.isolate(3);
  chain.submit_each(1, blocks);
}

}  // namespace

TEST_CASE("§6.4 a liar about its view and height does not lead a member astray that catches up") {
  Scenario chain({.liars = {1}});
  chain.lie = [](auto, auto, pbft::Outgoing& message) {
    if (message.type != Type::status) return true;
    auto status = *pbft::StatusMessage::decode(message.body, 1'000);
    status.view = 1'000'003;  // one that the liar would not lead, either
    status.view_active = true;
    status.executed = status.delivered = 1'000'000;
    status.height = 1'000'000;
    status.stable = 999'992;
    status.slots.clear();
    message.body = status.encode();
    return true;
  };
  leave_behind(chain);
  chain.hand_over(0);  // the members' real view is another than the one that 3 knows
  chain.submit_each(2, 3);
  chain.heal();
  CHECK(chain.run_until(
      [&] {
        return chain.status(3).view_active && chain.status(3).view == chain.status(0).view &&
               chain.height(3) == chain.height(0);
      },
      progress_ms));
  CHECK(chain.status(3).view < 10);
  CHECK(chain.peer(3).transfers() >= 1);
  check_progress(chain, 3);
}

TEST_CASE("§6.9 state transfer ends with the primary down") {
  Scenario chain;
  leave_behind(chain);
  chain.crash(0);
  chain.heal();  // 3 is needed for every quorum now
  check_progress(chain, 2, 15'000);
  CHECK(chain.peer(3).transfers() >= 1);
  CHECK(chain.height(3) == chain.height(1));
}

TEST_CASE("§6.9 state transfer under load loses no race against consensus, however often") {
  Scenario chain;
  for (std::uint32_t round = 0; round < 10; ++round) {
    CAPTURE(round);
    leave_behind(chain, 30);
    chain.heal();
    crypto::Digest last{};
    for (std::uint32_t i = 0; i < 30; ++i) {
      last = chain.submit(i % 3);
      chain.run(20);
    }
    CHECK(chain.run_until([&] { return chain.all_have(last); }, progress_ms));
    CHECK(chain.run_until([&] { return chain.settled(); }, progress_ms));
  }
  CHECK(chain.peer(3).transfers() >= 5);
  check_progress(chain, 3);
}

TEST_CASE("§6.10 a lagging member that proposes an old request does not have it executed twice") {
  Scenario chain;
  const auto bytes = chain.transaction();
  chain.isolate(1);
  const auto id = chain.submit(1, bytes);  // waits there
  chain.submit(2, bytes);
  REQUIRE(chain.run_until([&] { return chain.has(0, id) && chain.has(3, id); }, progress_ms));
  // 1 leads the next view and has not seen the request ordered.
  chain.heal();
  chain.hand_over(0);
  CHECK(chain.run_until([&] { return chain.all_have(id) && chain.settled(); }, 20'000));
  chain.submit(1, bytes);
  chain.submit(0, bytes);
  check_progress(chain, 1);
  CHECK(chain.times_in_chain(id) == 1);
}

TEST_CASE("§6.10 what was executed by way of another member waits nowhere and blames nobody") {
  Scenario chain;
  // 3 has a request in its queue that the others order without it, and gets it by state transfer.
  const auto bytes = chain.transaction();
  chain.isolate(3);
  chain.submit(3, bytes);
  const auto id = chain.submit(2, bytes);
  chain.submit_each(2, 60);
  chain.heal();
  REQUIRE(chain.run_until([&] { return chain.all_have(id) && chain.settled(); }, 30'000));
  CHECK(chain.status(3).mempool_requests == 0);
  const auto view_changes = chain.view_changes();
  chain.run(millis_per_minute);
  CHECK(chain.view_changes() == view_changes);
  check_progress(chain, 3);
}

TEST_CASE("§6.11 state transfer and a view change that race deliver no block twice") {
  for (std::int64_t after_ms = 0; after_ms <= 400; after_ms += 40) {
    CAPTURE(after_ms);
    Scenario chain;
    leave_behind(chain);
    chain.fate = [](auto, auto, const wire::Envelope& it) -> std::optional<std::int64_t> {
      return it.type == Type::blocks ? 60 : 0;
    };
    chain.heal();
    REQUIRE(chain.run_until([&] { return chain.sent(3, Type::fetch_blocks) > 0; }, progress_ms));
    chain.run(after_ms);
    const auto id = chain.submit(1);
    chain.crash(0);
    CHECK(chain.run_until([&] { return chain.all_have(id); }, 15'000));
    chain.start(0);
    check_progress(chain, 3);
    CHECK(chain.run_until([&] { return chain.settled(); }, 60'000));
  }
}

TEST_CASE("§6.12 a member that complains alone for an hour stops nobody and comes back") {
  Scenario chain;
  // 3 hears everything but the primary's proposals and decisions: it leaves the view alone.
  chain.isolate(3);
  chain.submit(3);
  for (int minute = 0; minute < 60; ++minute) {
    chain.submit_each(1, 1);
    chain.run(millis_per_minute);
  }
  CHECK(!chain.status(3).view_active);
  CHECK(chain.highest_view() <= 1);
  CHECK(chain.status(0).view == 0);
  chain.heal();
  CHECK(chain.run_until([&] { return chain.settled(); }, 30'000));
  check_progress(chain, 3);
}

TEST_CASE("§6.18 a member that catches up during a view change enters the new view") {
  Scenario chain;
  leave_behind(chain);
  // The view change among the others waits for 3: 0 is gone, and 3 must catch up first.
  chain.crash(0);
  const auto id = chain.submit(1);
  REQUIRE(chain.run_until([&] { return !chain.status(1).view_active; }, progress_ms));
  chain.heal();
  CHECK(chain.run_until([&] { return chain.all_have(id) && chain.settled(); }, 15'000));
  CHECK(chain.status(3).view_active);
  CHECK(chain.status(3).view >= 1);
  check_progress(chain, 3);
}

TEST_CASE("§6.19 a member with an empty disk comes back and votes, and contradicts nobody") {
  Scenario chain;
  chain.submit_each(1, 20);
  for (const std::uint32_t wiped : {2u, 0u}) {
    CAPTURE(wiped);
    chain.crash(wiped);
    chain.wipe(wiped);
    chain.submit_each(1, 2);
    chain.start(wiped);
    check_progress(chain, 1, 20'000);
    CHECK(chain.run_until([&] { return !chain.status(wiped).recovering; }, 60'000));
  }
  chain.crash(1);  // both are needed now
  check_progress(chain, 2);
}

TEST_CASE("§6.19 two members of seven with empty disks come back and vote") {
  Scenario chain({.peers = 7});
  chain.submit_each(1, 20);
  for (const std::uint32_t wiped : {5u, 6u}) {
    chain.crash(wiped);
    chain.wipe(wiped);
  }
  chain.submit_each(1, 2);
  chain.start(5);
  chain.start(6);
  check_progress(chain, 1, 20'000);
  CHECK(chain.run_until([&] { return !chain.status(5).recovering && !chain.status(6).recovering; },
                        60'000));
  chain.crash(0);
  chain.crash(3);
  check_progress(chain, 5);
}

TEST_CASE("§6.19 a member without its log votes for nothing before it has recovered") {
  Scenario chain;
  chain.submit_each(1, 5);
  chain.crash(3);
  chain.lose_log(3);
  chain.crash(2);  // 0, 1 and the voiceless 3 are no quorum
  const auto prepares = chain.sent(3, Type::prepare);
  const auto commits = chain.sent(3, Type::commit);
  chain.start(3);
  const auto id = chain.submit(0);
  chain.run(5'000);
  CHECK(!chain.has(0, id));
  CHECK(chain.sent(3, Type::prepare) == prepares);
  CHECK(chain.sent(3, Type::commit) == commits);
  chain.start(2);
  CHECK(chain.run_until([&] { return chain.all_have(id); }, 20'000));
  CHECK(chain.run_until([&] { return !chain.status(3).recovering; }, 60'000));
  check_progress(chain, 3);
}

TEST_CASE("§6.20 a source of wrong blocks is left for another one") {
  Scenario chain({.liars = {1}});
  std::uint64_t lies = 0;
  chain.lie = [&](auto, auto, pbft::Outgoing& message) {
    if (message.type != Type::blocks) return true;
    auto blocks = protocol::decode_blocks(message.body, chain.chain().catch_up);
    if (!blocks || blocks->blocks.empty()) return true;
    // A chain of its own, formally perfect behind the first header.
    blocks->blocks[0].header.state_root[0] ^= 1;
    for (std::size_t i = 1; i < blocks->blocks.size(); ++i) {
      blocks->blocks[i].header.previous = blocks->blocks[i - 1].header.hash();
    }
    message.body = protocol::encode_blocks(*blocks);
    ++lies;
    return true;
  };
  leave_behind(chain);
  chain.crash(2);  // of 0 and the liar it must find the right one
  chain.heal();
  check_progress(chain, 0, 20'000);
  CHECK(chain.height(3) == chain.height(0));
  CHECK(lies + chain.sent(0, Type::blocks) >= 1);
}

TEST_CASE("§6.21 blocks certified by one key many times are not installed") {
  Scenario chain({.liars = {1}});
  std::uint64_t lies = 0;
  chain.lie = [&](auto, auto, pbft::Outgoing& message) {
    if (message.type != Type::blocks) return true;
    auto blocks = protocol::decode_blocks(message.body, chain.chain().catch_up);
    if (!blocks || blocks->blocks.empty()) return true;
    // Other requests in the last block, "ordered" and "certified" by the liar's key alone.
    auto& block = blocks->blocks.back();
    const auto batch = pbft::Batch::make(block.header.time, {as_bytes("nothing of anybody")});
    block.batch = to_bytes(batch->encoded());
    const auto vote = pbft::Vote{0, block.header.sequence, batch->digest()}.encode();
    block.ordering.view = 0;
    block.ordering.commits = chain.forged(1, Type::commit, vote, {1, 1, 1});
    block.header.state_root[0] ^= 1;
    blocks->further_headers.clear();
    const auto statement = ledger::block_statement(chain.chain().genesis_hash, 0,
                                                   block.header.height, block.header.hash());
    crypto::QuorumCertificate certificate;
    for (int i = 0; i < 3; ++i) {
      certificate.endorsements.push_back({1, chain.chain().keys.sign(1, statement)});
    }
    blocks->certificate = certificate;
    message.body = protocol::encode_blocks(*blocks);
    ++lies;
    return true;
  };
  for (int round = 0; round < 3; ++round) {  // so that the liar is asked at least once
    leave_behind(chain, 40);
    chain.heal();
    check_progress(chain, 0, 20'000);
  }
  CHECK(lies >= 1);
  CHECK(chain.height(3) == chain.height(0));
}

TEST_CASE("§6.21 a member left in an old view during the transfer follows into the present one") {
  Scenario chain;
  leave_behind(chain, 20);
  chain.hand_over(0);
  chain.submit_each(2, 20);
  chain.hand_over(1);
  chain.submit_each(3 - 1, 20);
  chain.heal();
  CHECK(chain.run_until([&] { return chain.status(3).view == chain.status(0).view; }, progress_ms));
  check_progress(chain, 3);
  CHECK(chain.status(3).view_active);
}

TEST_CASE("§6.23 a log torn in a crash is noticed, and nothing that was promised is contradicted") {
  std::uint64_t replaced = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    ScenarioOptions options;
    options.seed = seed;
    Scenario chain(options);
    chain.submit_each(1, 3);
    const auto victim = static_cast<std::uint32_t>(seed % 4);
    chain.peer(victim).shell().arm(PersistencePoint::log_written, 1);
    const auto id = chain.submit((victim + 1) % 4);
    chain.run_until([&] { return !chain.peer(victim).up(); }, 5'000);
    REQUIRE(!chain.peer(victim).up());
    chain.start(victim);
    CHECK(chain.run_until([&] { return chain.all_have(id); }, 20'000));
    CHECK(chain.run_until([&] { return !chain.status(victim).recovering; }, 60'000));
    check_progress(chain, victim);
    replaced += chain.peer(victim).logs_replaced();
  }
  CHECK(replaced >= 3);  // some crashes have torn the log, the others lost or kept it whole
}
