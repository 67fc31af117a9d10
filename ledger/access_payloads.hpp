// How people come to act for a participant: invitations, log-ins and sessions (feature level 3).
// docs/adr/0018-household-keys.md says why keys are what they are.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "ledger/participants.hpp"

namespace powershare::ledger {

/// Lets whoever holds the invitation's key (derived from a code on paper) bind a key of their own
/// to the participant, once. By the administrator, or by the household for a further person.
struct Invite {
  crypto::PublicKey invitation{};
  ParticipantRef participant;
  UtcMillis expires;  ///< agreed block time; at most 90 days ahead
};
struct WithdrawInvitation {
  crypto::PublicKey invitation{};
};

/// A person's private key as it is kept for them: sealed under their password (DECISIONS 59), so
/// that any peer can open it at log-in, and none without the password. Empty: nobody keeps it.
struct SealedKey {
  std::array<std::uint8_t, 16> salt{};
  std::uint32_t memory_kib = 0;  ///< of Argon2id
  std::uint32_t passes = 0;      ///< of Argon2id
  Bytes box;                     ///< 24 nonce ‖ 16 tag ‖ 32 seed; XChaCha20-Poly1305
  bool empty() const { return box.empty(); }
  friend bool operator==(const SealedKey&, const SealedKey&) = default;
};
/// Signed by the invitation's key, on behalf of its participant.
struct AcceptInvitation {
  crypto::PublicKey key{};  ///< bound to the participant with Scope::own
  crypto::Digest login{};   ///< login_id() of the name; zero where the key is kept by its owner
  SealedKey sealed;         ///< empty where `login` is zero
};
/// Another password, or another key under the same name. Signed by a bound key, not by a session.
struct SetLogin {
  ParticipantRef participant;
  crypto::Digest login{};
  crypto::PublicKey key{};
  SealedKey sealed;
};
struct RemoveLogin {
  ParticipantRef participant;
  crypto::Digest login{};
};

/// A key that acts for the participant for a while: what a log-in gives, on every peer. Signed by
/// a bound key, or by the refresh key of a session, which it replaces.
struct OpenSession {
  ParticipantRef participant;
  crypto::PublicKey session{};
  crypto::PublicKey refresh{};
  UtcMillis expires;          ///< of `session`, agreed block time; at most an hour ahead
  UtcMillis refresh_expires;  ///< at most 90 days ahead
};
struct CloseSession {
  ParticipantRef participant;
  crypto::PublicKey session{};  ///< zero: all of the participant
};

}  // namespace powershare::ledger
