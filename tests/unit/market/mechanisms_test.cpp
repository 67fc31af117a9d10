// Conformance vectors of mechanisms beside the auctions: allocation keys, NRGcoin, fees on the way,
// preferences, markets of zones, formulas of settlement. Values are exact up to the rounding of the
// files.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "books.hpp"
#include "market/clearing.hpp"
#include "market/keys.hpp"
#include "market/nrgcoin.hpp"
#include "market/settlement_formulas.hpp"

using namespace powershare;
using namespace powershare::market;
using namespace powershare::market::test;
using nlohmann::json;

namespace {

std::optional<json> vectors(const char* name) {
  const auto folder = shared_folder();
  if (folder) {
    std::ifstream file(*folder / "market-vectors" / name);
    if (file) return json::parse(file);
  }
  MESSAGE("skipped, not there: market-vectors/" << name << " (set POWERSHARE_SHARED)");
  return std::nullopt;
}

std::int64_t nano(const json& number) {
  const auto parsed = parse_nano(number.dump());
  REQUIRE(parsed);
  return *parsed;
}

/// Rounding of files with nine decimals, and of our keys down to nano-units.
bool near(std::int64_t value, std::int64_t expected, std::int64_t within = 3) {
  return value - expected <= within && expected - value <= within;
}

/// Bought less sold of each participant, by name, over all trades.
std::map<std::string, std::int64_t> bought(const Book& book, const Clearing& clearing) {
  std::map<std::string, std::int64_t> result;
  for (const Trade& trade : clearing.trades) {
    result[book.participants[book.orders[trade.buy].participant]] += trade.energy.nano();
  }
  return result;
}
std::map<std::string, std::int64_t> sold(const Book& book, const Clearing& clearing) {
  std::map<std::string, std::int64_t> result;
  for (const Trade& trade : clearing.trades) {
    result[book.participants[book.orders[trade.sell].participant]] += trade.energy.nano();
  }
  return result;
}

constexpr std::int64_t high = 1'000 * nano_per_unit;

void add_any(Book& book, const std::string& owner, Side side, std::int64_t energy) {
  if (energy > 0) {
    add_order(book, owner + (side == Side::buy ? "/buy" : "/sell"), owner, side, energy,
              side == Side::buy ? high : 0);
  }
}

void set_share(Book& book, const std::string& owner, std::int64_t share) {
  const ParticipantIndex index = participant(book, owner);
  book.sharing.shares_nano.resize(book.participants.size());
  book.sharing.shares_nano[index] = share;
}

}  // namespace

TEST_CASE("French allocation keys: allocated, surplus, from the supplier") {
  const auto file = vectors("french_allocation_keys.json");
  if (!file) return;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    const bool fixed = item["kind"] == "static";
    Book book;
    for (const auto& [name, energy] : item["consumption"].items()) {
      add_any(book, name, Side::buy, nano(energy));
    }
    add_any(book, "plant", Side::sell, nano(item["production"]));
    if (fixed) {
      for (const auto& [name, share] : item["coefficient"].items()) {
        set_share(book, name, nano(share));
      }
      book.sharing.shares_nano.resize(book.participants.size());
    }
    const json& expected = item["expected"];
    std::vector<std::string_view> rules = {fixed ? "french_static" : "french_dynamic"};
    if (fixed) rules.push_back("french_dynamic_simple");
    if (fixed) rules.push_back("french_full_dynamic");  // one producer: the same
    const json coefficients = fixed ? item["coefficient"] : json::object();
    for (const auto& [name, share] : coefficients.items()) {
      book.sharing.pair_shares.push_back(
          {participant(book, "plant"), participant(book, name), nano(share)});
    }
    for (const auto rule : rules) {
      CAPTURE(rule);
      const auto clearing = clear(rule, book);
      REQUIRE(clearing);
      auto got = bought(book, *clearing);
      for (const auto& [name, energy] : expected["allocated"].items()) {
        CHECK(got[name] == nano(energy));
        CHECK(nano(item["consumption"][name]) - got[name] == nano(expected["from_supplier"][name]));
      }
      CHECK(nano(item["production"]) - clearing->volume.nano() == nano(expected["surplus"]));
    }
    ++checked;
  }
  CHECK(checked == 5);
}

