#include "apps/profiles.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace powershare;
using namespace powershare::apps;

namespace {

/// A folder of profiles of two slots that goes with the test.
class Folder {
 public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "powershare-profiles-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    write("community_scenario.csv", "home,pv_profile,pv_kwp\nH1,pv1,4.5\nH2,,0\n");
    write("load_w_15min.csv", "timestamp_utc_s,H1,H2\n1613343600,159,155\n1613344500,3,1.5\n");
    write("pv_pu_15min.csv", "timestamp_utc_s,pv1\n1613343600,0.00094118\n1613344500,0.5\n");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const char* name, const char* content) const { std::ofstream(path / name) << content; }

  std::filesystem::path path;
};

}  // namespace

TEST_CASE("a reading is load W/4000 minus PV per unit times kWp/4, rounded half to even once") {
  const Folder folder;
  const auto profiles = read_profiles(folder.path);
  REQUIRE(profiles.ok());
  CHECK((*profiles)->start().value == 1613343600000);
  CHECK((*profiles)->slot_count() == 2);
  REQUIRE((*profiles)->homes().size() == 2);
  // 159/4000 − 0.00094118 × 4.5/4 = 0.03975 − 0.0010588275 = 0.0386911725 → …172 (half to even)
  CHECK(to_text((*profiles)->energy(0, 0).imported) == "0.038691172");
  CHECK((*profiles)->energy(0, 0).exported.is_zero());
  CHECK(to_text((*profiles)->energy(0, 1).exported) == "0.56175");
  CHECK(to_text((*profiles)->energy(0, 1).produced) == "0.5625");
  CHECK(to_text((*profiles)->energy(1, 1).imported) == "0.000375");
}

TEST_CASE("profiles that do not fit together are refused with file and line") {
  const Folder folder;
  folder.write("load_w_15min.csv", "timestamp_utc_s,H1,H2\n1613343600,159,155\n1613344500,x,1\n");
  const auto wrong_number = read_profiles(folder.path);
  REQUIRE_FALSE(wrong_number.ok());
  CHECK(wrong_number.error().detail().find("load_w_15min.csv line 3, column H1") !=
        std::string::npos);
  folder.write("load_w_15min.csv", "timestamp_utc_s,H1,H2\n1613343600,159,155\n1613344600,1,1\n");
  CHECK_FALSE(read_profiles(folder.path).ok());
  folder.write("load_w_15min.csv", "timestamp_utc_s,H1\n1613343600,159\n1613344500,1\n");
  CHECK_FALSE(read_profiles(folder.path).ok());
  std::filesystem::remove(folder.path / "pv_pu_15min.csv");
  CHECK_FALSE(read_profiles(folder.path).ok());
}

TEST_CASE("the built-in neighbourhood is the same for the same seed and draws and feeds in") {
  const auto one = built_in_profiles(15 * millis_per_minute, 1);
  const auto same = built_in_profiles(15 * millis_per_minute, 1);
  const auto other = built_in_profiles(15 * millis_per_minute, 2);
  REQUIRE(one->slot_count() == 96);
  REQUIRE(one->homes().size() == 12);
  bool differs = false;
  Energy exported;
  for (std::size_t home = 0; home < 12; ++home) {
    for (std::uint64_t slot = 0; slot < 96; ++slot) {
      const auto energy = one->energy(home, slot);
      REQUIRE(energy.imported == same->energy(home, slot).imported);
      REQUIRE((energy.imported.is_zero() || energy.exported.is_zero()));
      REQUIRE_FALSE(energy.imported.is_negative());
      exported = *add(exported, energy.exported);
      differs = differs || energy.imported != other->energy(home, slot).imported;
      REQUIRE(one->energy(home, slot + 96).imported == energy.imported);  // it repeats
    }
  }
  CHECK(differs);
  CHECK(exported.is_positive());
}
