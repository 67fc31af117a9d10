#include <doctest/doctest.h>

#include "small_feeder.hpp"

using namespace powershare;
using namespace powershare::grid;
using namespace powershare::grid::test;
using doctest::Approx;

namespace {

void replace(std::string& text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  text.replace(at, what.size(), by);
}

void check_refused(const FeederText& text, GridError code, std::string_view detail) {
  const auto feeder = read_feeder(text);
  REQUIRE_FALSE(feeder);
  CHECK(feeder.error().code() == make_error_code(code));
  CHECK(feeder.error().detail() == detail);
}

}  // namespace

TEST_CASE("lines are turned and sorted so that they lead away from the source") {
  const Feeder feeder = read(two_lines());
  REQUIRE(feeder.lines.size() == 2);
  CHECK(feeder.lines[0].name == "NEAR");
  CHECK(feeder.lines[1].name == "FAR");
  CHECK(feeder.buses[feeder.lines[1].from].name == "B");
  CHECK(feeder.buses[feeder.lines[1].to].name == "C");
  CHECK(feeder.lines[1].self_ohm.real() == Approx(0.1));  // 500 m of 0.2 ohm/km
  CHECK(feeder.lines[1].self_ohm.imag() == Approx(0.05));
  CHECK(std::abs(feeder.lines[1].mutual_ohm) < 1e-15);
  REQUIRE(feeder.find_load("C1"));
  CHECK(feeder.loads[*feeder.find_load("C1")].bus == 2);
  CHECK_FALSE(feeder.find_load("nobody"));
}

TEST_CASE("columns may stand in any order, lines may end as Windows ends them") {
  FeederText text = two_lines();
  text.buses = "y_m,bus,x_m\r\n0,A,0\r\n0,B,1000\r\n-1,C,2000\r\n\r\n";
  CHECK(read(text).buses[2].x_m == 2000);
}

TEST_CASE("the source may be another bus than the first one") {
  const auto feeder = read_feeder(two_lines(), "C");
  REQUIRE(feeder);
  CHECK(feeder->lines[0].name == "FAR");
  CHECK(feeder->buses[feeder->lines[1].to].name == "A");
  CHECK_FALSE(read_feeder(two_lines(), "D"));
}

TEST_CASE("a faulty description is refused with file, line and column") {
  FeederText text = two_lines();
  replace(text.loads, "C1,C,1,", "C1,C,4,");
  check_refused(text, GridError::malformed,
                "loads.csv line 5, column phase: outside of what is possible");
  text = two_lines();
  replace(text.loads, "C1,C", "C1,D");
  check_refused(text, GridError::malformed,
                "loads.csv line 5, column bus: a name that is nowhere declared");
  text = two_lines();
  replace(text.loads, "B2,B", "B1,B");
  check_refused(text, GridError::malformed,
                "loads.csv line 3, column load: a name that is given twice");
  text = two_lines();
  replace(text.loads, "0.8", "0");
  check_refused(text, GridError::malformed,
                "loads.csv line 4, column power_factor: outside of what is possible");
  text = two_lines();
  replace(text.lines, "1000", "1000 m");
  check_refused(text, GridError::malformed, "lines.csv line 3, column length_m: not a number");
  text = two_lines();
  replace(text.lines, "FAR,C,B,apart", "FAR,C,B,unknown");
  check_refused(text, GridError::malformed,
                "lines.csv line 2, column linecode: a name that is nowhere declared");
  text = two_lines();
  replace(text.linecodes, "r0_ohm_per_km", "r0");
  check_refused(text, GridError::malformed, "linecodes.csv: no column r0_ohm_per_km");
  text = two_lines();
  replace(text.linecodes, "0.2,0.1", "nan,0.1");
  check_refused(text, GridError::malformed,
                "linecodes.csv line 2, column r1_ohm_per_km: not a number");
  text = two_lines();
  text.buses += "D,1\n";
  check_refused(text, GridError::malformed,
                "buses.csv line 5: not as many fields as the first line");
  text = two_lines();
  text.buses.clear();
  check_refused(text, GridError::malformed, "buses.csv: empty");
}

TEST_CASE("a ring and a bus without a line are refused") {
  FeederText text = two_lines();
  text.lines += "RING,A,C,apart,10\n";
  CHECK_FALSE(read_feeder(text));
  text = two_lines();
  text.buses += "D,1,1\n";
  check_refused(text, GridError::not_radial, "no line leads from the source to bus D");
}

TEST_CASE("profiles give each load the power of its column") {
  const Feeder feeder = read(two_lines());
  const auto profiles = Profiles::parse("minute,p1,p2,p3,p4\n0,1,2,3,4\n1,0.5,0,0,-1.25\n");
  REQUIRE(profiles);
  CHECK(profiles->minutes() == 2);
  const auto powers = profiles->powers_at(feeder, 1);
  REQUIRE(powers);
  CHECK(*powers == std::vector<double>{0.5, 0, 0, -1.25});
  CHECK_FALSE(profiles->powers_at(feeder, 2));
  CHECK_FALSE(Profiles::parse("minute,p1\n0,1\n2,1\n"));
  const auto few = Profiles::parse("minute,p1,p2\n0,1,2\n");
  REQUIRE(few);
  CHECK(few->powers_at(feeder, 0).error().detail() == "load B3: no profile p3");
}
