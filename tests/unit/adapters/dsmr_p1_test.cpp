#include "adapters/dsmr_p1.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <vector>

#include "adapters/error.hpp"

using namespace powershare;
using namespace powershare::adapters;

namespace {

/// The example of the companion standard's chapter on the telegram, in the shape that meters send.
const std::string body =
    "/ISK5\\2M550T-1012\r\n\r\n"
    "1-3:0.2.8(50)\r\n"
    "0-0:1.0.0(261130123015W)\r\n"
    "0-0:96.1.1(4530303434303037313331363530363138)\r\n"
    "1-0:1.8.1(001234.567*kWh)\r\n"
    "1-0:1.8.2(000765.433*kWh)\r\n"
    "1-0:2.8.1(000010.001*kWh)\r\n"
    "1-0:2.8.2(000000.999*kWh)\r\n"
    "0-0:96.14.0(0002)\r\n"
    "1-0:1.7.0(00.000*kW)\r\n"
    "1-0:2.7.0(01.193*kW)\r\n"
    "1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)\r\n"
    "0-0:96.13.0()\r\n"
    "0-1:24.2.1(261130123000W)(01785.123*m3)\r\n"
    "!";

std::string with_checksum(const std::string& telegram) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04X\r\n", static_cast<unsigned>(crc16_arc(telegram)));
  return telegram + digits;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Heard {
  explicit Heard(P1Options options = {}) : framer(options) {}
  std::vector<std::string> feed(std::string_view bytes) {
    std::vector<std::string> telegrams;
    framer.feed(bytes, [&](std::string_view telegram) { telegrams.emplace_back(telegram); });
    return telegrams;
  }
  P1Framer framer;
};

Energy kwh(std::string_view text) {
  return parse_quantity<Energy>(text).value();
}

bool is(const Error& error, AdapterError code) {
  return error.code() == make_error_code(code);
}

UtcMillis stamp_of(std::string_view stamp, int winter_offset_minutes = 60) {
  P1Options options;
  options.winter_offset_minutes = winter_offset_minutes;
  return read_p1(replaced(body, "261130123015W", stamp), options).value().time.value();
}

}  // namespace

TEST_CASE("the checksum is CRC-16/ARC") {
  CHECK(crc16_arc("123456789") == 0xBB3D);  // the check value of its catalogue entry
  CHECK(crc16_arc("") == 0);
}

TEST_CASE("a telegram's registers, power and time are read") {
  const auto report = read_p1(body);
  REQUIRE(report.ok());
  CHECK(report->imported == kwh("2000"));
  CHECK(report->exported == kwh("11"));
  CHECK(report->power == parse_quantity<Power>("-1193").value());
  CHECK(to_iso8601(*report->time) == "2026-11-30T11:30:15Z");
}

TEST_CASE("a total stands before its tariffs, and Wh and W are understood") {
  auto text = replaced(body, "1-0:1.8.1(", "1-0:1.8.0(001999999*Wh)\r\n1-0:1.8.1(");
  text = replaced(text, "00.000*kW", "0000*W");
  const auto report = read_p1(text);
  REQUIRE(report.ok());
  CHECK(report->imported == kwh("1999.999"));
  CHECK(report->power == parse_quantity<Power>("-1193").value());
}

TEST_CASE("the hour that comes twice is told apart by its letter, and the one that never comes") {
  CHECK(to_iso8601(stamp_of("261025020000S")) == "2026-10-25T00:00:00Z");
  CHECK(to_iso8601(stamp_of("261025025959S")) == "2026-10-25T00:59:59Z");
  CHECK(to_iso8601(stamp_of("261025020000W")) == "2026-10-25T01:00:00Z");
  CHECK(to_iso8601(stamp_of("261025025959W")) == "2026-10-25T01:59:59Z");
  CHECK(to_iso8601(stamp_of("260329015959W")) == "2026-03-29T00:59:59Z");
  CHECK(to_iso8601(stamp_of("260329030000S")) == "2026-03-29T01:00:00Z");
  CHECK(to_iso8601(stamp_of("260101000000W", 120)) == "2025-12-31T22:00:00Z");
}

