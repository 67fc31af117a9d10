#include "apps/market_book.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
using namespace market;

Error wrong(const std::string& detail) {
  return {AppError::damaged_data, "book: " + detail};
}

/// Reads fields of one JSON object; remembers the first fault.
class Reader {
 public:
  Reader(const Json& object, std::string where, std::set<std::string> fields)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) {
      fault("is not an object");
      return;
    }
    for (const auto& [name, value] : object.items()) {
      if (!fields.contains(name)) fault("has an unknown field " + name);
    }
  }

  bool has(const char* name) const { return object_.is_object() && object_.contains(name); }

  std::string text(const char* name, bool required = true) {
    if (!has(name)) {
      if (required) fault(std::string("lacks ") + name);
      return "";
    }
    if (object_[name].is_string()) return object_[name].get<std::string>();
    fault(std::string(name) + " is not a text");
    return "";
  }

  /// A decimal number as text, or a whole number.
  std::int64_t nano(const char* name, bool required = true) {
    if (!has(name)) {
      if (required) fault(std::string("lacks ") + name);
      return 0;
    }
    return nano_of(object_[name], name);
  }

  std::int64_t nano_of(const Json& value, const std::string& name) {
    const bool whole = value.is_number_integer();
    if (!whole && !value.is_string()) {
      fault(name + " is neither a decimal number as text nor a whole number");
      return 0;
    }
    const auto parsed = parse_nano_exact(whole ? value.dump() : value.get<std::string>());
    if (!parsed) {
      fault(name + " is not a decimal number of at most 9 decimals");
      return 0;
    }
    return *parsed;
  }

  bool flag(const char* name) {
    if (!has(name)) return false;
    if (object_[name].is_boolean()) return object_[name].get<bool>();
    fault(std::string(name) + " is not true or false");
    return false;
  }

  /// The entries of a list; none where it is missing.
  std::vector<Json> list(const char* name) {
    if (!has(name)) return {};
    if (object_[name].is_array()) return object_[name].get<std::vector<Json>>();
    fault(std::string(name) + " is not a list");
    return {};
  }

  const Json* object(const char* name) const { return has(name) ? &object_[name] : nullptr; }

  void fault(const std::string& what) {
    if (fault_.empty()) fault_ = where_ + " " + what;
  }
  const std::string& fault() const { return fault_; }

 private:
  const Json& object_;
  std::string where_;
  std::string fault_;
};

class BookParser {
 public:
  Result<MarketBook> run(const Json& document) {
    Reader root(
        document, "the document",
        {"orders", "tariff", "network", "sharing", "nrgcoin", "participants", "start", "clearing"});
    for (const Json& name : root.list("participants")) {
      if (!name.is_string()) return wrong("participants are not texts");
      participant(name.get<std::string>());
    }
    std::size_t number = 0;
    for (const Json& order : root.list("orders")) add_order(order, number++);
    if (const Json* tariff = root.object("tariff")) read_tariff(*tariff);
    if (const Json* network = root.object("network")) read_network(*network);
    if (const Json* sharing = root.object("sharing")) read_sharing(*sharing);
    if (const Json* nrgcoin = root.object("nrgcoin")) read_nrgcoin(*nrgcoin);
    if (!root.fault().empty()) return wrong(root.fault());
    if (!fault_.empty()) return wrong(fault_);
    finish();
    return std::move(result_);
  }

 private:
  void keep(const Reader& reader) {
    if (fault_.empty()) fault_ = reader.fault();
  }

  ParticipantIndex participant(const std::string& name) {
    const auto [found, added] = participants_.try_emplace(
        name, static_cast<ParticipantIndex>(result_.book.participants.size()));
    if (added) result_.book.participants.push_back(name);
    return found->second;
  }

  void add_order(const Json& json, std::size_t number) {
    Reader in(json, "order " + std::to_string(number + 1),
              {"id", "participant", "side", "energy", "price", "attributes", "partners", "standing",
               "accepted"});
    Order order;
    order.id = in.text("id");
    if (!in.fault().empty() || !ids_.insert(order.id).second)
      in.fault("has an id twice: " + order.id);
    order.participant = participant(in.text("participant"));
    const std::string side = in.text("side");
    if (side != "buy" && side != "sell") in.fault("side is neither buy nor sell");
    order.side = side == "buy" ? Side::buy : Side::sell;
    order.energy = Energy::from_nano(in.nano("energy"));
    order.limit = Price::from_nano(in.nano("price"));
    if (const Json* attributes = in.object("attributes")) {
      Reader traits(*attributes, "order " + order.id + ", attributes,", {"green"});
      (order.side == Side::buy ? order.only_green : order.green) = traits.flag("green");
      keep(traits);
    }
    for (const Json& partner : in.list("partners")) {
      if (!partner.is_string()) in.fault("has a partner that is not a text");
      if (partner.is_string()) order.partners.push_back(participant(partner.get<std::string>()));
    }
    order.standing = in.flag("standing");
    // Standing orders tie by what the ledger makes of slot and id; here by the id's first bytes.
    std::copy_n(order.id.begin(), std::min(order.id.size(), order.tie_key.size()),
                order.tie_key.begin());
    order.accepted = {in.has("accepted") ? in.nano("accepted") / nano_per_unit
                                         : static_cast<std::int64_t>(number)};
    keep(in);
    result_.book.orders.push_back(std::move(order));
  }

