#include "ledger/identities.hpp"

#include <array>
#include <utility>

#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> role_names{
    {{Role::administrator, "administrator"},
     {Role::operator_, "operator"},
     {Role::auditor, "auditor"},
     {Role::gateway, "gateway"},
     {Role::meter, "meter"}}};

Bytes hash_key(StateTable table, const Digest& hash) {
  return state_key::Builder(table).raw(hash).take();
}
Bytes name_key(StateTable table, const std::string& name) {
  return state_key::Builder(table).text(name).take();
}

std::optional<Digest> hash_named(const StateReader& state, StateTable table,
                                 const std::string& name) {
  const auto value = state.get(name_key(table, name));
  if (!value) return std::nullopt;
  Decoder in(*value);
  const auto hash = in.array<32>();
  PS_ASSERT(in.finished());
  return hash;
}

Digest hash_in(ByteView key) {
  Decoder in(key);
  in.u8();
  const auto hash = in.array<32>();
  PS_ASSERT(in.finished());
  return hash;
}

Identity decode_identity(const Digest& id, ByteView value) {
  Decoder in(value);
  Identity identity;
  identity.id = id;
  identity.name = in.text(max_label_bytes);
  identity.participant = decode_participant_ref(in);
  identity.state = static_cast<IdentityState>(in.u8());
  identity.secret_hash = in.array<32>();
  identity.certificate = in.text(max_certificate_bytes);
  PS_ASSERT(in.finished());  // our own record
  return identity;
}

AddApiKey decode_api_key(const Digest& hash, ByteView value) {
  Decoder in(value);
  AddApiKey key;
  key.hash = hash;
  key.role = static_cast<Role>(in.u8());
  key.label = in.text(max_label_bytes);
  key.max_requests_per_second = in.u32();
  key.expires = in.time();
  PS_ASSERT(in.finished());
  return key;
}

}  // namespace

std::string_view to_text(IdentityState state) {
  switch (state) {
    case IdentityState::issued:
      return "ISSUED";
    case IdentityState::bound:
      return "BOUND";
    case IdentityState::revoked:
      return "REVOKED";
  }
  return "unknown";
}

std::optional<Identity> find_identity(const StateReader& state, const Digest& id) {
  const auto value = state.get(hash_key(StateTable::identity, id));
  if (!value) return std::nullopt;
  return decode_identity(id, *value);
}

std::optional<Identity> find_identity_named(const StateReader& state, const std::string& name) {
  const auto id = hash_named(state, StateTable::identity_name, name);
  return id ? find_identity(state, *id) : std::nullopt;
}

void for_each_identity(const StateReader& state,
                       const std::function<bool(const Identity&)>& visit) {
  state.scan(state_key::table(StateTable::identity), {}, [&](ByteView key, ByteView value) {
    return visit(decode_identity(hash_in(key), value));
  });
}

void put_identity(Overlay& state, const Identity& identity) {
  Encoder out;
  out.text(identity.name);
  encode(out, identity.participant);
  out.u8(static_cast<std::uint8_t>(identity.state))
      .raw(identity.secret_hash)
      .text(identity.certificate);
  state.put(hash_key(StateTable::identity, identity.id), std::move(out).take());
  auto name = name_key(StateTable::identity_name, identity.name);
  if (identity.state == IdentityState::revoked) {
    state.erase(std::move(name));
  } else {
    state.put(std::move(name), Encoder().raw(identity.id).data());
  }
}

std::string_view to_text(Role role) {
  for (const auto& [known, name] : role_names) {
    if (known == role) return name;
  }
  return "unknown";
}

std::optional<Role> role_of(std::string_view text) {
  for (const auto& [role, name] : role_names) {
    if (name == text) return role;
  }
  return std::nullopt;
}

std::optional<AddApiKey> find_api_key(const StateReader& state, const Digest& hash) {
  const auto value = state.get(hash_key(StateTable::api_key, hash));
  if (!value) return std::nullopt;
  return decode_api_key(hash, *value);
}

std::optional<AddApiKey> find_api_key_labelled(const StateReader& state, const std::string& label) {
  const auto hash = hash_named(state, StateTable::api_key_label, label);
  return hash ? find_api_key(state, *hash) : std::nullopt;
}

void for_each_api_key(const StateReader& state,
                      const std::function<bool(const AddApiKey&)>& visit) {
  state.scan(state_key::table(StateTable::api_key), {}, [&](ByteView key, ByteView value) {
    return visit(decode_api_key(hash_in(key), value));
  });
}

void put_api_key(Overlay& state, const AddApiKey& key) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(key.role)).text(key.label);
  out.u32(key.max_requests_per_second).time(key.expires);
  state.put(hash_key(StateTable::api_key, key.hash), std::move(out).take());
  state.put(name_key(StateTable::api_key_label, key.label), Encoder().raw(key.hash).data());
}

void erase_api_key(Overlay& state, const AddApiKey& key) {
  state.erase(hash_key(StateTable::api_key, key.hash));
  state.erase(name_key(StateTable::api_key_label, key.label));
}

}  // namespace powershare::ledger
