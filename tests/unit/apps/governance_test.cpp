// What the administrator signs, and what a certificate proves without a peer.
#include "apps/governance.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_client.hpp"
#include "apps/peer_config.hpp"
#include "apps/transaction_files.hpp"
#include "apps/verify_certificate.hpp"
#include "gateway/proof_json.hpp"
#include "protocol/wire/transaction_codec.hpp"

using namespace powershare;
using namespace powershare::apps;

namespace {

struct Folder {
  Folder() {
    auto pattern =
        (std::filesystem::temp_directory_path() / "powershare-governance-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

crypto::KeyPair key(std::uint8_t number) {
  crypto::Seed seed{};
  seed.fill(number);
  return crypto::KeyPair::from_seed(seed);
}

ledger::Member member(std::uint8_t number) {
  ledger::Member result;
  result.peer = *PeerId::parse("peer-" + std::to_string(number));
  result.consensus_key = key(number).public_key();
  result.gateway_key = key(static_cast<std::uint8_t>(100 + number)).public_key();
  result.transport_key.fill(number);
  return result;
}

ledger::Genesis small_genesis() {
  ledger::Genesis genesis;
  genesis.chain = *ChainId::parse("funchal");
  genesis.created = {1'571'616'000'000};
  genesis.administrator_key = key(90).public_key();
  for (std::uint8_t i = 1; i <= 4; ++i) genesis.members.push_back(member(i));
  return genesis;
}

/// Block 1, signed by the first `signers` members.
std::string certificate(const ledger::Genesis& genesis, std::uint32_t signers) {
  ledger::BlockProof proof;
  ledger::Header header;
  header.genesis = genesis.hash();
  header.height = 1;
  header.sequence = 1;
  header.previous = genesis.hash();
  proof.block.headers = {header};
  const auto statement = ledger::block_statement(header.genesis, 0, 1, header.hash());
  for (std::uint32_t i = 0; i < signers; ++i) {
    proof.block.certificate.endorsements.push_back(
        {i, key(static_cast<std::uint8_t>(i + 1)).sign(statement)});
  }
  gateway::json::Writer out;
  gateway::write_proof(out, proof, genesis.members);
  return std::move(out).take();
}

}  // namespace

TEST_CASE("each governance command makes its transaction") {
  const Folder folder;
  const auto file = folder.path / "peer-5.json";
  REQUIRE(write_file(file, member_to_json(member(5)) + "\n", 0644).ok());
  GovernanceOptions options;
  options.action = GovernanceAction::add_member;
  options.member = file;
  options.control_endpoint = "tcp://10.0.0.5:7400";
  const auto add = governance_payload(options);
  REQUIRE_MESSAGE(add.ok(), add.error().detail());
  CHECK(std::get<ledger::AddMember>(*add).member == member(5));
  CHECK(std::get<ledger::AddMember>(*add).control_endpoint == "tcp://10.0.0.5:7400");
  options.action = GovernanceAction::replace_keys;
  CHECK(std::get<ledger::ReplaceMemberKeys>(*governance_payload(options)).member == member(5));
  options.action = GovernanceAction::remove_member;
  options.peer_id = "peer-2";
  CHECK(std::get<ledger::RemoveMember>(*governance_payload(options)).peer.text() == "peer-2");
  options.action = GovernanceAction::feature_level;
  options.level = 3;
  CHECK(std::get<ledger::SetFeatureLevel>(*governance_payload(options)).level == 3);
  options.action = GovernanceAction::parameter;
  options.name = "close_grace";
  options.value = "3m";
  CHECK(std::get<ledger::SetParameter>(*governance_payload(options)).value == "3m");
  options.value = "soon";
  CHECK(governance_payload(options).error().code() == AppError::usage);
  options.action = GovernanceAction::feature_level;
  options.level = 1;
  CHECK(governance_payload(options).error().code() == AppError::usage);
  options.action = GovernanceAction::add_member;
  options.control_endpoint = "10.0.0.5:7400";
  CHECK(governance_payload(options).error().detail() == "an endpoint is tcp://host:port");
  options.member = folder.path / "nowhere";
  CHECK(governance_payload(options).error().code() == AppError::bad_configuration);
}

TEST_CASE("a transaction is signed without a peer and read again to be sent") {
  const Folder folder;
  const auto genesis = small_genesis();
  REQUIRE(write_file(folder.path / "genesis.json", genesis.to_json(), 0644).ok());
  REQUIRE(write_file(folder.path / "administrator.key", std::string(64, '5') + "\n", 0600).ok());
  GovernanceOptions options;
  options.action = GovernanceAction::remove_member;
  options.peer_id = "peer-2";
  options.key = folder.path / "administrator.key";
  options.genesis = folder.path / "genesis.json";
  options.out = folder.path / "remove.json";
  CHECK(run_governance(options) == 0);
  const auto bytes = load_signed(options.out);
  REQUIRE_MESSAGE(bytes.ok(), bytes.error().detail());
  const auto transaction = wire::decode_transaction(*bytes, genesis.hash(), 2);
  REQUIRE_MESSAGE(transaction.ok(), transaction.error().detail());
  CHECK(transaction->principal == "administrator");
  CHECK(std::holds_alternative<ledger::RemoveMember>(transaction->payload));
  CHECK(transaction->idempotency_key.size() == 16);
  options.expires = "25h";
  CHECK(run_governance(options) == 64);
  options.expires = "10m";
  options.genesis.clear();
  CHECK(run_governance(options) == 64);
  options.out.clear();
  CHECK(run_governance(options) == 64);
  for (const auto* text : {"", "{}", R"({"signed":"!"})", R"({"signed":""})", R"({"signed":1})",
                           R"({"signed":"AAAA","more":1})"}) {
    REQUIRE(write_file(folder.path / "bad.json", text, 0644).ok());
    CHECK(load_signed(folder.path / "bad.json").error().code() == AppError::bad_configuration);
  }
}

TEST_CASE("a peer's URL is an address and a port") {
  const auto peer = parse_peer_url("http://127.0.0.1:8080/");
  REQUIRE(peer.ok());
  CHECK(peer->address == "127.0.0.1");
  CHECK(peer->port == 8080);
  CHECK(parse_peer_url("http://[::1]:80")->address == "::1");
  CHECK_FALSE(peer->secure);
  CHECK(parse_peer_url("https://127.0.0.1:8443")->secure);
  for (const auto* url :
       {"", "127.0.0.1:8080", "https:/127.0.0.1:8080", "http://127.0.0.1", "http://:80",
        "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://127.0.0.1:80x"}) {
    CAPTURE(url);
    CHECK(parse_peer_url(url).error().code() == AppError::usage);
  }
}

TEST_CASE("a certificate is good, or is refused with the reason and the right exit code") {
  const Folder folder;
  const auto genesis = small_genesis();
  VerifyCertificateOptions options;
  options.genesis = folder.path / "genesis.json";
  options.certificate = folder.path / "certificate.json";
  REQUIRE(write_file(options.genesis, genesis.to_json(), 0644).ok());
  REQUIRE(write_file(options.certificate, certificate(genesis, 3), 0644).ok());
  CHECK(run_verify_certificate(options) == 0);
  const auto good = verify_certificate_text(genesis, certificate(genesis, 3));
  REQUIRE(good.ok());
  CHECK(good->signers == 3);
  CHECK(good->members == 4);
  CHECK(good->header.height == 1);
  const auto small = verify_certificate_text(genesis, certificate(genesis, 2));
  CHECK(small.error().detail() == "the certificate of block 1: too few signers: 2 of 3");
  auto other = genesis;
  other.created.value += 1;
  CHECK(verify_certificate_text(other, certificate(genesis, 3)).error().detail() ==
        "block 1 is of another genesis");
  REQUIRE(write_file(options.certificate, certificate(other, 3), 0644).ok());
  CHECK(run_verify_certificate(options) == 1);
  REQUIRE(write_file(options.certificate, "no certificate", 0644).ok());
  CHECK(run_verify_certificate(options) == 1);
  options.certificate = folder.path / "nowhere";
  CHECK(run_verify_certificate(options) == 64);
}

TEST_CASE("a peer may be told to know less, but not more, than its program does") {
  const Folder folder;
  PeerConfig config;
  config.peer = *PeerId::parse("peer-1");
  config.feature_level_max = 1;
  const auto file = folder.path / "peer.yaml";
  REQUIRE(write_file(file, config.to_yaml(), 0600).ok());
  const auto read = load_peer_config(file);
  REQUIRE_MESSAGE(read.ok(), read.error().detail());
  CHECK(read->feature_level_max == 1);
  for (const std::uint32_t wrong : {0u, ledger::known_feature_level + 1}) {
    config.feature_level_max = wrong;
    REQUIRE(write_file(file, config.to_yaml(), 0600).ok());
    CHECK(load_peer_config(file).error().code() == AppError::bad_configuration);
  }
}
