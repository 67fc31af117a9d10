// Meters change owner, key and plant; are quarantined by hand; their readings are disputed.
#include "ledger/meter_standing.hpp"
#include "ledger/metering.hpp"
#include "ledger/parameters.hpp"
#include "ledger/records.hpp"
#include "ledger/registry.hpp"
#include "ledger/slot_record.hpp"
#include "ledger/slots.hpp"

#include <doctest/doctest.h>

#include "ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

const MeterId m1 = MeterId::parse("M1").value();
constexpr std::int64_t slot_ms = 15 * millis_per_minute;

Genesis with_meter(std::optional<PublicKey> key = {}) {
  auto start = genesis();
  RegisterMeter meter;
  meter.meter = m1;
  meter.owner = h01;
  meter.public_key = key;
  start.registry.push_back(meter);
  return start;
}

SignedReading reading(std::uint64_t sequence, std::int64_t slot, const char* imported,
                      std::optional<std::uint8_t> signer = {}, const Digest& chain = {}) {
  SignedReading result;
  result.reading.meter = m1;
  result.reading.sequence = sequence;
  result.reading.start = {created.value + slot * slot_ms};
  result.reading.seconds = 900;
  result.reading.imported = kwh(imported);
  if (signer) result.signature = key(*signer).sign(reading_statement(chain, result.reading));
  return result;
}

std::string say(Chain& chain, const SignedReading& said) {
  const auto receipt = chain.submit(ReadingBatch{{said}});
  REQUIRE(receipt.readings.size() == 1);
  if (receipt.readings[0].kind == ReadingResult::Kind::accepted) return "accepted";
  return receipt.readings[0].reason;
}

void step(Chain& chain, std::int64_t slots) {
  const UtcMillis to{created.value + slots * slot_ms};
  REQUIRE(chain.submit(ClockStep{to}, feeder, "feeder").outcome == Outcome::applied);
}

UpdateMeter new_owner(const ParticipantRef& owner) {
  UpdateMeter change;
  change.meter = m1;
  change.owner = owner;
  return change;
}

Energy imported(const Chain& chain, std::int64_t slot, const ParticipantRef& who) {
  const auto record = find_slot(chain.machine.state(), {created.value + slot * slot_ms});
  REQUIRE(record);
  for (std::size_t i = 0; i < record->terms.size(); ++i) {
    if (record->terms[i].participant == who) return record->settled[i].imported;
  }
  return {};
}

}  // namespace

TEST_CASE("whoever moves in pays from the next slot on, late readings included") {
  Chain chain(with_meter());
  step(chain, 1);
  CHECK(chain.submit_as(h01, new_owner(h02)).code == "forbidden");
  CHECK(chain.submit(new_owner(h02)).outcome == Outcome::applied);  // counts from slot 2 on
  const auto& state = chain.machine.state();
  CHECK(meters_of(state, h01).empty());
  CHECK(meters_of(state, h02).size() == 1);
  // Who lives there now brings readings of its own time only.
  const auto as_owner = [&](const ParticipantRef& who, std::uint64_t sequence, std::int64_t slot) {
    return chain.submit_as(who, ReadingBatch{{reading(sequence, slot, "0.5")}}).code;
  };
  CHECK(as_owner(h02, 1, 0) == "forbidden");
  CHECK(as_owner(h01, 3, 2) == "forbidden");
  step(chain, 3);
  for (std::uint64_t k = 1; k <= 3; ++k) {
    CHECK(say(chain, reading(k, static_cast<std::int64_t>(k) - 1, "0.5")) == "accepted");
  }
  chain.apply({});
  CHECK(imported(chain, 0, h01) == kwh("0.5"));
  CHECK(imported(chain, 1, h01) == kwh("0.5"));
  CHECK(imported(chain, 1, h02).is_zero());
  CHECK(imported(chain, 2, h02) == kwh("0.5"));
  CHECK(imported(chain, 2, h01).is_zero());
  CHECK(chain.machine.check_invariants().ok());
  // The one who moved out may be deleted: the meter stays with the other.
  CHECK(chain.submit(DeleteParticipant{h01}).outcome == Outcome::applied);
  CHECK(!find_meter(state, m1)->retired);
}

TEST_CASE("a meter with a new key still proves what it counted before") {
  const std::uint8_t old_key = 41, new_key = 42;
  Chain chain(with_meter(key(old_key).public_key()));
  step(chain, 4);
  UpdateMeter change;
  change.meter = m1;
  change.public_key = key(new_key).public_key();
  CHECK(chain.submit(change).outcome == Outcome::applied);  // slot 4 is the last of the old key
  CHECK(say(chain, reading(1, 0, "0.1", old_key, chain.hash)) == "accepted");
  CHECK(say(chain, reading(2, 1, "0.1", new_key, chain.hash)) == "accepted");
  CHECK(say(chain, reading(3, 2, "0.1", 43, chain.hash)) == "bad_signature");
  step(chain, 6);
  CHECK(say(chain, reading(4, 4, "0.1", old_key, chain.hash)) == "accepted");
  CHECK(say(chain, reading(5, 5, "0.1", old_key, chain.hash)) == "bad_signature");
  CHECK(say(chain, reading(5, 5, "0.1", new_key, chain.hash)) == "accepted");
}

