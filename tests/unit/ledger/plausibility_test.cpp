// What a meter says against the sun, its plant, its neighbours and itself; and what follows from
// it.
#include "ledger/plausibility.hpp"

#include "ledger/membership.hpp"
#include "market_harness.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr std::int64_t kwh = nano_per_unit;
constexpr std::int64_t wh = kwh / 1'000;
constexpr std::int64_t slot_ms = TestChain::slot_ms;
constexpr Site funchal{32'700, -16'900};
constexpr UtcMillis midnight{1'624'233'600'000};  // 2021-06-21T00:00:00Z, a short night in Funchal
constexpr UtcMillis noon{midnight.value + 13 * millis_per_hour};

UtcMillis after(UtcMillis start, std::int64_t slots) {
  return {start.value + slots * slot_ms};
}

struct Figures {
  std::int64_t imported = 0;
  std::int64_t exported = 0;
  std::int64_t produced = 0;
};

JudgedMeter judged(const std::string& name, std::int64_t plant_watts, Figures figures) {
  JudgedMeter result;
  result.meter.meter = meter_id(name);
  result.meter.owner = resident(name);
  result.meter.plant_watts = plant_watts;
  result.now.imported = Energy::from_nano(figures.imported);
  result.now.exported = Energy::from_nano(figures.exported);
  result.now.produced = Energy::from_nano(figures.produced);
  result.now.seconds = slot_ms / millis_per_second;
  return result;
}

std::string doubts_of(const std::vector<JudgedMeter>& meters, UtcMillis slot = midnight,
                      std::optional<Site> site = funchal) {
  std::string result;
  const auto notices = examine(slot, slot_ms, site, meters);
  for (const Doubt doubt : notices.front().doubts) {
    if (!result.empty()) result += " ";
    result += to_text(doubt);
  }
  return result;
}

