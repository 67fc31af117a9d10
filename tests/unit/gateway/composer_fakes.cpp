#include "tests/unit/gateway/composer_fakes.hpp"

#include <doctest/doctest.h>

#include "ledger/execution.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway::test {

SubmitAnswer LedgerSubmitter::run(ledger::Transaction transaction) {
  const auto bytes = to_bytes("transaction " + std::to_string(transactions.size() + 1));
  transaction.id = crypto::sha256(bytes);
  transactions.push_back(transaction);
  known_[bytes] = transaction;

  const ledger::Genesis genesis;
  const Digest hash{};
  const auto parameters = ledger::parameters(chain_->state);
  std::vector<ledger::HistoryRow> rows;
  std::vector<ledger::Event> events;
  std::vector<ledger::ReadingResult> readings;
  const auto& block = chain_->append({bytes});
  ledger::BlockContext context{.genesis = genesis,
                               .genesis_hash = hash,
                               .height = block.header.height,
                               .block_time = block.header.time,
                               .island_time = block.header.time,
                               .parameters = parameters,
                               .history = rows,
                               .events = events};
  ledger::Overlay overlay(chain_->state);
  const auto verdict = ledger::execute(overlay, context, transaction,
                                       ledger::scope_bit(ledger::Scope::administrator), readings);
  SubmitAnswer answer;
  answer.transaction = transaction.id;
  answer.place = TransactionPlace{block.header.height, 0};
  auto& receipt = chain_->blocks.back().receipts[0];
  if (verdict) {
    receipt.outcome = ledger::Outcome::rejected;
    receipt.code = verdict->code;
    receipt.message = verdict->message;
  } else {
    overlay.merge_into(chain_->state);
  }
  answer.receipt = receipt;
  const auto more =
      ledger::transaction_rows(transaction, receipt, {block.header.time, block.header.height, 0});
  rows.insert(rows.end(), more.begin(), more.end());
  for (const auto& row : rows) {
    if (row.value) chain_->history.tables[row.table][row.key] = *row.value;
  }
  return answer;
}

void LedgerSubmitter::submit(ledger::Payload payload, std::string principal, std::string initiator,
                             Bytes idempotency_key, std::int64_t, SubmitCallback done) {
  if (instead) return done(*instead);
  const std::pair key(principal, idempotency_key);
  const auto before = answered_.find(key);
  if (before != answered_.end()) return done(before->second);
  ledger::Transaction transaction;
  transaction.payload = std::move(payload);
  transaction.principal = std::move(principal);
  transaction.initiator = std::move(initiator);
  const auto answer = run(std::move(transaction));
  answered_[key] = answer;
  done(answer);
}

void LedgerSubmitter::submit_as(ledger::Payload payload, std::string principal,
                                const crypto::KeyPair&, Bytes idempotency_key,
                                std::int64_t timeout_ms, SubmitCallback done) {
  submit(std::move(payload), std::move(principal), {}, std::move(idempotency_key), timeout_ms,
         std::move(done));
}

void LedgerSubmitter::submit_signed(Bytes, std::int64_t, SubmitCallback done) {
  SubmitAnswer answer;
  answer.kind = SubmitAnswer::Kind::unavailable;
  done(answer);
}

std::string LedgerSubmitter::execute(ledger::Payload payload, const std::string& principal,
                                     const std::string& initiator) {
  ledger::Transaction transaction;
  transaction.payload = std::move(payload);
  transaction.principal = principal;
  transaction.initiator = initiator;
  return crypto::to_hex(run(std::move(transaction)).transaction);
}

Result<ledger::Transaction> LedgerSubmitter::decode(ByteView bytes) const {
  const auto found = known_.find(to_bytes(bytes));
  if (found == known_.end()) return Error{LedgerError::malformed, "not a transaction"};
  return found->second;
}

ComposerDoor::ComposerDoor() : submitter(door.chain) {
  door.other_submitter = &submitter;
  door.decode = [this](ByteView bytes, std::uint32_t) { return submitter.decode(bytes); };
}

