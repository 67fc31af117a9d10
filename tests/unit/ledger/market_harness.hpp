// A small chain without consensus: state in memory, blocks of readings, slots closed as in a real
// block.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ledger/accounts.hpp"
#include "ledger/forward.hpp"
#include "ledger/metering.hpp"
#include "ledger/network.hpp"
#include "ledger/orders.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/slots.hpp"
#include "ledger/state_keys.hpp"
#include "tests/unit/ledger/memory_history.hpp"

namespace powershare::ledger::test {

class MapState final : public StateReader {
 public:
  std::optional<Bytes> get(ByteView key) const override {
    ++visited;
    const auto found = rows.find(key);
    if (found == rows.end()) return std::nullopt;
    return found->second;
  }
  void scan(ByteView prefix, ByteView from,
            const std::function<bool(ByteView, ByteView)>& visit) const override {
    Bytes start = to_bytes(prefix);
    start.insert(start.end(), from.begin(), from.end());
    for (auto at = rows.lower_bound(ByteView(start)); at != rows.end(); ++at) {
      ++visited;
      if (!begins_with(at->first, prefix) || !visit(at->first, at->second)) return;
    }
  }
  mutable std::size_t visited = 0;  ///< records that were looked at
  Rows rows;
};

inline ParticipantRef resident(const std::string& id) {
  return {ParticipantType::resident, *ParticipantId::parse(id)};
}
inline ParticipantRef utility(const std::string& id = "EEM") {
  return {ParticipantType::utility_company, *ParticipantId::parse(id)};
}
inline MeterId meter_id(const std::string& id) {
  return *MeterId::parse(id);
}

class TestChain {
 public:
  static constexpr std::int64_t slot_ms = 15 * millis_per_minute;

  explicit TestChain(UtcMillis start, std::int64_t feed_in_nano = 0,
                     std::uint32_t feature_level = 1)
      : now(start) {
    genesis_hash[0] = 7;
    Overlay changes(state);
    changes.put(state_key::epoch(0), Encoder().u64(1).u32(feature_level).data());
    put_parameters(changes, parameters);
    put_clock(changes, {start, start});
    start_market(changes, start, slot_ms);
    Participant supplier;
    supplier.ref = utility();
    supplier.supplier = true;
    supplier.feed_in = Price::from_nano(feed_in_nano);
    put_participant(changes, {supplier, start, {}});
    keep(changes);
  }

  /// A resident with a meter of the same name and `coins` from the bank.
  void add_home(const std::string& id, std::int64_t coins_nano = 1'000 * nano_per_unit) {
    Overlay changes(state);
    Participant home;
    home.ref = resident(id);
    put_participant(changes, {home, now, {}});
    const Posting opening[] = {
        {system_account(AccountClass::bank_issue, asset_coins), -coins_nano},
        {participant_account(home.ref, asset_coins), coins_nano},
    };
    REQUIRE(post(changes, opening));
    keep(changes);
    add_meter(id, home.ref);
  }

  void add_meter(const std::string& id, const ParticipantRef& owner,
                 MeterKind kind = MeterKind::home, std::optional<MeterId> parent = {},
                 std::optional<PublicKey> key = {}) {
    Overlay changes(state);
    MeterRecord record;
    record.meter = meter_id(id);
    record.owner = owner;
    record.kind = kind;
    record.parent = std::move(parent);
    record.public_key = key;
    record.active_from = slot_start(now, slot_ms);
    put_meter(changes, record);
    keep(changes);
  }

  void set_criteria(const SetCriteria& criteria) {
    Overlay changes(state);
    put_criteria(changes, criteria, next_slot(now, slot_ms), oldest_slot_not_final(state));
    keep(changes);
  }

  /// As PlaceOrder does, without its checks; the order's id is made of `number`.
  Digest place(const PlaceOrder& order, std::uint8_t number) {
    Overlay changes(state);
    Digest id{};
    id[0] = number;
    put_order(changes, {id, order, {now.value + number}}, slot_ms);
    begin_forward(changes, parameters, now);
    keep(changes);
    return id;
  }

