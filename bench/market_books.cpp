#include "bench/market_books.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "bench/figures.hpp"

namespace powershare::bench {
namespace {

using namespace market;

class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// A line of /proc/self/status in MiB; 0 where it is not there.
double status_mib(const char* name) {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  double result = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) != 0) continue;
    long long kib = 0;
    if (std::sscanf(line + std::strlen(name), ": %lld", &kib) == 1) {
      result = static_cast<double>(kib) / 1024;
    }
  }
  std::fclose(file);
  return result;
}

/// Begins to count the peak of memory anew.
void reset_peak() {
  if (std::FILE* file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);
    std::fclose(file);
  }
}

double wall_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Zone zone(const char* name, ZoneIndex parent, std::int64_t fee_nano, std::int64_t loss_nano) {
  Zone result;
  result.id = name;
  result.parent = parent;
  result.fee = Price::from_nano(fee_nano);
  result.loss_nano = loss_nano;
  return result;
}

}  // namespace

Book synthetic_book(std::uint32_t orders, std::uint64_t seed) {
  SplitMix64 next(seed);
  Book book;
  book.orders.reserve(orders);
  book.participants.reserve(orders);
  book.tariff = {Price::from_nano(162'900'000), Price{}};
  for (std::uint32_t i = 0; i < orders; ++i) {
    Order order;
    order.id = "o" + std::to_string(i);
    order.participant = i;
    book.participants.push_back(order.id);
    order.side = i < orders / 2 ? Side::buy : Side::sell;
    order.energy = Energy::from_nano(static_cast<std::int64_t>(50 + next() % 1451) * 1'000'000);
    const auto price = static_cast<std::int64_t>(next() % 2001);
    order.limit =
        Price::from_nano((order.side == Side::buy ? 1000 + price : 500 + price) * 100'000);
    book.orders.push_back(std::move(order));
  }
  return book;
}

Network synthetic_network(Book& book) {
  Network network;
  network.zones.push_back(zone("island", no_zone, 20'000'000, 5'000'000));
  for (const char* name : {"north", "south"}) {
    network.zones.push_back(zone(name, 0, 10'000'000, 4'000'000));
  }
  for (const char* name : {"n1", "n2", "n3", "n4", "s1", "s2", "s3", "s4"}) {
    network.zones.push_back(zone(name, name[0] == 'n' ? 1 : 2, 5'000'000, 3'000'000));
  }
  network.loss_price = book.tariff.buy;
  SplitMix64 next(7);
  for (std::size_t i = 0; i < book.participants.size(); ++i) {
    network.zone_of.push_back(static_cast<ZoneIndex>(3 + next() % 8));
  }
  for (Order& order : book.orders) {
    if (order.side == Side::sell) {
      order.green = next() % 2 == 0;
    } else if (next() % 4 == 0) {
      network.premiums.push_back(
          {order.participant, std::nullopt, true, Price::from_nano(20'000'000)});
    }
  }
  return network;
}

Result<MarketFigures> measure_rule(std::string_view rule, const Book& book,
                                   const Network& network) {
  MarketFigures figures;
  figures.rule = rule;
  figures.network = !network.zones.empty();
  figures.orders = static_cast<std::uint32_t>(book.orders.size());
  std::vector<double> times;
  double cpu_ms = 0;
  Clearing last;
  const double begin = wall_ms();
  while (times.size() < 3 || (times.size() < 20 && wall_ms() - begin < 1000)) {
    last = Clearing{};
    reset_peak();
    const double before_mib = status_mib("VmRSS");
    const double cpu_before = thread_cpu_seconds();
    const double start = wall_ms();
    auto clearing = clear(rule, book, network);
    times.push_back(wall_ms() - start);
    const double cpu = (thread_cpu_seconds() - cpu_before) * 1000;
    if (!clearing) return clearing.error();
    cpu_ms = times.size() == 1 ? cpu : std::min(cpu_ms, cpu);
    figures.peak_mib = std::max(figures.peak_mib, status_mib("VmHWM") - before_mib);
    last = *std::move(clearing);
  }
  std::sort(times.begin(), times.end());
  figures.runs = static_cast<unsigned>(times.size());
  figures.ms = quantile(times, 0.5);
  figures.cpu_ms = cpu_ms;
  figures.trades = last.trades.size();
  figures.volume_kwh = static_cast<double>(last.volume.nano()) / nano_per_unit;
  figures.fell_back = last.fell_back;
  if (last.certificate) {
    figures.surplus = to_text(last.certificate->surplus);
    figures.gap = to_text(last.certificate->gap());
    const double start = wall_ms();
    const auto checked = check_certificate(book, network, last);
    figures.check_ms = wall_ms() - start;
    if (!checked) return checked.error();
  }
  return figures;
}

}  // namespace powershare::bench
