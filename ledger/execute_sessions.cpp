// Invitations, log-ins and sessions.
#include <algorithm>

#include "ledger/access.hpp"
#include "ledger/execution.hpp"
#include "ledger/registry.hpp"

namespace powershare::ledger {
namespace {

Verdict reject(std::string code, std::string message) {
  return Rejection{std::move(code), std::move(message)};
}

Verdict unknown_participant(const ParticipantRef& ref) {
  return reject("unknown_participant", "Unknown participant " + to_text(ref));
}
Verdict unknown_invitation() {
  return reject("unknown_invitation", "There is no such invitation");
}
Verdict unknown_login() {
  return reject("unknown_login", "There is no such log-in");
}
Verdict login_exists() {
  return reject("login_exists", "The name of the log-in is taken");
}

/// Expired at `now`, or further ahead than it may be.
Verdict check_ahead(UtcMillis expires, UtcMillis now, std::int64_t most_ms) {
  if (expires <= now) return reject("expired", "It would have expired already");
  if (expires.value - now.value > most_ms) {
    return reject("expires_too_late", "It would last longer than it may");
  }
  return {};
}

/// Binds a person's key to the participant it acts for. One that has more rights there keeps them.
Verdict bind_person(Overlay& state, const PublicKey& key, const std::string& principal) {
  if (find_invitation(state, key) || find_session(state, key) ||
      find_session_to_refresh(state, key)) {
    return reject("key_in_use", "An invitation or a session has this key");
  }
  if (!binding_fits(state, key, principal)) {
    return reject("too_many_keys", "The key or the principal has too many bindings");
  }
  const auto bound = find_binding(state, key, principal);
  put_binding(state, {key, principal, (bound ? bound->scopes : 0) | scope_bit(Scope::own)});
  return {};
}

Verdict add_login(Overlay& state, const Login& login) {
  if (find_login(state, login.id)) return login_exists();
  if (logins_of(state, login.participant).size() >= max_logins) {
    return reject("too_many_logins", "The participant has too many log-ins");
  }
  put_login(state, login);
  return {};
}

/// Makes room for one more: those that are over go, then those that were refreshed the longest ago.
void make_room_for_session(Overlay& state, const ParticipantRef& ref, UtcMillis now) {
  auto open = sessions_of(state, ref);
  std::erase_if(open, [&](const Session& session) {
    if (session.over(now)) erase_session(state, session);
    return session.over(now);
  });
  std::stable_sort(open.begin(), open.end(), [](const Session& left, const Session& right) {
    return left.expires < right.expires;
  });
  for (std::size_t i = 0; open.size() - i >= max_open_sessions; ++i) erase_session(state, open[i]);
}

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const Transaction&,
                const Invite& payload) {
  if (!find_participant(state, payload.participant)) {
    return unknown_participant(payload.participant);
  }
  if (auto wrong = check_ahead(payload.expires, context.block_time, max_invitation_ms)) {
    return wrong;
  }
  if (is_known_key(state, payload.invitation)) {
    return reject("key_in_use", "The invitation's key is in use");
  }
  std::size_t open = 0;
  for (const auto& invitation : invitations_of(state, payload.participant)) {
    if (invitation.expires <= context.block_time) {
      erase_invitation(state, invitation);
    } else {
      ++open;
    }
  }
  if (open >= max_open_invitations) {
    return reject("too_many_invitations", "The participant has too many open invitations");
  }
  put_invitation(state, {payload.invitation, payload.participant, payload.expires});
  return {};
}

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const WithdrawInvitation& payload) {
  const auto invitation = find_invitation(state, payload.invitation);
  if (!invitation) return unknown_invitation();
  erase_invitation(state, *invitation);
  return {};
}

/// Rights have shown that the signer is an open invitation of the principal.
Verdict execute(Overlay& state, const BlockContext&, const Transaction& transaction,
                const AcceptInvitation& payload) {
  const auto invitation = find_invitation(state, transaction.signer);
  if (!invitation) return unknown_invitation();
  const auto& ref = invitation->participant;
  if (!find_participant(state, ref)) return unknown_participant(ref);
  erase_invitation(state, *invitation);
  if (auto failed = bind_person(state, payload.key, to_text(ref))) return failed;
  if (crypto::is_zero(payload.login)) return {};
  return add_login(state, {payload.login, ref, payload.key, payload.sealed});
}

/// The key that a name held before is no longer bound, and what it had opened ends: a password that
/// somebody else knows opens nothing any more, not even the older record.
Verdict execute(Overlay& state, const BlockContext&, const Transaction&, const SetLogin& payload) {
  const auto& ref = payload.participant;
  if (!find_participant(state, ref)) return unknown_participant(ref);
  const auto former = find_login(state, payload.login);
  if (former && former->participant != ref) return login_exists();
  if (former) {
    erase_login(state, *former);
    if (former->key != payload.key) {
      erase_binding(state, former->key, to_text(ref));
      end_access_of_key(state, ref, former->key);
    }
  }
  if (auto failed = bind_person(state, payload.key, to_text(ref))) return failed;
  return add_login(state, {payload.login, ref, payload.key, payload.sealed});
}

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const RemoveLogin& payload) {
  const auto login = find_login(state, payload.login);
  if (!login || login->participant != payload.participant) return unknown_login();
  erase_binding(state, login->key, to_text(login->participant));
  end_access_of_key(state, login->participant, login->key);
  return {};
}

Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const OpenSession& payload) {
  const auto now = context.block_time;
  if (!find_participant(state, payload.participant)) {
    return unknown_participant(payload.participant);
  }
  if (auto wrong = check_ahead(payload.expires, now, max_session_ms)) return wrong;
  if (auto wrong = check_ahead(payload.refresh_expires, now, max_refresh_ms)) return wrong;
  Session session{payload.session, payload.participant,    payload.refresh, transaction.signer, now,
                  payload.expires, payload.refresh_expires};
  if (is_known_key(state, payload.session) || is_known_key(state, payload.refresh)) {
    return reject("key_in_use", "The session's keys are in use");
  }
  // The refresh key of a session replaces that session, and counts once.
  if (const auto former = find_session_to_refresh(state, transaction.signer)) {
    session.opened_by = former->opened_by;
    session.opened = former->opened;
    erase_session(state, *former);
  }
  make_room_for_session(state, payload.participant, now);
  put_session(state, session);
  return {};
}

Verdict execute(Overlay& state, const BlockContext&, const Transaction&,
                const CloseSession& payload) {
  const bool all = payload.session == PublicKey{};
  bool any = false;
  for (const auto& session : sessions_of(state, payload.participant)) {
    if (!all && session.key != payload.session) continue;
    any = true;
    erase_session(state, session);
  }
  if (!any && !all) return reject("unknown_session", "There is no such session");
  return {};
}

}  // namespace powershare::ledger
