#include "apps/composer_import.hpp"

#include <doctest/doctest.h>

namespace powershare::apps {
namespace {

using Kind = ImportItem::Kind;

const gateway::composer::Type& type(std::string_view name) {
  return *gateway::composer::find_type(name);
}

std::string coins(const std::string& id, const std::string& value, const std::string& more = "") {
  return R"({"$class":"org.smile.energy.network.Coins","coinsID":")" + id + R"(","value":)" +
         value + R"(,"ownerID":"R1","ownerEntity":"Resident")" + more + "}";
}

std::string resident(const std::string& id) {
  return R"({"residentID":")" + id +
         R"(","firstName":"F","lastName":"L","email":"e","buyRate":0.1629,"sellRate":0.1629,)"
         R"("coins":"resource:org.smile.energy.network.Coins#CO_R1","cash":"CA_R1","energy":"EN_R1"})";
}

ComposerRegistry registry(const std::string& coins_list, const std::string& residents = "[]") {
  ComposerRegistry result;
  REQUIRE(read_composer_list(type("Coins"), coins_list, result).ok());
  REQUIRE(read_composer_list(type("Resident"), residents, result).ok());
  return result;
}

}  // namespace

TEST_CASE("assets are imported before participants, in the form that the door takes") {
  const auto source = registry("[" + coins("CO_R1", "20.5") + "]", "[" + resident("R1") + "]");
  const auto plan = plan_import(source, {});
  REQUIRE(plan.items.size() == 2);
  CHECK(plan.items[0].model == "Coins");
  CHECK(plan.items[0].body.find(R"("value":20.5)") != std::string::npos);
  CHECK(plan.items[1].model == "Resident");
  CHECK(plan.count(Kind::create) == 2);
  CHECK(plan.can_be_applied());
  // CA_R1 and EN_R1 are nowhere: worth a word, and no reason to stop.
  CHECK(plan.warnings.size() == 2);
}

TEST_CASE("what is there is left alone, and what differs stops the import") {
  const auto target = registry("[" + coins("A", "1") + "," + coins("B", "16.990211436") + "]");
  // Another way to write the same number, and the former server's drift below the ninth place.
  const auto same = plan_import(
      registry("[" + coins("A", "1.0") + "," + coins("B", "16.990211435900026") + "]"), target);
  CHECK(same.count(Kind::same) == 2);
  CHECK(same.can_be_applied());
  const auto other =
      plan_import(registry("[" + coins("A", "1.000000001") + "," + coins("C", "3") + "]"), target);
  REQUIRE(other.items.size() == 2);
  CHECK(other.items[0].kind == Kind::different);
  CHECK(other.items[0].fields == std::vector<std::string>{"value"});
  CHECK(other.items[1].kind == Kind::create);
  CHECK_FALSE(other.can_be_applied());
}

TEST_CASE("faulty objects are named, and no list is an error") {
  const auto plan = plan_import(registry("[" + coins("A", "-1") + "," + coins("B", "1e30") + "," +
                                         coins("C", "1", R"(,"extra":1)") + "," + coins("D", "1") +
                                         "," + coins("D", "2") + R"(,5,{"coinsID":"E"}])"),
                                {});
  CHECK(plan.faults.size() == 6);
  CHECK_FALSE(plan.can_be_applied());
  const auto twice = plan_import(registry("[" + coins("A", "1") + "," + coins("A", "1") + "]"), {});
  CHECK(twice.items.size() == 1);
  CHECK(twice.can_be_applied());
  ComposerRegistry none;
  for (const auto* text : {"", "{}", "[", "5", R"({"error":{}})"}) {
    CHECK_FALSE(read_composer_list(type("Coins"), text, none).ok());
  }
}

TEST_CASE("an object's key is its own, and changes with its content") {
  const auto plan = plan_import(registry("[" + coins("A", "1") + "," + coins("B", "1") + "]"), {});
  const auto other = plan_import(registry("[" + coins("A", "2") + "]"), {});
  CHECK(import_key(plan.items[0]) == import_key(plan.items[0]));
  CHECK(import_key(plan.items[0]) != import_key(plan.items[1]));
  CHECK(import_key(plan.items[0]) != import_key(other.items[0]));
  CHECK(import_key(plan.items[0]).size() <= 64);
}

}  // namespace powershare::apps
