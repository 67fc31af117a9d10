// What a chain makes of a meter: trusted or quarantined, and what has been noticed about it
// (docs/metering.md). One bounded record per meter about which there is anything to say.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/overlay.hpp"
#include "ledger/receipt.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Why a meter is doubted. Values are in state records and history: never reuse one.
enum class Doubt : std::uint8_t {
  by_hand = 1,             ///< the administrator's decision
  night_production,        ///< a home produces while the sun is well below the horizon
  above_plant,             ///< more than the plant can make
  impossible_consumption,  ///< fed in more than there was, or drew more than a connection carries
  stuck,                   ///< the same figures slot after slot
  swapped,                 ///< import and export are the wrong way round
  night_export,            ///< half of the evidence for swapped: feeds in at night, without battery
  day_import,              ///< the other half: draws what neighbours' plants yield in proportion
};
/// "by_hand", "night_production", …
std::string_view to_text(Doubt doubt);
std::string_view to_text(MeterStanding standing);

/// One slot in which something was noticed.
struct Evidence {
  UtcMillis slot;
  Doubt doubt = Doubt::stuck;
  friend auto operator<=>(const Evidence&, const Evidence&) = default;
};

struct StandingRecord {
  static constexpr std::size_t max_evidence = 32;

  MeterStanding standing = MeterStanding::trusted;
  std::optional<Doubt> reason;     ///< of a quarantine
  UtcMillis since;                 ///< island time of the last change of standing; 0: never
  UtcMillis judged_from;           ///< slots before it count no more
  UtcMillis same_through;          ///< the newest slot whose figures were those of the slot before
  std::uint32_t same_slots = 0;    ///< how many such slots in a row end there
  std::vector<Evidence> evidence;  ///< by slot and doubt, at most max_evidence

  Bytes encode() const;
  static StandingRecord decode(ByteView value);  ///< of the state's own bytes
  friend bool operator==(const StandingRecord&, const StandingRecord&) = default;
};

std::optional<StandingRecord> find_standing(const StateReader& state, const MeterId& meter);
/// A record that says nothing is erased.
void put_standing(Overlay& state, const MeterId& meter, const StandingRecord& record);
/// By meter, until `visit` returns false.
void for_each_standing(const StateReader& state,
                       const std::function<bool(const MeterId&, const StandingRecord&)>& visit);
/// In byte order.
std::vector<MeterId> quarantined_meters(const StateReader& state);
bool is_quarantined(const StateReader& state, const MeterId& meter);

/// What happened to a meter's standing, for the historian. Derived, never read by execution.
struct MeterAlarmRow {
  enum class Kind : std::uint8_t { suspected = 1, quarantined, released };
  MeterId meter;
  UtcMillis at;  ///< island time
  Doubt doubt = Doubt::by_hand;
  Kind kind = Kind::suspected;
  UtcMillis slot;
  friend bool operator==(const MeterAlarmRow&, const MeterAlarmRow&) = default;
};
std::string_view to_text(MeterAlarmRow::Kind kind);
/// text meter ‖ i64 island time ‖ u8 doubt -> u8 kind ‖ i64 slot
inline constexpr std::string_view history_meter_alarms = "meter_alarms";
HistoryRow meter_alarm_row(const MeterAlarmRow& row);
Result<MeterAlarmRow> parse_meter_alarm_row(ByteView key, ByteView value);

// ── Disputes ────────────────────────────────────────────────────────────────────────────────────

/// A dispute that is open.
struct Dispute {
  static constexpr std::size_t max_open_per_meter = 64;
  MeterId meter;
  std::uint64_t sequence = 0;
  DisputeReason reason = DisputeReason::other;
  UtcMillis since;       ///< island time
  ParticipantRef owner;  ///< of the meter when it was opened
  friend bool operator==(const Dispute&, const Dispute&) = default;
};
std::string_view to_text(DisputeReason reason);
std::optional<Dispute> find_dispute(const StateReader& state, const MeterId& meter,
                                    std::uint64_t sequence);
void put_dispute(Overlay& state, const Dispute& dispute);
void erase_dispute(Overlay& state, const MeterId& meter, std::uint64_t sequence);
/// Of one meter, or of all: by meter and sequence, until `visit` returns false.
void for_each_dispute(const StateReader& state, const std::optional<MeterId>& meter,
                      const std::function<bool(const Dispute&)>& visit);

}  // namespace powershare::ledger