  void read_tariff(const Json& json) {
    Reader in(json, "tariff", {"buy", "feed_in"});
    result_.book.tariff = {Price::from_nano(in.nano("buy")),
                           Price::from_nano(in.nano("feed_in", false))};
    keep(in);
  }

  ZoneIndex zone(const std::string& name) {
    const auto found = zones_.find(name);
    if (found != zones_.end()) return found->second;
    if (fault_.empty()) fault_ = "network: no zone " + name;
    return 0;
  }

  void add_zone(const Json& json) {
    Reader in(json, "zone " + std::to_string(zones_.size() + 1),
              {"id", "parent", "fee", "loss", "max_export", "max_import"});
    Zone added;
    added.id = in.text("id");
    if (in.has("parent")) added.parent = zone(in.text("parent"));
    added.fee = Price::from_nano(in.nano("fee", false));
    added.loss_nano = in.nano("loss", false);
    if (in.has("max_export")) added.max_export = Energy::from_nano(in.nano("max_export"));
    if (in.has("max_import")) added.max_import = Energy::from_nano(in.nano("max_import"));
    zones_.emplace(added.id, static_cast<ZoneIndex>(result_.network.zones.size()));
    keep(in);
    result_.network.zones.push_back(std::move(added));
  }

  void read_network(const Json& json) {
    Reader in(json, "network", {"zones", "participants", "losses", "premiums", "loss_price"});
    Network& network = result_.network;
    for (const Json& entry : in.list("zones")) add_zone(entry);
    for (const Json& entry : in.list("losses")) {
      Reader loss(entry, "a loss of the network", {"from", "to", "loss"});
      network.losses.push_back({zone(loss.text("from")), zone(loss.text("to")), loss.nano("loss")});
      keep(loss);
    }
    std::sort(network.losses.begin(), network.losses.end(),
              [](const PairLoss& a, const PairLoss& b) {
                return std::pair(a.from, a.to) < std::pair(b.from, b.to);
              });
    for (const Json& entry : in.list("premiums")) {
      Reader premium(entry, "a premium", {"participant", "partner", "only_green", "value"});
      Premium added;
      added.participant = participant(premium.text("participant"));
      if (premium.has("partner")) added.partner = participant(premium.text("partner"));
      added.only_green = premium.flag("only_green");
      added.value = Price::from_nano(premium.nano("value"));
      network.premiums.push_back(added);
      keep(premium);
    }
    network.loss_price =
        in.has("loss_price") ? Price::from_nano(in.nano("loss_price")) : result_.book.tariff.buy;
    if (const Json* places = in.object("participants"); places != nullptr && places->is_object()) {
      for (const auto& [name, place] : places->items()) {
        places_[participant(name)] = zone(place.is_string() ? place.get<std::string>() : "?");
      }
    }
    keep(in);
  }

  void read_sharing(const Json& json) {
    Reader in(json, "sharing", {"shares", "pairs", "price"});
    Sharing& sharing = result_.book.sharing;
    if (const Json* shares = in.object("shares"); shares != nullptr && shares->is_object()) {
      for (const auto& [name, share] : shares->items()) {
        shares_[participant(name)] = in.nano_of(share, "share of " + name);
      }
    }
    for (const Json& entry : in.list("pairs")) {
      Reader pair(entry, "a pair's share", {"producer", "consumer", "share"});
      sharing.pair_shares.push_back({participant(pair.text("producer")),
                                     participant(pair.text("consumer")), pair.nano("share")});
      keep(pair);
    }
    if (in.has("price")) sharing.price = Price::from_nano(in.nano("price"));
    keep(in);
  }

  void read_nrgcoin(const Json& json) {
    Reader in(json, "nrgcoin", {"top_rate", "rate", "tolerance"});
    NrgCoin& terms = result_.book.nrgcoin;
    terms.top_rate = Price::from_nano(in.nano("top_rate", false));
    terms.rate = Price::from_nano(in.nano("rate", false));
    if (in.has("tolerance")) terms.tolerance_nano = in.nano("tolerance");
    keep(in);
  }

  /// What goes by participant, when all of them are known.
  void finish() {
    const std::size_t count = result_.book.participants.size();
    if (!places_.empty()) {
      result_.network.zone_of.resize(count);
      for (const auto& [index, place] : places_) result_.network.zone_of[index] = place;
    }
    if (shares_.empty()) return;
    result_.book.sharing.shares_nano.resize(count);
    for (const auto& [index, share] : shares_) result_.book.sharing.shares_nano[index] = share;
  }

