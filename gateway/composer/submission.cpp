#include "gateway/composer/submission.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/keys.hpp"
#include "gateway/composer/historian.hpp"

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

/// What an access control list of the former server would have called it.
std::string_view verb_of(const ledger::Payload& payload) {
  const auto type = historian_type(payload);
  const auto name = std::string_view(type).substr(type.rfind('.') + 1);
  if (name.starts_with("Update") || name.starts_with("Revoke")) return "UPDATE";
  return name.starts_with("Remove") ? "DELETE" : "CREATE";
}

/// For whom a transaction was submitted and what it would have done.
struct Attempt {
  std::string participant;  ///< "org.smile.energy.network.Resident#R1"; empty: the administrator
  std::string_view verb;
};

Problem no_access(const Attempt& attempt, const Subject& subject, const Digest& transaction) {
  const auto id = subject.type != nullptr && subject.type->kind == Kind::transaction
                      ? crypto::to_hex(transaction)
                      : subject.id;
  const auto type =
      subject.type != nullptr ? subject.type->full_name() : std::string(system_space) + ".Identity";
  return access_denied(attempt.participant, attempt.verb, type + "#" + id);
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

Outcome<std::string> outcome_of(const SubmitAnswer& answer, const Subject& subject,
                                const Attempt& attempt) {
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
  if (!attempt.participant.empty() && answer.receipt && answer.receipt->code == "forbidden") {
    return no_access(attempt, subject, answer.transaction);
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
  Attempt attempt{{}, verb_of(payload)};
  const auto& holder = exchange.holder;
  if (holder) {
    const auto& who = holder->participant;
    attempt.participant = type_of(who.type).full_name() + "#" + who.id.text();
  }
  auto answered = [subject = std::move(subject), attempt = std::move(attempt),
                   done = std::move(done)](const SubmitAnswer& answer) {
    done(outcome_of(answer, subject, attempt));
  };
  auto* submitter = context.ports().submitter;
  const auto timeout = context.services->options.submit_timeout_ms;
  if (holder) {
    submitter->submit_as(std::move(payload), ledger::to_text(holder->participant), *holder->key,
                         std::move(std::get<Bytes>(key)), timeout, std::move(answered));
  } else {
    submitter->submit(std::move(payload), "administrator", initiator_of(exchange),
                      std::move(std::get<Bytes>(key)), timeout, std::move(answered));
  }
}

}  // namespace powershare::gateway::composer