/// Two neighbours with 3 kW each that produce `watt_hours` in the slot, by meters of their own.
std::vector<JudgedMeter> among_neighbours(JudgedMeter meter, std::int64_t watt_hours) {
  return {std::move(meter), judged("N1", 3'000, {0, watt_hours * wh, watt_hours * wh}),
          judged("N2", 3'000, {0, watt_hours * wh, watt_hours * wh})};
}

/// A chain of feature level 3 with the homes A (plant 3 kW), B, C (plants 3 kW) and D (none).
class Street {
 public:
  explicit Street(UtcMillis start, std::uint32_t level = 3) : chain(start, 20'000'000) {
    chain.genesis.feature_level = level;
    Overlay changes(chain.state);
    put_first_epoch(changes, chain.genesis);
    keep(changes);
    chain.parameters.site = funchal;
    for (const std::string home : {"A", "B", "C", "D"}) {
      chain.add_home(home);
      if (home != "D") set_plant(home, 3'000);
    }
    next = start;
  }

  void set_plant(const std::string& meter, std::int64_t watts) {
    Overlay changes(chain.state);
    auto record = find_meter(chain.state, meter_id(meter)).value();
    record.plant_watts = watts;
    put_meter(changes, record);
    keep(changes);
  }

  void set_standing(const std::string& meter, MeterStanding standing) {
    Overlay changes(chain.state);
    StandingRecord record;
    record.standing = standing;
    record.since = chain.now;
    if (standing == MeterStanding::quarantined) record.reason = Doubt::by_hand;
    if (standing == MeterStanding::trusted) record.judged_from = slot_start(chain.now, slot_ms);
    put_standing(changes, meter_id(meter), record);
    keep(changes);
  }

  static SignedReading said(const std::string& meter, std::uint64_t sequence, UtcMillis start,
                            Figures figures) {
    SignedReading result = reading(meter, sequence, start, 0);
    result.reading.imported = Energy::from_nano(figures.imported);
    result.reading.exported = Energy::from_nano(figures.exported);
    result.reading.produced = Energy::from_nano(figures.produced);
    return result;
  }

  /// One slot of all four homes, closed at its end.
  void slot(Figures a, Figures b, Figures c, Figures d) {
    ++sequence;
    const auto start = next;
    next = after(next, 1);
    chain.block(next, {said("A", sequence, start, a), said("B", sequence, start, b),
                       said("C", sequence, start, c), said("D", sequence, start, d)});
    REQUIRE(slot_progress(chain.state)->next_close == next);
    chain.check_sound();
  }
  /// The same with B, C and D as honest homes at night; each figure differs from slot to slot.
  void night(Figures a) {
    const std::int64_t n = static_cast<std::int64_t>(sequence) + 1;
    slot(a, {70 * wh + n, 0, 0}, {60 * wh + n, 0, 0}, {50 * wh + n, 0, 0});
  }
  void day(Figures a) {
    const std::int64_t n = static_cast<std::int64_t>(sequence) + 1;
    slot(a, {0, 400 * wh + n, 500 * wh}, {0, 350 * wh + n, 480 * wh}, {300 * wh + n, 0, 0});
  }

  bool quarantined(const std::string& meter) const {
    return is_quarantined(chain.state, meter_id(meter));
  }
  std::optional<Doubt> reason(const std::string& meter) const {
    const auto record = find_standing(chain.state, meter_id(meter));
    return record ? record->reason : std::nullopt;
  }
  Settled settled(const std::string& home, std::int64_t back = 1) const {
    const auto record = find_slot(chain.state, after(next, -back)).value();
    for (std::size_t i = 0; i < record.terms.size(); ++i) {
      if (record.terms[i].participant == resident(home)) return record.settled[i];
    }
    return {};
  }
  std::vector<MeterAlarmRow> alarms(const std::string& meter) const {
    return query_meter_alarms(chain.history, meter_id(meter), 100).value();
  }

  TestChain chain;
  UtcMillis next;
  std::uint64_t sequence = 0;

 private:
  void keep(Overlay& changes) {
    for (StateWrite& write : changes.take()) {
      if (write.value) {
        chain.state.rows[write.key] = *std::move(write.value);
      } else {
        chain.state.rows.erase(write.key);
      }
    }
  }
};

}  // namespace

TEST_CASE("the sun stands where the almanac says") {
  // By the NOAA solar calculator, without refraction, in degrees.
  struct Known {
    const char* time;
    Site site;
    double degrees;
  };
  const Site munich{48'100, 11'600};
  const Site tromso{69'600, 18'900};
  for (const auto& known :
       {Known{"2021-06-21T13:10:00Z", funchal, 80.7}, Known{"2021-06-21T06:00:00Z", funchal, -0.9},
        Known{"2021-06-21T01:00:00Z", funchal, -33.8}, Known{"2021-02-15T06:15:00Z", munich, -1.4},
        Known{"2021-06-21T22:50:00Z", tromso, 3.1}}) {
    CAPTURE(known.time);
    const auto elevation = sun_elevation(parse_iso8601(known.time).value(), known.site);
    CHECK(elevation == doctest::Approx(known.degrees * 1'000).epsilon(0.001).scale(1'000'000));
  }
  CHECK(parse_site("32.7,-16.9").value() == funchal);
  CHECK(to_text(funchal) == "32.7,-16.9");
  for (const char* wrong : {"", "32.7", "91,0", "0,181", "1.2345,0", "a,b", "1,2,3", "1 ,2"}) {
    CAPTURE(wrong);
    CHECK(!parse_site(wrong).ok());
  }
}

TEST_CASE("production at night is noticed, by the sun, at homes only") {
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 100 * wh})}) == "night_production");
  CHECK(doubts_of({judged("A", 0, {0, 0, 100 * wh})}) == "night_production");
  // An inverter's own noise: 2 % of 3 kW for a quarter of an hour are 15 Wh.
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 15 * wh})}).empty());
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 100 * wh})}, noon).empty());
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 100 * wh})}, midnight, std::nullopt).empty());
  auto wind = judged("W", 3'000, {0, 100 * wh, 100 * wh});
  wind.meter.kind = MeterKind::plant;
  CHECK(doubts_of({wind}).empty());
}

