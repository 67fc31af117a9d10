#include <doctest/doctest.h>

#include "gateway/event_streams.hpp"
#include "tests/unit/gateway/fakes.hpp"

namespace powershare::gateway {
namespace {

using test::Door;
using test::Json;
using Kind = ledger::Event::Kind;

ledger::Event event(Kind kind, std::uint64_t count = 0) {
  ledger::Event result{};
  result.kind = kind;
  result.slot = {1'571'648'400'000};
  result.count = count;
  result.energy = Energy::from_nano(1'500'000'000);
  return result;
}

void add_blocks(Door& door, int count) {
  for (int i = 0; i < count; ++i) {
    const auto name = "transaction " + std::to_string(door.chain->blocks.size());
    door.chain->append({to_bytes(name)}, {event(Kind::readings, 4), event(Kind::trade, 2)});
  }
}

std::vector<std::string> ids(const std::string& text) {
  std::vector<std::string> result;
  std::size_t at = 0;
  while ((at = text.find("id: ", at)) != std::string::npos) {
    const auto end = text.find('\n', at);
    result.push_back(text.substr(at + 4, end - at - 4));
    at = end;
  }
  return result;
}

std::shared_ptr<test::Reply> open(Door& door, std::string_view last_event_id,
                                  std::string address = "127.0.0.1") {
  auto request = test::request_to("GET", "/v1/events");
  request.remote_address = std::move(address);
  if (!last_event_id.empty()) request.headers["last-event-id"] = last_event_id;
  return door.ask(std::move(request));
}

}  // namespace

TEST_CASE("a new reader gets what is committed from then on") {
  Door door;
  add_blocks(door, 2);
  const auto reply = open(door, "");
  REQUIRE(reply->opened != nullptr);
  CHECK(reply->response.content_type == "text/event-stream");
  CHECK(ids(reply->opened->taken()).empty());
  add_blocks(door, 1);
  door.gateway().block_committed();
  const auto text = reply->opened->taken();
  CHECK(ids(text) == std::vector<std::string>{"3.0", "3.1", "3.2"});
  CHECK(text.find("event: block\ndata: {\"height\":3,") != std::string::npos);
  CHECK(text.find("event: trade\ndata: {\"height\":3,\"slot\":\"2019-10-21T09:00:00Z\","
                  "\"traded_kwh\":\"1.5\",\"count\":2}\n\n") != std::string::npos);
  door.gateway().block_committed();
  CHECK(reply->opened->taken().empty());
  door.gateway().tick();
  CHECK(reply->opened->taken() == ": keep-alive\n\n");
}

TEST_CASE("a reader that comes back goes on after the last event that it saw") {
  Door door;
  add_blocks(door, 3);
  const auto all = open(door, "0.0")->opened->taken();
  const auto every = ids(all);
  REQUIRE(every.size() == 9);
  for (std::size_t seen = 0; seen < every.size(); ++seen) {
    CAPTURE(seen);
    const auto rest =
        ids(open(door, every[seen], "address " + std::to_string(seen))->opened->taken());
    CHECK(rest ==
          std::vector<std::string>(every.begin() + static_cast<long>(seen) + 1, every.end()));
  }
}

TEST_CASE("a reader ahead of this peer waits until the peer has caught up") {
  Door door;
  add_blocks(door, 1);
  const auto reply = open(door, "2.1");
  CHECK(ids(reply->opened->taken()).empty());
  add_blocks(door, 2);
  door.gateway().block_committed();
  CHECK(ids(reply->opened->taken()) == std::vector<std::string>{"2.2", "3.0", "3.1", "3.2"});
}

TEST_CASE("a reader far behind catches up piece by piece and misses nothing") {
  Door door;
  add_blocks(door, 1000);
  const auto reply = open(door, "0.0");
  auto seen = ids(reply->opened->taken());
  CHECK(seen.size() < 3000);
  for (int i = 0; i < 20 && seen.size() < 3000; ++i) {
    door.gateway().tick();
    const auto more = ids(reply->opened->taken());
    seen.insert(seen.end(), more.begin(), more.end());
  }
  REQUIRE(seen.size() == 3000);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(seen[i] == std::to_string(i / 3 + 1) + "." + std::to_string(i % 3));
  }
}

TEST_CASE("streams are limited in all and per address, and give their place back") {
  Door door;
  door.options.max_event_streams = 3;
  door.options.max_event_streams_per_address = 2;
  const auto first = open(door, "", "a");
  const auto second = open(door, "", "a");
  const auto third = open(door, "", "a");
  CHECK(third->response.status == 429);
  CHECK_FALSE(third->header("Retry-After").empty());
  CHECK(open(door, "", "b")->response.status == 200);
  CHECK(open(door, "", "c")->response.status == 503);
  first->opened->gone = true;
  door.gateway().tick();
  CHECK(open(door, "", "a")->response.status == 200);
  door.gateway().close_streams();
  CHECK(second->opened->closed);
}

TEST_CASE("event ids that are none are refused") {
  Door door;
  for (const auto* id :
       {"x", "1", "1.", ".1", "1.2.3", "-1.0", "1.99999999999999999999999", " 1.0"}) {
    CAPTURE(id);
    CHECK(open(door, id)->response.status == 400);
    CHECK_FALSE(parse_event_id(id).has_value());
  }
  CHECK(parse_event_id("12.3") == EventId{12, 3});
  CHECK(door.get("/v1/events?after=1.0")->response.status == 200);
}

TEST_CASE("alarms and slots are told with what they concern") {
  Door door;
  auto alarm = event(Kind::alarm);
  alarm.detail = "conservation: \"EN\"\nline";
  door.chain->append({to_bytes("t")},
                     {event(Kind::slot_closed, 3), event(Kind::slot_final), alarm});
  const auto text = open(door, "0.0")->opened->taken();
  CHECK(text.find("event: slot_closed\n") != std::string::npos);
  CHECK(text.find("event: slot_final\n") != std::string::npos);
  // One line of data: a line break within would end the event.
  CHECK(text.find("data: {\"height\":1,\"detail\":\"conservation: \\\"EN\\\"\\nline\"}\n\n") !=
        std::string::npos);
}

}  // namespace powershare::gateway
