// Regressions of other systems' bugs: requests, certificates and state-aware packets of liars (rows
// of tests/README.md).
#include <doctest/doctest.h>

#include <algorithm>

#include "protocol/pbft/checkpoint.hpp"
#include "protocol/pbft/fetch.hpp"
#include "protocol/pbft/request.hpp"
#include "sim/simulator.hpp"
#include "tests/sim/adversaries/catalogue.hpp"
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

}  // namespace

TEST_CASE("§6.5 requests that come from another member are verified like a client's") {
  Scenario chain({.liars = {3}});
  const auto forged = std::make_shared<const Bytes>(chain.transaction(true));
  for (std::uint32_t to = 0; to < 3; ++to) {
    chain.say(3, to, Type::request, pbft::encode_requests({forged}));
  }
  chain.run(100);  // they have come, and nobody keeps them until a time-out
  for (std::uint32_t peer = 0; peer < 3; ++peer) {
    CHECK(chain.status(peer).mempool_requests == 0);
    CHECK(chain.status(peer).rejects["overloaded"] == 1);
  }
  chain.run(5'000);
  CHECK(chain.view_changes() == 0);
  CHECK(chain.times_in_chain(crypto::sha256(*forged)) == 0);
  check_progress(chain, 1);
}

TEST_CASE("§6.6 reading is no message between members, so that no read can hold up a write") {
  // The read-only optimisation is excluded by construction: a read is answered from one peer's
  // ledger, with a certificate that the reader checks. The list of messages is closed; PROFILE and
  // the like carry what is kept off the ledger, and no replica sees them.
  const std::set<std::string> ordering = {
      "REQUEST",       "PRE-PREPARE",   "PREPARE",       "COMMIT",         "CHECKPOINT",
      "VIEW-CHANGE",   "NEW-VIEW",      "BLOCK",         "STATUS",         "FETCH",
      "FETCHED-BATCH", "FETCHED-ENTRY", "STABLE-PROOF",  "ASK-PROMISES",   "PROMISES",
      "RELAYED",       "FETCH-BLOCKS",  "BLOCKS",        "FETCH-MANIFEST", "MANIFEST",
      "FETCH-CHUNK",   "CHUNK",         "PROFILE-OFFER", "PROFILE-KEPT",   "PROFILE-ASK",
      "PROFILE",       "LIVE-POWER",    "NEWS-DELIVERY"};
  std::set<std::string> known;
  for (int value = 0; value < 256; ++value) {
    if (pbft::is_known(static_cast<Type>(value))) {
      known.insert(pbft::to_text(static_cast<Type>(value)));
    }
  }
  CHECK(known == ordering);
}

TEST_CASE("§6.6 a primary that hides its proposals from one member does not hide the decisions") {
  Scenario chain({.liars = {0}});
  chain.lie = [](auto, auto to, pbft::Outgoing&) { return to != 3; };
  for (int i = 0; i < 5; ++i) check_progress(chain, 1 + i % 2);
  CHECK(chain.height(3) == chain.height(1));
  CHECK(chain.highest_view() == 0);
}

TEST_CASE("§6.7 a request that only the primary would take costs that primary its view, once") {
  Scenario chain({.liars = {0}});
  const auto forged = chain.transaction(true);
  chain.lie = [&](auto, auto, pbft::Outgoing& message) {
    if (message.type != Type::pre_prepare) return true;
    auto vote = *pbft::Vote::decode(ByteView(message.body).first(pbft::Vote::encoded_bytes));
    const auto batch = pbft::Batch::decode(message.body, pbft::Vote::encoded_bytes, {});
    auto requests = (*batch)->requests();
    requests.push_back(forged);
    const auto other = pbft::Batch::make((*batch)->time(), requests);
    vote.digest = other->digest();
    message.body = Encoder().raw(vote.encode()).raw(other->encoded()).data();
    return true;
  };
  check_progress(chain, 2);
  for (std::uint32_t i = 0; i < 10; ++i) check_progress(chain, 1 + i % 3);
  CHECK(chain.highest_view() == 1);
  CHECK(chain.times_in_chain(crypto::sha256(forged)) == 0);
}

TEST_CASE("§6.7 a client that signs wrongly is refused at the door and starts no timer") {
  Scenario chain;
  for (int i = 0; i < 20; ++i) chain.submit(3, chain.transaction(true));
  chain.run(millis_per_minute);
  CHECK(chain.sent(3, Type::request) == 0);
  CHECK(chain.status(3).mempool_requests == 0);
  CHECK(chain.view_changes() == 0);
  check_progress(chain, 3);
}

TEST_CASE("§6.20 certificates of absurd, repeated or foreign signers prove nothing") {
  Scenario chain({.liars = {3}});
  chain.submit_each(1, 3);
  const auto low = chain.status(1).stable_checkpoint;
  const pbft::Position far{8 * 1'000, 1'000, crypto::sha256(as_bytes("nowhere"))};
  const auto body = pbft::encode_checkpoint(far);
  const std::vector<std::vector<std::uint32_t>> signer_sets = {
      {},        {3},         {3, 3, 3},         {0, 1, 2},
      {0, 1, 3}, {3, 2, 1},   {0, 1, 2, 3},      {63, 64, 65},
      {1, 3, 4}, {~0u, 0, 1}, {3, ~0u, ~0u - 1}, std::vector<std::uint32_t>(64, 3)};
  for (const auto& signers : signer_sets) {
    Encoder proof;
    pbft::CheckpointCertificate{far, chain.forged(3, Type::checkpoint, body, signers)}.encode(
        proof);
    pbft::FetchedEntry entry;
    entry.sequence = chain.last_sequence() + 1;
    entry.batch = pbft::Batch::make(UtcMillis{epoch_ms + chain.now_ms()}, {});
    entry.digest = entry.batch->digest();
    const auto vote = pbft::Vote{0, entry.sequence, entry.digest}.encode();
    entry.certificate.commits = chain.forged(3, Type::commit, vote, signers);
    for (std::uint32_t to = 0; to < 3; ++to) {
      chain.say(3, to, Type::stable_proof, proof.data());
      chain.say(3, to, Type::fetched_entry, entry.encode());
    }
    chain.run(50);
  }
  CHECK(chain.status(1).stable_checkpoint == low);
  CHECK(chain.last_sequence() == 3);
  CHECK(!chain.status(1).transferring);
  check_progress(chain, 1);
}

TEST_CASE("§6.20 malformed bodies of every kind stop nobody") {
  constexpr std::uint64_t seed = 20;
  MESSAGE("seed " << seed << ", repeat: test_sim_regressions --test-case='*malformed bodies*'");
  Generator chance(seed);
  Scenario chain({.liars = {3}});
  std::uint64_t told = 0;
  const auto mangled = [&](Bytes body) {
    switch (body.empty() ? 3 : chance.below(4)) {
      case 0:
        body.resize(chance.below(body.size()));
        break;
      case 1:
        body[chance.below(body.size())] ^= static_cast<std::uint8_t>(1 + chance.below(255));
        break;
      case 2:  // counts and sizes of all ones
        for (std::size_t i = chance.below(body.size()), n = 0; i < body.size() && n < 8; ++i, ++n) {
          body[i] = 0xff;
        }
        break;
      default:
        body.resize(body.size() + 1 + chance.below(64));
    }
    return body;
  };
  // Each message of the member's own replica, whole, and mangled under every type there is.
  chain.lie = [&](std::uint32_t liar, std::uint32_t to, pbft::Outgoing& message) {
    chain.say(liar, to, message.type, mangled(message.body));
    const auto type = static_cast<Type>(chance.below(38));
    if (pbft::is_known(type)) chain.say(liar, to, type, mangled(message.body));
    told += 2;
    return true;
  };
  for (std::uint32_t i = 0; i < 60; ++i) {
    check_progress(chain, i % 3);
    if (i % 20 == 10) chain.hand_over(static_cast<std::uint32_t>(chain.highest_view() % 4));
  }
  CHECK(told > 1'000);
  check_progress(chain, 0);
}

TEST_CASE("§6.24 a member that sends its own messages a little changed breaks nothing") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SimulationOptions options;
    options.seed = seed;
    options.steps = 4'000;
    options.peers = 4;
    options.faults = FaultSet{Fault::byzantine, Fault::crashes, Fault::delay};
    options.adversaries = drawn_adversaries("small_scope");
    const auto result = simulate(options);
    CHECK_MESSAGE(result.ok, "seed " << seed << ": " << result.violation);
    CHECK(result.byzantine.size() == 1);
    CHECK(result.acknowledged > 0);
  }
}
