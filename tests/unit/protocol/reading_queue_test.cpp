#include "protocol/reading_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace powershare;
using namespace powershare::protocol;

namespace {

constexpr UtcMillis live_from{1'000'000};

Bytes key(std::int64_t end, std::size_t number) {
  return to_bytes(std::to_string(end) + "/" + std::to_string(number));
}

void fill(ReadingQueue& queue, std::int64_t end, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) queue.add({end}, key(end, i));
}

std::size_t count(const ReadingQueue::Batch& batch, std::int64_t end) {
  const auto prefix = std::to_string(end) + "/";
  return static_cast<std::size_t>(std::ranges::count_if(
      batch.keys, [&](const Bytes& each) { return as_text(each).starts_with(prefix); }));
}

bool all(const Bytes&) {
  return true;
}

}  // namespace

TEST_CASE("live readings go before a backlog, which has a share of each batch") {
  ReadingQueue queue;
  fill(queue, 5'000, 9'600);
  fill(queue, 1'000'000, 100);
  const auto first = queue.take(live_from, 0, 0, all);
  CHECK(count(first, 1'000'000) == 100);
  CHECK(count(first, 5'000) == 512);
  CHECK(first.has_backlog);
  // Two pieces of it are under way: the others wait, live ones do not.
  CHECK(queue.take(live_from, 2, 2, all).keys.empty());
  fill(queue, 1'000'001, 7);
  const auto live = queue.take(live_from, 2, 2, all);
  CHECK(live.keys.size() == 7);
  CHECK(!live.has_backlog);
  CHECK(queue.take(live_from, 4, 1, all).keys.empty());
  CHECK(queue.size() == 9'600 - 512);
}

TEST_CASE("however many live readings there are, the backlog goes on, oldest first") {
  ReadingQueue queue;
  fill(queue, 1'000'000, 10'000);
  fill(queue, 7'000, 300);
  fill(queue, 5'000, 300);
  const auto batch = queue.take(live_from, 0, 0, all);
  CHECK(batch.keys.size() == 2'048);
  CHECK(count(batch, 5'000) == 300);
  CHECK(count(batch, 7'000) == 212);
  // What was live becomes old by itself.
  const auto later = queue.take({2'000'000}, 0, 0, all);
  CHECK(later.keys.size() == 512);
  CHECK(count(later, 7'000) == 88);
}

TEST_CASE("keys that are not wanted any more take no place, and each key goes once") {
  ReadingQueue queue;
  fill(queue, 5'000, 20);
  fill(queue, 5'000, 20);
  const auto batch =
      queue.take(live_from, 0, 0, [](const Bytes& each) { return as_text(each).ends_with("5"); });
  CHECK(batch.keys.size() == 2);
  CHECK(queue.size() == 0);
  CHECK(queue.take(live_from, 0, 0, all).keys.empty());
}
