#include "ledger/execution.hpp"

#include "ledger/assets.hpp"
#include "ledger/daily_limit.hpp"
#include "ledger/metering.hpp"
#include "ledger/network.hpp"
#include "ledger/parameters.hpp"

namespace powershare::ledger {
namespace {

/// No single step is longer, so that a slip of the feeder does not make thousands of slots due at
/// once.
constexpr std::int64_t max_clock_step_ms = 31 * millis_per_day;
constexpr UtcMillis last_time{253'402'300'799'999};  // the year 9999 ends

struct Dispatch {
  Overlay& state;
  const BlockContext& context;
  const Transaction& transaction;
  std::uint32_t scopes;
  std::vector<ReadingResult>& readings;

  bool has(Scope scope) const { return (scopes & scope_bit(scope)) != 0; }

  template <class T>
  Verdict operator()(const T& payload) const {
    if constexpr (requires { execute(state, context, transaction, payload); }) {
      return execute(state, context, transaction, payload);
    } else if constexpr (requires { execute(state, context, payload); }) {
      return execute(state, context, payload);
    } else {
      return execute(state, payload);
    }
  }
  Verdict operator()(const RevokeKey& payload) const {
    const bool all = has(Scope::administrator) || has(Scope::governance);
    return execute(state, payload, all ? std::string_view() : transaction.principal);
  }
  Verdict operator()(const ProvisionAsset& payload) const {
    return given_out(payload, payload.asset, payload.balance_nano);
  }
  Verdict operator()(const AdjustAsset& payload) const {
    const auto account =
        asset_account(state, payload.owner, payload.asset, payload.currency, payload.id);
    const auto before = account ? balance(state, *account) : 0;
    return given_out(payload, payload.asset, payload.balance_nano - before);
  }
  Verdict operator()(const CashFundingResident& payload) const {
    return given_out(payload, AssetClass::cash, payload.cash.nano());
  }
  /// Executes what creates an asset, within what its signer may give out in a day.
  template <class T>
  Verdict given_out(const T& payload, AssetClass asset, std::int64_t nano) const {
    if (auto failed = execute(state, payload)) return failed;
    const auto of = [&](AssetClass wanted) { return asset == wanted ? nano : 0; };
    return charge_daily_limit(state, context, transaction, Coins::from_nano(of(AssetClass::coins)),
                              Cash::from_nano(of(AssetClass::cash)));
  }
  Verdict operator()(const ReadingBatch& payload) const {
    const bool unsigned_allowed = has(Scope::gateway) || has(Scope::administrator);
    readings.reserve(payload.readings.size());
    for (const auto& reading : payload.readings) {
      readings.push_back(accept_reading(state, context, reading, unsigned_allowed));
    }
    return {};
  }
};

}  // namespace

Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                std::uint32_t scopes, std::vector<ReadingResult>& readings) {
  return std::visit(Dispatch{state, context, transaction, scopes, readings}, transaction.payload);
}

Verdict execute(Overlay& state, const BlockContext& context, const ClockStep& payload) {
  if (!context.genesis.simulated) {
    return Rejection{"not_simulated", "This chain goes by real time"};
  }
  auto now = clock(state);
  if (payload.to <= now.island) {
    return Rejection{"clock_backwards", "The clock moves forwards only"};
  }
  if (payload.to.value - now.island.value > max_clock_step_ms || payload.to > last_time) {
    return Rejection{"step_too_long", "The clock moves by at most 31 days at once"};
  }
  now.island = payload.to;
  put_clock(state, now);
  return {};
}

Verdict execute(Overlay& state, const SetParameter& payload) {
  auto changed = parameters(state);
  const auto set = set_parameter(changed, payload.name, payload.value, true);
  if (!set) return Rejection{"bad_parameter", set.error().detail()};
  put_parameters(state, changed);
  return {};
}

Verdict execute(Overlay& state, const SetNetwork& payload) {
  put_network(state, payload);
  return {};
}

}  // namespace powershare::ledger
