// The routes of a household's account over a chain that executes what is submitted.
#pragma once

#include <memory>
#include <string>

#include "gateway/error.hpp"
#include "gateway/services.hpp"
#include "ledger/access.hpp"
#include "tests/unit/gateway/fakes.hpp"
#include "tests/unit/ledger/household_fixture.hpp"

namespace powershare::gateway::test {

using ledger::test::Household;

/// With a session open under the key of whoever asks.
class AccountView final : public ChainView {
 public:
  explicit AccountView(const Household& chain) : chain_(chain), state_(chain.machine.state()) {
    ledger::Session session;
    session.key = ledger::test::key(11).public_key();
    session.participant = resident("somebody");
    session.expires = {4'000'000'000'000};
    session.refresh_expires = session.expires;
    ledger::put_session(state_, session);
  }
  const ledger::StateReader& state() const override { return state_; }
  const ledger::HistoryReader& history() const override { return chain_.history; }
  ledger::Header head() const override { return chain_.machine.head(); }
  Digest head_hash() const override { return chain_.machine.head_hash(); }
  Result<std::optional<BlockRecord>> block(std::uint64_t height) const override {
    if (height == 0 || height > chain_.blocks.size()) return std::optional<BlockRecord>();
    const auto& block = chain_.blocks[height - 1];
    BlockRecord record;
    record.header = block.header;
    record.transactions = block.transactions;
    record.receipts = block.receipts;
    record.events = block.events;
    return std::optional(std::move(record));
  }
  Result<std::optional<ledger::HeaderProof>> header_proof(std::uint64_t) const override {
    return std::optional<ledger::HeaderProof>();
  }
  Result<std::optional<TransactionPlace>> place(const Digest&) const override {
    return std::optional<TransactionPlace>();
  }

 private:
  const Household& chain_;
  ledger::Overlay state_;
};

/// Executes at once, signed with the key of the fixture.
class AccountSubmitter final : public Submitter {
 public:
  explicit AccountSubmitter(Household& chain) : chain_(chain) {}
  void submit(ledger::Payload payload, std::string, std::string, Bytes, std::int64_t,
              SubmitCallback done) override {
    done(answer(chain_.as_administrator(std::move(payload))));
  }
  void submit_as(ledger::Payload payload, std::string principal, const crypto::KeyPair&, Bytes,
                 std::int64_t, SubmitCallback done) override {
    done(answer(chain_.as_owner(ledger::parse_participant_ref(principal).value(), payload)));
  }
  void submit_signed(Bytes, std::int64_t, SubmitCallback done) override { done({}); }

 private:
  static SubmitAnswer answer(const ledger::Receipt& receipt) {
    SubmitAnswer result;
    result.transaction = receipt.transaction;
    result.receipt = receipt;
    return result;
  }
  Household& chain_;
};

/// Proves from the machine itself, or is busy.
class AccountProver final : public RecordProver {
 public:
  explicit AccountProver(const Household& chain) : chain_(chain) {}
  void prove(Bytes key, std::function<void(Result<RecordProof>)> done) override {
    if (busy) return done(Error{GatewayError::not_certified, "too many"});
    done(RecordProof{chain_.machine.head(), chain_.machine.prove(key)});
  }
  bool busy = false;

 private:
  const Household& chain_;
};

class AccountDoor {
 public:
  explicit AccountDoor(ledger::Genesis start = ledger::test::level_three())
      : chain(std::move(start)) {
    Ports ports;
    ports.view = [this]() -> Result<std::unique_ptr<ChainView>> {
      return std::unique_ptr<ChainView>(std::make_unique<AccountView>(chain));
    };
    ports.clock = [] { return MonotonicMillis{}; };
    ports.submitter = &submitter;
    ports.decode = wire::transaction_decoder(chain.hash);
    ports.live = &live;
    ports.prover = &prover;
    services = std::make_shared<Services>(GatewayOptions{}, std::move(ports));
    add_household_account_routes(router, services);
    add_account_proof_routes(router, services);
    add_slot_proof_routes(router, services);
    add_origin_routes(router, services);
  }

  std::shared_ptr<Reply> ask(net::HttpRequest http,
                             const std::optional<ledger::ParticipantRef>& who,
                             std::optional<Role> role = {}) {
    auto reply = std::make_shared<Reply>();
    const auto match = router.match(http.method, http.path);
    REQUIRE(match.route != nullptr);
    Request request;
    request.http = std::move(http);
    request.path_parameters = match.path_parameters;
    if (role) request.key = ApiKey{{}, *role, "test"};
    if (who) {
      const auto key = ledger::test::key(11);
      request.caller = Caller{*who, std::make_shared<const crypto::KeyPair>(key)};
    }
    match.route->handler(request, Responder(reply, {}));
    return reply;
  }
  std::shared_ptr<Reply> get(const std::optional<ledger::ParticipantRef>& who,
                             std::string_view target) {
    return ask(request_to("GET", target), who);
  }
  std::shared_ptr<Reply> send(const ledger::ParticipantRef& who, std::string_view method,
                              std::string_view target, std::string body) {
    auto request = request_to(method, target);
    request.body = std::move(body);
    return ask(std::move(request), who);
  }

  Household chain;
  AccountSubmitter submitter{chain};
  AccountProver prover{chain};
  FakeLive live;
  ServicesPtr services;
  Router router;
};

inline bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace powershare::gateway::test
