// What a household has asked for and decided, as state records: cash requests that nobody has
// resolved yet, and preferences (feature level 3).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/rights.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Open requests of one participant at most.
inline constexpr std::size_t max_cash_requests = 16;

struct CashRequest {
  Digest id{};  ///< the transaction that asked
  RequestCash request;
  UtcMillis made;  ///< island time
};
std::optional<CashRequest> find_cash_request(const StateReader& state, const Digest& id);
/// Open requests of one participant, by id.
std::vector<CashRequest> cash_requests_of(const StateReader& state, const ParticipantRef& who);
/// All open requests with an id above `after` (none: from the first), by id, until `visit` returns
/// false.
void for_each_cash_request(const StateReader& state, const std::optional<Digest>& after,
                           const std::function<bool(const CashRequest&)>& visit);
void put_cash_request(Overlay& state, const CashRequest& request);
/// Takes a request out of the state and books it: approved, cash comes in or what was reserved goes
/// out; else what was reserved goes back.
Verdict close_cash_request(Overlay& state, const CashRequest& request, bool approved);
/// Gives back all that the participant has reserved and forgets its requests.
Verdict release_cash_requests(Overlay& state, const ParticipantRef& who);

/// What has been set; nothing where the participant has never set anything.
std::optional<SetPreferences> find_preferences(const StateReader& state, const ParticipantRef& who);
bool has_any_preferences(const StateReader& state);
void put_preferences(Overlay& state, const SetPreferences& preferences);
void erase_preferences(Overlay& state, const ParticipantRef& who);

/// The escrow of cash holds what open withdrawals have reserved, per participant and currency, and
/// nothing else. LedgerError::invariant.
Result<void> check_cash_requests(const StateReader& state);

}  // namespace powershare::ledger
