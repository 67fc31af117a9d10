#include <doctest/doctest.h>

#include <algorithm>

#include "ledger/header.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/error.hpp"
#include "protocol/pbft/log_records.hpp"
#include "protocol/pbft/new_view.hpp"
#include "protocol/pbft/replica_core.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::pbft;
using powershare::test::Group;
using powershare::test::signed_by;

namespace {

std::size_t sent(const Group& group, std::uint32_t member, MessageType type) {
  const auto& messages = group.members[member]->sent;
  return static_cast<std::size_t>(std::count_if(messages.begin(), messages.end(),
                                                [&](const auto& it) { return it.type == type; }));
}

Received pre_prepare(const Group& group, MemberIndex primary, View view, Sequence sequence,
                     const BatchPointer& batch) {
  const auto head = Vote{view, sequence, batch->digest()}.encode();
  auto body = Encoder().raw(head).raw(batch->encoded()).data();
  const auto signature = signed_by(primary, group.committee, MessageType::pre_prepare, body);
  return {primary, MessageType::pre_prepare, std::move(body), signature};
}

/// Nobody fills the chain up with null batches for member 3, so that it goes on recovering.
bool recovers_unheard(std::uint32_t, const Received& it) {
  return it.sender == 3 && it.type == MessageType::status;
}

BatchPointer batch_of(const Group& group, std::string_view request) {
  return Batch::make(UtcMillis{1'600'000'000'000 + group.now}, {as_bytes(request)});
}

}  // namespace

TEST_CASE("a request submitted anywhere is executed once by all, with a block certificate") {
  for (const std::uint32_t n : {4u, 5u, 6u, 7u, 10u}) {
    CAPTURE(n);
    Group group(n);
    group.submit(n - 1, "pay the neighbour");
    group.run();
    group.pass(Core::block_vote_delay_ms);
    for (const auto& member : group.members) {
      REQUIRE(member->decisions.size() == 1);
      const auto& decision = member->decisions[0];
      CHECK(as_text(decision.batch->requests().at(0)) == "pay the neighbour");
      CHECK(verify(decision.certificate, 1, decision.batch->digest(), group.committee,
                   member->signatory));
      REQUIRE(member->certificates.size() == 1);
      const auto statement =
          ledger::block_statement(group.committee.genesis, 0, 1, member->executed.head);
      CHECK(crypto::verify_certificate(member->certificates[0].certificate, statement,
                                       group.committee.members));
    }
    group.submit(0, "pay the neighbour");
    group.run();
    CHECK(group.members[0]->decisions.size() == 1);
    CHECK(group.members[0]->refused.size() == 1);
  }
}

TEST_CASE("f silent members stop nobody, one more stops everything") {
  for (const std::uint32_t n : {4u, 5u, 6u, 7u, 10u}) {
    CAPTURE(n);
    Group group(n);
    const auto quorum = crypto::quorum(n);
    for (std::uint32_t i = 0; i < n - quorum; ++i) group.cut[n - 1 - i] = true;
    group.submit(0, "first");
    group.run();
    CHECK(group.members[0]->decisions.size() == 1);
    group.cut[quorum - 1] = true;
    group.submit(0, "second");
    group.run();
    CHECK(group.members[0]->decisions.size() == 1);
  }
}

