// How what a client asks for becomes a transaction of the ledger, and a receipt an answer in the
// former server's words.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/composer/context.hpp"
#include "gateway/composer/instance.hpp"

namespace powershare::gateway::composer {

/// What a submission is about, for the words of a refusal.
struct Subject {
  const Type* type = nullptr;  ///< nullptr: an identity
  std::string id;
  std::string participant{};  ///< of an identity: "org.smile.energy.network.Resident#R1"
  std::string name{};         ///< of an identity
};

/// Called once, from any thread: the transaction's id, or what is wrong.
using Submitted = std::function<void(Outcome<std::string> result)>;

/// Submits for the card's holder where the request has one, else for the administrator with the API
/// key as initiator, under the request's Idempotency-Key; `item` numbers the parts of one request
/// that shares it.
void submit(const Context& context, const Exchange& exchange, ledger::Payload payload,
            Subject subject, std::optional<std::size_t> item, Submitted done);

/// The payload that makes, changes or deletes an object. A Resident's names stand in `profile`
/// already. Problems where the ledger's limits forbid it.
Outcome<ledger::Payload> creation(const Instance& instance, const Digest& profile);
Outcome<ledger::Payload> update(const Instance& instance, const Digest& profile,
                                const ledger::StateReader& state);
Outcome<ledger::Payload> deletion(const Type& type, const std::string& id,
                                  const ledger::StateReader& state);
/// One of the five, its owners found by the assets that it names.
Outcome<ledger::Payload> transaction(const Instance& instance, const ledger::StateReader& state);

}  // namespace powershare::gateway::composer
