// How a meter's readings are brought to a peer, whoever brings them: their JSON, and what the
// peer's answer means (DECISIONS 19, 20).
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "ledger/reading.hpp"
#include "net/http.hpp"

namespace powershare::apps {

/// A meter waits this long for its reading to reach the ledger before it goes to the next peer
/// (DECISIONS 19).
inline constexpr std::chrono::seconds resend_after{2};

/// A reading as POST /etms/readings takes it; signed where there is a key.
std::string reading_json(const ledger::Reading& reading);
std::string signed_reading_json(const crypto::Digest& genesis, const ledger::Reading& reading,
                                const crypto::KeyPair& meter_key);

/// What a peer said to a request of one or several readings.
struct DeliveryAnswer {
  std::map<std::size_t, std::string> rejected;  ///< index in the request -> "code: sentence"
  std::map<std::string, std::uint64_t> in_ledger_through;  ///< meter -> sequence
};
/// Nothing where the peer has not taken the request (no answer, 503, …): it is for the next peer.
std::optional<DeliveryAnswer> delivery_answer(const Result<net::HttpResponse>& response);

/// What to do with a reading that was rejected.
enum class Rejection {
  early,     ///< the peer's clock is behind: again, later
  renumber,  ///< its number was used for another reading
  waits,     ///< for an operator: the meter is not registered, or its key does not fit
  final,     ///< it can never be accepted
};
Rejection rejection_of(std::string_view reason);

}  // namespace powershare::apps
