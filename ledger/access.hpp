// Who may act for a participant besides the keys that are bound to it: invitations, log-ins and
// sessions as state records (docs/adr/0018-household-keys.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

// ── Names and codes ─────────────────────────────────────────────────────────────────────────────

inline constexpr std::size_t min_login_bytes = 3;
inline constexpr std::size_t max_login_bytes = 64;
/// 3 to 64 bytes of well-formed UTF-8 without spaces and control characters.
bool is_login_name(std::string_view name);
/// What stands on the chain for a name: SHA-256 of "powershare/login/1" ‖ genesis ‖ the name with
/// A to Z in lower case. The name itself is on no chain.
Digest login_id(const Digest& genesis, std::string_view name);

/// Letters and digits of a code: about 100 bits, in groups of five for people.
inline constexpr std::size_t invitation_code_digits = 20;
/// "K7QF2-…": Crockford's base32 of 20 digits, each from the low 5 bits of one byte.
std::string invitation_code(std::span<const std::uint8_t, invitation_code_digits> random);
/// The seed of the invitation's key pair: SHA-256 of "powershare/invitation/1" ‖ genesis ‖ the 20
/// digits. Takes what people make of a code: lower case, spaces, hyphens, O for 0, I and L for 1.
/// LedgerError::malformed where it is none.
Result<crypto::Seed> invitation_seed(const Digest& genesis, std::string_view code);

// ── Limits ──────────────────────────────────────────────────────────────────────────────────────

inline constexpr std::int64_t max_invitation_ms = 90 * millis_per_day;
inline constexpr std::int64_t max_session_ms = millis_per_hour;
inline constexpr std::int64_t max_refresh_ms = 90 * millis_per_day;
inline constexpr std::size_t max_open_invitations = 16;  ///< per participant
inline constexpr std::size_t max_logins = 64;            ///< per participant
inline constexpr std::size_t max_open_sessions = 16;     ///< per participant; then the oldest goes
/// What a sealed key may ask of the peer that opens it.
inline constexpr std::uint32_t min_seal_memory_kib = 8 * 1024;
inline constexpr std::uint32_t max_seal_memory_kib = 64 * 1024;
inline constexpr std::uint32_t max_seal_passes = 8;
inline constexpr std::size_t sealed_box_bytes = 24 + 16 + 32;

// ── Records ─────────────────────────────────────────────────────────────────────────────────────

struct Invitation {
  PublicKey key{};
  ParticipantRef participant;
  UtcMillis expires;
};
std::optional<Invitation> find_invitation(const StateReader& state, const PublicKey& key);
/// Expired ones too, which stay until the next one of the participant is made.
std::vector<Invitation> invitations_of(const StateReader& state, const ParticipantRef& ref);
void put_invitation(Overlay& state, const Invitation& invitation);
void erase_invitation(Overlay& state, const Invitation& invitation);

struct Login {
  Digest id{};
  ParticipantRef participant;
  PublicKey key{};
  SealedKey sealed;
};
std::optional<Login> find_login(const StateReader& state, const Digest& id);
std::vector<Login> logins_of(const StateReader& state, const ParticipantRef& ref);
void put_login(Overlay& state, const Login& login);
void erase_login(Overlay& state, const Login& login);

struct Session {
  PublicKey key{};
  ParticipantRef participant;
  PublicKey refresh{};
  PublicKey opened_by{};  ///< the bound key behind it, through all refreshes
  UtcMillis opened;       ///< block time of the first OpenSession of the row
  UtcMillis expires;      ///< of `key`
  UtcMillis refresh_expires;
  bool over(UtcMillis now) const { return expires <= now && refresh_expires <= now; }
};
std::optional<Session> find_session(const StateReader& state, const PublicKey& key);
/// By its refresh key.
std::optional<Session> find_session_to_refresh(const StateReader& state, const PublicKey& refresh);
/// Those that are over too, until the next one of the participant is opened.
std::vector<Session> sessions_of(const StateReader& state, const ParticipantRef& ref);
void put_session(Overlay& state, const Session& session);
void erase_session(Overlay& state, const Session& session);

// ── What ends together ──────────────────────────────────────────────────────────────────────────

/// Sessions that `key` opened for the participant, and log-ins that hold it: what ends when the key
/// is no longer bound to it.
void end_access_of_key(Overlay& state, const ParticipantRef& ref, const PublicKey& key);
/// All invitations, log-ins and sessions of a participant that is deleted.
void end_access_of(Overlay& state, const ParticipantRef& ref);
/// Whether the key acts for anyone already: bound, or of an invitation or a session.
bool is_known_key(const StateReader& state, const PublicKey& key);

}  // namespace powershare::ledger
