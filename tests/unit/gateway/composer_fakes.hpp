// A gateway whose submitter executes on the ledger's own code, a block per transaction: what
// clients of the former server see of it.
#pragma once

#include <map>
#include <string>

#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway::test {

/// Executes at once for the administrator and writes the block and its history.
class LedgerSubmitter final : public Submitter {
 public:
  explicit LedgerSubmitter(std::shared_ptr<Chain> chain) : chain_(std::move(chain)) {}
  void submit(ledger::Payload payload, std::string principal, std::string initiator,
              Bytes idempotency_key, std::int64_t timeout_ms, SubmitCallback done) override;
  void submit_as(ledger::Payload payload, std::string principal, const crypto::KeyPair& signer,
                 Bytes idempotency_key, std::int64_t timeout_ms, SubmitCallback done) override;
  void submit_signed(Bytes transaction, std::int64_t timeout_ms, SubmitCallback done) override;
  /// As the peer's decoder would.
  Result<ledger::Transaction> decode(ByteView bytes) const;
  /// Executes a transaction as any principal signs it; gives its id in hex.
  std::string execute(ledger::Payload payload, const std::string& principal,
                      const std::string& initiator = {});

  /// When set, this is answered and nothing executed.
  std::optional<SubmitAnswer> instead;
  std::vector<ledger::Transaction> transactions;

 private:
  SubmitAnswer run(ledger::Transaction transaction);
  std::shared_ptr<Chain> chain_;
  std::map<Bytes, ledger::Transaction> known_;
  std::map<std::pair<std::string, Bytes>, SubmitAnswer> answered_;
};

/// A door for such clients. Everything is asked with the administrator's key unless `key` says
/// otherwise.
class ComposerDoor {
 public:
  ComposerDoor();
  using Headers = std::map<std::string, std::string, std::less<>>;
  std::shared_ptr<Reply> ask(std::string_view method, std::string_view target,
                             const std::string& body = {}, const Headers& headers = {});
  std::shared_ptr<Reply> get(std::string_view target) { return ask("GET", target); }
  std::shared_ptr<Reply> post(std::string_view target, const Json& body) {
    return ask("POST", target, body.dump());
  }
  std::shared_ptr<Reply> put(std::string_view target, const Json& body) {
    return ask("PUT", target, body.dump());
  }
  /// Makes an object; the test ends where that fails.
  void make(std::string_view target, const Json& body);
  /// R1 and R2 with 20 coins, 3 kWh and 15 EUR each, the bank B1, the utility E1, the vehicle V1 of
  /// R1, in the order of the former server's admin pages.
  void make_island();
  double value(const std::string& target);

  Door door;
  LedgerSubmitter submitter;
  std::string key = administrator_key;
};

Json coins(const std::string& owner, const Json& value, const std::string& entity = "Resident");
Json energy(const std::string& owner, const Json& value, const std::string& entity = "Resident");
Json cash(const std::string& owner, const Json& value, const std::string& entity = "Resident");
Json composer_resident(const std::string& id);
/// EnergyToCoins between two participants with assets of the usual names.
Json trade(const std::string& seller, const std::string& buyer, const Json& kwh);

}  // namespace powershare::gateway::test
