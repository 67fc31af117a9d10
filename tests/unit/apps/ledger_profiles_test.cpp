#include "apps/ledger_profiles.hpp"

#include <doctest/doctest.h>

#include "apps/error.hpp"
#include "tests/unit/ledger/memory_history.hpp"

namespace powershare::apps {
namespace {

void settle(ledger::test::MapHistory& history, const char* id, std::int64_t slot_ms,
            std::int64_t imported, std::int64_t exported) {
  ledger::ParticipantSlotRow row;
  row.participant = {ledger::ParticipantType::resident, ParticipantId::parse(id).value()};
  row.slot = {slot_ms};
  row.settled.imported = Energy::from_nano(imported);
  row.settled.exported = Energy::from_nano(exported);
  const auto kept = ledger::participant_slot_row(row);
  history.tables[kept.table][kept.key] = *kept.value;
}

}  // namespace

TEST_CASE("what a chain has settled is profiles: homes, slots and gaps") {
  constexpr std::int64_t slot = 15 * millis_per_minute;
  ledger::test::MapHistory history;
  settle(history, "H1", 10 * slot, 5, 0);
  settle(history, "H1", 13 * slot, 0, 7);
  settle(history, "H2", 11 * slot, 3, 0);
  const auto profiles = profiles_of(history, slot);
  REQUIRE(profiles);
  CHECK((*profiles)->start().value == 10 * slot);
  CHECK((*profiles)->slot_count() == 4);
  REQUIRE((*profiles)->homes().size() == 2);
  CHECK((*profiles)->homes()[1].resident.text() == "H2");
  CHECK((*profiles)->energy(0, 0).imported.nano() == 5);
  CHECK((*profiles)->energy(0, 1).imported.is_zero());
  CHECK((*profiles)->energy(0, 3).exported.nano() == 7);
  CHECK((*profiles)->energy(1, 1).imported.nano() == 3);
}

TEST_CASE("a ledger without settled slots, or no ledger, is no profiles") {
  CHECK(profiles_of(ledger::test::MapHistory(), 900'000).error().code() ==
        make_error_code(AppError::bad_configuration));
  CHECK(!read_ledger_profiles("/nonexistent"));
}

}  // namespace powershare::apps
