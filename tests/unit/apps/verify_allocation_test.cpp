// What a slot's allocation proves without a peer.
#include "apps/verify_allocation.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "crypto/sparse_merkle_tree.hpp"
#include "gateway/proof_json.hpp"
#include "ledger/allocation.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

crypto::KeyPair key(std::uint8_t number) {
  crypto::Seed seed{};
  seed.fill(number);
  return crypto::KeyPair::from_seed(seed);
}

ledger::Genesis genesis() {
  ledger::Genesis result;
  result.chain = *ChainId::parse("funchal");
  result.created = {1'571'616'000'000};
  result.administrator_key = key(90).public_key();
  for (std::uint8_t i = 1; i <= 4; ++i) {
    ledger::Member member;
    member.peer = *PeerId::parse("peer-" + std::to_string(i));
    member.consensus_key = key(i).public_key();
    member.gateway_key = key(static_cast<std::uint8_t>(100 + i)).public_key();
    member.transport_key.fill(i);
    result.members.push_back(member);
  }
  return result;
}

ledger::AllocationVector allocations() {
  const auto home = [](const char* id) {
    return ledger::ParticipantRef{ledger::ParticipantType::resident, *ParticipantId::parse(id)};
  };
  return {{1'571'616'900'000},
          {{home("H01"), {}, Energy::from_nano(3), {}, Energy::from_nano(1)},
           {home("H02"), Energy::from_nano(2), {}, Energy::from_nano(5), {}},
           {home("H03"), Energy::from_nano(1), {}, {}, {}}}};
}

std::string hex(const crypto::Digest& digest) {
  return crypto::to_hex(digest);
}

struct Proven {
  std::string certificate;
  Json allocation;
};

/// A block whose state holds the root beside another record, signed by three members, and what a
/// peer answers about it.
Proven proven() {
  const auto vector = allocations();
  const auto root = vector.root();
  const auto record_key = ledger::allocation_key(vector.slot);
  crypto::SparseMerkleTree tree;
  tree.put(crypto::sha256(record_key), crypto::sha256(root));
  tree.put(crypto::sha256(to_bytes("another key")), crypto::sha256(to_bytes("its value")));
  ledger::BlockProof proof;
  ledger::Header header;
  header.genesis = genesis().hash();
  header.height = 1;
  header.sequence = 1;
  header.state_root = tree.root();
  proof.block.headers = {header};
  const auto statement = ledger::block_statement(header.genesis, 0, 1, header.hash());
  for (std::uint8_t i = 0; i < 3; ++i) {
    proof.block.certificate.endorsements.push_back(
        {i, key(static_cast<std::uint8_t>(i + 1)).sign(statement)});
  }
  gateway::json::Writer out;
  gateway::write_proof(out, proof, genesis().members);
  Json entries = Json::array();
  const auto leaves = vector.leaves();
  for (std::size_t i = 0; i < vector.entries.size(); ++i) {
    const auto& entry = vector.entries[i];
    Json path = Json::array();
    for (const auto& sibling : crypto::merkle_proof(leaves, i).path) path.push_back(hex(sibling));
    entries.push_back({{"participant", ledger::to_text(entry.participant)},
                       {"bought_kwh", to_text(entry.bought)},
                       {"sold_kwh", to_text(entry.sold)},
                       {"from_utility_kwh", to_text(entry.from_utility)},
                       {"to_utility_kwh", to_text(entry.to_utility)},
                       {"index", i},
                       {"path", path}});
  }
  Json siblings = Json::array();
  for (const auto& sibling : tree.prove(crypto::sha256(record_key)).siblings) {
    siblings.push_back(hex(sibling));
  }
  return {std::move(out).take(),
          {{"start", to_iso8601(vector.slot)},
           {"root", hex(root)},
           {"size", vector.entries.size()},
           {"entries", entries},
           {"height", 1},
           {"header_bytes", to_hex(header.encode())},
           {"key", to_hex(record_key)},
           {"value", hex(root)},
           {"siblings", siblings}}};
}

}  // namespace

TEST_CASE("an allocation is proven from the genesis alone, whole or one's own entry") {
  const auto [certificate, allocation] = proven();
  const auto all = verify_allocation_text(genesis(), certificate, allocation.dump());
  REQUIRE_MESSAGE(all.ok(), all.error().detail());
  CHECK(all->entries == 3);
  CHECK(all->size == 3);
  CHECK(all->height == 1);
  Json own = allocation;
  own["entries"] = Json::array({allocation["entries"][1]});
  CHECK(verify_allocation_text(genesis(), certificate, own.dump())->entries == 1);
}

TEST_CASE("whatever is changed in an allocation is found") {
  const auto [certificate, allocation] = proven();
  const auto fault = [&, &text = certificate](const Json& changed) {
    const auto verified = verify_allocation_text(genesis(), text, changed.dump());
    REQUIRE_FALSE(verified.ok());
    return verified.error().detail();
  };
  Json changed = allocation;
  changed["entries"][1]["bought_kwh"] = "0.000000003";
  CHECK(fault(changed) == "the entry of Resident:H02 is not in the vector");
  changed = allocation;
  changed["entries"][1]["participant"] = "Resident:H09";
  CHECK(fault(changed) == "the entry of Resident:H09 is not in the vector");
  changed = allocation;
  changed["entries"][1]["index"] = 0;
  CHECK(fault(changed) == "the entry of Resident:H02 is not in the vector");
  changed = allocation;
  changed["value"] = std::string(64, 'a');
  CHECK(fault(changed) == "the root is not in the block's state");
  changed = allocation;
  changed["start"] = "2019-10-21T00:30:00Z";
  CHECK(fault(changed) == "the root is not in the block's state");
  changed = allocation;
  changed["header_bytes"] = "00";
  CHECK(fault(changed) == "the certificate is of another block than the allocation");
  for (const char* field : {"start", "size", "entries", "value", "header_bytes", "siblings"}) {
    CAPTURE(field);
    changed = allocation;
    changed.erase(field);
    CHECK_FALSE(fault(changed).empty());
  }
  auto other = genesis();
  other.created.value += 1;
  CHECK_FALSE(verify_allocation_text(other, certificate, allocation.dump()).ok());
  CHECK_FALSE(verify_allocation_text(genesis(), certificate, "no JSON").ok());
}

}  // namespace powershare::apps