TEST_CASE("an idle chain is silent but for STATUS") {
  Group group(4);
  for (auto& member : group.members) member->sent.clear();
  group.pass(10'000);
  for (const auto& member : group.members) {
    CHECK(member->sent.size() <= 11);
    CHECK(std::all_of(member->sent.begin(), member->sent.end(),
                      [](const auto& it) { return it.type == MessageType::status; }));
  }
}

TEST_CASE(
    "a due slot makes the primary propose an empty batch, and a primary that does not is "
    "replaced") {
  Group group(4);
  group.input(0, group.clock(true));
  group.run();
  REQUIRE(group.members[1]->decisions.size() == 1);
  CHECK(group.members[1]->decisions[0].batch->requests().empty());
  CHECK(!group.members[1]->decisions[0].batch->is_null());
  group.cut[0] = true;
  for (int i = 0; i < 250; ++i) {
    group.now += 10;
    for (std::uint32_t member = 1; member < 4; ++member) group.input(member, group.clock(true));
    group.run();
  }
  CHECK(group.status(1).view >= 1);
  CHECK(group.status(1).view_active);
  CHECK(group.members[2]->decisions.size() >= 2);
}

TEST_CASE("a slot that has long been due leaves each new primary its time") {
  Group group(4);
  group.nothing_to_follow = true;
  const auto pass_with_work = [&](std::int64_t span_ms) {
    for (const auto end = group.now + span_ms; group.now < end;) {
      group.now += 10;
      for (std::uint32_t member = 0; member < 4; ++member) group.input(member, group.clock(true));
      group.run();
    }
  };
  group.cut[0] = group.cut[1] = true;  // no quorum, longer than any back-off
  pass_with_work(2 * group.config.options.view_change_backoff_max_ms);
  group.cut[0] = group.cut[1] = false;
  // The primaries to come are slow to propose: no member may leave a view as soon as it is in it.
  const auto slow_until = group.now + 10'000;
  group.drop = [&](std::uint32_t, const Received& message) {
    return message.type == MessageType::pre_prepare && group.now < slow_until;
  };
  const auto view_before = std::max(group.status(2).view, group.status(3).view);
  const auto decided_before = group.members[3]->decisions.size();
  pass_with_work(2 * group.config.options.view_change_backoff_max_ms);
  CHECK(group.members[3]->decisions.size() > decided_before);
  CHECK(group.status(3).view <= view_before + 2);
}

TEST_CASE("a dead primary is replaced within the time-out and a second") {
  Group group(4);
  group.submit(1, "before");
  group.run();
  group.cut[0] = true;
  group.submit(2, "after");
  const auto start = group.now;
  while (group.members[3]->decisions.size() < 2 && group.now < start + 10'000) group.pass(10);
  CHECK(group.now - start <= group.config.options.request_timeout_ms + 1'000);
  CHECK(as_text(group.members[3]->decisions.back().batch->requests().at(0)) == "after");
}

TEST_CASE("what is prepared at one member survives the view change") {
  Group group(4);
  // Nobody hears a COMMIT, and only member 2 hears PREPAREs.
  group.drop = [](std::uint32_t to, const Received& message) {
    return message.type == MessageType::commit || message.type == MessageType::fetched_entry ||
           (message.type == MessageType::prepare && to != 2);
  };
  group.submit(0, "promised");
  group.run();
  CHECK(sent(group, 2, MessageType::commit) == 1);
  CHECK(sent(group, 1, MessageType::commit) == 0);
  const auto digest =
      Vote::decode(
          ByteView(std::find_if(group.members[2]->sent.begin(), group.members[2]->sent.end(),
                                [](const auto& it) { return it.type == MessageType::commit; })
                       ->body))
          ->digest;
  // From now on everything of view 0 is lost, and so is its primary.
  group.drop = [](std::uint32_t, const Received& message) {
    const bool vote = message.type == MessageType::prepare || message.type == MessageType::commit;
    return message.type == MessageType::fetched_entry ||
           (vote && Vote::decode(message.body)->view == 0);
  };
  group.cut[0] = true;
  group.pass(4'000);
  REQUIRE(group.members[1]->decisions.size() >= 1);
  CHECK(group.members[1]->decisions[0].sequence == 1);
  CHECK(group.members[1]->decisions[0].batch->digest() == digest);
  CHECK(group.status(3).view == 1);
}

TEST_CASE("two PRE-PREPAREs for one sequence are kept as evidence and cost the primary its view") {
  Group group(4);
  const auto first = pre_prepare(group, 0, 0, 1, batch_of(group, "to one"));
  const auto second = pre_prepare(group, 0, 0, 1, batch_of(group, "to the other"));
  group.input(1, first);
  group.input(1, second);
  REQUIRE(group.members[1]->evidence.size() == 1);
  const auto& evidence = group.members[1]->evidence[0];
  CHECK(evidence.member == 0);
  CHECK(evidence.first.digest != evidence.second.digest);
  CHECK(
      crypto::verify(group.committee.members[0],
                     group.committee.statement(MessageType::pre_prepare, evidence.second.encode()),
                     evidence.second_signature));
  CHECK(sent(group, 1, MessageType::prepare) == 1);
  CHECK(group.status(1).view == 1);
}

TEST_CASE("backups refuse batches outside the window, of another digest, time or content") {
  Group group(4);
  const auto good = batch_of(group, "good");
  const auto refuse = [&](Received message, const char* reason) {
    group.input(1, std::move(message));
    CHECK(sent(group, 1, MessageType::prepare) == 0);
    CHECK(group.status(1).rejects[reason] >= 1);
  };
  refuse(pre_prepare(group, 0, 0, 9, good), "out_of_window");
  refuse(pre_prepare(group, 0, 0, std::uint64_t{1} << 63, good), "out_of_window");
  refuse(pre_prepare(group, 2, 0, 1, good), "wrong_view");
  refuse(pre_prepare(group, 0, 4, 1, good), "wrong_view");
  auto other = pre_prepare(group, 0, 0, 1, good);
  other.body.back() ^= 1;
  refuse(other, "invalid_batch");
  const auto late = Batch::make(UtcMillis{1'600'000'000'000 + group.now - 10'001}, {as_bytes("x")});
  refuse(pre_prepare(group, 0, 0, 1, late), "invalid_batch");
  const auto twice =
      Batch::make(UtcMillis{1'600'000'000'000 + group.now}, {as_bytes("same"), as_bytes("same")});
  refuse(pre_prepare(group, 0, 0, 1, twice), "invalid_batch");
  refuse(pre_prepare(group, 0, 0, 1, batch_of(group, std::string(2'000, 'x'))), "invalid_batch");
  group.input(1, pre_prepare(group, 0, 0, 1, good));
  CHECK(sent(group, 1, MessageType::prepare) == 1);
}

TEST_CASE("a vote counts for the key that verified, once, and never for two digests") {
  Group group(4);
  const auto batch = batch_of(group, "good");
  group.drop = [](std::uint32_t, const Received&) { return true; };
  group.input(1, pre_prepare(group, 0, 0, 1, batch));
  const auto vote = Vote{0, 1, batch->digest()}.encode();
  const auto prepare = [&](MemberIndex member, const Bytes& body) {
    group.input(1, Received{member, MessageType::prepare, body,
                            signed_by(member, group.committee, MessageType::prepare, body)});
  };
  prepare(0, vote);  // the primary's own PREPARE is none
  CHECK(sent(group, 1, MessageType::commit) == 0);
  auto other = Vote{0, 1, batch->digest()};
  other.digest[5] ^= 1;
  prepare(2, other.encode());
  prepare(2, vote);
  CHECK(sent(group, 1, MessageType::commit) == 0);
  CHECK(group.members[1]->evidence.size() == 1);
  prepare(3, vote);
  CHECK(sent(group, 1, MessageType::commit) == 1);
}

TEST_CASE("after a restart the same votes are sent again, byte for byte, and no others") {
  Group group(4);
  group.drop = [](std::uint32_t, const Received&) { return true; };
  const auto batch = batch_of(group, "good");
  group.input(1, pre_prepare(group, 0, 0, 1, batch));
  auto& member = *group.members[1];
  const auto prepare = *std::find_if(member.sent.begin(), member.sent.end(), [](const auto& it) {
    return it.type == MessageType::prepare;
  });
  member.sent.clear();
  group.start(1);
  const auto again = std::find_if(member.sent.begin(), member.sent.end(),
                                  [](const auto& it) { return it.type == MessageType::prepare; });
  REQUIRE(again != member.sent.end());
  CHECK(again->body == prepare.body);
  CHECK(again->signature == prepare.signature);
  group.input(1, pre_prepare(group, 0, 0, 1, batch_of(group, "another")));
  CHECK(sent(group, 1, MessageType::prepare) == 1);
  CHECK(group.status(1).equivocations == 1);
}

TEST_CASE("a view once asked for is remembered across a restart") {
  Group group(4);
  group.cut = {false, false, true, true};
  group.submit(1, "nobody orders this");
  group.pass(2'600);
  CHECK(group.status(1).view == 1);
  CHECK(!group.status(1).view_active);
  group.start(1);
  CHECK(group.status(1).view == 1);
  CHECK(!group.status(1).view_active);
  const auto before = sent(group, 1, MessageType::prepare);
  group.input(1, pre_prepare(group, 0, 0, 1, batch_of(group, "of the old view")));
  CHECK(sent(group, 1, MessageType::prepare) == before);
}

TEST_CASE("blocks are certified in groups under load, and the newest once the chain rests") {
  Group group(4);
  const auto interval = Core::block_vote_interval;
  for (std::uint32_t i = 0; i < 2 * interval + 3; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(sent(group, member, MessageType::block_vote) == 2);
    CHECK(group.members[member]->certificates.size() == 2);
    CHECK(group.status(member).certified_height == 2 * interval);
  }
  group.pass(Core::block_vote_delay_ms);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(sent(group, member, MessageType::block_vote) == 3);
    CHECK(group.status(member).certified_height == 2 * interval + 3);
  }
}

TEST_CASE("BLOCK votes that are lost are repaired by STATUS") {
  Group group(4);
  group.drop = [](std::uint32_t, const Received& message) {
    return message.type == MessageType::block_vote;
  };
  for (int i = 0; i < 20; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  group.pass(50);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(group.status(member).certified_height == 0);
  }
  group.drop = nullptr;
  group.pass(1'000);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(group.status(member).certified_height == 20);
  }
}

TEST_CASE("checkpoints move the window and cut the log") {
  Group group(4);
  for (int i = 0; i < 20; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  group.pass(Core::block_vote_delay_ms);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(group.members[member]->decisions.size() == 20);
    CHECK(group.status(member).stable_checkpoint == 20);
    CHECK(group.status(member).certified_height == 20);
    const auto& log = group.members[member]->log;
    CHECK(std::none_of(log.begin(), log.end(), [](const auto& it) {
      return it.first.front() == static_cast<std::uint8_t>(LogTag::batch);
    }));
  }
}

TEST_CASE("the log is never cut above what the ledger has executed") {
  Group group(4);
  group.execute = false;
  for (int i = 0; i < 3; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  auto& member = *group.members[2];
  REQUIRE(member.decisions.size() == 3);
  member.decisions.clear();
  member.executed = {};
  member.executed.head = group.committee.genesis;
  group.execute = true;
  group.start(2);
  group.pass(1'000);  // the last one's COMMITs are gathered again, where the log holds none
  CHECK(member.decisions.size() == 3);  // delivered again to a ledger that lacks them
}

TEST_CASE("a state that differs from the certified one puts its peer into quarantine") {
  Group group(4);
  group.members[3]->executed.head[0] ^= 1;  // as after a bit flip in its state
  group.submit(0, "request");
  group.run();
  group.pass(Core::block_vote_delay_ms);
  CHECK(group.status(3).quarantined);
  CHECK(!group.status(0).quarantined);
  group.submit(0, "another");
  group.run();
  CHECK(group.members[0]->decisions.size() == 2);
}

TEST_CASE("f members with huge views move nobody, f + 1 move everybody to the smaller one") {
  Group group(4);
  const auto ask = [&](MemberIndex member, View view) {
    ViewChange message;
    message.view = view;
    message.stable.position.head = group.committee.genesis;
    auto body = message.encode();
    const auto signature = signed_by(member, group.committee, MessageType::view_change, body);
    group.input(1, Received{member, MessageType::view_change, std::move(body), signature});
  };
  ask(3, std::uint64_t{1} << 62);
  CHECK(group.status(1).view == 0);
  ask(2, 6);
  CHECK(group.status(1).view == 6);
}

TEST_CASE("a NEW-VIEW with another O, with too few VIEW-CHANGEs or of another primary is refused") {
  Group group(4);
  group.cut[0] = true;
  NewView taken;
  group.drop = [&](std::uint32_t, const Received& message) {
    if (message.type != MessageType::new_view) return false;
    taken = *NewView::decode(message.body, 8);
    return true;
  };
  group.submit(1, "request");
  group.pass(2'500);
  REQUIRE(taken.view == 1);
  const auto offer = [&](const NewView& message, MemberIndex from) {
    auto body = message.encode();
    const auto signature = signed_by(from, group.committee, MessageType::new_view, body);
    group.input(2, Received{from, MessageType::new_view, std::move(body), signature});
    return group.status(2).view == 1 && group.status(2).view_active;
  };
  auto more = taken;
  more.digests.push_back(crypto::sha256(as_bytes("invented")));
  more.pre_prepares.push_back(signed_by(1, group.committee, MessageType::pre_prepare,
                                        Vote{1, 1, more.digests.back()}.encode()));
  CHECK(!offer(more, 1));
  auto fewer = taken;
  fewer.view_changes.pop_back();
  CHECK(!offer(fewer, 1));
  auto forged = taken;
  forged.view_changes[0].signature[3] ^= 1;
  CHECK(!offer(forged, 1));
  CHECK(!offer(taken, 3));
  CHECK(offer(taken, 1));
}

TEST_CASE("the primary hands over at shutdown without any time-out") {
  Group group(4);
  group.input(0, HandOver{});
  group.run();
  for (std::uint32_t member = 1; member < 4; ++member) {
    CHECK(group.status(member).view == 1);
    CHECK(group.status(member).view_active);
  }
}

TEST_CASE("a lost log means no votes up to the reservation, then votes again") {
  auto options = Group::quick();
  options.reservation_step = 10;
  Group group(4, options);
  for (int i = 0; i < 6; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  auto& member = *group.members[3];
  REQUIRE(member.identity);
  CHECK(member.identity->sequence >= 6);
  member.log.clear();
  member.sent.clear();
  group.start(3, member.identity);
  CHECK(group.status(3).recovering);
  group.submit(0, "while it is silent");
  group.run();
  CHECK(sent(group, 3, MessageType::prepare) == 0);
  group.pass(5'000);  // the primary fills with null batches
  CHECK(!group.status(3).recovering);
  CHECK(group.status(0).stable_checkpoint >= member.identity->sequence);
  member.sent.clear();
  group.submit(0, "after");
  group.run();
  CHECK(sent(group, 3, MessageType::prepare) == 1);
}

TEST_CASE(
    "a NEW-VIEW whose checkpoint ends a recovery binds nobody who must ask for a later view") {
  Group group(4);
  group.members[3]->log.clear();
  group.drop = recovers_unheard;
  group.start(3, Reservation{0, 5, 0});
  group.pass(200);  // the others have told what they know of it
  CHECK(group.status(3).recovering);
  group.cut[3] = true;
  for (int i = 0; group.status(0).stable_checkpoint < 40; ++i) {
    REQUIRE(i < 100);
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  group.drop = [](std::uint32_t, const Received& it) { return it.type == MessageType::commit; };
  group.submit(0, "prepared, not decided");
  group.run();
  const auto sequence = group.status(0).delivered + 1;
  group.input(0, HandOver{});
  group.run();
  group.drop = nullptr;
  const auto& sent_by_primary = group.members[1]->sent;
  const auto found = std::find_if(sent_by_primary.begin(), sent_by_primary.end(),
                                  [](const auto& it) { return it.type == MessageType::new_view; });
  REQUIRE(found != sent_by_primary.end());
  const auto new_view = NewView::decode(found->body, group.config.options.window);
  REQUIRE(new_view);
  REQUIRE(!new_view->digests.empty());
  group.input(3, Received{1, MessageType::new_view, found->body, found->signature});
  CHECK(!group.status(3).recovering);
  CHECK(group.status(3).view == 5);
  CHECK(!group.status(3).view_active);
  CHECK(!group.members[3]->log.contains(log_key(LogTag::accepted, sequence)));
  // Once all are there, it takes part.
  group.cut[3] = false;
  group.pass(20'000);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(group.status(member).view_active);
    CHECK(group.status(member).view >= 5);
  }
}

TEST_CASE("a recovered member joins the views that it heard of while it could not") {
  Group group(4);
  group.members[3]->log.clear();
  group.drop = recovers_unheard;
  group.start(3, Reservation{0, 0, 0});
  group.pass(200);
  group.cut[3] = true;
  for (int i = 0; group.status(0).stable_checkpoint < 40; ++i) {
    REQUIRE(i < 100);
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  ViewChange content;
  content.view = 1;
  content.stable.position.head = group.committee.genesis;
  const auto body = content.encode();
  for (const MemberIndex member : {0u, 1u}) {
    const auto signature = signed_by(member, group.committee, MessageType::view_change, body);
    group.input(3, Received{member, MessageType::view_change, body, signature});
  }
  CHECK(group.status(3).recovering);
  CHECK(group.status(3).view == 0);
  const auto& proof = group.members[0]->log.at(log_key(LogTag::stable));
  group.input(3, Received{0, MessageType::stable_proof, proof,
                          signed_by(0, group.committee, MessageType::stable_proof, proof)});
  CHECK(!group.status(3).recovering);
  CHECK(group.status(3).view == 1);
}

/// Member 3 has executed the last of its epoch, hears late that it is proven, and has asked for a
/// transfer by then.
void overtake_a_transfer(Group& group, std::vector<crypto::PublicKey> next_members) {
  group.drop = [](std::uint32_t to, const Received& message) {
    if (to != 3 || message.type != MessageType::checkpoint) {
      return to == 3 && message.type == MessageType::stable_proof;
    }
    const auto position = decode_checkpoint(message.body);
    return position.ok() && position->sequence == 16;
  };
  group.epoch_end = std::make_shared<const EpochEnd>(EpochEnd{16, std::move(next_members), 1});
  group.submit(0, "the last of its epoch");
  group.pass(500);
  group.epoch_end.reset();
  REQUIRE(group.status(0).epoch == 1);
  REQUIRE(group.status(3).epoch == 0);
  REQUIRE(group.status(3).executed.sequence == 16);
  group.pass(3'000);
  REQUIRE(std::exchange(group.members[3]->transfer, std::nullopt));
  group.drop = nullptr;
  group.pass(3'000);
  REQUIRE(group.status(3).epoch == 1);
  CHECK(group.status(3).transferring);
  CHECK(!group.members[3]->transfer);
}

TEST_CASE("a transfer that an epoch's end overtakes still has the ledger for itself") {
  Group group(4);
  overtake_a_transfer(group, group.committee.members);
  group.submit(0, "in the next epoch");
  group.pass(1'000);
  CHECK(group.members[3]->decisions.back().sequence == 16);
  group.input(3, Restored{group.members[3]->executed, {}, false, {}, {}});
  group.pass(1'000);
  CHECK(!group.status(3).transferring);
  CHECK(group.members[3]->decisions.back().sequence == 17);
}

TEST_CASE("who is no member any more begins no transfer beside one that runs") {
  Group group(5);
  auto next_members = group.committee.members;
  next_members.erase(next_members.begin() + 3);
  overtake_a_transfer(group, std::move(next_members));
  group.pass(3'000);
  CHECK(!group.members[3]->transfer);
  group.input(3, Restored{group.members[3]->executed, {}, false, {}, {}});
  group.pass(3'000);
  CHECK(group.members[3]->transfer);
}

TEST_CASE("a wiped member learns from the others that it had signed before") {
  auto options = Group::quick();
  options.confirm_at_start = true;
  Group group(4, options);
  group.pass(200);
  group.submit(0, "request");
  group.run();
  REQUIRE(group.members[2]->decisions.size() == 1);
  auto& member = *group.members[2];
  member.log.clear();
  member.executed = {};
  member.executed.head = group.committee.genesis;
  member.sent.clear();
  group.start(2);
  group.pass(200);
  CHECK(group.status(2).recovering);
  CHECK(sent(group, 2, MessageType::prepare) == 0);
}

TEST_CASE("what was lost on the way is repaired by STATUS") {
  Group group(4);
  int counter = 0;
  group.drop = [&](std::uint32_t, const Received& message) {
    return message.type != MessageType::status && ++counter % 2 == 0;
  };
  for (int i = 0; i < 5; ++i) {
    group.submit(static_cast<std::uint32_t>(i % 4), "request " + std::to_string(i));
    group.pass(50);
  }
  group.drop = nullptr;
  group.pass(8'000);
  for (const auto& member : group.members) {
    CHECK(member->executed == group.members[0]->executed);
    CHECK(member->executed.height >= 1);
  }
}

TEST_CASE("a member far behind asks for state transfer, with a certificate for where to") {
  Group group(4);
  group.cut[3] = true;
  for (int i = 0; i < 30; ++i) {
    group.submit(0, "request " + std::to_string(i));
    group.run();
  }
  group.cut[3] = false;
  group.pass(3'000);
  REQUIRE(group.members[3]->transfer);
  const auto& transfer = *group.members[3]->transfer;
  CHECK(transfer.target->sequence == 28);
  CHECK(verify(CheckpointCertificate{*transfer.target, transfer.certificate}, group.committee,
               group.members[3]->signatory));
  auto& member = *group.members[3];
  member.executed = group.members[0]->executed;
  group.input(3, Restored{member.executed, {}, true});
  group.submit(3, "after the transfer");
  group.pass(100);
  CHECK(member.executed == group.members[0]->executed);
  CHECK(member.executed.height == 31);
}

TEST_CASE("a member that nobody helps into a view asks how far the others are") {
  Group group(4);
  group.pass(1'500);
  group.drop = [](std::uint32_t to, const Received&) { return to == 3; };
  group.submit(3, "nobody orders this for member 3");
  while (group.status(3).view_active && group.now < 60'000) group.pass(100);
  group.pass(9'500);
  CHECK(!group.members[3]->transfer);
  group.pass(1'500);
  const auto asked = std::exchange(group.members[3]->transfer, std::nullopt);
  REQUIRE(asked);
  CHECK(!asked->target);
  group.input(3, Restored{group.members[3]->executed, {}, false, {}, {}});
  group.pass(8'000);
  CHECK(!group.members[3]->transfer);  // there was nothing: not again and again
  group.pass(3'000);
  CHECK(group.members[3]->transfer);
  for (std::uint32_t member = 0; member < 3; ++member) CHECK(!group.members[member]->transfer);
}

TEST_CASE("a message of another epoch does not take the next wake away") {
  Group group(4);
  auto& replica = *group.members[3]->replica;
  auto effects = replica.step(group.clock());
  REQUIRE(effects.wake_at);
  effects.merge(replica.step(Received{0, MessageType::status, Bytes{1}, {}, 2}));
  CHECK(effects.wake_at);
}

TEST_CASE("the log stays bounded while a state transfer takes long") {
  Group group(4);
  group.cut[3] = true;
  for (int i = 0; i < 30; ++i) {
    group.submit(0, "unheard of " + std::to_string(i));
    group.run();
  }
  group.cut[3] = false;
  group.pass(3'000);
  auto& member = *group.members[3];
  REQUIRE(member.transfer);
  REQUIRE(member.decisions.empty());
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    group.submit(0, "during the transfer " + std::to_string(i));
    group.pass(50);
    most = std::max(most, member.log.size());
  }
  REQUIRE(group.status(3).transferring);
  REQUIRE(group.status(3).stable_checkpoint == 128);
  // Of two windows at most four records per sequence, and what there is once.
  CHECK(most <= 2 * 8 * 4 + 8);
  // Where the transfer ended a window ago at most, what was decided meanwhile is at hand.
  Position reached{0, 0, group.committee.genesis};
  for (const auto& decision : group.members[0]->decisions) {
    if (decision.sequence > 122) break;
    reached.sequence = decision.sequence;
    ++reached.height;
    reached.head = crypto::sha256(Encoder().raw(reached.head).raw(decision.batch->digest()).data());
  }
  member.executed = reached;
  group.cut.assign(4, true);
  group.input(3, Restored{reached, {}, false, {}, {}});
  CHECK(member.executed == group.members[0]->executed);
}

TEST_CASE(
    "a member that left the view alone is fetched back, and a process that stood still blames "
    "nobody") {
  Group group(4);
  group.drop = [](std::uint32_t to, const Received& message) {
    return to == 3 || message.sender == 3;
  };
  group.submit(3, "nobody hears this");
  group.pass(3'000);
  group.drop = nullptr;
  group.pass(500);
  CHECK(!group.status(3).view_active);
  CHECK(group.status(0).view == 0);
  group.pass(12'000);
  for (std::uint32_t member = 0; member < 4; ++member) {
    CHECK(group.status(member).view_active);
    CHECK(group.status(member).view == group.status(3).view);
    CHECK(group.members[member]->decisions.size() == 1);
  }
  const auto view = group.status(2).view;
  group.cut[2] = true;
  group.input(2, Submit{to_bytes(std::string_view("waits while its process is stopped")), true});
  group.wire.clear();
  group.pass(9'000);
  group.cut[2] = false;
  group.pass(1'000);
  CHECK(group.status(2).view == view);
  CHECK(group.members[0]->decisions.size() == 2);
}
