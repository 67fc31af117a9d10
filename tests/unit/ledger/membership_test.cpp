// Members, keys and feature levels change at the end of an epoch, by governance only.
#include "ledger/membership.hpp"

#include <doctest/doctest.h>

#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

PeerId peer(const std::string& name) {
  return PeerId::parse(name).value();
}

/// A member whose keys are `number` and the two after it.
Member member(const std::string& name, std::uint8_t number) {
  Member result;
  result.peer = peer(name);
  result.consensus_key = key(number).public_key();
  result.gateway_key = key(static_cast<std::uint8_t>(number + 1)).public_key();
  result.transport_key.fill(number);
  return result;
}

/// K = 2, L = 4: a change at sequence s ends its epoch at the next even number from s + 4 on.
Genesis short_epochs(std::uint32_t level = known_feature_level) {
  auto result = genesis();
  result.consensus = {2, 4};
  result.feature_level = level;
  return result;
}

std::string code(const Receipt& receipt) {
  return receipt.outcome == Outcome::applied ? "applied" : receipt.code;
}

/// Empty transactions of the feeder: blocks that change nothing else.
Header pass_block(Chain& chain) {
  const ClockStep step{{island_time(chain.machine.state()).value + 1}};
  return chain.apply({chain.transaction(step, feeder, "feeder")}).header;
}

void pass_to_next_epoch(Chain& chain) {
  const auto epoch = current_epoch_number(chain.machine.state());
  while (current_epoch_number(chain.machine.state()) == epoch) pass_block(chain);
}

}  // namespace

TEST_CASE("epoch 0 stands in the state of a new chain, with its keys as used ones") {
  const Chain chain(short_epochs());
  const auto& state = chain.machine.state();
  CHECK(current_epoch(state) == Epoch{0, 1, known_feature_level, chain.machine.genesis().members});
  CHECK_FALSE(next_epoch(state).has_value());
  CHECK(epoch_at(state, 0) == current_epoch(state));
  CHECK_FALSE(epoch_at(state, 1).has_value());
  CHECK(epoch_of(state, 1'000'000) == 0);
  for (const auto& one : chain.machine.genesis().members) {
    CHECK(was_consensus_key(state, one.consensus_key));
    CHECK_FALSE(was_consensus_key(state, one.gateway_key));
  }
}

TEST_CASE("a chain from before feature levels keeps its genesis hash and its records") {
  auto old = genesis();
  old.feature_level = 1;
  CHECK(old.encoding_version() == 1);
  const Chain chain(old);
  const auto& state = chain.machine.state();
  CHECK(current_epoch(state) == Epoch{0, 1, 1, old.members});
  CHECK(was_consensus_key(state, old.members[2].consensus_key));
  std::size_t of_epochs = 0;
  for (const auto& record : records(chain.machine)) {
    const auto table = record.key.front();
    if (table >= 0x04 && table <= 0x08) ++of_epochs;
  }
  CHECK(of_epochs == 0);
}

TEST_CASE("an epoch ends at the first checkpoint a window after its change") {
  const ConsensusConstants standard;
  CHECK(last_sequence_of_epoch(standard, 1) == 320);
  CHECK(last_sequence_of_epoch(standard, 64) == 320);
  CHECK(last_sequence_of_epoch(standard, 65) == 384);
  CHECK(last_sequence_of_epoch({2, 4}, 1) == 6);
  CHECK(check_constants(standard).ok());
  for (const ConsensusConstants wrong :
       {ConsensusConstants{0, 256}, ConsensusConstants{64, 64}, ConsensusConstants{64, 250},
        ConsensusConstants{1, 5000}, ConsensusConstants{64, 0}}) {
    CHECK_FALSE(check_constants(wrong).ok());
    auto start = genesis();
    start.consensus = wrong;
    CHECK_FALSE(Genesis::from_json(start.to_json()).ok());
  }
}

