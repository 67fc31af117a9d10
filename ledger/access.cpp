#include "ledger/access.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/registry.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr std::string_view code_digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

Bytes by_id(StateTable table, ByteView id) {
  return state_key::Builder(table).raw(id).take();
}
Bytes by_participant(StateTable table, const ParticipantRef& ref) {
  return state_key::Builder(table).participant(ref).take();
}
Bytes by_participant(StateTable table, const ParticipantRef& ref, ByteView id) {
  return state_key::Builder(table).participant(ref).raw(id).take();
}

/// The last 32 bytes of each key of an index by participant.
std::vector<std::array<std::uint8_t, 32>> ids_of(const StateReader& state, StateTable index,
                                                 const ParticipantRef& ref) {
  std::vector<std::array<std::uint8_t, 32>> ids;
  state.scan(by_participant(index, ref), {}, [&](ByteView key, ByteView) {
    state_key::Reader in(key);
    in.participant();
    ids.push_back(in.public_key());
    PS_ASSERT(in.finished());
    return true;
  });
  return ids;
}

/// The records that an index by participant names.
template <class Find>
auto records_of(const StateReader& state, StateTable index, const ParticipantRef& ref, Find find) {
  std::vector<typename decltype(find(state, PublicKey{}))::value_type> records;
  for (const auto& id : ids_of(state, index, ref)) {
    auto record = find(state, id);
    PS_ASSERT(record.has_value());
    records.push_back(*std::move(record));
  }
  return records;
}

/// The canonical digit for one letter that people type; 0 where it is none.
char canonical_digit(char letter) {
  if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  if (letter == 'O') letter = '0';
  if (letter == 'I' || letter == 'L') letter = '1';
  return code_digits.find(letter) == std::string_view::npos ? '\0' : letter;
}

}  // namespace

bool is_login_name(std::string_view name) {
  return name.size() >= min_login_bytes && name.size() <= max_login_bytes &&
         name.find(' ') == std::string_view::npos && is_label(name, max_login_bytes);
}

Digest login_id(const Digest& genesis, std::string_view name) {
  std::string lower(name);
  for (auto& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return crypto::sha256(
      Encoder().raw(as_bytes("powershare/login/1")).raw(genesis).raw(as_bytes(lower)).data());
}

std::string invitation_code(std::span<const std::uint8_t, invitation_code_digits> random) {
  std::string code;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i > 0 && i % 5 == 0) code += '-';
    code += code_digits[random[i] & 31];
  }
  return code;
}

Result<crypto::Seed> invitation_seed(const Digest& genesis, std::string_view code) {
  const Error none{LedgerError::malformed, "a code has 20 letters and digits"};
  if (code.size() > 4 * invitation_code_digits) return none;
  std::string digits;
  for (const char letter : code) {
    if (letter == '-' || letter == ' ') continue;
    const char digit = canonical_digit(letter);
    if (digit == '\0') return none;
    digits += digit;
  }
  if (digits.size() != invitation_code_digits) return none;
  auto bytes =
      std::move(
          Encoder().raw(as_bytes("powershare/invitation/1")).raw(genesis).raw(as_bytes(digits)))
          .take();
  const auto seed = crypto::sha256(bytes);
  crypto::wipe(bytes);
  return seed;
}

std::optional<Invitation> find_invitation(const StateReader& state, const PublicKey& key) {
  const auto value = state.get(by_id(StateTable::invitation, key));
  if (!value) return std::nullopt;
  Decoder in(*value);
  Invitation invitation;
  invitation.key = key;
  invitation.participant = decode_participant_ref(in);
  invitation.expires = in.time();
  PS_ASSERT(in.finished());
  return invitation;
}

std::vector<Invitation> invitations_of(const StateReader& state, const ParticipantRef& ref) {
  return records_of(state, StateTable::invitation_of, ref, find_invitation);
}

void put_invitation(Overlay& state, const Invitation& invitation) {
  Encoder out;
  encode(out, invitation.participant);
  out.time(invitation.expires);
  state.put(by_id(StateTable::invitation, invitation.key), std::move(out).take());
  state.put(by_participant(StateTable::invitation_of, invitation.participant, invitation.key), {});
}

