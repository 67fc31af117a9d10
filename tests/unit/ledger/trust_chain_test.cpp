// A proof leads from the genesis to a block over all changes of members, and every lie in it shows.
#include "ledger/trust_chain.hpp"

#include <doctest/doctest.h>

#include "ledger/error.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

/// The consensus keys of peer `number`; those of epoch 0 are 0 to 3.
crypto::KeyPair consensus_key(std::uint8_t number) {
  return key(static_cast<std::uint8_t>(150 + number));
}

Member member(std::uint8_t number) {
  Member result;
  result.peer = PeerId::parse("peer-" + std::to_string(number)).value();
  result.consensus_key = consensus_key(number).public_key();
  result.gateway_key = key(static_cast<std::uint8_t>(200 + number)).public_key();
  result.transport_key.fill(static_cast<std::uint8_t>(number + 1));
  return result;
}

std::vector<Member> members(const std::vector<std::uint8_t>& numbers) {
  std::vector<Member> result;
  for (const auto number : numbers) result.push_back(member(number));
  return result;
}

/// A chain of headers over three epochs: {0 1 2 3}, {0 1 2 3 4}, {1 2 3 4}; heights 1 to 9, three
/// in each. The second block of an epoch is the first that commits to the next one's members.
struct Story {
  Genesis genesis = test::genesis();
  std::vector<std::vector<std::uint8_t>> epochs{{0, 1, 2, 3}, {0, 1, 2, 3, 4}, {1, 2, 3, 4}};
  std::vector<Header> headers;  ///< by height, from 1

  Story() {
    genesis.members = members(epochs[0]);
    auto previous = genesis.hash();
    for (std::uint64_t height = 1; height <= 9; ++height) {
      Header header;
      header.genesis = genesis.hash();
      header.epoch = (height - 1) / 3;
      header.height = height;
      header.sequence = 10 * height;
      header.previous = previous;
      const bool committed = (height - 1) % 3 > 0 && header.epoch < 2;
      header.next_members = members_hash(
          members(epochs[static_cast<std::size_t>(header.epoch + (committed ? 1 : 0))]));
      previous = header.hash();
      headers.push_back(header);
    }
  }

  const Header& at(std::uint64_t height) const {
    return headers[static_cast<std::size_t>(height - 1)];
  }

  crypto::QuorumCertificate certificate(const Header& header, std::size_t signers) const {
    crypto::QuorumCertificate result;
    const auto& epoch = epochs[static_cast<std::size_t>(header.epoch)];
    const auto statement =
        block_statement(header.genesis, header.epoch, header.height, header.hash());
    for (std::uint32_t i = 0; i < signers; ++i) {
      result.endorsements.push_back({i, consensus_key(epoch[i]).sign(statement)});
    }
    return result;
  }

  HeaderProof headers_from(std::uint64_t first, std::uint64_t last) const {
    HeaderProof proof;
    for (auto height = first; height <= last; ++height) proof.headers.push_back(at(height));
    const auto size =
        static_cast<std::uint32_t>(epochs[static_cast<std::size_t>(at(last).epoch)].size());
    proof.certificate = certificate(at(last), crypto::quorum(size));
    return proof;
  }

  /// Of block 8, whose certificate is that of block 9.
  BlockProof proof() const {
    return {{{headers_from(2, 3), members(epochs[1])}, {headers_from(5, 5), members(epochs[2])}},
            headers_from(8, 9)};
  }

  std::string refusal(const BlockProof& wrong) const {
    const auto result = verify_block_proof(genesis, wrong);
    if (result) return "";
    CHECK(result.error().code() == LedgerError::unproven);
    return result.error().detail();
  }
};

}  // namespace

TEST_CASE("a block of the third epoch is proven from the genesis") {
  const Story story;
  const auto header = verify_block_proof(story.genesis, story.proof());
  REQUIRE_MESSAGE(header.ok(), header.error().detail());
  CHECK(*header == story.at(8));
  const auto first = verify_block_proof(story.genesis, {{}, story.headers_from(1, 1)});
  REQUIRE(first.ok());
  CHECK(first->height == 1);
  // A block may be older than the epoch whose members certify it.
  const auto over_the_end = verify_block_proof(
      story.genesis,
      {{{story.headers_from(2, 2), members(story.epochs[1])}}, story.headers_from(3, 5)});
  CHECK(over_the_end.ok());
}