TEST_CASE("a member joins with the next epoch, and headers commit to it before") {
  Chain chain(short_epochs());
  const auto before = chain.machine.genesis().members;
  auto after = before;
  after.push_back(member("peer-4", 120));
  pass_block(chain);
  CHECK(chain.machine.head().next_members == members_hash(before));
  REQUIRE(code(chain.submit(AddMember{after.back(), "tcp://10.0.0.5:7400", ""})) == "applied");
  const auto& state = chain.machine.state();
  // Executed at sequence 2: the epoch ends at 6.
  CHECK(next_epoch(state) == NextEpoch{6, known_feature_level, after});
  CHECK(current_epoch(state).members == before);
  CHECK(chain.machine.head().next_members == members_hash(after));
  CHECK(epoch_of(state, 6) == 0);
  CHECK(epoch_of(state, 7) == 1);
  CHECK(epoch_for(state, 7) == Epoch{1, 7, known_feature_level, after});
  CHECK(endpoints_of(state, peer("peer-4")) == MemberEndpoints{"tcp://10.0.0.5:7400", ""});
  CHECK_FALSE(find_binding(state, after.back().gateway_key, "gateway:peer-4").has_value());
  for (int i = 0; i < 4; ++i) {
    const auto header = pass_block(chain);
    CHECK(header.epoch == 0);
    CHECK(header.next_members == members_hash(after));
  }
  const auto first = pass_block(chain);
  CHECK(first.sequence == 7);
  CHECK(first.epoch == 1);
  CHECK(first.next_members == members_hash(after));
  CHECK(current_epoch(state) == Epoch{1, 7, known_feature_level, after});
  CHECK(epoch_at(state, 0)->members == before);
  CHECK_FALSE(next_epoch(state).has_value());
  CHECK(epoch_of(state, 6) == 0);
  CHECK(find_binding(state, after.back().gateway_key, "gateway:peer-4")->has(Scope::gateway));
  CHECK(was_consensus_key(state, after.back().consensus_key));
}

TEST_CASE("the next epoch begins even when null batches filled the last one") {
  Chain chain(short_epochs());
  REQUIRE(code(chain.submit(AddMember{member("peer-4", 120), "", ""})) == "applied");
  chain.sequence = 40;  // 2 to 40 made no block
  const auto bytes = chain.transaction(ClockStep{{created.value + 1}}, feeder, "feeder");
  const auto block = chain.machine.apply({1, 41, chain.time, {bytes}});
  CHECK(block.header.epoch == 1);
  CHECK(current_epoch(chain.machine.state()).first_sequence == 7);
}

TEST_CASE("one change at a time, whatever its kind") {
  Chain chain(short_epochs());
  constexpr auto next_level = known_feature_level + 1;
  REQUIRE(code(chain.submit(SetFeatureLevel{next_level})) == "applied");
  const auto replaced = member("peer-0", 130);
  CHECK(code(chain.submit(AddMember{member("peer-4", 120), "", ""})) ==
        "membership_change_pending");
  CHECK(code(chain.submit(RemoveMember{peer("peer-0")})) == "membership_change_pending");
  CHECK(code(chain.submit(ReplaceMemberKeys{replaced})) == "membership_change_pending");
  CHECK(code(chain.submit(SetFeatureLevel{next_level})) == "membership_change_pending");
  pass_to_next_epoch(chain);
  CHECK(current_feature_level(chain.machine.state()) == next_level);
  CHECK(code(chain.submit(ReplaceMemberKeys{replaced})) == "applied");
}

TEST_CASE("two changes in one block: the first counts") {
  Chain chain(short_epochs());
  const auto block = chain.apply({chain.transaction(AddMember{member("peer-4", 120), "", ""}),
                                  chain.transaction(AddMember{member("peer-5", 130), "", ""})});
  CHECK(code(block.receipts[0]) == "applied");
  CHECK(code(block.receipts[1]) == "membership_change_pending");
  CHECK(next_epoch(chain.machine.state())->members.back().peer == peer("peer-4"));
}

TEST_CASE("from four members to seven and back, and a chain keeps four") {
  Chain chain(short_epochs());
  CHECK(code(chain.submit(RemoveMember{peer("peer-0")})) == "too_few_members");
  for (std::uint8_t i = 4; i < 7; ++i) {
    const auto number = static_cast<std::uint8_t>(100 + 3 * i);
    REQUIRE(code(chain.submit(AddMember{member("peer-" + std::to_string(i), number), "", ""})) ==
            "applied");
    pass_to_next_epoch(chain);
    CHECK(current_epoch(chain.machine.state()).members.size() == i + 1u);
  }
  for (const auto* leaves : {"peer-1", "peer-5", "peer-0"}) {
    REQUIRE(code(chain.submit(RemoveMember{peer(leaves)})) == "applied");
    pass_to_next_epoch(chain);
    CHECK_FALSE(is_member(current_epoch(chain.machine.state()).members, peer(leaves)));
  }
  CHECK(code(chain.submit(RemoveMember{peer("peer-2")})) == "too_few_members");
  const auto last = current_epoch(chain.machine.state());
  CHECK(last.number == 6);
  CHECK(last.members[0].peer == peer("peer-2"));
  CHECK(last.members[3].peer == peer("peer-6"));
  CHECK(chain.machine.check_invariants().ok());
}

TEST_CASE("a chain grows to forty members and no further") {
  Chain chain(short_epochs());
  for (std::uint32_t i = 4; i < 40; ++i) {
    auto added = member("peer-" + std::to_string(i), 1);
    added.consensus_key = crypto::sha256(as_bytes("consensus " + std::to_string(i)));
    added.gateway_key = crypto::sha256(as_bytes("gateway " + std::to_string(i)));
    added.transport_key = crypto::sha256(as_bytes("transport " + std::to_string(i)));
    REQUIRE(code(chain.submit(AddMember{added, "", ""})) == "applied");
    pass_to_next_epoch(chain);
  }
  CHECK(code(chain.submit(AddMember{member("one-more", 120), "", ""})) == "too_many_members");
}

