// What the routes of log-in share: opening a person's key, and opening a session with it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <variant>

#include "gateway/household/lockout.hpp"
#include "gateway/household/password_worker.hpp"
#include "gateway/json.hpp"
#include "gateway/services.hpp"
#include "ledger/access.hpp"

namespace powershare::gateway {

struct AccessDesk {
  Lockout lockout;
  PasswordWorker worker;
};

inline constexpr std::size_t min_password_bytes = 10;
inline constexpr std::size_t max_password_bytes = 256;
inline constexpr std::int64_t session_ms = 15 * millis_per_minute;
inline constexpr std::int64_t refresh_ms = 30 * millis_per_day;

using TextFields = std::map<std::string, std::string, std::less<>>;
/// A JSON object whose members are all texts of at most 1 KiB: each of `required`, any of
/// `optional`, and no other. GatewayError::bad_parameter or malformed_json.
Result<TextFields> text_fields(const std::string& body,
                               std::initializer_list<std::string_view> required,
                               std::initializer_list<std::string_view> optional = {});
/// One sentence where a name cannot be taken or a password is too short or too long.
Result<void> check_new_login(std::string_view login, std::string_view password);

/// A person's own key, for as long as a request takes.
struct OpenedKey {
  ledger::Login login;
  std::shared_ptr<const crypto::KeyPair> key;
};
/// Finds the log-in and opens its key on the thread for passwords, then calls `then` there. Answers
/// by itself: 401 where name or password are wrong, which takes the same time and says the same for
/// both; 429 after too many failures or where too many wait; 403 where the request has a caller and
/// the log-in is another participant's.
void open_login(const ServicesPtr& services, const Request& request, const Responder& responder,
                const TextFields& fields, std::function<void(const OpenedKey&)> then);

/// A new key for a log-in, sealed under its password.
struct NewLogin {
  Digest login{};
  crypto::PublicKey key{};
  ledger::SealedKey sealed;
  std::shared_ptr<const crypto::KeyPair> pair;
};
/// Takes as long as opening one: for the thread for passwords.
Result<NewLogin> make_login(const Services& services, std::string_view login,
                            std::string_view password);

/// Runs `task` on the thread for passwords, which is the door's one for whatever takes long;
/// answers 429 where too many wait.
bool post_heavy_task(const Services& services, const Responder& responder,
                     std::function<void()> task);

/// Draws the two keys of a session, submits OpenSession signed with `signer`, and answers with the
/// tokens.
void open_session(const Services& services, const Responder& responder, UtcMillis now,
                  const ledger::ParticipantRef& participant, const crypto::KeyPair& signer);
std::string session_schema();

/// Draws an invitation's code and makes its key pair. The code is told once and kept nowhere.
struct NewInvitation {
  std::string code;
  ledger::Invite payload;
};
NewInvitation make_invitation(const Services& services, const ledger::ParticipantRef& participant,
                              UtcMillis expires);

/// "\"a\":…": the members that `write` writes, without the braces around them.
std::string json_members(const std::function<void(json::Writer&)>& write);

using Action = void (*)(const ServicesPtr&, const Request&, const Responder&);
void add_route(Router& router, const ServicesPtr& services, RouteInfo info, Action action);

void add_login_routes(Router& router, const ServicesPtr& services);
void add_session_routes(Router& router, const ServicesPtr& services);
void add_invitation_routes(Router& router, const ServicesPtr& services);
void add_me_routes(Router& router, const ServicesPtr& services);
void add_picture_routes(Router& router, const ServicesPtr& services);
void add_delivery_routes(Router& router, const ServicesPtr& services);

}  // namespace powershare::gateway
