#include "gateway/json.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace powershare::gateway {
namespace {

bool accepted(std::string_view text) {
  return json::parse(text).ok();
}

std::string mutate(std::string text, std::mt19937_64& random) {
  static constexpr std::string_view pieces[] = {"{", "}",    "[",    "]",    ",",      ":",  "\"",
                                                "0", "-",    ".",    "e",    "1e5",    "\\", "\\u",
                                                " ", "null", "true", "\xC3", "\\ud800"};
  const auto changes = 1 + random() % 3;
  for (std::uint64_t i = 0; i < changes; ++i) {
    const auto at = random() % (text.size() + 1);
    const auto piece = pieces[random() % std::size(pieces)];
    switch (random() % 3) {
      case 0:
        text.insert(at, piece);
        break;
      case 1:
        if (at < text.size()) text.erase(at, 1);
        break;
      default:
        if (at < text.size()) text.replace(at, 1, piece);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("numbers keep the digits that were sent") {
  const auto value =
      json::parse(R"([0.1, -0, 12, 1.50e-3, 123456789012345678901234567890, 1e400])");
  REQUIRE(value.ok());
  const std::vector<std::string> expected = {
      "0.1", "-0", "12", "1.50e-3", "123456789012345678901234567890", "1e400"};
  REQUIRE(value->items().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(value->items()[i].text() == expected[i]);
}

TEST_CASE("a number of absurd length spoils its own field only") {
  const auto value = json::parse("[1, " + std::string(100'000, '9') + ", 2]");
  REQUIRE(value.ok());
  CHECK_FALSE(parse_nano(value->items()[1].text()).ok());
  CHECK(value->items()[2].text() == "2");
}

TEST_CASE("documents that are not JSON are refused") {
  for (const auto* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "-",
                           "1e",
                           "nul",
                           "truefalse",
                           "[1] 2",
                           "\"a",
                           "\"\x01\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\u12\"",
                           "\"\xff\"",
                           "\"\xC0\xAF\"",
                           "\"\xED\xA0\x80\"",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "[1 2]",
                           "{\"a\":}"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(text));
  }
}

TEST_CASE("depth and the number of values are limited") {
  CHECK(accepted(std::string(16, '[') + std::string(16, ']')));
  CHECK_FALSE(accepted(std::string(18, '[') + std::string(18, ']')));
  CHECK_FALSE(accepted(std::string(1'000'000, '[')));
  std::string many = "[0";
  for (int i = 0; i < 30'000; ++i) many += ",0";
  CHECK_FALSE(accepted(many + "]"));
}

TEST_CASE("the parser accepts exactly what another one accepts, and reads the same") {
  const std::uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string base =
      R"({"meter":"m1","seq":12,"values":[0.1,-2.5e-3,null,true,false],"text":"a\n\u00e9\ud83d\ude00 é","o":{}})";
  REQUIRE(accepted(base));
  int good = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto text = mutate(base, random);
    CAPTURE(text);
    const auto mine = json::parse(text);
    // The other one reads numbers into double and refuses those beyond it, so it only judges the
    // grammar here.
    const auto other = nlohmann::json::accept(text);
    if (other) CHECK(mine.ok());
    if (mine.ok() && !other) {
      const auto huge = text.find("e5") != std::string::npos || text.find('e') != std::string::npos;
      CHECK(huge);
    }
    if (mine.ok() && other) {
      ++good;
      const auto parsed = nlohmann::json::parse(text);
      if (parsed.is_object() && parsed.contains("text") && parsed["text"].is_string() &&
          mine->repeated_name().empty()) {
        REQUIRE(mine->find("text") != nullptr);
        CHECK(mine->find("text")->text() == parsed["text"].get<std::string>());
      }
    }
  }
  CHECK(good > 100);
}

TEST_CASE("items of a list come one by one, and a single document counts as one") {
  std::vector<std::string> seen;
  const auto take = [&](const json::Value& value) { seen.push_back(value.text()); };
  auto count = json::parse_items("[1, 2 ,3]", 3, {}, take);
  REQUIRE(count.ok());
  CHECK(count->items == 3);
  CHECK(count->is_array);
  CHECK(seen == std::vector<std::string>{"1", "2", "3"});
  count = json::parse_items(" 7 ", 3, {}, take);
  REQUIRE(count.ok());
  CHECK_FALSE(count->is_array);
  CHECK_FALSE(json::parse_items("[1,2,3,4]", 3, {}, take).ok());
  CHECK_FALSE(json::parse_items("[1,2", 3, {}, take).ok());
  CHECK_FALSE(json::parse_items("[1,2] x", 3, {}, take).ok());
  REQUIRE(json::parse_items("[]", 3, {}, take).ok());
}

TEST_CASE("what is written is JSON, whatever the text") {
  json::Writer out;
  out.begin_object().key("a\"\\\n\x01").string("\xff ok \x7f \xC3\xA9");
  out.key("n").number(1).key("d").decimal(-162'900'000).key("big").number(INT64_MAX);
  out.key("list").begin_array().null().boolean(true).integer(-5).begin_object().end_object();
  out.end_array().end_object();
  const auto text = std::move(out).take();
  const auto parsed = nlohmann::json::parse(text);
  CHECK(parsed["a\"\\\n\x01"] == "\xEF\xBF\xBD ok \x7f \xC3\xA9");
  CHECK(parsed["d"] == "-0.1629");
  CHECK(parsed["list"].size() == 4);
  CHECK(text.find("\"n\":0.000000001") != std::string::npos);
  CHECK(text.find("\"big\":9223372036.854775807") != std::string::npos);
}

TEST_CASE("a name that stands twice is found") {
  CHECK(json::parse(R"({"a":1,"b":2})")->repeated_name().empty());
  CHECK(json::parse(R"({"a":1,"b":2,"a":3})")->repeated_name() == "a");
}

}  // namespace powershare::gateway