void erase_invitation(Overlay& state, const Invitation& invitation) {
  state.erase(by_id(StateTable::invitation, invitation.key));
  state.erase(by_participant(StateTable::invitation_of, invitation.participant, invitation.key));
}

std::optional<Login> find_login(const StateReader& state, const Digest& id) {
  const auto value = state.get(by_id(StateTable::login, id));
  if (!value) return std::nullopt;
  Decoder in(*value);
  Login login;
  login.id = id;
  login.participant = decode_participant_ref(in);
  login.key = in.array<32>();
  login.sealed.salt = in.array<16>();
  login.sealed.memory_kib = in.u32();
  login.sealed.passes = in.u32();
  login.sealed.box = to_bytes(in.bytes(sealed_box_bytes));
  PS_ASSERT(in.finished());
  return login;
}

std::vector<Login> logins_of(const StateReader& state, const ParticipantRef& ref) {
  return records_of(state, StateTable::login_of, ref, find_login);
}

void put_login(Overlay& state, const Login& login) {
  Encoder out;
  encode(out, login.participant);
  out.raw(login.key)
      .raw(login.sealed.salt)
      .u32(login.sealed.memory_kib)
      .u32(login.sealed.passes)
      .bytes(login.sealed.box);
  state.put(by_id(StateTable::login, login.id), std::move(out).take());
  state.put(by_participant(StateTable::login_of, login.participant, login.id), {});
}

void erase_login(Overlay& state, const Login& login) {
  state.erase(by_id(StateTable::login, login.id));
  state.erase(by_participant(StateTable::login_of, login.participant, login.id));
}

std::optional<Session> find_session(const StateReader& state, const PublicKey& key) {
  const auto value = state.get(by_id(StateTable::session, key));
  if (!value) return std::nullopt;
  Decoder in(*value);
  Session session;
  session.key = key;
  session.participant = decode_participant_ref(in);
  session.refresh = in.array<32>();
  session.opened_by = in.array<32>();
  session.opened = in.time();
  session.expires = in.time();
  session.refresh_expires = in.time();
  PS_ASSERT(in.finished());
  return session;
}

std::optional<Session> find_session_to_refresh(const StateReader& state, const PublicKey& refresh) {
  const auto value = state.get(by_id(StateTable::session_refresh, refresh));
  if (!value) return std::nullopt;
  Decoder in(*value);
  auto session = find_session(state, in.array<32>());
  PS_ASSERT(in.finished() && session.has_value());
  return session;
}

std::vector<Session> sessions_of(const StateReader& state, const ParticipantRef& ref) {
  return records_of(state, StateTable::session_of, ref, find_session);
}

void put_session(Overlay& state, const Session& session) {
  Encoder out;
  encode(out, session.participant);
  out.raw(session.refresh)
      .raw(session.opened_by)
      .time(session.opened)
      .time(session.expires)
      .time(session.refresh_expires);
  state.put(by_id(StateTable::session, session.key), std::move(out).take());
  state.put(by_id(StateTable::session_refresh, session.refresh), to_bytes(ByteView(session.key)));
  state.put(by_participant(StateTable::session_of, session.participant, session.key), {});
}

void erase_session(Overlay& state, const Session& session) {
  state.erase(by_id(StateTable::session, session.key));
  state.erase(by_id(StateTable::session_refresh, session.refresh));
  state.erase(by_participant(StateTable::session_of, session.participant, session.key));
}

void end_access_of_key(Overlay& state, const ParticipantRef& ref, const PublicKey& key) {
  for (const auto& session : sessions_of(state, ref)) {
    if (session.opened_by == key) erase_session(state, session);
  }
  for (const auto& login : logins_of(state, ref)) {
    if (login.key == key) erase_login(state, login);
  }
}

void end_access_of(Overlay& state, const ParticipantRef& ref) {
  for (const auto& session : sessions_of(state, ref)) erase_session(state, session);
  for (const auto& login : logins_of(state, ref)) erase_login(state, login);
  for (const auto& invitation : invitations_of(state, ref)) erase_invitation(state, invitation);
}

bool is_known_key(const StateReader& state, const PublicKey& key) {
  return !bindings_of(state, key).empty() || find_invitation(state, key) ||
         find_session(state, key) || find_session_to_refresh(state, key);
}

}  // namespace powershare::ledger
