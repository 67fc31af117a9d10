#include "gateway/composer/submission.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::size_t max_initiator_bytes = 96;

Outcome<Bytes> idempotency_key(const Exchange& exchange, std::optional<std::size_t> item) {
  const auto given = exchange.http.header("idempotency-key");
  if (!given) {
    Bytes drawn(16);
    crypto::random_bytes(drawn);
    return drawn;
  }
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (given->empty() || given->size() > 64 || !std::all_of(given->begin(), given->end(), visible)) {
    return plain(400, "Idempotency-Key must be 1 to 64 visible ASCII characters.");
  }
  if (!item) return to_bytes(*given);
  const auto part =
      crypto::sha256(Encoder().text(*given).u64(static_cast<std::uint64_t>(*item)).data());
  return to_bytes(ByteView(part));
}

/// The former server's words for what the ledger has rejected.
Problem rejection(const ledger::Receipt& receipt, const Subject& subject) {
  const auto& code = receipt.code;
  if (subject.type == nullptr) {
    if (code == "identity_name_exists") {
      return plain(
          500, "Identity with name " + subject.name + " already exists in smile-energy-network");
    }
    if (code == "identity_exists") return object_exists(subject.id);
    if (code == "unknown_participant") {
      return plain(500, "Participant '" + subject.participant + "' does not exist ");
    }
    if (code == "unknown_identity") return system_object_not_found("Identity", subject.id);
    return plain(500, receipt.message);
  }
  if (code == "asset_exists" || code == "participant_exists") return object_exists(subject.id);
  const bool is_object = subject.type->kind != Kind::transaction;
  if (is_object && (code == "unknown_asset" || code == "unknown_participant")) {
    return object_not_found(*subject.type, subject.id);
  }
  if (code == "insufficient_energy") return plain(500, "Insufficient energy in producer account");
  if (code == "insufficient_coins") return plain(500, "Insufficient coins in consumer account");
  if (code == "insufficient_cash") return plain(500, "Insufficient cash");
  return plain(500, receipt.message);
}

Outcome<std::string> outcome_of(const SubmitAnswer& answer, const Subject& subject) {
  using Kind = SubmitAnswer::Kind;
  const auto id =
      crypto::is_zero(answer.transaction) ? std::string() : crypto::to_hex(answer.transaction);
  const auto wait = answer.retry_after_seconds;
  switch (answer.kind) {
    case Kind::executed:
      break;
    case Kind::refused:
      return plain(500, answer.message);
    case Kind::over_quota: {
      auto problem = unavailable("Too much of this sender is under way.", wait, id);
      problem.status = 429;
      return problem;
    }
    case Kind::mempool_full:
      return unavailable("Too many transactions are waiting.", wait, id);
    case Kind::no_quorum:
      return unavailable(
          "The peers have not agreed in time; the transaction may still be executed.", wait, id);
    case Kind::unavailable:
      return unavailable("This peer takes no transactions now.", wait, id);
  }
  if (!answer.receipt || answer.receipt->outcome == ledger::Outcome::rejected) {
    return rejection(answer.receipt.value_or(ledger::Receipt{}), subject);
  }
  // A repeated Idempotency-Key has the effect, and so the id, of the first transaction.
  const auto& receipt = *answer.receipt;
  return crypto::to_hex(receipt.outcome == ledger::Outcome::duplicate ? receipt.first
                                                                      : receipt.transaction);
}

std::string initiator_of(const Exchange& exchange) {
  auto text = "api-key:" + exchange.label;
  if (text.size() > max_initiator_bytes) text.resize(max_initiator_bytes);
  return text;
}

}  // namespace

void submit(const Context& context, const Exchange& exchange, ledger::Payload payload,
            Subject subject, std::optional<std::size_t> item, Submitted done) {
  auto key = idempotency_key(exchange, item);
  if (auto* problem = std::get_if<Problem>(&key)) return done(std::move(*problem));
  context.ports().submitter->submit(
      std::move(payload), "administrator", initiator_of(exchange), std::move(std::get<Bytes>(key)),
      context.services->options.submit_timeout_ms,
      [subject = std::move(subject), done = std::move(done)](const SubmitAnswer& answer) {
        done(outcome_of(answer, subject));
      });
}

}  // namespace powershare::gateway::composer