TEST_CASE("Flemish energy sharing: fixed, relative and optimal key over four slots") {
  const auto file = vectors("energy_sharing_keys.json");
  if (!file) return;
  const json& input = (*file)["input"];
  const std::map<std::string, std::string_view> rules = {
      {"Fixed", "flemish_fixed"}, {"Relative", "flemish_relative"}, {"Optimal", "flemish_optimal"}};
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    for (std::size_t slot = 0; slot < input["slots"].get<std::size_t>(); ++slot) {
      CAPTURE(slot);
      Book book;
      for (const auto& [name, energies] : input["gross_offtake"].items()) {
        add_any(book, name, Side::buy, nano(energies[slot]));
      }
      for (const auto& [name, energies] : input["gross_injection"].items()) {
        add_any(book, name, Side::sell, nano(energies[slot]));
      }
      for (const auto& [name, keys] : input["key"].items()) set_share(book, name, nano(keys[slot]));
      book.sharing.shares_nano.resize(book.participants.size());
      const auto clearing = clear(rules.at(item["method"]), book);
      REQUIRE(clearing);
      auto received = bought(book, *clearing);
      auto given = sold(book, *clearing);
      const json& expected = item["expected"][slot];
      for (const auto& [name, energy] : expected["shared_energy"].items()) {
        CHECK(near(received[name], nano(energy)));
        const auto offtake = nano(input["gross_offtake"][name][slot]);
        CHECK(near(offtake - received[name], nano(expected["net_offtake"][name])));
      }
      for (const auto& [name, energy] : expected["net_injection"].items()) {
        const auto injection = nano(input["gross_injection"][name][slot]);
        CHECK(near(injection - given[name], nano(energy), 30));  // over the rounds of `optimal`
      }
      for (const Trade& trade : clearing->trades) {
        CHECK(book.orders[trade.buy].participant != book.orders[trade.sell].participant);
      }
      ++checked;
    }
  }
  CHECK(checked == 12);
}

