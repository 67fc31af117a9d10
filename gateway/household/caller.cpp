#include "gateway/household/caller.hpp"

#include <algorithm>

#include "gateway/household/tokens.hpp"
#include "gateway/problem.hpp"
#include "ledger/access.hpp"
#include "ledger/rights.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway {
namespace {

using ledger::ParticipantType;

bool is_public(const ledger::Payload& payload) {
  return std::visit(
      []<class T>(const T&) {
        using namespace ledger;
        return std::is_same_v<T, ClockStep> || std::is_same_v<T, SetParameter> ||
               std::is_same_v<T, AddMember> || std::is_same_v<T, RemoveMember> ||
               std::is_same_v<T, ReplaceMemberKeys> || std::is_same_v<T, SetFeatureLevel> ||
               std::is_same_v<T, SetCalendar> || std::is_same_v<T, SetNetwork> ||
               std::is_same_v<T, SetShares> || std::is_same_v<T, SetTariff>;
      },
      payload);
}

bool is_firm(ParticipantType type) {
  return type == ParticipantType::bank || type == ParticipantType::utility_company;
}

}  // namespace

UtcMillis present_time(const Services& services, const ChainView& view) {
  const auto agreed = view.head().time;
  return services.ports.wall_clock ? std::max(agreed, services.ports.wall_clock()) : agreed;
}

net::HttpResponse unauthorized(std::string_view code, std::string_view message) {
  auto response = problem(401, code, message);
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="powershare")");
  return response;
}

std::variant<Caller, net::HttpResponse> caller_of(const Services& services, const ChainView& view,
                                                  std::string_view token) {
  auto parsed = parse_token(session_prefix, token);
  if (!parsed) return unauthorized("bad_token", "This is no token of a log-in.");
  auto pair = std::make_shared<const crypto::KeyPair>(crypto::KeyPair::from_seed(parsed->seed));
  crypto::wipe(parsed->seed);
  // Looked up by the public key, which tells nobody anything about the token.
  const auto session = ledger::find_session(view.state(), pair->public_key());
  if (!session) {
    if (view.head().height < parsed->height) {
      return retry_later(503, "behind", "This peer has not seen that log-in yet.", 1);
    }
    return unauthorized("bad_token", "This session is not open.");
  }
  if (session->expires <= present_time(services, view)) {
    return unauthorized("token_expired", "This token has expired; refresh it or log in.");
  }
  return Caller{session->participant, std::move(pair)};
}

bool Viewer::owns(const ledger::ParticipantRef& ref) const {
  return caller_ != nullptr && ledger::controls(state_, ledger::to_text(caller_->participant), ref);
}

bool Viewer::sees(const ledger::Transaction& transaction) const {
  if (!is_household() || is_public(transaction.payload)) return true;
  if (transaction.principal == ledger::to_text(caller_->participant)) return true;
  // participants_of() names nobody for readings: a batch holds many homes', and a meter may have
  // been another household's when it was read.
  const auto about = ledger::participants_of(transaction.payload);
  return std::any_of(about.begin(), about.end(), [&](const auto& ref) { return owns(ref); });
}

ledger::Participant Viewer::visible(ledger::Participant participant) const {
  if (!is_household() || is_firm(participant.ref.type) || owns(participant.ref)) {
    return participant;
  }
  ledger::Participant shown;
  shown.ref = std::move(participant.ref);
  shown.buy_rate = participant.buy_rate;
  shown.sell_rate = participant.sell_rate;
  return shown;
}

std::optional<net::HttpResponse> restrict_to_own(const Viewer& viewer, const Request& request,
                                                 std::optional<ledger::ParticipantRef>& wanted) {
  if (!viewer.is_household()) return std::nullopt;
  if (!wanted) {
    wanted = request.caller->participant;
    return std::nullopt;
  }
  if (viewer.owns(*wanted)) return std::nullopt;
  return problem(403, "not_yours", "A household reads its own only.");
}

}  // namespace powershare::gateway
