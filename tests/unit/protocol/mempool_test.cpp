#include "protocol/mempool.hpp"

#include <doctest/doctest.h>

using namespace powershare;
using namespace powershare::protocol;

namespace {

std::shared_ptr<const Bytes> request(std::uint8_t number, std::size_t size = 10) {
  auto bytes = Bytes(size);
  bytes[0] = number;
  return std::make_shared<const Bytes>(std::move(bytes));
}

Admission add(Mempool& pool, const std::shared_ptr<const Bytes>& bytes, std::uint32_t submitter,
              std::int64_t at = 0) {
  return pool.add(bytes, crypto::sha256(*bytes), submitter, true, MonotonicMillis{at});
}

}  // namespace

TEST_CASE("the mempool takes each request once and within its limits") {
  Mempool pool({4, 35, 20, 1'000}, 2);
  CHECK(add(pool, request(1), 0) == Admission::added);
  CHECK(add(pool, request(1), 1) == Admission::known);
  CHECK(add(pool, request(2, 21), 0) == Admission::too_large);
  CHECK(add(pool, request(3), 0) == Admission::full);  // half of the bytes are one submitter's
  CHECK(add(pool, request(4), 1) == Admission::added);
  CHECK(pool.size() == 2);
  CHECK(pool.bytes() == 20);
}

TEST_CASE("batches take turns between submitters, oldest first") {
  Mempool pool({100, 10'000, 100, 1'000}, 3);
  for (std::uint8_t i = 0; i < 6; ++i) add(pool, request(i), 0);
  add(pool, request(100), 1);
  add(pool, request(200), 2);
  const auto taken = pool.take(4, 1'000);
  REQUIRE(taken.size() == 4);
  CHECK((*taken[0])[0] == 0);
  CHECK((*taken[1])[0] == 100);
  CHECK((*taken[2])[0] == 200);
  CHECK((*taken[3])[0] == 1);
  CHECK(pool.waiting() == 4);
  CHECK(pool.take(100, 14 * 2).size() == 2);
  pool.restart();
  CHECK(pool.waiting() == 8);
  pool.mark_proposed(crypto::sha256(*request(100)));
  CHECK(pool.waiting() == 7);
  for (const auto& it : taken) pool.remove(crypto::sha256(*it));
  CHECK(pool.size() == 4);
  CHECK(pool.take(100, 1'000).size() == 4);
}

TEST_CASE("requests that nobody orders expire, and the head of the queue is the oldest") {
  Mempool pool({100, 10'000, 100, 50}, 1);
  add(pool, request(1), 0, 0);
  add(pool, request(2), 0, 30);
  CHECK(pool.oldest()->id == crypto::sha256(*request(1)));
  CHECK(pool.expire(MonotonicMillis{49}) == 0);
  CHECK(pool.expire(MonotonicMillis{50}) == 1);
  CHECK(pool.oldest()->id == crypto::sha256(*request(2)));
  CHECK(pool.untold(MonotonicMillis{0}, MonotonicMillis{60}, 10).size() == 1);
  CHECK(pool.untold(MonotonicMillis{50}, MonotonicMillis{70}, 10).empty());
  CHECK(pool.untold(MonotonicMillis{60}, MonotonicMillis{99}, 10).size() == 1);
  pool.remove(crypto::sha256(*request(2)));
  CHECK(pool.oldest() == nullptr);
}

TEST_CASE("the mempool's queues do not grow with what passes through") {
  Mempool pool({100, 10'000, 100, 50}, 1);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    auto bytes = std::make_shared<const Bytes>(Bytes{std::uint8_t(i >> 8), std::uint8_t(i), 1});
    REQUIRE(add(pool, bytes, 0) == Admission::added);
    pool.remove(crypto::sha256(*bytes));
  }
  CHECK(pool.size() == 0);
  CHECK(pool.take(10, 100).empty());
}
