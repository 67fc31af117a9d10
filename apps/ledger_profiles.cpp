#include "apps/ledger_profiles.hpp"

#include <algorithm>
#include <map>

#include "apps/error.hpp"
#include "ledger/parameters.hpp"
#include "ledger/state_keys.hpp"
#include "protocol/block_store.hpp"
#include "storage/verify.hpp"

namespace powershare::apps {
namespace {

/// What a replay may hold in memory: homes times slots.
constexpr std::uint64_t max_cells = 20'000'000;

class LedgerProfiles final : public Profiles {
 public:
  LedgerProfiles(UtcMillis start, std::int64_t slot_ms, std::uint64_t slots)
      : start_(start), slot_ms_(slot_ms), slots_(slots) {}

  void add_home(const ledger::ParticipantRef& ref) {
    SimulatedHome home;
    home.resident = ref.id;
    homes_.push_back(std::move(home));
    energies_.emplace_back(slots_);
  }
  void put(UtcMillis slot, const MeteredEnergy& energy) {
    energies_.back()[static_cast<std::size_t>((slot.value - start_.value) / slot_ms_)] = energy;
  }

  const std::vector<SimulatedHome>& homes() const override { return homes_; }
  UtcMillis start() const override { return start_; }
  std::int64_t slot_ms() const override { return slot_ms_; }
  std::uint64_t slot_count() const override { return slots_; }
  MeteredEnergy energy(std::size_t home, std::uint64_t slot) const override {
    return energies_[home][slot % slots_];
  }

 private:
  UtcMillis start_;
  std::int64_t slot_ms_;
  std::uint64_t slots_;
  std::vector<SimulatedHome> homes_;
  std::vector<std::vector<MeteredEnergy>> energies_;
};

/// Every row of settled slots, by participant and slot.
Result<void> for_each_row(const ledger::HistoryReader& history,
                          const std::function<void(const ledger::ParticipantSlotRow&)>& visit) {
  Result<void> result;
  history.scan(ledger::history_table::participant_slots, {}, {}, false,
               [&](ByteView key, ByteView value) {
                 const auto row = ledger::parse_participant_slot_row(key, value);
                 if (row) {
                   visit(*row);
                 } else {
                   result = row.error();
                 }
                 return row.ok();
               });
  return result;
}

}  // namespace

Result<std::unique_ptr<Profiles>> profiles_of(const ledger::HistoryReader& history,
                                              std::int64_t slot_ms) {
  UtcMillis first{INT64_MAX};
  UtcMillis last{};
  std::vector<ledger::ParticipantRef> participants;
  auto read = for_each_row(history, [&](const ledger::ParticipantSlotRow& row) {
    first = std::min(first, row.slot);
    last = std::max(last, row.slot);
    if (participants.empty() || participants.back() != row.participant) {
      participants.push_back(row.participant);
    }
  });
  if (!read) return read.error();
  if (participants.empty()) {
    return Error{AppError::bad_configuration, "this ledger has no settled slot"};
  }
  const auto slots = static_cast<std::uint64_t>((last.value - first.value) / slot_ms + 1);
  if (slots * participants.size() > max_cells) {
    return Error{AppError::bad_configuration, "this ledger holds more than a replay takes"};
  }
  auto profiles = std::make_unique<LedgerProfiles>(first, slot_ms, slots);
  std::optional<ledger::ParticipantRef> home;
  read = for_each_row(history, [&](const ledger::ParticipantSlotRow& row) {
    if (home != row.participant) profiles->add_home(row.participant);
    home = row.participant;
    profiles->put(row.slot, {row.settled.imported, row.settled.exported, row.settled.produced});
  });
  if (!read) return read.error();
  return std::unique_ptr<Profiles>(std::move(profiles));
}

Result<std::unique_ptr<Profiles>> read_ledger_profiles(const std::filesystem::path& data) {
  const auto ledger = storage::open_ledger_for_audit(data, {});
  if (!ledger) return ledger.error();
  const auto snapshot = (*ledger)->snapshot();
  if (!snapshot) return snapshot.error();
  const protocol::SnapshotState state(**snapshot);
  const protocol::SnapshotHistory history(**snapshot);
  if (!state.get(ledger::state_key::parameters())) {
    return Error{AppError::bad_configuration, data.string() + " holds no executed block"};
  }
  auto profiles = profiles_of(history, ledger::parameters(state).slot_ms);
  if (history.fault()) return *history.fault();
  return profiles;
}

}  // namespace powershare::apps
