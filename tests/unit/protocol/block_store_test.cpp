#include "protocol/block_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/protocol/memory_snapshot.hpp"

using namespace powershare;
using namespace powershare::protocol;
using powershare::test::MemorySnapshot;

namespace {

ledger::ExecutedBlock example_block(const pbft::BatchPointer& batch) {
  ledger::ExecutedBlock block;
  block.header.height = 7;
  block.header.sequence = 9;
  for (const auto& id : batch->ids()) {
    ledger::Receipt receipt;
    receipt.transaction = id;
    block.receipts.push_back(receipt);
  }
  block.receipts[1].outcome = ledger::Outcome::duplicate;
  block.receipts[1].first = block.receipts[1].transaction;
  block.writes = {{to_bytes("a"), to_bytes("1")}, {to_bytes("b"), std::nullopt}};
  block.events = {{ledger::Event::Kind::slot_closed, {900'000}, "x", 3, Energy::from_nano(5)}};
  return block;
}

}  // namespace

TEST_CASE("a block is read back as it was written, with its place, state and certificate") {
  const auto batch = pbft::Batch::make({1'000}, {to_bytes("first"), to_bytes("again")});
  pbft::OrderingCertificate ordering;
  ordering.view = 2;
  ordering.commits.endorsements = {{0, {}}, {2, {}}, {3, {}}};
  const auto block = example_block(batch);
  std::vector<TableWrite> writes{{std::string(table::state), to_bytes("b"), to_bytes("old")}};
  append_block_writes(block, batch, ordering, writes);
  writes.push_back(position_write({{9, 7, block.header.hash()}, 12}));
  writes.push_back(certificate_write(7, ordering.commits));
  writes.push_back(certified_height_write(7));
  MemorySnapshot snapshot;
  snapshot.apply(writes);

  const auto read = read_block(snapshot, 7);
  REQUIRE(read.ok());
  REQUIRE(read->has_value());
  CHECK((*read)->header == block.header);
  CHECK((*read)->batch->digest() == batch->digest());
  CHECK((*read)->ordering == ordering);
  CHECK((*read)->receipts == block.receipts);
  REQUIRE((*read)->events.size() == 1);
  CHECK((*read)->events[0].energy.nano() == 5);
  CHECK_FALSE((*read_block(snapshot, 8)).has_value());
  CHECK((**read_position(snapshot)).executed_transactions == 12);
  CHECK(*read_certified_height(snapshot) == 7);
  CHECK((**read_certificate(snapshot, 7)) == ordering.commits);
  CHECK((**read_place(snapshot, batch->ids()[0])).height == 7);
  // The same bytes a second time keep their first place, which is in another block.
  CHECK_FALSE((*read_place(snapshot, batch->ids()[1])).has_value());
  const SnapshotState state(snapshot);
  CHECK(state.get(to_bytes("a")) == to_bytes("1"));
  CHECK_FALSE(state.get(to_bytes("b")).has_value());
  CHECK(read_state(snapshot)->size() == 1);
}

TEST_CASE("a record that is not one is damage, at any length it is cut to") {
  const auto batch = pbft::Batch::make({1'000}, {to_bytes("first"), to_bytes("again")});
  std::vector<TableWrite> writes;
  append_block_writes(example_block(batch), batch, {}, writes);
  const auto whole = *writes.front().value;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    MemorySnapshot snapshot;
    writes.front().value = Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    snapshot.apply(writes);
    REQUIRE_FALSE(read_block(snapshot, 7).ok());
  }
  auto longer = whole;
  longer.push_back(0);
  writes.front().value = longer;
  MemorySnapshot snapshot;
  snapshot.apply(writes);
  CHECK_FALSE(read_block(snapshot, 7).ok());
}

TEST_CASE("a header is proven by the next certificate at or above it") {
  const auto batch = pbft::Batch::make({1'000}, {to_bytes("first"), to_bytes("again")});
  std::vector<TableWrite> writes;
  std::vector<ledger::Header> headers;
  for (std::uint64_t height = 1; height <= 6; ++height) {
    auto block = example_block(batch);
    block.header.height = height;
    headers.push_back(block.header);
    append_block_writes(block, batch, {}, writes);
  }
  crypto::QuorumCertificate certificate;
  certificate.endorsements = {{1, {}}};
  writes.push_back(certificate_write(2, {}));
  writes.push_back(certificate_write(5, certificate));
  MemorySnapshot snapshot;
  snapshot.apply(writes);
  CHECK(**read_header(snapshot, 4) == headers[3]);
  CHECK_FALSE(read_header(snapshot, 7)->has_value());
  const auto proof = read_header_proof(snapshot, 3);
  REQUIRE(proof.ok());
  REQUIRE(proof->has_value());
  CHECK((*proof)->headers == std::vector<ledger::Header>{headers.begin() + 2, headers.begin() + 5});
  CHECK((*proof)->certificate == certificate);
  CHECK((**read_header_proof(snapshot, 5)).headers.size() == 1);
  CHECK((**read_header_proof(snapshot, 2)).headers.size() == 1);
  CHECK_FALSE(read_header_proof(snapshot, 6)->has_value());
  // A block that is not held leaves a gap over which nothing is proven.
  snapshot.apply({{std::string(table::blocks), Encoder().u64(4).data(), std::nullopt}});
  CHECK_FALSE(read_header_proof(snapshot, 3)->has_value());
  snapshot.apply({{std::string(table::blocks), Encoder().u64(4).data(), to_bytes("short")}});
  CHECK(read_header_proof(snapshot, 3).error().code() == StorageError::damaged);
}
