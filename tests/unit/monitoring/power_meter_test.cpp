#include "monitoring/power_meter.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace powershare::monitoring;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "powershare-power-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text << '\n';
  }
  // Clock ticks of the process (user, system) and of the whole machine.
  void write_cpu(long user, long system, long machine) const {
    write("self/stat", "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 " + std::to_string(user) + " " +
                           std::to_string(system) + " 0 0 20 0");
    write("stat", "cpu  " + std::to_string(machine) + " 0 0 99999 0 0 0 0 0 0");
    write("self/statm", "1000 250 10 1 0 1 0");
  }
  PowerMeterOptions options() const { return {5.0, path.string(), path.string()}; }
};

}  // namespace

TEST_CASE("without RAPL the energy is CPU time times the configured power") {
  const Folder folder;
  const long tick = sysconf(_SC_CLK_TCK);
  folder.write_cpu(3 * tick, tick, 100 * tick);
  PowerMeter meter(folder.options());
  const auto reading = meter.sample();
  CHECK_FALSE(reading.from_rapl);
  CHECK(reading.cpu_seconds == doctest::Approx(4));
  CHECK(reading.joules == doctest::Approx(20));
  CHECK(reading.resident_bytes ==
        doctest::Approx(250.0 * static_cast<double>(sysconf(_SC_PAGESIZE))));
}

TEST_CASE("RAPL energy is shared out by CPU time, over the wrap of the counters") {
  const Folder folder;
  folder.write("intel-rapl:0/energy_uj", "900000000");
  folder.write("intel-rapl:0/max_energy_range_uj", "1000000000");
  folder.write("intel-rapl:0:0/energy_uj", "1");  // a part of package 0: not counted again
  folder.write("intel-rapl:0:0/max_energy_range_uj", "1000000000");
  folder.write_cpu(100, 100, 10'000);
  PowerMeter meter(folder.options());

  folder.write("intel-rapl:0/energy_uj", "940000000");  // 40 J, a quarter of the busy time is ours
  folder.write("intel-rapl:0:0/energy_uj", "900000000");
  folder.write_cpu(150, 150, 10'400);
  CHECK(meter.sample().joules == doctest::Approx(10));
  folder.write("intel-rapl:0/energy_uj", "20000000");  // 60 + 20 J over the wrap, all of it ours
  folder.write_cpu(250, 150, 10'450);
  const auto reading = meter.sample();
  CHECK(reading.from_rapl);
  CHECK(reading.joules == doctest::Approx(90));
}

TEST_CASE("the real process is measured and its energy rises") {
  PowerMeter meter;
  const auto before = meter.sample();
  CHECK(before.resident_bytes > 100'000);
  auto after = before;
  std::uint64_t work = 1;
  while (after.cpu_seconds <= before.cpu_seconds) {
    for (int i = 0; i < 1'000'000; ++i) work = work * 6364136223846793005U + 1;
    after = meter.sample();
  }
  CHECK(work != 0);
  CHECK(after.joules >= before.joules);
}
