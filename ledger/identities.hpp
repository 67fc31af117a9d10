// Who stands behind a request at the door: identities as the former server had them
// (COMPOSER-REST §8), and API keys. Secrets never enter the chain, only their hashes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/overlay.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

// ── Identities ──────────────────────────────────────────────────────────────────────────────────

enum class IdentityState : std::uint8_t { issued = 1, bound, revoked };
/// "ISSUED", "BOUND", "REVOKED".
std::string_view to_text(IdentityState state);

struct Identity {
  Digest id{};
  std::string name;
  ParticipantRef participant;
  IdentityState state = IdentityState::issued;
  Digest secret_hash{};     ///< SHA-256 of the card's secret; zero for a bound certificate
  std::string certificate;  ///< PEM; empty where the identity was issued here
  friend bool operator==(const Identity&, const Identity&) = default;
};
std::optional<Identity> find_identity(const StateReader& state, const Digest& id);
/// The one of that name that is not revoked.
std::optional<Identity> find_identity_named(const StateReader& state, const std::string& name);
/// All identities, revoked ones too, in byte order of their ids, until `visit` returns false.
void for_each_identity(const StateReader& state, const std::function<bool(const Identity&)>& visit);
void put_identity(Overlay& state, const Identity& identity);

// ── API keys ────────────────────────────────────────────────────────────────────────────────────

std::string_view to_text(Role role);
std::optional<Role> role_of(std::string_view text);

/// A live key. An expired one stays until it is revoked, and opens nothing: whoever asks compares
/// `expires` with the time.
std::optional<AddApiKey> find_api_key(const StateReader& state, const Digest& hash);
std::optional<AddApiKey> find_api_key_labelled(const StateReader& state, const std::string& label);
/// By hash, until `visit` returns false.
void for_each_api_key(const StateReader& state, const std::function<bool(const AddApiKey&)>& visit);
void put_api_key(Overlay& state, const AddApiKey& key);
void erase_api_key(Overlay& state, const AddApiKey& key);
inline constexpr std::size_t max_api_keys = 4'096;

}  // namespace powershare::ledger