TEST_CASE("more than the plant can make is noticed") {
  // 3 kW and 10 % are 825 Wh in a quarter of an hour.
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 825 * wh})}, noon).empty());
  CHECK(doubts_of({judged("A", 3'000, {0, 0, 826 * wh})}, noon) == "above_plant");
  CHECK(doubts_of({judged("A", 3'000, {0, 826 * wh, 0})}, noon) == "above_plant");
  CHECK(doubts_of({judged("A", 0, {0, 826 * wh, 0})}, noon).empty());  // a size that nobody knows
  auto with_battery = judged("A", 3'000, {0, 826 * wh, 700 * wh});
  with_battery.now.battery = Energy::from_nano(kwh);
  CHECK(doubts_of({with_battery}, noon).empty());
  auto with_car = judged("A", 3'000, {0, 826 * wh, 0});
  with_car.has_charger = true;
  CHECK(doubts_of({with_car}, noon).empty());
}

TEST_CASE("consumption that is impossible is noticed") {
  // It feeds in more than it makes and draws; 48 kW are 12 kWh in a quarter of an hour.
  CHECK(doubts_of({judged("A", 9'000, {0, 700 * wh, 500 * wh})}, noon) == "impossible_consumption");
  CHECK(doubts_of({judged("A", 9'000, {100 * wh, 500 * wh, 500 * wh})}, noon).empty());
  CHECK(doubts_of({judged("A", 0, {12 * kwh, 0, 0})}, noon).empty());
  CHECK(doubts_of({judged("A", 0, {12 * kwh + 1, 0, 0})}, noon) == "impossible_consumption");
  auto with_battery = judged("A", 9'000, {0, 700 * wh, 500 * wh});
  with_battery.now.battery = Energy::from_nano(kwh);
  CHECK(doubts_of({with_battery}, noon).empty());
  auto charger = judged("A", 0, {13 * kwh, 0, 0});
  charger.meter.kind = MeterKind::charger;
  CHECK(doubts_of({charger}, noon).empty());
}

TEST_CASE("export at night and import in proportion to the neighbours' sun are noticed") {
  const auto at_night = judged("A", 3'000, {0, 80 * wh, 0});
  CHECK(doubts_of({at_night}) == "night_export");
  CHECK(doubts_of(among_neighbours(at_night, 0), midnight, std::nullopt) == "night_export");
  CHECK(doubts_of(among_neighbours(at_night, 1), midnight, std::nullopt).empty());
  CHECK(doubts_of({judged("A", 0, {0, 80 * wh, 0})}).empty());
  CHECK(doubts_of({judged("A", 3'000, {1, 80 * wh, 0})}).empty());
  auto with_battery = at_night;
  with_battery.now.battery = Energy::from_nano(kwh);
  CHECK(doubts_of({with_battery}).empty());

  // Neighbours yield 500 Wh with 3 kW: a quarter of that is 125 Wh.
  CHECK(doubts_of(among_neighbours(judged("A", 3'000, {125 * wh, 0, 0}), 500), noon) ==
        "day_import");
  CHECK(doubts_of(among_neighbours(judged("A", 3'000, {124 * wh, 0, 0}), 500), noon).empty());
  CHECK(doubts_of(among_neighbours(judged("A", 3'000, {125 * wh, 1, 0}), 500), noon).empty());
  // No sun worth comparing with: a fifth of 3 kW are 150 Wh.
  CHECK(doubts_of(among_neighbours(judged("A", 3'000, {400 * wh, 0, 0}), 149), noon).empty());
  // One neighbour is none.
  CHECK(doubts_of(
            {judged("A", 3'000, {400 * wh, 0, 0}), judged("N1", 3'000, {0, 500 * wh, 500 * wh})},
            noon)
            .empty());
  const auto honest =
      examine(noon, slot_ms, funchal, among_neighbours(judged("A", 3'000, {0, 300 * wh, 0}), 500));
  CHECK(honest.front().doubts.empty());
  CHECK(honest.front().yields_as_neighbours);
}

TEST_CASE(
    "the same figures again are noticed unless they are nothing, a plant's limit or a split") {
  const auto same = [](JudgedMeter meter) {
    meter.before = meter.now;
    return examine(noon, slot_ms, funchal, {meter}).front().same_as_before;
  };
  CHECK(same(judged("A", 0, {80 * wh, 0, 0})));
  CHECK(!same(judged("A", 0, {})));
  CHECK(!same(judged("A", 3'000, {0, 700 * wh, 700 * wh})));
  auto split = judged("A", 0, {80 * wh, 0, 0});
  split.now.split = true;
  CHECK(!same(split));
  auto charger = judged("A", 0, {80 * wh, 0, 0});
  charger.meter.kind = MeterKind::charger;
  CHECK(!same(charger));
  auto changed = judged("A", 0, {80 * wh, 0, 0});
  changed.before = changed.now;
  changed.now.imported = Energy::from_nano(80 * wh + 1);
  CHECK(!examine(noon, slot_ms, funchal, {changed}).front().same_as_before);
}

TEST_CASE("one wild slot gives an alarm; four put the meter in quarantine, until it is released") {
  Street street(midnight);
  street.night({0, 100 * wh, 200 * wh});
  CHECK(street.chain.count(Event::Kind::meter_suspected) == 1);
  CHECK(street.alarms("A").size() == 1);
  CHECK(!street.quarantined("A"));
  CHECK(street.settled("A").sold.nano() == 100 * wh);
  for (int k = 0; k < 2; ++k) street.night({0, 101 * wh + k, 201 * wh});
  CHECK(!street.quarantined("A"));
  CHECK(street.chain.count(Event::Kind::meter_suspected) == 1);  // the same again is no news
  street.night({0, 105 * wh, 205 * wh});
  CHECK(street.reason("A") == Doubt::night_production);
  CHECK(street.chain.count(Event::Kind::meter_quarantined) == 1);
  CHECK(street.alarms("A").front().kind == MeterAlarmRow::Kind::quarantined);
  CHECK(street.settled("A").sold.nano() == 105 * wh);  // the slot that told: frozen already

  // From the next slot on its energy goes to the utility, to the nano-kWh.
  street.night({0, 107 * wh, 207 * wh});
  CHECK(street.settled("A").sold.is_zero());
  CHECK(street.settled("A").to_utility.nano() == 107 * wh);
  CHECK(street.settled("B").from_utility == street.settled("B").imported);
  const auto flags = query_readings(street.chain.history, meter_id("A"), midnight, street.next, 10);
  REQUIRE(flags);
  CHECK(flags->size() == 5);
  CHECK(!(*flags)[3].quarantined);
  CHECK((*flags)[4].quarantined);
  CHECK(!street.quarantined("B"));

  // Cleared again, the slot before the quarantine stays with neighbours, the one after does not.
  auto late = reading("B", 100, after(midnight, 4), 0);
  late.reading.imported = Energy::from_nano(90 * wh);
  late.reading.corrects = 5;
  CHECK(street.chain.submit(late) == "accepted");
  street.chain.settle_all(street.next);
  street.chain.check_sound();
  CHECK(street.settled("A").sold.is_zero());
  CHECK(street.settled("B").imported.nano() == 90 * wh);

  street.set_standing("A", MeterStanding::trusted);
  street.night({0, 108 * wh, 0});
  CHECK(street.settled("A").sold.nano() == 108 * wh);
  CHECK(!street.quarantined("A"));
  CHECK(find_standing(street.chain.state, meter_id("A"))->evidence.size() == 1);
}

TEST_CASE("the fraud that the thesis names: import and export swapped") {
  Street street(after(midnight, 10));  // 02:30: ten slots of night, then day
  // By night it sells what it draws; no neighbour has a battery or sun.
  for (int k = 0; k < 6; ++k) street.night({0, 60 * wh + k, 0});
  CHECK(!street.quarantined("A"));  // a battery that it does not tell of might do that
  CHECK(street.alarms("A").front().doubt == Doubt::night_export);
  while (street.next < noon) {
    const std::int64_t n = static_cast<std::int64_t>(street.sequence);
    street.slot({20 * wh + n, 0, 0}, {10 * wh + n, 0, 0}, {10 * wh - n, 0, 0}, {9 * wh + n, 0, 0});
  }
  // By day it draws what it sells: 3 slots are not enough, 4 are.
  for (int k = 0; k < 3; ++k) street.day({330 * wh + k, 0, 0});
  CHECK(!street.quarantined("A"));
  CHECK(street.settled("A").bought.is_positive());
  street.day({340 * wh, 0, 0});
  CHECK(street.reason("A") == Doubt::swapped);
  street.day({350 * wh, 0, 0});
  CHECK(street.settled("A").bought.is_zero());
  CHECK(street.settled("A").from_utility.nano() == 350 * wh);
  CHECK(street.settled("D").bought.is_positive());  // the others go on with one another
  for (const char* honest : {"B", "C", "D"}) CHECK(!street.quarantined(honest));
}

TEST_CASE("an honest home that sells at night and charges its car at noon is left alone") {
  Street street(after(midnight, 8));
  for (int k = 0; k < 8; ++k) street.night({0, 60 * wh + k, 0});
  while (street.next < noon) street.day({0, 200 * wh + street.next.value % 97, 0});
  for (int k = 0; k < 12; ++k) street.day({900 * wh + k, 0, 0});
  CHECK(!street.quarantined("A"));
}

TEST_CASE("a stuck meter gives an alarm after 8 slots and is in quarantine after 11") {
  Street street(noon);
  for (int k = 0; k < 7; ++k) street.day({80 * wh, 0, 0});
  const auto stuck = [&] {
    return std::ranges::count_if(street.alarms("A"),
                                 [](const auto& row) { return row.doubt == Doubt::stuck; });
  };
  // Not day_import: 80 Wh are less than a quarter of what the neighbours yield.
  CHECK(stuck() == 0);
  street.day({80 * wh, 0, 0});
  CHECK(stuck() == 1);
  for (int k = 0; k < 2; ++k) street.day({80 * wh, 0, 0});
  CHECK(!street.quarantined("A"));
  street.day({80 * wh, 0, 0});
  CHECK(street.reason("A") == Doubt::stuck);
}

TEST_CASE("a figure that changes in time ends the row of a stuck meter") {
  Street street(noon);
  for (int k = 0; k < 28; ++k) street.day({k % 7 == 6 ? 81 * wh : 80 * wh, 0, 0});
  CHECK(street.alarms("A").empty());
  CHECK(street.chain.count(Event::Kind::meter_suspected) == 0);
}

TEST_CASE("a slot that is judged again adds no evidence") {
  Street street(midnight);
  for (int k = 0; k < 2; ++k) street.night({0, 0, 200 * wh + k});
  const auto before = find_standing(street.chain.state, meter_id("A"));
  REQUIRE(before);
  for (std::uint64_t k = 0; k < 6; ++k) {
    auto again = reading("B", 50 + k, midnight, 0);
    again.reading.imported = Energy::from_nano(90 * wh + static_cast<std::int64_t>(k));
    again.reading.corrects = k == 0 ? 1 : 49 + k;
    REQUIRE(street.chain.submit(again) == "accepted");
    street.chain.settle_all(street.next);
  }
  CHECK(find_standing(street.chain.state, meter_id("A")) == before);
  CHECK(street.alarms("A").size() == 1);
}

TEST_CASE("evidence counts for a day, and what a backlog brings of longer ago not at all") {
  Street street(midnight);
  for (int k = 0; k < 3; ++k) street.night({0, 0, 200 * wh + k});
  while (street.next < after(midnight, 96)) street.slot({}, {}, {}, {});
  street.night({0, 0, 210 * wh});  // 96 slots after the first one: the third of the window
  CHECK(find_standing(street.chain.state, meter_id("A"))->evidence.size() == 3);
  CHECK(!street.quarantined("A"));
  // The first slot again, worse than it was: too long ago to be the fourth.
  auto again = Street::said("A", 500, midnight, {13 * kwh, 0, 200 * wh});
  again.reading.corrects = 1;
  REQUIRE(street.chain.submit(again) == "accepted");
  street.chain.settle_all(street.next);
  CHECK(find_standing(street.chain.state, meter_id("A"))->evidence.size() == 3);
  CHECK(!street.quarantined("A"));
}

TEST_CASE("of a home with several meters the quarantined one alone is settled apart") {
  Street street(noon);
  street.chain.add_meter("A2", resident("A"));
  street.set_standing("A2", MeterStanding::quarantined);
  const auto start = street.next;
  street.next = after(start, 1);
  street.chain.block(street.next, {Street::said("A", 1, start, {0, 300 * wh, 0}),
                                   Street::said("A2", 1, start, {200 * wh, 0, 0}),
                                   Street::said("B", 1, start, {250 * wh, 0, 0}),
                                   Street::said("C", 1, start, {100 * wh, 0, 0}),
                                   Street::said("D", 1, start, {0, 0, 0})});
  street.chain.check_sound();
  const auto own = street.settled("A");
  CHECK(own.sold.nano() == 300 * wh);  // its other meter's import is not netted against it
  CHECK(own.bought.is_zero());
  CHECK(own.from_utility.nano() == 200 * wh);
  CHECK(own.exported.nano() == 300 * wh);
  CHECK(own.imported.nano() == 200 * wh);
}

TEST_CASE("alarm mode alarms and quarantines nobody; off and level 2 notice nothing") {
  for (const auto mode : {Plausibility::alarm, Plausibility::off, Plausibility::quarantine}) {
    for (const std::uint32_t level : {2u, 3u}) {
      CAPTURE(to_text(mode));
      CAPTURE(level);
      Street street(midnight, level);
      street.chain.parameters.plausibility = mode;
      for (int k = 0; k < 9; ++k) street.night({0, 0, 200 * wh + k});
      const bool watched = level == 3 && mode != Plausibility::off;
      CHECK(street.alarms("A").empty() == !watched);
      CHECK(find_standing(street.chain.state, meter_id("A")).has_value() == watched);
      CHECK(street.quarantined("A") == (watched && mode == Plausibility::quarantine));
    }
  }
}

TEST_CASE("a record of evidence stays small however long a meter misbehaves") {
  Street street(midnight);
  street.chain.parameters.plausibility = Plausibility::alarm;
  for (int k = 0; k < 120; ++k) {
    street.slot({13 * kwh, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0});
  }
  const auto record = find_standing(street.chain.state, meter_id("A"));
  REQUIRE(record);
  CHECK(record->evidence.size() <= 6 * PlausibilityLimits::quarantine_after);
  CHECK(record->same_slots == 119);
  CHECK(record->encode().size() < 300);
  CHECK(StandingRecord::decode(record->encode()) == *record);
}