TEST_CASE("a consensus key serves one peer once") {
  Chain chain(short_epochs());
  const auto old = chain.machine.genesis().members[1];
  auto thief = member("peer-4", 120);
  thief.consensus_key = old.consensus_key;
  CHECK(code(chain.submit(AddMember{thief, "", ""})) == "key_used_before");
  auto renewed = member("peer-1", 130);
  REQUIRE(code(chain.submit(ReplaceMemberKeys{renewed})) == "applied");
  pass_to_next_epoch(chain);
  // Neither another peer nor the same one may come back with it.
  CHECK(code(chain.submit(AddMember{thief, "", ""})) == "key_used_before");
  CHECK(code(chain.submit(ReplaceMemberKeys{old})) == "key_used_before");
  REQUIRE(code(chain.submit(AddMember{member("peer-4", 120), "", ""})) == "applied");
  pass_to_next_epoch(chain);
  REQUIRE(code(chain.submit(RemoveMember{peer("peer-4")})) == "applied");
  pass_to_next_epoch(chain);
  CHECK(code(chain.submit(AddMember{member("peer-4", 120), "", ""})) == "key_used_before");
  CHECK(code(chain.submit(AddMember{member("peer-4", 140), "", ""})) == "applied");
}

TEST_CASE("peers and keys are members' own") {
  Chain chain(short_epochs());
  const auto& there = chain.machine.genesis().members;
  const auto refused = [&](const std::function<void(Member&)>& change) {
    auto added = member("peer-4", 120);
    change(added);
    return code(chain.submit(AddMember{added, "", ""}));
  };
  CHECK(refused([&](Member& m) { m.peer = there[3].peer; }) == "member_exists");
  CHECK(refused([&](Member& m) { m.gateway_key = there[0].gateway_key; }) == "key_in_use");
  CHECK(refused([&](Member& m) { m.consensus_key = there[0].gateway_key; }) == "key_in_use");
  CHECK(refused([&](Member& m) { m.gateway_key = there[0].consensus_key; }) == "key_in_use");
  CHECK(refused([&](Member& m) { m.transport_key = there[1].transport_key; }) == "key_in_use");
  CHECK(refused([&](Member& m) { m.gateway_key = key(administrator).public_key(); }) ==
        "key_in_use");
  CHECK(refused([&](Member& m) { m.gateway_key = m.consensus_key; }) == "malformed");
  CHECK(refused([&](Member& m) { m.transport_key = {}; }) == "malformed");
  CHECK(code(chain.submit(RemoveMember{peer("nobody")})) == "unknown_member");
  CHECK(code(chain.submit(ReplaceMemberKeys{member("nobody", 120)})) == "unknown_member");
  CHECK(code(chain.submit(ReplaceMemberKeys{there[1]})) == "nothing_changes");
  CHECK(code(chain.submit(AddMember{member("peer-4", 120), "http://x", ""})) == "malformed");
  CHECK(code(chain.submit(AddMember{member("peer-4", 120), "", "tcp://a b:1"})) == "malformed");
}

TEST_CASE("one key may change while the others stay") {
  Chain chain(short_epochs());
  auto renewed = chain.machine.genesis().members[2];
  renewed.transport_key.fill(0xaa);
  REQUIRE(code(chain.submit(ReplaceMemberKeys{renewed})) == "applied");
  pass_to_next_epoch(chain);
  CHECK(current_epoch(chain.machine.state()).members[2] == renewed);
  CHECK(find_binding(chain.machine.state(), renewed.gateway_key, "gateway:peer-2").has_value());
}