  void set_network(const SetNetwork& network) {
    REQUIRE(check_network(network).ok());
    Overlay changes(state);
    put_network(changes, network);
    keep(changes);
  }

  /// Whatever a transaction would have done.
  void change(const std::function<void(Overlay&)>& with) {
    Overlay changes(state);
    with(changes);
    keep(changes);
  }

  /// One block at `time`: the readings, then what is due. Results of the readings.
  std::vector<ReadingResult> block(UtcMillis time, const std::vector<SignedReading>& readings,
                                   bool unsigned_allowed = true) {
    now = std::max(now, time);
    std::vector<HistoryRow> rows;
    std::vector<Event> block_events;
    Overlay changes(state);
    const BlockContext context{genesis, genesis_hash, ++height,    now, now, parameters,
                               0,       rows,         block_events};
    std::vector<ReadingResult> results;
    for (const SignedReading& reading : readings) {
      results.push_back(accept_reading(changes, context, reading, unsigned_allowed));
    }
    close_due_slots(changes, context);
    put_clock(changes, {now, now});
    writes = changes.size();
    keep(changes);
    for (HistoryRow& row : rows) {
      if (row.value) {
        history.tables[row.table][row.key] = *row.value;
      } else {
        history.tables[row.table].erase(row.key);
      }
    }
    events.insert(events.end(), block_events.begin(), block_events.end());
    return results;
  }
  /// One reading in a block of its own: "accepted", "duplicate" or the reason.
  std::string submit(const SignedReading& reading, bool unsigned_allowed = true) {
    const auto result = block(now, {reading}, unsigned_allowed).front();
    if (result.kind == ReadingResult::Kind::accepted) return "accepted";
    return result.kind == ReadingResult::Kind::duplicate ? "duplicate" : result.reason;
  }
  /// Empty blocks at `time` until nothing is due.
  void settle_all(UtcMillis time) {
    block(time, {});
    for (int i = 0; i < 10'000 && slot_due(state, parameters, now); ++i) block(time, {});
    REQUIRE(!slot_due(state, parameters, now));
  }

  std::int64_t coins(const ParticipantRef& ref) const {
    return balance(state, participant_account(ref, asset_coins));
  }
  std::size_t count(Event::Kind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
  }
  /// Every asset sums to zero, no participant is negative, every slot adds up.
  void check_sound() const {
    const auto totals = asset_totals(state);
    REQUIRE(totals);
    for (const auto& [asset, sums] : *totals) {
      const auto& shown_asset = asset;
      CAPTURE(shown_asset);
      CHECK(sums.total == 0);
    }
    for_each_account(state, [](const AccountId& account, std::int64_t nano) {
      CAPTURE(to_text(account));
      CHECK((nano >= 0 || may_be_negative(account.account_class)));
      return true;
    });
    const auto held = check_forward(state);
    INFO((held ? std::string() : held.error().text()));
    CHECK(held.ok());
    const auto slots = check_slots(state);
    INFO((slots ? std::string() : slots.error().text()));
    CHECK(slots.ok());
  }

  MapState state;
  MapHistory history;
  std::vector<Event> events;
  Parameters parameters;
  Genesis genesis;
  Digest genesis_hash{};
  UtcMillis now;
  std::uint64_t height = 0;
  std::size_t writes = 0;  ///< records that the last block changed

 private:
  void keep(Overlay& changes) {
    for (StateWrite& write : changes.take()) {
      if (write.value) {
        state.rows[write.key] = *std::move(write.value);
      } else {
        state.rows.erase(write.key);
      }
    }
  }
};

inline SignedReading reading(const std::string& meter, std::uint64_t sequence, UtcMillis start,
                             std::int64_t net_nano, std::uint32_t seconds = 900) {
  SignedReading result;
  result.reading.meter = meter_id(meter);
  result.reading.sequence = sequence;
  result.reading.start = start;
  result.reading.seconds = seconds;
  (net_nano < 0 ? result.reading.exported : result.reading.imported) =
      Energy::from_nano(net_nano < 0 ? -net_nano : net_nano);
  return result;
}

}  // namespace powershare::ledger::test
