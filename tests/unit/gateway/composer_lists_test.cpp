#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "gateway/composer/transaction_index.hpp"
#include "tests/unit/gateway/composer_fakes.hpp"

namespace powershare::gateway {
namespace {

using test::ComposerDoor;
using test::Json;

/// Rows of the index by type, `count` of them, every third one rejected; gives the ids of the
/// others in their byte order.
std::vector<std::string> fill(test::MemoryHistory& history, std::string_view type, int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    ledger::TransactionRow row;
    row.id = crypto::sha256(as_bytes(std::string(type) + std::to_string(i)));
    row.type = type;
    row.outcome = i % 3 == 0 ? ledger::Outcome::rejected : ledger::Outcome::applied;
    if (row.outcome == ledger::Outcome::applied) ids.push_back(crypto::to_hex(row.id));
    auto key = ledger::history_prefix(type);
    const auto place = Encoder().time({1000 + i}).u64(static_cast<std::uint64_t>(i)).u32(0).data();
    key.insert(key.end(), place.begin(), place.end());
    history.tables[std::string(ledger::history_transactions_by_type)][key] = row.encode();
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// A reply that may come from the worker, at once or as a stream.
class LaterReply final : public net::HttpReply {
 public:
  void send(net::HttpResponse given) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(given);
    arrived_.notify_all();
  }
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(head);
    stream_ = std::make_shared<test::Stream>();
    arrived_.notify_all();
    return stream_;
  }
  net::HttpResponse wait() {
    std::unique_lock lock(mutex_);
    REQUIRE(arrived_.wait_for(lock, std::chrono::seconds(30),
                              [this] { return response_.has_value(); }));
    return *response_;
  }
  /// After wait(); nullptr where there is none.
  std::shared_ptr<test::Stream> opened() {
    const std::lock_guard lock(mutex_);
    return stream_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<net::HttpResponse> response_;
  std::shared_ptr<test::Stream> stream_;
};

/// Asks for all coins through a filter in its bracket form: name and value.
std::shared_ptr<LaterReply> ask_for_coins(ComposerDoor& composer, const std::string& name,
                                          const std::string& value) {
  auto request = test::request_to("GET", "/api/Coins");
  if (!name.empty()) request.query = {{"filter" + name, value}};
  request.headers["x-api-key"] = test::administrator_key;
  auto reply = std::make_shared<LaterReply>();
  composer.door.gateway().handle(std::move(request), reply);
  return reply;
}

void make_coins(ComposerDoor& composer, int count) {
  for (int i = 0; i < count; ++i) composer.make("/api/Coins", test::coins(std::to_string(i), i));
}

/// Waits until the worker has closed the stream; what came of it.
std::string read_all(test::Stream& stream) {
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!stream.closed && std::chrono::steady_clock::now() < deadline) {
    text += stream.taken();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(stream.closed);
  return text + stream.taken();
}

}  // namespace

TEST_CASE("transactions come in byte order of ids however few of them are held at a time") {
  test::MemoryHistory history;
  const auto expected = fill(history, "EnergyToCoins", 100);
  fill(history, "CashToCoins", 10);
  for (const std::size_t chunk : {1, 7, 66, 67, 1000}) {
    CAPTURE(chunk);
    composer::SubmittedIds ids(
        history, ledger::history_transactions_by_type, ledger::history_prefix("EnergyToCoins"),
        [](std::string_view) { return true; }, chunk);
    std::vector<std::string> found;
    while (const auto* entry = ids.peek()) {
      found.push_back(entry->id);
      CHECK(entry->time.value == 1000 + static_cast<std::int64_t>(entry->height));
      ids.pop();
    }
    CHECK(found == expected);
  }
}

TEST_CASE("a long list is streamed by the worker, in order and whole") {
  ComposerDoor composer;
  constexpr int count = 3000;
  make_coins(composer, count);
  const auto reply = ask_for_coins(composer, {}, {});
  CHECK(reply->wait().content_type == "application/json; charset=utf-8");
  REQUIRE(reply->opened() != nullptr);
  const auto list = Json::parse(read_all(*reply->opened()));
  REQUIRE(list.size() == count);
  for (std::size_t i = 1; i < list.size(); ++i) CHECK(list[i - 1]["coinsID"] < list[i]["coinsID"]);

  // What comes to little is one answer, however much the worker read for it.
  for (const auto* name : {"[where][value][lt]", "[where][value][lte]"}) {
    const auto few = ask_for_coins(composer, name, "2")->wait();
    CHECK(few.status == 200);
    CHECK(Json::parse(few.body).size() == (std::string(name) == "[where][value][lt]" ? 2 : 3));
  }
  const auto sorted = Json::parse(ask_for_coins(composer, "[order]", "value DESC")->wait().body);
  REQUIRE(sorted.size() == count);
  CHECK(sorted[0]["value"] == count - 1);
  CHECK(composer.get("/api/Coins?filter[limit]=5")->json().size() == 5);
}

TEST_CASE("a reader that goes away or a gateway that stops ends a long list") {
  ComposerDoor composer;
  make_coins(composer, 3000);
  const auto gone = ask_for_coins(composer, {}, {});
  gone->wait();
  REQUIRE(gone->opened() != nullptr);
  gone->opened()->gone = true;
  const auto stopped = ask_for_coins(composer, {}, {});
  composer.door.gateway().close_streams();
  CHECK(gone->opened()->closed);
  // Whatever had been begun by then is ended: by its last piece, or by an answer.
  stopped->wait();
  CHECK((stopped->opened() == nullptr || stopped->opened()->closed));
}

TEST_CASE("every page of residents gets its names") {
  ComposerDoor composer;
  for (int i = 0; i < 450; ++i) {
    composer.make("/api/Resident", test::composer_resident(std::to_string(1000 + i)));
  }
  const auto reply = composer.get("/api/Resident");
  const auto list = reply->opened ? Json::parse(read_all(*reply->opened)) : reply->json();
  REQUIRE(list.size() == 450);
  for (const auto& item : list) {
    CHECK(item["email"] == item["residentID"].get<std::string>() + "@e.org");
  }
}

}  // namespace powershare::gateway