TEST_CASE("a gateway's delegations go with its key, and end with the member") {
  Chain chain(short_epochs());
  const auto old = chain.machine.genesis().members[1].gateway_key;
  REQUIRE(code(chain.submit(BindKey{old, to_text(h01), 1})) == "applied");
  const auto renewed = member("peer-1", 130);
  REQUIRE(code(chain.submit(ReplaceMemberKeys{renewed})) == "applied");
  const auto& state = chain.machine.state();
  CHECK(find_binding(state, old, to_text(h01)).has_value());  // until the epoch ends
  pass_to_next_epoch(chain);
  CHECK(bindings_of(state, old).empty());
  CHECK(find_binding(state, renewed.gateway_key, to_text(h01))->scopes == 1);
  CHECK(find_binding(state, renewed.gateway_key, "gateway:peer-1")->has(Scope::gateway));
  REQUIRE(code(chain.submit(AddMember{member("peer-4", 140), "tcp://a:1", "tcp://a:2"})) ==
          "applied");
  pass_to_next_epoch(chain);
  REQUIRE(code(chain.submit(RemoveMember{peer("peer-1")})) == "applied");
  pass_to_next_epoch(chain);
  CHECK(bindings_of(state, renewed.gateway_key).empty());
  REQUIRE(code(chain.submit(AddMember{member("peer-7", 150), "", ""})) == "applied");
  pass_to_next_epoch(chain);
  CHECK(endpoints_of(state, peer("peer-4")).has_value());
  REQUIRE(code(chain.submit(RemoveMember{peer("peer-4")})) == "applied");
  CHECK(endpoints_of(state, peer("peer-4")).has_value());
  pass_to_next_epoch(chain);
  CHECK_FALSE(endpoints_of(state, peer("peer-4")).has_value());
}

TEST_CASE("only a governance key changes members and levels") {
  Chain chain(short_epochs());
  const Payload changes[] = {AddMember{member("peer-4", 120), "", ""}, RemoveMember{peer("peer-0")},
                             ReplaceMemberKeys{member("peer-0", 130)}, SetFeatureLevel{3}};
  REQUIRE(code(chain.submit(BindKey{key(77).public_key(), "administrator",
                                    scope_bit(Scope::administrator)})) == "applied");
  for (const auto& change : changes) {
    CHECK(code(chain.submit(change, 11, to_text(h01))) == "forbidden");
    CHECK(code(chain.submit(change, gateway_0, "gateway:peer-0")) == "forbidden");
    CHECK(code(chain.submit(change, 77)) == "forbidden");
  }
  REQUIRE(code(chain.submit(BindKey{key(78).public_key(), "governance",
                                    scope_bit(Scope::governance)})) == "applied");
  CHECK(code(chain.submit(changes[0], 78, "governance")) == "applied");
}

TEST_CASE("below level 2 a membership transaction is malformed, as to a program that knows none") {
  Chain chain(short_epochs(1));
  CHECK(code(chain.submit(SetFeatureLevel{3})) == "bad_feature_level");
  const auto bytes = chain.transaction(AddMember{member("peer-4", 120), "", ""}, administrator,
                                       "administrator", "again");
  const auto early = chain.apply({bytes}).receipts[0];
  CHECK(early.code == "malformed");
  CHECK(early.message == "the transaction has unknown fields");
  const auto decoded = wire::decode_transaction(bytes, chain.hash, 2);
  REQUIRE(decoded.ok());
  CHECK_FALSE(chain.machine.admit(*decoded, chain.time).ok());
  REQUIRE(code(chain.submit(SetFeatureLevel{2})) == "applied");
  CHECK(chain.apply({bytes}).receipts[0].code == "malformed");  // the level begins with its epoch
  pass_to_next_epoch(chain);
  CHECK(chain.machine.admit(*decoded, chain.time).ok());
  CHECK(code(chain.apply({bytes}).receipts[0]) == "applied");
}

TEST_CASE("a level that this program does not know is switched on alike") {
  Chain chain(short_epochs());
  CHECK(code(chain.submit(SetFeatureLevel{known_feature_level})) == "bad_feature_level");
  CHECK(code(chain.submit(SetFeatureLevel{known_feature_level + 2})) == "bad_feature_level");
  CHECK(code(chain.submit(SetFeatureLevel{1})) == "malformed");
  REQUIRE(code(chain.submit(SetFeatureLevel{known_feature_level + 1})) == "applied");
  CHECK(next_epoch(chain.machine.state())->feature_level > known_feature_level);
}

TEST_CASE("epochs survive a restart, and history says which block ended one") {
  Chain chain(short_epochs());
  pass_block(chain);
  const auto block = chain.apply({chain.transaction(AddMember{member("peer-4", 120), "", ""})});
  const auto row = std::find_if(block.history.begin(), block.history.end(),
                                [](const auto& it) { return it.table == history_epoch_ends; });
  REQUIRE(row != block.history.end());
  CHECK(row->key == Encoder().u64(0).data());
  CHECK(*row->value == Encoder().u64(2).data());
  pass_block(chain);
  auto restored =
      StateMachine::restore(chain.machine.genesis(), wire::transaction_decoder(chain.hash),
                            chain.machine.head(), records(chain.machine));
  REQUIRE(restored.ok());
  CHECK(next_epoch(restored->state()) == next_epoch(chain.machine.state()));
  const auto bytes = chain.transaction(ClockStep{{created.value + 90'000}}, feeder, "feeder");
  const auto one = restored->apply({1, 50, chain.time, {bytes}});
  const auto other = chain.machine.apply({1, 50, chain.time, {bytes}});
  CHECK(one.header == other.header);
}