TEST_CASE("updates of a meter are checked and bounded") {
  Chain chain(with_meter());
  UpdateMeter change;
  change.meter = m1;
  CHECK(chain.submit(change).code == "malformed");  // nothing changes
  change.plant_watts = -1;
  CHECK(chain.submit(change).code == "malformed");
  change.plant_watts = 4'500;
  change.cpe = "PT0002";
  CHECK(chain.submit(change).outcome == Outcome::applied);
  auto record = find_meter(chain.machine.state(), m1).value();
  CHECK(record.plant_watts == 4'500);
  CHECK(record.cpe == "PT0002");
  CHECK(record.former.empty());
  CHECK(chain.submit(new_owner(bank)).code == "not_allowed");
  CHECK(chain.submit(new_owner(ref("Resident:X"))).code == "unknown_participant");
  change.meter = MeterId::parse("M9").value();
  CHECK(chain.submit(change).code == "unknown_meter");
  // Twice within a slot is one change; 16 that are not final are the most.
  CHECK(chain.submit(new_owner(h02)).outcome == Outcome::applied);
  CHECK(chain.submit(new_owner(h01)).outcome == Outcome::applied);
  CHECK(find_meter(chain.machine.state(), m1)->former.size() == 1);
  for (std::int64_t k = 1; k <= 15; ++k) {
    step(chain, k);
    CHECK(chain.submit(new_owner(k % 2 == 1 ? h02 : h01)).outcome == Outcome::applied);
  }
  step(chain, 16);
  CHECK(chain.submit(new_owner(h01)).outcome == Outcome::rejected);
  CHECK(find_meter(chain.machine.state(), m1)->former.size() == MeterRecord::max_former);
  CHECK(chain.submit(RetireMeter{m1}).outcome == Outcome::applied);
  CHECK(chain.submit(new_owner(h02)).code == "meter_retired");
}

TEST_CASE("the administrator quarantines and releases") {
  Chain chain(with_meter());
  const SetMeterStanding quarantine{m1, MeterStanding::quarantined};
  CHECK(chain.submit_as(h01, quarantine).code == "forbidden");
  CHECK(
      chain.submit({SetMeterStanding{MeterId::parse("M9").value(), MeterStanding::trusted}}).code ==
      "unknown_meter");
  const auto block = chain.apply({chain.transaction(quarantine)});
  CHECK(block.receipts.at(0).outcome == Outcome::applied);
  CHECK(block.events.at(1).kind == Event::Kind::meter_quarantined);
  CHECK(find_standing(chain.machine.state(), m1)->reason == Doubt::by_hand);
  CHECK(chain.submit(quarantine).code == "already_quarantined");
  step(chain, 1);
  CHECK(say(chain, reading(1, 0, "0.5")) == "accepted");
  const auto record = find_slot(chain.machine.state(), created);
  REQUIRE(record);
  CHECK(record->quarantined == std::vector<MeterId>{m1});
  CHECK(chain.machine.check_invariants().ok());
  CHECK(chain.submit(SetMeterStanding{m1, MeterStanding::trusted}).outcome == Outcome::applied);
  CHECK(!is_quarantined(chain.machine.state(), m1));
}

TEST_CASE("a reading is disputed by its owner and resolved by the administrator") {
  Chain chain(with_meter());
  step(chain, 1);
  CHECK(say(chain, reading(1, 0, "0.5")) == "accepted");
  const DisputeReading dispute{m1, 1, DisputeReason::too_high};
  CHECK(chain.submit_as(h02, dispute).code == "forbidden");
  CHECK(chain.submit_as(h01, DisputeReading{m1, 2, DisputeReason::other}).code ==
        "unknown_reading");
  CHECK(chain.submit_as(h01, dispute).outcome == Outcome::applied);
  CHECK(chain.submit_as(h01, dispute).code == "dispute_exists");
  const auto open = find_dispute(chain.machine.state(), m1, 1);
  REQUIRE(open);
  CHECK(open->reason == DisputeReason::too_high);
  CHECK(open->owner == h01);
  CHECK(chain.submit_as(h01, ResolveDispute{m1, 1, true}).code == "forbidden");
  CHECK(chain.submit(ResolveDispute{m1, 1, true}).outcome == Outcome::applied);
  CHECK(chain.submit(ResolveDispute{m1, 1, true}).code == "unknown_dispute");
  // Who has moved out still has bills of the time before.
  CHECK(chain.submit(new_owner(h02)).outcome == Outcome::applied);
  CHECK(chain.submit_as(h01, dispute).outcome == Outcome::applied);
}

TEST_CASE("at most 64 readings of a meter are disputed at a time") {
  Chain chain(with_meter());
  step(chain, 70);
  ReadingBatch batch;
  for (std::uint64_t k = 1; k <= 65; ++k) {
    batch.readings.push_back(reading(k, static_cast<std::int64_t>(k) - 1, "0.1"));
  }
  CHECK(chain.submit(batch).outcome == Outcome::applied);
  std::vector<Bytes> disputes;
  for (std::uint64_t k = 1; k <= 65; ++k) {
    disputes.push_back(chain.transaction(DisputeReading{m1, k, DisputeReason::other}));
  }
  const auto receipts = chain.apply(disputes).receipts;
  CHECK(receipts.at(63).outcome == Outcome::applied);
  CHECK(receipts.at(64).code == "too_many_disputes");
}

TEST_CASE("a chain may take signed readings only") {
  Chain chain(with_meter(key(41).public_key()));
  step(chain, 2);
  CHECK(say(chain, reading(1, 0, "0.1")) == "accepted");
  CHECK(chain.submit(SetParameter{"signed_readings_only", "yes"}).code == "malformed");
  CHECK(chain.submit(SetParameter{"signed_readings_only", "true"}).outcome == Outcome::applied);
  CHECK(say(chain, reading(2, 1, "0.1")) == "signature_needed");
  CHECK(say(chain, reading(2, 1, "0.1", 41, chain.hash)) == "accepted");
}

TEST_CASE("gate and margin are parameters of level 4, in records and genesis where they are set") {
  auto start = with_meter();
  Chain present(start);
  start.feature_level = 3;
  Chain old(start);
  const auto plain = encoded(parameters(present.machine.state())).size();
  for (const auto& set :
       {SetParameter{"gate_closure", "10m"}, SetParameter{"deviation_margin", "0.25"}}) {
    const auto refused = old.submit(set);
    CHECK(refused.code == "malformed");
    CHECK(refused.message == old.submit(SetParameter{"nonsense", "1"}).message);
    CHECK(present.submit(set).outcome == Outcome::applied);
  }
  auto agreed = parameters(present.machine.state());
  CHECK(agreed.gate_closure_ms == 10 * millis_per_minute);
  CHECK(agreed.deviation_margin_nano == nano_per_unit / 4);
  CHECK(encoded(agreed).size() > plain);
  for (const auto& [name, value] : {std::pair{"gate_closure", "25h"},
                                    {"deviation_margin", "1.1"},
                                    {"deviation_margin", "-0.1"},
                                    {"gate_closure", "soon"}}) {
    CHECK(present.submit(SetParameter{name, value}).code == "malformed");
  }
  for (const auto& set :
       {SetParameter{"gate_closure", "5m"}, SetParameter{"deviation_margin", "0.1"}}) {
    CHECK(present.submit(set).outcome == Outcome::applied);
  }
  CHECK(encoded(parameters(present.machine.state())).size() == plain);
  start.parameters = agreed;
  CHECK(!Genesis::from_json(start.to_json()).ok());
  start.feature_level = 4;
  const auto read = Genesis::from_json(start.to_json());
  REQUIRE(read);
  CHECK(read->parameters == agreed);
  CHECK(read->hash() == start.hash());
  CHECK(start.encoding_version() == 4);
}

TEST_CASE("parameters of level 3 are unknown names below it") {
  auto start = with_meter();
  start.feature_level = 2;
  Chain old(start);
  Chain present(with_meter());
  for (const auto& set : {SetParameter{"site", "32.7,-16.9"}, SetParameter{"plausibility", "alarm"},
                          SetParameter{"signed_readings_only", "true"}}) {
    const auto refused = old.submit(set);
    CHECK(refused.code == "malformed");
    CHECK(refused.message == old.submit(SetParameter{"nonsense", "1"}).message);
    CHECK(present.submit(set).outcome == Outcome::applied);
  }
  const auto agreed = parameters(present.machine.state());
  CHECK(agreed.site == Site{32'700, -16'900});
  CHECK(agreed.plausibility == Plausibility::alarm);
  CHECK(agreed.signed_readings_only);
  start.parameters.site = Site{};
  CHECK(!Genesis::from_json(start.to_json()).ok());
  start.feature_level = 3;
  start.parameters.plausibility = Plausibility::off;
  const auto read = Genesis::from_json(start.to_json());
  REQUIRE(read);
  CHECK(read->parameters == start.parameters);
  CHECK(read->hash() == start.hash());
  CHECK(start.encoding_version() == 3);
  auto other = start;
  other.parameters.site = Site{1, 0};
  CHECK(other.hash() != start.hash());
}
