// What a key may do for a principal, decided by the state machine on every replica (DECISIONS 4,
// 17, 47).
#pragma once

#include <optional>
#include <string>

#include "ledger/registry.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Why a transaction has no effect: the receipt's code and message.
struct Rejection {
  std::string code;
  std::string message;
};
using Verdict = std::optional<Rejection>;

/// What no binding gives, but an open session, its refresh key or an invitation: bits beside those
/// of Scope.
enum class Passing : std::uint32_t {
  session = 1U << 8,      ///< with Scope::own: acts for the participant, but never about keys
  refresh = 1U << 9,      ///< opens the session that replaces its own
  invitation = 1U << 10,  ///< is accepted, once
};
constexpr std::uint32_t scope_bit(Passing passing) {
  return static_cast<std::uint32_t>(passing);
}

/// What `signer` may do as `principal` at `now` (block time): the scopes of that binding or, where
/// there is none, those of the participant's session or invitation or, where the key has the
/// administrator's scope under another name, Scope::administrator. 0: nothing, the key is a
/// stranger to the principal.
std::uint32_t authority(const StateReader& state, const PublicKey& signer,
                        std::string_view principal, UtcMillis now);

/// True when `principal` is `participant`, or the Resident who owns that ElectricVehicle.
bool controls(const StateReader& state, std::string_view principal,
              const ParticipantRef& participant);

/// Whether a transaction of `principal` with these scopes may try its payload. Codes: "forbidden"
/// (not this key), "no_consent" (the other side's criteria or rate do not cover it).
Verdict check_rights(const StateReader& state, const Transaction& transaction,
                     std::uint32_t scopes);

}  // namespace powershare::ledger
