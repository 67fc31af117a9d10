#include "apps/adapter_household.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"

using namespace powershare;
using namespace powershare::apps;
using namespace std::chrono_literals;

namespace {

const UtcMillis noon = parse_iso8601("2026-11-30T12:00:00Z").value();

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-house-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

Energy kwh(std::string_view text) {
  return parse_quantity<Energy>(text).value();
}

ChainFacts facts() {
  ChainFacts facts;
  facts.genesis = crypto::sha256(as_bytes("genesis"));
  facts.slot_ms = 900'000;
  facts.meters = {{MeterId::parse("H01").value(), noon, "Resident:R1", 0, {}},
                  {MeterId::parse("H02").value(), noon, "Resident:R2", 40, {}}};
  return facts;
}

DeliveryAnswer through(std::uint64_t sequence) {
  return {{}, {{"H01", sequence}}};
}

/// Two meters, the first with a key.
struct Box {
  Box() {
    crypto::initialise();
    config.state = folder.path / "adapter.state";
    config.api_key = "key";
    AdaptedMeter meter;
    meter.meter = MeterId::parse("H01").value();
    meter.key = crypto::KeyPair::from_seed({1});
    config.meters.push_back(meter);
    meter.meter = MeterId::parse("H02").value();
    meter.key.reset();
    config.meters.push_back(meter);
    start();
  }
  void start() {
    house.reset();
    auto file = AdapterStateFile::open(config.state);
    REQUIRE(file.ok());
    house.emplace(config, std::move(*file));
  }
  void say(std::int64_t seconds, std::string_view imported, std::size_t meter = 0) {
    adapters::Report report;
    report.imported = kwh(imported);
    REQUIRE(house->take(meter, report, {noon.value + seconds * 1'000}).ok());
  }
  std::vector<Outgoing> due(bool with_signature = true) {
    return house->due(now, with_signature, 100);
  }
  void answer(const std::vector<Outgoing>& readings, const DeliveryAnswer& answer) {
    REQUIRE(house->answered(readings, answer, now).ok());
  }

  Folder folder;
  AdapterConfig config;
  std::optional<Household> house;
  Household::Clock::time_point now = Household::Clock::now();
};

}  // namespace

TEST_CASE("samples become readings once the chain is known, with and without a signature") {
  Box box;
  CHECK_FALSE(box.house->knows_all());
  box.say(-900, "1");
  REQUIRE(box.house->learn(facts()).ok());
  CHECK(box.house->knows_all());
  box.say(0, "2");
  box.say(900, "2.5");
  box.say(0, "7", 1);
  box.say(900, "9", 1);
  const auto with_key = box.due();
  REQUIRE(with_key.size() == 1);
  CHECK(with_key[0].reading.sequence == 1);
  CHECK(with_key[0].reading.imported == kwh("0.5"));
  const auto body = nlohmann::json::parse(box.house->body(with_key));
  const auto signature = from_hex(body[0]["signature"].get<std::string>());
  REQUIRE(signature.has_value());
  crypto::Signature bytes{};
  std::copy(signature->begin(), signature->end(), bytes.begin());
  CHECK(crypto::verify(box.config.meters[0].key->public_key(),
                       ledger::reading_statement(facts().genesis, with_key[0].reading), bytes));
  const auto without = box.due(false);
  REQUIRE(without.size() == 1);
  CHECK(without[0].reading.sequence == 41);  // where the ledger ends
  CHECK_FALSE(nlohmann::json::parse(box.house->body(without))[0].contains("signature"));
}

TEST_CASE("a reading is sent again until the ledger has it, and survives a restart") {
  Box box;
  REQUIRE(box.house->learn(facts()).ok());
  box.say(0, "1");
  box.say(900, "2");
  box.answer(box.due(), {});
  CHECK(box.due().empty());
  box.now += resend_after;
  CHECK(box.due().size() == 1);
  box.start();
  const auto again = box.due();
  REQUIRE(again.size() == 1);
  CHECK(again[0].reading.sequence == 1);
  box.answer(again, through(1));
  CHECK(box.house->pending() == 0);
  box.start();
  CHECK(box.house->pending() == 0);
  // What was counted while the box was off is in the next readings.
  box.say(2'700, "8");
  const auto next = box.due();
  REQUIRE(next.size() == 2);
  CHECK(next[0].reading.sequence == 2);
  CHECK(next[0].reading.imported == kwh("3"));
  CHECK(next[1].reading.start.value == noon.value + 1'800'000);
}

TEST_CASE("that the ledger has a number is no proof that it has the reading") {
  Box box;
  REQUIRE(box.house->learn(facts()).ok());
  box.say(0, "1");
  box.say(900, "2");
  auto answer = through(3);
  answer.rejected.emplace(0, "conflict");
  box.answer(box.due(), answer);
  const auto again = box.due();
  REQUIRE(again.size() == 1);
  CHECK(again[0].reading.sequence == 4);
  CHECK(again[0].reading.imported == kwh("1"));
}

TEST_CASE("what can never be accepted is left out and its number used again") {
  Box box;
  REQUIRE(box.house->learn(facts()).ok());
  box.say(0, "1");
  box.say(900, "2");
  DeliveryAnswer answer;
  answer.rejected.emplace(0, "before_start");
  box.answer(box.due(), answer);
  CHECK(box.due().empty());
  box.say(1'800, "4");
  REQUIRE(box.due().size() == 1);
  CHECK(box.due()[0].reading.sequence == 1);
  CHECK(box.due()[0].reading.imported == kwh("2"));
}

TEST_CASE("a reading that is early or waits for an operator is kept") {
  for (const char* reason : {"future", "unknown_meter", "bad_signature", "unsigned: it needs a key",
                             "unsigned_not_allowed"}) {
    CAPTURE(reason);
    Box box;
    REQUIRE(box.house->learn(facts()).ok());
    box.say(0, "1");
    box.say(900, "2");
    DeliveryAnswer answer;
    answer.rejected.emplace(0, reason);
    box.answer(box.due(), answer);
    CHECK(box.due().empty());
    box.now += 10s;
    CHECK(box.due().size() == 1);
  }
}

TEST_CASE("when too much waits no further readings are made, and nothing is lost") {
  Box box;
  REQUIRE(box.house->learn(facts()).ok());
  constexpr auto most = MeterState::max_pending - adapters::RegisterIntervals::max_intervals + 1;
  box.house.reset();
  {
    auto file = AdapterStateFile::open(box.config.state);
    REQUIRE(file.ok());
    auto& meter = file->state().meters.at(MeterId::parse("H01").value());
    ledger::Reading reading;
    reading.meter = MeterId::parse("H01").value();
    reading.start = noon;
    reading.seconds = 900;
    for (std::size_t i = 0; i < most; ++i) {
      reading.sequence = meter.take_sequence();
      meter.pending.emplace(reading.sequence, reading);
    }
    meter.base = adapters::Point{noon, kwh("5"), {}};
    REQUIRE(file->save().ok());
  }
  box.start();
  box.say(45'000, "50");
  CHECK(box.house->pending() == most);
  const auto all = box.house->due(box.now, true, 10'000);
  REQUIRE(all.size() == most);
  box.answer(all, through(most));
  CHECK(box.house->pending() == 0);
  box.say(54'000, "65");
  Energy sum;
  for (const auto& one : box.due()) sum = add(sum, one.reading.imported).value();
  CHECK(sum == kwh("60"));
}

TEST_CASE("another chain, slot or clock is noticed") {
  Box box;
  REQUIRE(box.house->learn(facts()).ok());
  auto other = facts();
  other.genesis[0] ^= 1;
  CHECK_FALSE(box.house->learn(other).ok());
  other = facts();
  other.slot_ms = 60'000;
  CHECK_FALSE(box.house->learn(other).ok());
  adapters::Report report;
  report.imported = kwh("1");
  report.time = UtcMillis{noon.value + 3'600'000};
  REQUIRE(box.house->take(0, report, noon).ok());  // an hour ahead: left out
  box.say(0, "1");
  box.say(900, "2");
  CHECK(box.due().size() == 1);
}

TEST_CASE("live power is told once") {
  Box box;
  adapters::Report report;
  report.power = adapters::Power::from_nano(-5);
  REQUIRE(box.house->take(1, report, noon).ok());
  const auto fresh = box.house->fresh_power();
  REQUIRE(fresh.size() == 1);
  CHECK(fresh[0].meter.text() == "H02");
  CHECK(box.house->fresh_power().empty());
}

TEST_CASE("only a peer that took the request has answered it") {
  net::HttpResponse response;
  response.body = R"({"accepted":1,"duplicates":0,"rejected":[{"index":1,"reason":"future"}],)"
                  R"("in_ledger_through":{"H01":7}})";
  const auto answer = delivery_answer(response);
  REQUIRE(answer.has_value());
  CHECK(answer->rejected.at(1) == "future");
  CHECK(answer->in_ledger_through.at("H01") == 7);
  response.status = 503;
  CHECK_FALSE(delivery_answer(response).has_value());
  CHECK_FALSE(delivery_answer(Error{NetError::closed, "gone"}).has_value());
  response.status = 200;
  for (const char* body : {"", "{}", "[]", R"({"rejected":5})", R"({"rejected":[1]})",
                           R"({"rejected":[{"index":-1,"reason":"x"}]})"}) {
    response.body = body;
    CHECK_FALSE(delivery_answer(response).has_value());
  }
}
