#include "protocol/catch_up.hpp"

#include <doctest/doctest.h>

#include "protocol/catch_up_messages.hpp"
#include "protocol/pbft/checkpoint.hpp"
#include "tests/unit/protocol/test_committee.hpp"

using namespace powershare;
using namespace powershare::protocol;
using pbft::MessageType;
using test::key_of;

namespace {

/// A chain of blocks at sequences 1, 3, 5, … (the ones between made no block) with all its
/// certificates.
struct Chain {
  pbft::Committee committee = test::committee_of(4);
  std::vector<BlockRecord> blocks;
  std::map<Bytes, Bytes> state;
  crypto::SparseMerkleTree tree;

  explicit Chain(std::uint64_t height) {
    for (std::uint64_t i = 1; i <= height; ++i) add(i);
  }

  void add(std::uint64_t height) {
    const auto request = "request " + std::to_string(height);
    const auto batch = pbft::Batch::make(UtcMillis{5}, {as_bytes(request)});
    state[to_bytes(request)] = Bytes{7};
    tree.put(crypto::sha256(as_bytes(request)), crypto::sha256(Bytes{7}));
    BlockRecord block;
    block.header.genesis = committee.genesis;
    block.header.height = height;
    block.header.sequence = 2 * height - 1;
    block.header.previous = blocks.empty() ? committee.genesis : blocks.back().header.hash();
    block.header.state_root = tree.root();
    block.batch = to_bytes(batch->encoded());
    const auto vote = pbft::Vote{0, block.header.sequence, batch->digest()}.encode();
    block.ordering.commits = signatures(committee.statement(MessageType::commit, vote));
    blocks.push_back(std::move(block));
  }

  crypto::QuorumCertificate signatures(ByteView statement) const {
    crypto::QuorumCertificate certificate;
    for (std::uint32_t member = 1; member < 4; ++member) {
      certificate.endorsements.push_back({member, key_of(member).sign(statement)});
    }
    return certificate;
  }

  crypto::QuorumCertificate certificate(const ledger::Header& header) const {
    return signatures(ledger::block_statement(committee.genesis, 0, header.height, header.hash()));
  }

  pbft::Position position(std::uint64_t height) const {
    if (height == 0) return {0, 0, committee.genesis};
    const auto& header = blocks[height - 1].header;
    return {header.sequence, header.height, header.hash()};
  }

  BlocksRead read(std::uint64_t from, std::uint64_t to) const {
    BlocksRead answer;
    answer.from_height = from;
    for (auto height = from; height <= to; ++height) answer.blocks.push_back(blocks[height - 1]);
    for (auto height = to + 1; height <= blocks.size(); ++height) {
      answer.further_headers.push_back(blocks[height - 1].header);
    }
    answer.certificate = certificate(blocks.back().header);
    return answer;
  }

  ChunkRead chunk(std::uint32_t index) const {
    ChunkRead answer{0, index, {}};
    for (const auto& [key, value] : state) {
      if (crypto::sha256(key)[0] == index) answer.records.push_back({key, value});
    }
    return answer;
  }
};

struct Fetcher {
  explicit Fetcher(const Chain& chain, std::uint64_t target, CatchUpOptions options = {})
      : signatory(key_of(0)), catch_up(chain.committee, 0, signatory, options) {
    pbft::TransferRequest request{chain.position(target), {}};
    take(catch_up.step(StartCatchUp{chain.position(0), request, chain.committee,
                                    chain.committee.size(), crypto::SparseMerkleTree().level(8)}));
  }
  void take(CatchUpEffects next) {
    effects = std::move(next);
    if (!effects.send.empty()) asked = effects.send.back();
  }
  void answer(MessageType type, Bytes body) {
    take(catch_up.step(pbft::Received{*asked.recipient, type, std::move(body), {}}));
  }
  test::KeySignatory signatory;
  CatchUp catch_up;
  CatchUpEffects effects;
  pbft::Outgoing asked;
};

}  // namespace

TEST_CASE(
    "blocks are installed when their chain of headers is certified, gaps in sequence included") {
  const Chain chain(5);
  Fetcher fetcher(chain, 4);
  REQUIRE(fetcher.asked.type == MessageType::fetch_blocks);
  fetcher.answer(MessageType::blocks, encode_blocks(chain.read(1, 3)));
  REQUIRE(fetcher.effects.install.size() == 3);
  CHECK(fetcher.effects.install[2].header == chain.blocks[2].header);
  fetcher.take(fetcher.catch_up.step(Installed{chain.position(3)}));
  REQUIRE(fetcher.asked.type == MessageType::fetch_blocks);
  auto rest = chain.read(4, 5);
  rest.certificate.reset();  // the checkpoint that was asked for certifies block 4, nothing block 5
  fetcher.answer(MessageType::blocks, encode_blocks(rest));
  REQUIRE(fetcher.effects.install.size() == 1);
  fetcher.take(fetcher.catch_up.step(Installed{chain.position(4)}));
  CHECK(fetcher.effects.finished == chain.position(4));
  CHECK(!fetcher.catch_up.running());
}

