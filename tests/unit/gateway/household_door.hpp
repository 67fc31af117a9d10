// A door over a small ledger that executes what is submitted: two households, their log-ins and
// sessions, and replies that come from another thread.
#pragma once

#include <condition_variable>

#include "gateway/household/tokens.hpp"
#include "ledger/access.hpp"
#include "ledger/execution.hpp"
#include "ledger/membership.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/validity.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway::test {

/// An answer that may come from the thread for passwords.
class LateReply final : public net::HttpReply {
 public:
  void send(net::HttpResponse given) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(given);
    wake_.notify_all();
  }
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) override {
    opened = std::make_shared<Stream>();
    send(std::move(head));
    return opened;
  }
  std::shared_ptr<Stream> opened;  ///< set before wait() returns
  net::HttpResponse wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return response_.has_value(); });
    return *response_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<net::HttpResponse> response_;
};

struct Answer {
  int status = 0;
  Json body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string code() const {
    return body.is_object() && body.contains("error") ? body["error"]["code"].get<std::string>()
                                                      : std::string();
  }
  std::string header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (known == name) return value;
    }
    return {};
  }
};

/// Executes on the chain's state, one transaction a block, a second apart.
class AccessSubmitter final : public Submitter {
 public:
  explicit AccessSubmitter(std::shared_ptr<Chain> chain) : chain_(std::move(chain)) {}
  void submit(ledger::Payload payload, std::string principal, std::string, Bytes once, std::int64_t,
              SubmitCallback done) override {
    execute(std::move(payload), std::move(principal), administrator.public_key(), std::move(once),
            done);
  }
  void submit_as(ledger::Payload payload, std::string principal, const crypto::KeyPair& signer,
                 Bytes once, std::int64_t, SubmitCallback done) override {
    execute(std::move(payload), std::move(principal), signer.public_key(), std::move(once), done);
  }
  void submit_signed(Bytes bytes, std::int64_t, SubmitCallback done) override {
    signed_bytes.push_back(std::move(bytes));
    done({});
  }
  crypto::KeyPair administrator = crypto::KeyPair::generate();
  std::vector<Bytes> signed_bytes;
  std::vector<std::string> executed;  ///< "payload by principal: code"

 private:
  void execute(ledger::Payload payload, std::string principal, const crypto::PublicKey& signer,
               Bytes once, const SubmitCallback& done) {
    ledger::Transaction transaction;
    transaction.principal = std::move(principal);
    transaction.idempotency_key = std::move(once);
    transaction.expires = {1};
    transaction.payload = std::move(payload);
    transaction.signer = signer;
    const auto& block = chain_->append({transaction.idempotency_key});
    SubmitAnswer answer;
    answer.transaction = crypto::sha256(transaction.idempotency_key);
    const auto rejection = verdict(transaction, block.header);
    executed.push_back(std::string(ledger::payload_name(transaction.payload)) + " by " +
                       transaction.principal + ": " + (rejection ? rejection->code : "applied"));
    answer.receipt.emplace();
    answer.receipt->transaction = answer.transaction;
    answer.place = TransactionPlace{block.header.height, 0};
    if (rejection) {
      answer.receipt->outcome = ledger::Outcome::rejected;
      answer.receipt->code = rejection->code;
      answer.receipt->message = rejection->message;
    }
    done(answer);
  }
  ledger::Verdict verdict(const ledger::Transaction& transaction, const ledger::Header& header) {
    if (const auto valid = ledger::check_transaction(transaction); !valid) {
      return ledger::Rejection{"malformed", valid.error().detail()};
    }
    const auto scopes =
        ledger::authority(chain_->state, transaction.signer, transaction.principal, header.time);
    if (scopes == 0) return ledger::Rejection{"unknown_key", "a stranger"};
    if (auto forbidden = ledger::check_rights(chain_->state, transaction, scopes)) return forbidden;
    ledger::Overlay overlay(chain_->state);
    const ledger::Genesis genesis;
    const Digest hash{};
    const ledger::Parameters parameters;
    std::vector<ledger::HistoryRow> rows;
    std::vector<ledger::Event> events;
    std::vector<ledger::ReadingResult> readings;
    const ledger::BlockContext context{genesis,    hash, header.height, header.time, header.time,
                                       parameters, 0,    rows,          events};
    auto rejection = ledger::execute(overlay, context, transaction, scopes, readings);
    if (!rejection) overlay.merge_into(chain_->state);
    return rejection;
  }

  std::shared_ptr<Chain> chain_;
};

inline constexpr auto password = "correct horse battery";

/// H01 with the log-in "ana", H02 with "eva"; V1 is H01's.
class HouseholdDoor {
 public:
  HouseholdDoor() {
    door.other_submitter = &submitter;
    ledger::put_first_epoch(door.chain->state, {});
    ledger::put_binding(door.chain->state, {submitter.administrator.public_key(), "administrator",
                                            ledger::scope_bit(ledger::Scope::administrator) |
                                                ledger::scope_bit(ledger::Scope::governance)});
    for (const auto* id : {"H01", "H02"}) {
      ledger::Participant home;
      home.ref = resident(id);
      home.profile = {};
      ledger::put_participant(door.chain->state, {home, {}, {}});
    }
    ledger::Participant vehicle;
    vehicle.ref = {ledger::ParticipantType::electric_vehicle, *ParticipantId::parse("V1")};
    vehicle.owner = resident("H01").id;
    vehicle.brand = "Renault";
    ledger::put_participant(door.chain->state, {vehicle, {}, {}});
    door.chain->append({});
  }

  Answer ask(net::HttpRequest request) {
    auto reply = std::make_shared<LateReply>();
    door.gateway().handle(std::move(request), reply);
    auto response = reply->wait();
    const bool json = response.content_type.starts_with("application/json");
    return {response.status, json ? Json::parse(response.body) : Json(response.body),
            response.headers};
  }
  Answer ask(std::string_view method, std::string_view target, const std::string& token = {},
             const Json& body = nullptr, std::string_view key = {}) {
    auto request = request_to(method, target);
    request.remote_address = address;
    if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
    if (!key.empty()) request.headers["x-api-key"] = key;
    if (!body.is_null()) request.body = body.dump();
    return ask(std::move(request));
  }
  std::string invite(const char* participant) {
    const auto answer =
        ask("POST", "/v1/invitations", {}, {{"participant", participant}}, administrator_key);
    return answer.status == 200 ? answer.body["code"].get<std::string>() : std::string();
  }
  Answer accept(const std::string& code, const char* login) {
    return ask("POST", "/etms/accept", {},
               {{"code", code}, {"login", login}, {"password", password}});
  }
  Answer log_in(const char* login, const char* word = password) {
    return ask("POST", "/etms/login", {}, {{"login", login}, {"password", word}});
  }
  /// Invited, accepted and logged in: the token.
  std::string token_of(const char* participant, const char* login) {
    accept(invite(participant), login);
    return log_in(login).body["token"];
  }
  /// The wall clock goes on, without a block.
  void let_pass(std::int64_t ms) {
    door.wall_clock = {door.chain->blocks.back().header.time.value + ms};
  }

  Door door;
  AccessSubmitter submitter{door.chain};
  std::string address = "192.0.2.1";
};

}  // namespace powershare::gateway::test
