#include "apps/governance.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/peer_client.hpp"
#include "apps/transaction_files.hpp"
#include "gateway/payload_json.hpp"
#include "ledger/validity.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

UtcMillis now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Result<ledger::Member> read_member(const std::filesystem::path& file) {
  auto text = read_file(file, 1u << 16);
  if (!text) return text.error();
  auto member = member_from_json(*text);
  if (!member) {
    return Error{AppError::bad_configuration, file.string() + ": " + member.error().detail()};
  }
  return member;
}

/// A payload in JSON that must be of type T.
template <class T>
Result<ledger::Payload> read_as(const std::filesystem::path& file) {
  auto text = read_file(file, 8u << 20);
  if (!text) return text.error();
  gateway::json::Limits limits;
  limits.max_values = 200'000;
  const auto value = gateway::json::parse(*text, limits);
  auto payload = value ? gateway::read_payload(*value) : Result<ledger::Payload>(value.error());
  if (!payload || !std::holds_alternative<T>(*payload)) {
    const auto reason = payload ? "no " + std::string(ledger::payload_name(ledger::Payload(T{})))
                                : payload.error().detail();
    return Error{AppError::bad_configuration, file.string() + ": " + reason};
  }
  return payload;
}

Result<crypto::Digest> genesis_hash(const GovernanceOptions& options, PeerClient* peer) {
  if (!options.genesis.empty()) {
    auto genesis = load_genesis(options.genesis);
    if (!genesis) return genesis.error();
    return genesis->hash();
  }
  if (peer == nullptr) {
    return Error{AppError::usage, "without --peer the chain is named by --genesis FILE"};
  }
  auto text = peer->get("/v1/genesis");
  if (!text) return text.error();
  auto genesis = ledger::Genesis::from_json(*text);
  if (!genesis) return Error{AppError::failed, "the peer's genesis: " + genesis.error().detail()};
  return genesis->hash();
}

Result<Bytes> sign(const GovernanceOptions& options, PeerClient* peer) {
  auto payload = governance_payload(options);
  if (!payload) return payload.error();
  const auto expires_ms = parse_duration_ms(options.expires);
  if (!expires_ms || *expires_ms <= 0 || *expires_ms > ledger::max_expiry_ms) {
    return Error{AppError::usage, "--expires takes a duration up to 24h, as 10m"};
  }
  auto key = load_key(options.key);
  if (!key) return key.error();
  auto hash = genesis_hash(options, peer);
  if (!hash) return hash.error();
  return sign_as_administrator(*std::move(payload), *hash, {now().value + *expires_ms}, *key);
}

/// When the change that this transaction made, or any that is pending, takes effect.
std::string effect_of(const Json& pending) {
  if (!pending.is_object()) return "It is in force.";
  return "It takes effect after sequence " +
         std::to_string(pending.value("last_sequence", std::uint64_t{0})) + ", at feature level " +
         std::to_string(pending.value("feature_level", 0u)) + " with " +
         std::to_string(pending.value("members", Json::array()).size()) + " members.";
}

Result<int> send(const GovernanceOptions& options, PeerClient& peer, const Bytes& transaction) {
  auto answer = peer.post("/v1/transactions", signed_to_json(transaction));
  if (!answer) return answer.error();
  const auto receipt = Json::parse(*answer, nullptr, false);
  if (!receipt.is_object()) return Error{AppError::failed, "the peer's answer is not JSON"};
  auto members = peer.get("/v1/members?limit=1");
  if (!members) return members.error();
  const auto epochs = Json::parse(*members, nullptr, false);
  if (!epochs.is_object() || !epochs.contains("pending") || !epochs.contains("current")) {
    return Error{AppError::failed, "the peer's answer about members is not as expected"};
  }
  if (options.json) {
    Json document = receipt;
    document["epoch"] = epochs["current"]["epoch"];
    document["pending"] = epochs["pending"];
    std::printf("%s\n", document.dump().c_str());
  } else {
    std::printf("applied: transaction %s\n%s\n",
                receipt.value("transaction", std::string()).c_str(),
                effect_of(epochs["pending"]).c_str());
  }
  return 0;
}

Result<int> run(const GovernanceOptions& options) {
  const bool submits = options.action == GovernanceAction::submit;
  std::unique_ptr<PeerClient> peer;
  if (!options.peer.empty()) {
    auto address = parse_peer_url(options.peer);
    if (!address) return address.error();
    peer = std::make_unique<PeerClient>(*address, options.authorities);
  }
  if (peer == nullptr && (submits || options.out.empty())) {
    return Error{AppError::usage, "governance needs --peer URL, or --out FILE to sign only"};
  }
  auto transaction = submits ? load_signed(options.transaction) : sign(options, peer.get());
  if (!transaction) return transaction.error();
  if (submits || options.out.empty()) return send(options, *peer, *transaction);
  auto written = write_file(options.out, signed_to_json(*transaction) + "\n", 0644);
  if (!written) return written.error();
  const auto id = crypto::to_hex(crypto::sha256(*transaction));
  if (options.json) {
    std::printf("%s\n", Json{{"transaction", id}, {"file", options.out.string()}}.dump().c_str());
  } else {
    std::printf("signed: transaction %s in %s\n", id.c_str(), options.out.c_str());
  }
  return 0;
}

}  // namespace

Result<ledger::Payload> governance_payload(const GovernanceOptions& options) {
  ledger::Payload payload;
  switch (options.action) {
    case GovernanceAction::add_member:
    case GovernanceAction::replace_keys: {
      auto member = read_member(options.member);
      if (!member) return member.error();
      if (options.action == GovernanceAction::add_member) {
        payload = ledger::AddMember{*member, options.control_endpoint, options.bulk_endpoint};
      } else {
        payload = ledger::ReplaceMemberKeys{*member};
      }
      break;
    }
    case GovernanceAction::remove_member: {
      auto peer = PeerId::parse(options.peer_id);
      if (!peer) return Error{AppError::usage, peer.error().detail()};
      payload = ledger::RemoveMember{*peer};
      break;
    }
    case GovernanceAction::feature_level:
      payload = ledger::SetFeatureLevel{options.level};
      break;
    case GovernanceAction::parameter:
      payload = ledger::SetParameter{options.name, options.value};
      break;
    case GovernanceAction::network: {
      auto network = read_as<ledger::SetNetwork>(options.file);
      if (!network) return network.error();
      payload = *std::move(network);
      break;
    }
    case GovernanceAction::shares: {
      auto shares = read_as<ledger::SetShares>(options.file);
      if (!shares) return shares.error();
      payload = *std::move(shares);
      break;
    }
    case GovernanceAction::tariff: {
      auto tariff = read_as<ledger::SetTariff>(options.file);
      if (!tariff) return tariff.error();
      payload = *std::move(tariff);
      break;
    }
    case GovernanceAction::source: {
      auto meter = MeterId::parse(options.name);
      const auto source = ledger::energy_source(options.value);
      if (!meter) return Error{AppError::usage, meter.error().detail()};
      if (!source) {
        return Error{AppError::usage, "a source is solar, wind, hydro, thermal or other"};
      }
      payload = ledger::SetSource{*std::move(meter), *source};
      break;
    }
    case GovernanceAction::submit:
      return Error{AppError::usage, "submit sends what has been signed before"};
  }
  if (const auto valid = ledger::check_payload(payload); !valid) {
    return Error{AppError::usage, valid.error().detail()};
  }
  return payload;
}

int run_governance(const GovernanceOptions& options) {
  crypto::initialise();
  const auto code = run(options);
  return code ? *code : report(code.error());
}

}  // namespace powershare::apps