TEST_CASE("uncertified, forged or foreign blocks are refused and another source is asked") {
  const Chain chain(4);
  const auto refused = [&](const BlocksRead& read) {
    Fetcher fetcher(chain, 4);
    const auto first = fetcher.asked.recipient;
    fetcher.answer(MessageType::blocks, encode_blocks(read));
    return fetcher.effects.install.empty() && fetcher.asked.recipient != first;
  };
  auto read = chain.read(1, 2);
  read.certificate.reset();
  read.further_headers.clear();
  CHECK(refused(read));  // no certificate
  read = chain.read(1, 4);
  read.blocks[1].batch.back() ^= 1;
  CHECK(refused(read));  // another batch
  read = chain.read(1, 4);
  read.blocks[1].ordering.commits.endorsements.pop_back();
  CHECK(refused(read));  // too few COMMITs
  read = chain.read(1, 4);
  read.blocks[1].header.state_root[0] ^= 1;
  CHECK(refused(read));  // breaks the chain of hashes
  read = chain.read(1, 3);
  read.certificate->endorsements[1].signature[0] ^= 1;
  read.further_headers.clear();
  CHECK(refused(read));  // a forged block certificate
  CHECK(refused(chain.read(2, 4)));
}

TEST_CASE("the end of an epoch certifies the blocks before it only where they lead to it") {
  const Chain chain(4);
  const auto installed = [&](BlocksRead read) {
    read.certificate.reset();
    read.further_headers.clear();
    // The checkpoint after block 4, which ends the epoch.
    auto end = chain.position(4);
    end.sequence = 8;
    const auto statement =
        chain.committee.statement(MessageType::checkpoint, pbft::encode_checkpoint(end));
    read.epoch_end = pbft::CheckpointCertificate{end, chain.signatures(statement)};
    Fetcher fetcher(chain, 4);
    fetcher.answer(MessageType::blocks, encode_blocks(read));
    return fetcher.effects.install.size();
  };
  CHECK(installed(chain.read(1, 4)) == 4);
  auto read = chain.read(1, 4);
  read.blocks[0].header.genesis[0] ^= 1;
  CHECK(installed(read) == 0);
  read = chain.read(1, 4);
  read.blocks[1].header.state_root[0] ^= 1;
  CHECK(installed(read) == 0);
}

TEST_CASE("a silent source is left after the time-out, and all silent ends the attempt") {
  const Chain chain(2);
  Fetcher fetcher(chain, 2);
  const auto first = fetcher.asked.recipient;
  std::int64_t now = 1;
  fetcher.take(fetcher.catch_up.step(pbft::Tick{MonotonicMillis{now += 5'000}, {}, false}));
  CHECK(fetcher.asked.recipient != first);
  for (int i = 0; i < 20 && fetcher.catch_up.running(); ++i) {
    fetcher.take(fetcher.catch_up.step(pbft::Tick{MonotonicMillis{now += 5'000}, {}, false}));
  }
  CHECK(fetcher.effects.finished == chain.position(0));
}

TEST_CASE(
    "far behind, only differing subtrees of the state are fetched, each checked against the root") {
  const Chain chain(6);
  CatchUpOptions options;
  options.snapshot_above_blocks = 3;
  Fetcher fetcher(chain, 5, options);
  REQUIRE(fetcher.asked.type == MessageType::fetch_manifest);
  CHECK(fetcher.effects.begin_staging);
  const auto& head = chain.blocks.back().header;
  ManifestRead manifest{0, {head, chain.certificate(head)}, chain.tree.level(8)};
  auto lie = manifest;
  lie.level[3].kind = crypto::SubtreeKind::leaf;
  lie.level[3].hash[0] ^= 1;
  fetcher.answer(MessageType::manifest, encode_manifest(lie));
  REQUIRE(fetcher.asked.type == MessageType::fetch_manifest);
  fetcher.answer(MessageType::manifest, encode_manifest(manifest));
  std::size_t staged = 0;
  std::deque<std::uint32_t> wanted;
  const auto collect = [&] {
    staged += fetcher.effects.stage.size();
    for (const auto& message : fetcher.effects.send) {
      REQUIRE(message.type == MessageType::fetch_chunk);
      wanted.push_back(*decode_fetch_chunk(message.body));
    }
  };
  collect();
  auto bad = chain.chunk(wanted.front());
  bad.records[0].value = Bytes{8};
  {
    Fetcher other(chain, 5, options);
    other.answer(MessageType::manifest, encode_manifest(manifest));
    other.answer(MessageType::chunk, encode_chunk(bad));
    CHECK(other.effects.stage.empty());
    CHECK(other.asked.type == MessageType::fetch_manifest);
  }
  while (!wanted.empty()) {
    const auto index = wanted.front();
    wanted.pop_front();
    fetcher.answer(MessageType::chunk, encode_chunk(chain.chunk(index)));
    collect();
  }
  CHECK(staged <= 6);
  CHECK(staged >= 1);
  REQUIRE(fetcher.effects.swap_in);
  CHECK(fetcher.effects.swap_in->header == head);
  fetcher.take(fetcher.catch_up.step(Installed{chain.position(6)}));
  CHECK(fetcher.effects.finished == chain.position(6));
}