TEST_CASE("NRGcoin: g and h to a nano-coin; highest in balance, symmetric, dear without the sun") {
  const auto file = vectors("nrgcoin.json");
  if (!file) return;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item.dump());
    const Substation at{Energy::from_nano(nano(item["tp"])), Energy::from_nano(nano(item["tc"]))};
    const auto value = item["fn"] == "g" ? nrgcoin_paid(Energy::from_nano(nano(item["x"])), at,
                                                        Price::from_nano(nano(item["q"])),
                                                        nano(item["a"]), item["n"].get<unsigned>())
                                         : nrgcoin_charged(Energy::from_nano(nano(item["y"])), at,
                                                           Price::from_nano(nano(item["r"])));
    REQUIRE(value);
    CHECK(near(value->nano(), nano(item["expected"]), 1));
    ++checked;
  }
  CHECK(checked == 12);

  const auto kwh = [](std::int64_t count) { return Energy::from_nano(count * nano_per_unit); };
  const Price q = Price::from_nano(100'000'000);
  const std::int64_t a = 100 * nano_per_unit;
  std::int64_t last = nrgcoin_paid(kwh(1), {kwh(10), kwh(10)}, q, a)->nano();
  CHECK(last == q.nano());
  for (int apart = 1; apart <= 80; ++apart) {
    const auto more = nrgcoin_paid(kwh(1), {kwh(100 + apart), kwh(100)}, q, a);
    const auto less = nrgcoin_paid(kwh(1), {kwh(100), kwh(100 + apart)}, q, a);
    CHECK(*more == *less);
    CHECK(more->nano() <= last);
    last = more->nano();
  }
  CHECK(last == 0);
  CHECK(nrgcoin_charged(kwh(3), {kwh(0), kwh(7)}, q)->nano() == 3 * q.nano());
  CHECK(nrgcoin_charged(kwh(1), {kwh(1'000'000'000), kwh(1)}, q)->nano() == 0);
}

TEST_CASE("fees of the levels on the way: what the load pays, the seller gets, each level takes") {
  const auto file = vectors("gsy_grid_fees.json");
  if (!file) return;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    const bool ratio = item.contains("fees_ratio");
    const json& fees = item[ratio ? "fees_ratio" : "fees"];
    const bool by_bid = item.contains("original_bid") && item["original_bid"].is_number();
    const Price offer = Price::from_nano(nano(item["original_offer"]));
    const Price bid =
        by_bid ? Price::from_nano(nano(item["original_bid"])) : Price::from_nano(high);
    std::int64_t ratios = 0;
    for (const auto& [name, part] : fees.items()) ratios += ratio ? nano(part) : 0;
    const auto sellers = by_bid ? net_of_ratio(bid, ratios) : Result<Price>(offer);
    REQUIRE(sellers);
    const std::vector<std::string> names = {"Grid", "Neighbourhood1", "House1", "Neighbourhood2",
                                            "House2"};
    const ZoneIndex parents[] = {no_zone, 0, 1, 0, 3};
    Book book;
    Network network;
    for (std::size_t i = 0; i < names.size(); ++i) {
      Zone zone;
      zone.id = names[i];
      zone.parent = parents[i];
      const std::int64_t fee = nano(fees[names[i]]);
      zone.fee = ratio ? *fee_of_ratio(*sellers, fee) : Price::from_nano(fee);
      network.zones.push_back(zone);
    }
    add_order(book, "load", "load", Side::buy, nano_per_unit, bid.nano());
    add_order(book, "plant", "plant", Side::sell, nano_per_unit, offer.nano());
    network.zone_of = {2, 4};
    const auto clearing = clear(by_bid ? "pay_as_bid" : "thesis", book, network);
    REQUIRE(clearing);
    REQUIRE(clearing->trades.size() == 1);
    const Trade& trade = clearing->trades.front();
    const auto money = charges(network, 4, 2, trade.energy, trade.price);
    REQUIRE(money);
    const json& expected = item["expected"];
    CHECK(money->buyer_pays.nano() == nano(expected["load_pays"]));
    CHECK(money->seller_gets.nano() == nano(expected["seller_gets"]));
    std::int64_t sum = money->seller_gets.nano();
    for (const auto& fee : money->fees) {
      CHECK(fee.amount.nano() == nano(expected["fee"][network.zones[fee.zone].id]));
      sum += fee.amount.nano();
    }
    CHECK(sum == money->buyer_pays.nano());
    CHECK(money->fees.size() == expected["fee"].size());
    ++checked;
  }
  CHECK(checked == 4);
}

namespace {

/// An OR of conditions is an order for each, of what the bid has left for it.
void add_bid(Book& book, const json& bid, bool required) {
  std::int64_t left = nano(bid["energy"]);
  const json conditions = bid.value("requirements", json::array({json::object()}));
  for (const json& condition : conditions) {
    const std::int64_t energy =
        condition.contains("energy") ? std::min(left, nano(condition["energy"])) : left;
    if (energy == 0) continue;
    left -= energy;
    const json& limit = condition.contains("price") ? condition["price"] : bid["energy_rate"];
    const std::string id = bid["id"].get<std::string>() + "/" + std::to_string(left);
    std::vector<ParticipantIndex> partners;
    for (const json& partner : condition.value("trading_partners", json::array())) {
      partners.push_back(participant(book, partner));
    }
    Order& order = add_order(book, id, bid["buyer"], Side::buy, energy, nano(limit));
    order.partners = partners;
    order.only_green = required && condition.contains("energy_type");
  }
}

void add_offer(Book& book, const json& offer) {
  std::vector<ParticipantIndex> partners;
  for (const json& wish : offer.value("requirements", json::array())) {
    for (const json& partner : wish["trading_partners"]) {
      partners.push_back(participant(book, partner));
    }
  }
  Order& order = add_order(book, offer["id"], offer["seller"], Side::sell, nano(offer["energy"]),
                           nano(offer["energy_rate"]));
  order.partners = partners;
  order.green = offer.contains("attributes") && offer["attributes"]["energy_type"] == "PV";
}

}  // namespace

TEST_CASE("gsy attributes: optimal finds the pairs of partners, green energy and OR conditions") {
  const auto file = vectors("gsy_attributes.json");
  if (!file) return;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    const std::string id = item["id"];
    CAPTURE(id);
    Book book;
    // In this one case green energy is a preference, not a requirement.
    for (const json& bid : item["bids"]) add_bid(book, bid, id != "green_bid_no_green_offer");
    for (const json& offer : item["offers"]) add_offer(book, offer);
    const auto clearing = clear("optimal", book);
    REQUIRE(clearing);
    REQUIRE(clearing->certificate);
    CHECK((clearing->certificate->gap() == 0));
    std::map<std::pair<std::string, std::string>, std::int64_t> got;
    for (const Trade& trade : clearing->trades) {
      const std::string bid = book.orders[trade.buy].id;
      got[{bid.substr(0, bid.find('/')), book.orders[trade.sell].id}] += trade.energy.nano();
    }
    std::map<std::pair<std::string, std::string>, std::int64_t> expected;
    for (const json& match : item["expected_matches"]) {
      expected[{match["bid"], match["offer"]}] += nano(match["energy"]);
    }
    CHECK(got == expected);
    ++checked;
  }
  CHECK(checked == 10);
}

TEST_CASE("gsy validators: an order trades exactly where its requirement is satisfied") {
  const auto file = vectors("gsy_attributes.json");
  if (!file) return;
  int checked = 0;
  int left_out = 0;
  for (const json& item : (*file)["validators"]) {
    CAPTURE(item.dump());
    const std::string rule = item["rule"];
    Book book;
    std::int64_t energy = nano_per_unit;
    std::int64_t wanted = energy;
    std::int64_t bid = high;
    std::int64_t offer = 0;
    if (rule == "energy") {  // the whole of it, or not
      energy = nano(item["selected_energy"]);
      wanted = nano(item["requirement"]);
    }
    if (rule == "price") {
      bid = nano(item["requirement"]);
      offer = nano(item["clearing_rate"]);
    }
    // A participant is known by its origin.
    const std::string origin = item.value("buyer_origin", "");
    const std::string buyer =
        rule != "trading_partners"
            ? "buyer"
            : (origin.empty() ? item["buyer_uuid"].get<std::string>() : origin);
    add_order(book, "bid", buyer, Side::buy, wanted, bid);
    add_order(book, "offer", "seller", Side::sell, energy, offer);
    if (rule == "trading_partners") {
      for (const json& partner : item["requirement"]) {
        const ParticipantIndex index = participant(book, partner);
        book.orders[1].partners.push_back(index);
      }
    }
    if (rule == "energy_type") {
      const json& types = item["requirement"];
      if (types == json::array({"Grey"})) {  // nobody can ask us for grey energy alone
        ++left_out;
        continue;
      }
      book.orders[0].only_green = types == json::array({"Green"});
      book.orders[1].green = item["offer_type"] == "Green";
    }
    const auto clearing = clear("optimal", book);
    REQUIRE(clearing);
    CHECK((clearing->volume.nano() == energy) == item["satisfied"].get<bool>());
    ++checked;
  }
  MESSAGE(checked << " checked, " << left_out << " asks for grey energy alone");
  CHECK(checked == 9);
}

namespace {

/// Zones whose fees are those of a cluster matrix: each cluster below a border with a fee, so that
/// the way between two of them costs the sum, and nothing within one.
Network clusters(const std::vector<std::int64_t>& border_fees) {
  Network network;
  network.zones.emplace_back();
  for (const std::int64_t fee : border_fees) {
    Zone border;
    border.parent = 0;
    border.fee = Price::from_nano(fee);
    network.zones.push_back(border);
    Zone cluster;
    cluster.parent = static_cast<ZoneIndex>(network.zones.size() - 1);
    network.zones.push_back(cluster);
  }
  return network;
}

}  // namespace

TEST_CASE(
    "simply's markets: the surplus of their matches, and more where theirs is not the optimum") {
  const auto file = vectors("simply_markets.json");
  if (!file) return;
  int checked = 0;
  int equal = 0;
  for (const json& item : (*file)["cases"]) {
    const std::string id = item["id"];
    CAPTURE(id);
    if (id.starts_with("test_filter_large_orders")) continue;  // their orders end at 2^32 lots
    const json& matrix = item["settings"]["grid_fee_matrix"];
    const std::int64_t elsewhere = nano(item["settings"]["default_grid_fee"]);
    Network network;
    const bool zones = matrix.is_array();
    if (zones) {
      std::vector<std::int64_t> borders;
      if (matrix.size() == 2) {
        const std::int64_t half = nano(matrix[0][1]) / 2;
        borders = {half, half, elsewhere - half};
      } else {  // three in a row: 0 to 1 and 1 to 2 cost 1 each
        borders = {nano(matrix[0][1]), 0, nano(matrix[1][2]), elsewhere};
      }
      for (std::int64_t& fee : borders) fee = std::max<std::int64_t>(fee, 0);
      network = clusters(borders);
    } else {
      network.zones.emplace_back();
      network.zones[0].fee = Price::from_nano(matrix.is_number() ? nano(matrix) : elsewhere);
    }
    Book book;
    std::map<std::string, std::uint32_t> positions;
    bool endless = false;
    for (const json& order : item["orders"]) {
      const bool huge = order["energy"].get<double>() > 1e9;
      endless = endless || huge;
      positions[order["id"].dump()] = static_cast<std::uint32_t>(book.orders.size());
      const std::string owner = order["actor"].dump();
      add_order(book, order["id"].dump(), owner, order["side"] == "bid" ? Side::buy : Side::sell,
                huge ? 1'000'000 * nano_per_unit : nano(order["energy"]), nano(order["price"]));
      network.zone_of.resize(book.participants.size());
      const bool placed = zones && order["cluster"].is_number();
      const auto cluster = placed ? order["cluster"].get<std::size_t>() : matrix.size();
      if (zones) {
        network.zone_of[book.orders.back().participant] = static_cast<ZoneIndex>(2 * cluster + 2);
      }
    }
    Surplus theirs = 0;
    std::int64_t their_volume = 0;
    for (const json& match : item["matches"]) {
      const Order& bid = book.orders[positions.at(match["bid"].dump())];
      const Order& ask = book.orders[positions.at(match["ask"].dump())];
      const std::int64_t energy = nano(match["energy"]);
      their_volume += energy;
      theirs += static_cast<Surplus>(energy) *
                (bid.limit.nano() - ask.limit.nano() - nano(match["grid_fee"]));
    }
    const auto best = clear("optimal", book, network);
    REQUIRE(best);
    REQUIRE(best->certificate);
    CHECK((best->certificate->gap() == 0));
    CHECK((best->certificate->surplus >= theirs));
    if (best->certificate->surplus == theirs) ++equal;
    if (!zones) {
      CHECK((best->certificate->surplus == theirs));
      // Whoever offers without end trades at no gain with others that do.
      if (!endless) CHECK(best->volume.nano() == their_volume);
      const std::string_view rule = item["market"] == "pay_as_bid" ? "pay_as_bid" : "pay_as_clear";
      const auto ours = clear(rule, book, network);
      REQUIRE(ours);
      if (!endless) CHECK(ours->volume.nano() == their_volume);
      if (rule == "pay_as_bid") {
        for (const Trade& trade : ours->trades) {
          CHECK(all_in(trade) == book.orders[trade.buy].limit);
        }
      }
    }
    ++checked;
  }
  MESSAGE(checked << " cases, in " << equal << " of them their surplus is the optimum");
  CHECK(checked == 55);
  CHECK(equal >= 50);
}

TEST_CASE("formulas of settlement: penalties, balancing, bills, coins, coefficients") {
  const auto file = vectors("settlement_formulas.json");
  if (!file) return;
  std::set<std::string> rules;
  int checked = 0;
  for (const json& item : (*file)["cases"]) {
    CAPTURE(item["id"].get<std::string>());
    const std::string rule = item["rule"];
    const auto energy = [&](const char* name) { return Energy::from_nano(nano(item[name])); };
    const auto price = [&](const char* name) { return Price::from_nano(nano(item[name])); };
    if (rule == "gsy_dex_penalty") {
      const auto penalty =
          deviation_penalty(item["side"] == "buyer" ? Side::buy : Side::sell, energy("traded_kwh"),
                            energy("metered_kwh"), price("penalty_rate"));
      REQUIRE(penalty);
      CHECK(penalty->nano() == nano(item["expected_penalty"]));
    } else if (rule == "lemlab_balancing") {
      const auto balancing =
          balancing_energy(energy("bought_kwh"), energy("sold_kwh"), energy("net_export_kwh"));
      REQUIRE(balancing);
      CHECK(balancing->positive.nano() == nano(item["expected"]["positive_kwh"]));
      CHECK(balancing->negative.nano() == nano(item["expected"]["negative_kwh"]));
    } else if (rule == "eegfaktura") {
      // What the community used of a producer's energy is the whole less the surplus.
      const Energy billed = item.contains("g03_kwh")
                                ? energy("g03_kwh")
                                : *subtract(energy("g01t_kwh"), energy("p01t_kwh"));
      const Price rate = Price::from_nano(nano(item["ct_per_kwh"]) / 100);
      CHECK(multiply(rate, billed)->nano() == nano(item["expected_eur"]));
    } else if (rule == "solarcoin") {
      Energy carry;
      for (std::size_t i = 0; i < item["metered_kwh"].size(); ++i) {
        const auto grant = solarcoin_grant(carry, Energy::from_nano(nano(item["metered_kwh"][i])));
        REQUIRE(grant);
        CHECK(grant->coins == item["expected_coins_granted"][i].get<std::int64_t>());
        CHECK(grant->carry.nano() == nano(item["carry_kwh"][i]));
        carry = grant->carry;
      }
    } else if (rule == "nrgcoin_contract") {
      // A coin for each kWh fed in, and each kWh for a coin.
      const Price one = Price::from_nano(nano_per_unit);
      const auto minted = multiply(one, energy("injected_kwh"));
      const auto paid = multiply(one, energy("consumed_kwh"));
      CHECK(minted->nano() == nano(item["expected"]["minted"]));
      CHECK(paid->nano() == nano(item["expected"]["paid"]));
      CHECK(subtract(*minted, *paid)->nano() == nano(item["expected"]["balance"]));
    } else if (rule == "powershare") {
      const auto coins = multiply(price("energy_rate"), energy("energy_kwh"));
      CHECK(near(coins->nano(), nano(item["expected_coins"]), 1));
    } else if (rule == "powershare_check") {
      const auto coins = multiply(price("rate"), energy("total_kwh"));
      CHECK(near(coins->nano(), nano(item["expected_eur"]), nano(item["tolerance"])));
    } else if (rule == "gsy_scm") {
      Book book;
      Amounts needs;
      Amounts before;
      std::int64_t production = 0;
      for (const auto& [name, home] : item["homes"].items()) {
        const std::int64_t net = nano(home["consumption"]) - nano(home["production"]);
        set_share(book, name, nano(item["coefficient"][name]));
        add_any(book, name, net > 0 ? Side::buy : Side::sell, net > 0 ? net : -net);
        needs.push_back(std::max<std::int64_t>(net, 0));
        before.push_back(nano(item["coefficient"][name]));
        production += std::max<std::int64_t>(-net, 0);
      }
      const auto clearing = clear("french_static", book);
      REQUIRE(clearing);
      const json& expected = item["expected"];
      CHECK(production == nano(expected["pool_kwh"]));
      CHECK(clearing->volume.nano() == nano(expected["sold_to_community_total"]));
      CHECK(production - clearing->volume.nano() == nano(expected["sold_to_grid_total"]));
      auto got = bought(book, *clearing);
      auto gave = sold(book, *clearing);
      const Amounts next = shares_by_need(needs, before);
      std::size_t home = 0;
      for (const auto& [name, bought_kwh] : expected["bought_from_community"].items()) {
        CHECK(got[name] == nano(bought_kwh));
        CHECK(needs[home] - got[name] == nano(expected["bought_from_grid"][name]));
        CHECK(gave[name] == nano(expected["seller_share_pro_rata_ours"][name]));
        const json& share = expected["next_dynamic_coefficient"];
        CHECK(next[home] == (share.is_object() ? nano(share[name]) : before[home]));
        ++home;
      }
    } else {
      FAIL_CHECK("no check for " << rule);
    }
    rules.insert(rule);
    ++checked;
  }
  CHECK(checked == 17);
  CHECK(rules.size() == 8);
}