std::shared_ptr<Reply> ComposerDoor::ask(std::string_view method, std::string_view target,
                                         const std::string& body, const Headers& headers) {
  auto request = request_to(method, target);
  request.headers = headers;
  if (!key.empty()) request.headers.emplace("x-api-key", key);
  if (!body.empty()) request.headers.emplace("content-type", "application/json");
  request.body = body;
  auto reply = door.ask(std::move(request));
  CHECK(reply->answers == 1);
  return reply;
}

void ComposerDoor::make(std::string_view target, const Json& body) {
  const auto reply = post(target, body);
  CAPTURE(reply->response.body);
  REQUIRE(reply->response.status == 200);
}

void ComposerDoor::make_island() {
  make("/api/Coins", coins("B1", 20'000'000, "Bank"));
  make("/api/Cash", cash("B1", 20'000'000, "Bank"));
  make("/api/Bank", {{"bankID", "B1"}, {"name", "Bank"}, {"coins", "CO_B1"}, {"cash", "CA_B1"}});
  make("/api/Coins", coins("E1", 20'000'000, "UtilityCompany"));
  make("/api/Energy", energy("E1", 20'000'000, "UtilityCompany"));
  make("/api/UtilityCompany",
       {{"utilityID", "E1"}, {"name", "EEM"}, {"coins", "CO_E1"}, {"energy", "EN_E1"}});
  for (const std::string id : {"R1", "R2"}) {
    make("/api/Coins", coins(id, 20));
    make("/api/Energy", energy(id, 3));
    make("/api/Cash", cash(id, 15));
    make("/api/Resident", composer_resident(id));
  }
  make("/api/Coins", coins("V1", 100, "ElectricVehicle"));
  make("/api/Energy", energy("V1", 30, "ElectricVehicle"));
  make("/api/ElectricVehicle", {{"evID", "V1"},
                                {"type", "BEV"},
                                {"brand", "Renault"},
                                {"model", "Zoe"},
                                {"ownerID", "R1"},
                                {"coins", "CO_V1"},
                                {"energy", "EN_V1"}});
}

double ComposerDoor::value(const std::string& target) {
  return get(target)->json()["value"].get<double>();
}

Json coins(const std::string& owner, const Json& value, const std::string& entity) {
  return {
      {"coinsID", "CO_" + owner}, {"value", value}, {"ownerID", owner}, {"ownerEntity", entity}};
}

Json energy(const std::string& owner, const Json& value, const std::string& entity) {
  return {{"energyID", "EN_" + owner},
          {"units", "kwH"},
          {"value", value},
          {"ownerID", owner},
          {"ownerEntity", entity}};
}

Json cash(const std::string& owner, const Json& value, const std::string& entity) {
  return {{"cashID", "CA_" + owner},
          {"currency", "EUR"},
          {"value", value},
          {"ownerID", owner},
          {"ownerEntity", entity}};
}

Json composer_resident(const std::string& id) {
  return {{"residentID", id},       {"firstName", "First"}, {"lastName", "Last"},
          {"email", id + "@e.org"}, {"coins", "CO_" + id},  {"cash", "CA_" + id},
          {"energy", "EN_" + id}};
}

Json trade(const std::string& seller, const std::string& buyer, const Json& kwh) {
  const auto of = [](const std::string& type, const std::string& id) {
    return "resource:org.smile.energy.network." + type + "#" + id;
  };
  return {{"$class", "org.smile.energy.network.EnergyToCoins"},
          {"energyRate", 0.1629},
          {"energyValue", kwh},
          {"coinsInc", of("Coins", "CO_" + seller)},
          {"coinsDec", of("Coins", "CO_" + buyer)},
          {"energyInc", of("Energy", "EN_" + buyer)},
          {"energyDec", of("Energy", "EN_" + seller)}};
}

}  // namespace powershare::gateway::test