TEST_CASE("certificates that are too small, or have a signer twice or a stranger, are refused") {
  const Story story;
  auto proof = story.proof();
  auto& endorsements = proof.block.certificate.endorsements;
  const auto good = endorsements;
  endorsements.pop_back();
  CHECK(story.refusal(proof) == "the certificate of block 9: too few signers: 2 of 3");
  endorsements.push_back(endorsements.back());
  CHECK(story.refusal(proof) == "the certificate of block 9: member peer-2 stands twice");
  endorsements = good;
  std::swap(endorsements[0], endorsements[1]);
  CHECK(story.refusal(proof) == "the certificate of block 9: the signers do not stand in order");
  endorsements = good;
  endorsements[2].signer = 4;
  CHECK(story.refusal(proof) == "the certificate of block 9: unknown member 4 of epoch 2");
  endorsements[2].signer = 3;
  CHECK(story.refusal(proof) ==
        "the certificate of block 9: the signature of peer-4 does not verify");
  endorsements = good;
  endorsements[0].signature[5] ^= 1;
  CHECK(story.refusal(proof) ==
        "the certificate of block 9: the signature of peer-1 does not verify");
}

TEST_CASE("members who have left certify nothing") {
  const Story story;
  auto proof = story.proof();
  // Enough of epoch 1 sign block 9, one of whom is no member of epoch 2 any more.
  const auto statement = block_statement(story.at(9).genesis, 2, 9, story.at(9).hash());
  proof.block.certificate.endorsements[0].signature = consensus_key(0).sign(statement);
  CHECK(story.refusal(proof) ==
        "the certificate of block 9: the signature of peer-1 does not verify");
}

TEST_CASE("another genesis, another epoch, and links that are missing or swapped are refused") {
  const Story story;
  auto other = story.genesis;
  other.created.value += 1;
  CHECK(verify_block_proof(other, story.proof()).error().detail() ==
        "epoch 1: block 2 is of another genesis");
  auto proof = story.proof();
  proof.epochs.pop_back();
  CHECK(story.refusal(proof) == "block 9 is of epoch 2, the members are those of epoch 1");
  proof = story.proof();
  std::swap(proof.epochs[0], proof.epochs[1]);
  CHECK(story.refusal(proof) == "epoch 1: block 5 is of epoch 1, the members are those of epoch 0");
  proof = story.proof();
  proof.epochs[0].members[4] = member(9);
  CHECK(story.refusal(proof) == "epoch 1: block 2 commits to other members");
  proof = story.proof();
  proof.epochs[0].proof = story.headers_from(1, 1);
  CHECK(story.refusal(proof) == "epoch 1: block 1 commits to other members");
  proof = story.proof();
  proof.epochs[1].proof = story.headers_from(3, 5);
  CHECK(story.refusal(proof) == "epoch 2: block 3 is not of the epoch before");
  proof = story.proof();
  proof.epochs[1].members.pop_back();
  CHECK(story.refusal(proof) == "epoch 2: a chain has 4 to 64 members");
  proof = story.proof();
  proof.epochs.assign(max_proof_epochs + 1, proof.epochs[0]);
  CHECK(story.refusal(proof) == "a proof with too many epochs");
}

TEST_CASE("headers that are changed, left out or not there break the chain") {
  const Story story;
  auto proof = story.proof();
  proof.block.headers[0].state_root[0] ^= 1;
  CHECK(story.refusal(proof) == "broken chain: block 9 does not follow on block 8");
  proof = story.proof();
  proof.block.headers.insert(proof.block.headers.begin(), story.at(6));
  CHECK(story.refusal(proof) == "broken chain: block 8 does not follow on block 6");
  proof = story.proof();
  proof.block.headers[1].time.value += 1;
  CHECK(story.refusal(proof) ==
        "the certificate of block 9: the signature of peer-1 does not verify");
  proof.block.headers.clear();
  CHECK(story.refusal(proof) == "a proof without a header");
  proof.block.headers.assign(max_proof_headers + 1, story.at(9));
  CHECK(story.refusal(proof) == "a proof with too many headers");
}