TEST_CASE("values that are none are refused") {
  const std::vector<std::pair<const char*, const char*>> changes{
      {"001234.567*kWh", "001234.567"},
      {"001234.567*kWh", "001234.567*kW"},
      {"001234.567*kWh", "-01234.567*kWh"},
      {"001234.567*kWh", "12.34.567*kWh"},
      {"(001234.567*kWh)", "(001234.567*kWh"},
      {"(001234.567*kWh)", "(1*kWh)(2*kWh)"},
      {"001234.567*kWh", "99999999999999999999*kWh"},
      {"1-0:1.8.2", "1-0:1.8.1"},
      {"01.193*kW", "xx*kW"},
      {"261130123015W", "261130123015"},
      {"261130123015W", "261130123015X"},
      {"261130123015W", "261330123015W"},
      {"261130123015W", "260230123015W"},
      {"261130123015W", "26113012301 W"},
      {"261130123015W", "261130250000W"}};
  for (const auto& change : changes) {
    const auto& from = change.first;
    const auto& to = change.second;
    CAPTURE(to);
    const auto report = read_p1(replaced(body, from, to));
    REQUIRE_FALSE(report.ok());
    CHECK(is(report.error(), AdapterError::malformed));
  }
  CHECK(is(read_p1("/X\r\n0-0:96.13.0()\r\n!").error(), AdapterError::no_meter));
  CHECK_FALSE(read_p1("").ok());
  CHECK_FALSE(read_p1(std::string(20'000, 'x')).ok());
}

TEST_CASE("a value may go on in the next line") {
  const auto text = replaced(body, "1-0:1.8.1(001234.567*kWh)", "1-0:1.8.1\r\n(001234.567*kWh)");
  // Without a bracket a line names nothing: the value is missing, not misread.
  CHECK(read_p1(text)->imported == kwh("765.433"));
  const auto two = replaced(body, "0-0:96.13.0()\r\n", "0-1:24.3.0(1)(2)\r\n(00012.5)\r\n");
  CHECK(read_p1(two)->imported == kwh("2000"));
  CHECK_FALSE(read_p1(replaced(body, "(001234.567*kWh)", "(001234.567*kWh)\r\n(5*kWh)")).ok());
}

TEST_CASE("telegrams are found in a stream that begins and breaks anywhere") {
  const auto telegram = with_checksum(body);
  const auto stream = telegram.substr(100) + telegram + "noise\r\n" + telegram;
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}, stream.size()}) {
    Heard heard;
    std::vector<std::string> all;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      for (auto& one : heard.feed(std::string_view(stream).substr(at, step))) all.push_back(one);
    }
    CHECK(all == std::vector<std::string>{body, body});
    CHECK(heard.framer.damaged() == 0);
  }
}

TEST_CASE("a damaged telegram is thrown away, and the next one is heard") {
  const auto telegram = with_checksum(body);
  Heard heard;
  std::size_t changed = 0;
  for (std::size_t at = 0; at < telegram.size() - 2; at += 3) {
    auto bad = telegram;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    if (bad.find('\n') > bad.size()) continue;
    for (const auto& found : heard.feed(bad)) {
      // A flipped line end may leave the telegram whole only if the bytes are the same.
      CHECK(found == body);
    }
    ++changed;
  }
  CHECK(changed > 100);
  CHECK(heard.framer.damaged() > 90);
  // A telegram that was cut by the next one.
  CHECK(heard.feed(telegram.substr(0, 200) + "\r\n" + telegram).size() == 1);
  // A line and a telegram without end.
  CHECK(heard.feed("/" + std::string(100'000, 'x') + "\r\n" + telegram).size() == 1);
  std::string endless = "/X\r\n";
  for (int i = 0; i < 3'000; ++i) endless += "0-0:1.1.1(1)\r\n";
  CHECK(heard.feed(endless + telegram).size() == 1);
}

TEST_CASE("meters before DSMR 4 have no checksum, which must be allowed") {
  Heard strict;
  CHECK(strict.feed(body + "\r\n").empty());
  CHECK(strict.framer.damaged() == 1);
  P1Options options;
  options.checksum_required = false;
  Heard old(options);
  CHECK(old.feed(body + "\r\n").size() == 1);
  CHECK(old.feed(with_checksum(body)).size() == 1);
  CHECK(old.feed(body + "0000\r\n").empty());  // what has one is checked
}