  MarketBook result_;
  std::string fault_;
  std::set<std::string> ids_;
  std::map<std::string, ParticipantIndex> participants_;
  std::map<std::string, ZoneIndex> zones_;
  std::map<ParticipantIndex, ZoneIndex> places_;
  std::map<ParticipantIndex, std::int64_t> shares_;
};

/// What a trade comes to; fees of nrgcoin are the operator's.
Json money_of(const MarketBook& book, const Trade& trade, bool operators_fee) {
  const Order& buy = book.book.orders[trade.buy];
  const Order& sell = book.book.orders[trade.sell];
  Json result = Json::object();
  if (operators_fee || book.network.zones.empty()) {
    const auto paid = multiply(all_in(trade), trade.energy);
    const auto got = multiply(trade.price, trade.energy);
    if (paid && got) {
      result = {{"buyer_pays", to_text(*paid)}, {"seller_gets", to_text(*got)}};
    }
    return result;
  }
  const auto charged = charges(book.network, zone_of(book.network, sell.participant),
                               zone_of(book.network, buy.participant), trade.energy, trade.price);
  if (!charged) return result;
  result = {{"buyer_pays", to_text(charged->buyer_pays)},
            {"seller_gets", to_text(charged->seller_gets)}};
  Json fees = Json::object();
  for (const auto& fee : charged->fees) fees[book.network.zones[fee.zone].id] = to_text(fee.amount);
  result["fees"] = fees;
  result["lost"] = to_text(charged->lost);
  result["losses"] = to_text(charged->losses);
  return result;
}

std::string rounded_text(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

}  // namespace

Result<MarketBook> parse_market_book(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return wrong("not JSON");
  return BookParser().run(document);
}

std::string clearing_json(const MarketBook& book, const Clearing& clearing,
                          const Result<void>& checked) {
  Json trades = Json::array();
  const bool more = !book.network.zones.empty() || clearing.rule == "nrgcoin";
  for (const Trade& trade : clearing.trades) {
    Json entry = {{"buy", book.book.orders[trade.buy].id},
                  {"sell", book.book.orders[trade.sell].id},
                  {"energy", to_text(trade.energy)},
                  {"price", to_text(trade.price)}};
    if (more) entry["all_in_price"] = to_text(all_in(trade));
    entry.update(money_of(book, trade, clearing.rule == "nrgcoin"));
    trades.push_back(entry);
  }
  Json unmatched = Json::array();
  for (std::size_t i = 0; i < clearing.unmatched.size(); ++i) {
    if (clearing.unmatched[i].is_zero()) continue;
    unmatched.push_back(
        {{"id", book.book.orders[i].id}, {"energy", to_text(clearing.unmatched[i])}});
  }
  Json result = {{"rule", clearing.rule},
                 {"trades", trades},
                 {"unmatched", unmatched},
                 {"volume", to_text(clearing.volume)},
                 {"clearing_price", nullptr}};
  if (clearing.clearing_price) result["clearing_price"] = to_text(*clearing.clearing_price);
  if (clearing.fell_back) result["fell_back"] = true;
  if (clearing.certificate) {
    Json prices = Json::array();
    for (const Price price : clearing.certificate->prices) prices.push_back(to_text(price));
    result["certificate"] = {{"holds", checked.ok()},
                             {"surplus", to_text(clearing.certificate->surplus)},
                             {"bound", to_text(clearing.certificate->bound)},
                             {"gap", to_text(clearing.certificate->gap())},
                             {"prices", prices}};
  }
  return result.dump();
}

std::string clearing_table(const MarketBook& book, const Clearing& clearing,
                           const Result<void>& checked) {
  std::string table = "rule " + clearing.rule;
  if (clearing.fell_back) table += " (too much work: cleared by pay_as_clear)";
  table += "\n" + rounded_text("buyer", 16) + rounded_text("seller", 16) + rounded_text("kWh", 14) +
           rounded_text("price", 14) + rounded_text("fees", 14) + rounded_text("losses", 14) +
           rounded_text("all-in", 14) + "\n";
  for (const Trade& trade : clearing.trades) {
    const auto name = [&](std::uint32_t order) {
      return book.book.participants[book.book.orders[order].participant];
    };
    table += rounded_text(name(trade.buy), 16) + rounded_text(name(trade.sell), 16) +
             rounded_text(to_text(trade.energy), 14) + rounded_text(to_text(trade.price), 14) +
             rounded_text(to_text(trade.fees), 14) + rounded_text(to_text(trade.losses), 14) +
             rounded_text(to_text(all_in(trade)), 14) + "\n";
  }
  table += "traded " + to_text(clearing.volume) + " kWh in " +
           std::to_string(clearing.trades.size()) + " trades; price " +
           (clearing.clearing_price ? to_text(*clearing.clearing_price)
                                    : std::string("of each pair its own")) +
           "\n";
  if (clearing.certificate) {
    table += "surplus " + to_text(clearing.certificate->surplus) + " coins, at most " +
             to_text(clearing.certificate->bound) + " possible; certificate " +
             (checked ? std::string("holds") : "REFUSED: " + checked.error().detail()) + "\n";
  }
  return table;
}

}  // namespace powershare::apps
