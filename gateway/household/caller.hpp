// Who stands behind a bearer token, and what a household may read of others (DECISIONS 60).
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "gateway/router.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway {

/// Agreed time at the door: that of the newest block, or the wall clock where no block was made for
/// a while.
UtcMillis present_time(const Services& services, const ChainView& view);

/// The person whose session's token it is, or the answer for whoever shows it: 401, or 503 where
/// this peer has not executed yet the block that opened the session.
std::variant<Caller, net::HttpResponse> caller_of(const Services& services, const ChainView& view,
                                                  std::string_view token);
/// 401 with the challenge that RFC 6750 asks for.
net::HttpResponse unauthorized(std::string_view code, std::string_view message);

/// What whoever asks may read. Without a caller: everything.
class Viewer {
 public:
  Viewer(const ledger::StateReader& state, const Request& request)
      : state_(state), caller_(request.caller ? &*request.caller : nullptr) {}
  bool is_household() const { return caller_ != nullptr; }
  /// Its own participant or the vehicle of it.
  bool owns(const ledger::ParticipantRef& ref) const;
  bool sees(const std::optional<ledger::ParticipantRef>& owner) const {
    return !is_household() || (owner && owns(*owner));
  }
  /// Its own ones, trades in which it is the counterparty, and what all may know: the registry,
  /// parameters and members. The body of any other is withheld, readings above all.
  bool sees(const ledger::Transaction& transaction) const;
  /// Of others: id, type and rates; of firms everything.
  ledger::Participant visible(ledger::Participant participant) const;

 private:
  const ledger::StateReader& state_;
  const Caller* caller_;
};

/// 403 where the caller asks for another participant's; else, for a caller who asks for nobody's,
/// its own participant.
std::optional<net::HttpResponse> restrict_to_own(const Viewer& viewer, const Request& request,
                                                 std::optional<ledger::ParticipantRef>& wanted);

}  // namespace powershare::gateway
