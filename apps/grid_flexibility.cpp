// Flexibility offers and their activation as JSON.
#include <map>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/grid_services.hpp"
#include "apps/object_reader.hpp"
#include "crypto/hash.hpp"
#include "market/flexibility.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
using namespace market;

Error wrong(const std::string& detail) {
  return {AppError::damaged_data, "flexibility: " + detail};
}

class Parser {
 public:
  Result<void> run(ObjectReader root) {
    root.allow({"stores", "offers", "request", "meters"});
    for (ObjectReader& entry : root.objects("stores")) add_store(entry);
    for (ObjectReader& entry : root.objects("offers")) add_offer(entry);
    read_request(root.object("request"));
    settles = root.has("meters");
    for (ObjectReader& entry : root.objects("meters")) add_metering(entry);
    if (!root.fault().empty()) return wrong(root.fault());
    return {};
  }

  FlexibilityBook book;
  FlexibilityRequest request;
  bool settles = false;
  std::map<std::string, FlexibilityMetering> metering;  ///< by offer

 private:
  void add_store(ObjectReader& in) {
    in.allow({"id", "participant", "stored", "least", "reserve", "most", "efficiency"});
    FlexibilityStore store;
    store.id = in.text("id");
    store.participant = in.text("participant");
    store.stored = Energy::from_nano(in.nano("stored"));
    store.least = Energy::from_nano(in.nano("least", 0));
    store.reserve = Energy::from_nano(in.nano("reserve", 0));
    store.most = Energy::from_nano(in.nano("most"));
    store.efficiency_nano = in.nano("efficiency", nano_per_unit);
    stores_.emplace(store.id, static_cast<std::uint32_t>(book.stores.size()));
    book.stores.push_back(std::move(store));
  }

  void add_offer(ObjectReader& in) {
    in.allow({"id", "store", "region", "direction", "power", "from", "to", "price"});
    FlexibilityOffer offer;
    offer.id = in.text("id");
    const std::string name = in.text("store");
    const auto store = stores_.find(name);
    if (store == stores_.end()) in.fault("names no store of the document: " + name);
    if (store != stores_.end()) offer.store = store->second;
    offer.region = in.text("region");
    const std::string direction = in.text("direction");
    if (direction != "up" && direction != "down") in.fault("direction is neither up nor down");
    offer.direction = direction == "up" ? FlexibilityDirection::up : FlexibilityDirection::down;
    offer.power_nano_kw = in.nano("power");
    offer.from = in.time("from");
    offer.to = in.time("to");
    offer.price = Price::from_nano(in.nano("price"));
    book.offers.push_back(std::move(offer));
  }

  void read_request(ObjectReader in) {
    in.allow({"id", "down", "up", "from", "to", "energy", "most"});
    request.id = in.text("id");
    request.down = in.text("down");
    request.up = in.text("up");
    request.from = in.time("from");
    request.to = in.time("to");
    request.energy = Energy::from_nano(in.nano("energy"));
    if (in.has("most")) request.most = Price::from_nano(in.nano("most"));
  }

  void add_metering(ObjectReader& in) {
    in.allow({"offer", "baseline", "comparable", "metered"});
    FlexibilityMetering entry;
    entry.metered = Energy::from_nano(in.nano("metered"));
    if (in.has("baseline") == in.has("comparable")) {
      in.fault("has either a baseline or a list of comparable slots");
    }
    if (in.has("baseline")) entry.baseline = Energy::from_nano(in.nano("baseline"));
    if (in.has("comparable")) {
      std::vector<Energy> slots;
      for (const std::int64_t nano : in.numbers("comparable")) {
        slots.push_back(Energy::from_nano(nano));
      }
      const auto baseline = flexibility_baseline(slots);
      if (!baseline) in.fault("has no comparable slot");
      if (baseline) entry.baseline = *baseline;
    }
    if (!metering.emplace(in.text("offer"), entry).second) in.fault("names an offer again");
  }

  std::map<std::string, std::uint32_t> stores_;
};

Json calls_json(const FlexibilityBook& book, const std::vector<FlexibilityCall>& calls) {
  Json list = Json::array();
  for (const FlexibilityCall& call : calls) {
    const FlexibilityOffer& offer = book.offers[call.offer];
    list.push_back({{"offer", offer.id},
                    {"participant", book.stores[offer.store].participant},
                    {"energy", to_text(call.energy)},
                    {"price", to_text(offer.price)}});
  }
  return list;
}

Json record_json(const FlexibilityRecord& record, const std::optional<crypto::KeyPair>& key) {
  Json json = {{"request", record.request},
               {"offer", record.offer},
               {"participant", record.participant},
               {"region", record.region},
               {"direction", record.direction == FlexibilityDirection::up ? "up" : "down"},
               {"from", to_iso8601(record.from)},
               {"to", to_iso8601(record.to)},
               {"called", to_text(record.called)},
               {"baseline", to_text(record.baseline)},
               {"metered", to_text(record.metered)},
               {"delivered", to_text(record.delivered)},
               {"price", to_text(record.price)},
               {"amount", to_text(record.amount)}};
  const Bytes statement = flexibility_statement(record);
  json["statement_sha256"] = crypto::to_hex(crypto::sha256(statement));
  if (key) json["signature"] = to_hex(key->sign(statement));
  return json;
}

Result<std::vector<FlexibilityMetering>> in_order(const Parser& parsed,
                                                  const FlexibilityActivation& activation) {
  std::vector<FlexibilityMetering> result;
  for (const auto* side : {&activation.down, &activation.up}) {
    for (const FlexibilityCall& call : *side) {
      const std::string& offer = parsed.book.offers[call.offer].id;
      const auto found = parsed.metering.find(offer);
      if (found == parsed.metering.end()) return wrong("meters lack the called offer " + offer);
      result.push_back(found->second);
    }
  }
  return result;
}

std::string row(const std::string& text, std::size_t width = 14) {
  return text.size() >= width ? text + " " : std::string(width - text.size(), ' ') + text;
}

std::string table_of(const FlexibilityBook& book, const FlexibilityActivation& activation,
                     const std::vector<FlexibilityRecord>& records) {
  std::string table = row("offer") + row("participant") + row("direction") + row("kWh called") +
                      row("price") + row("delivered") + row("amount") + "\n";
  std::size_t next = 0;
  for (const auto* side : {&activation.down, &activation.up}) {
    for (const FlexibilityCall& call : *side) {
      const FlexibilityOffer& offer = book.offers[call.offer];
      table += row(offer.id) + row(book.stores[offer.store].participant) +
               row(side == &activation.down ? "down" : "up") + row(to_text(call.energy)) +
               row(to_text(offer.price));
      if (next < records.size()) {
        table += row(to_text(records[next].delivered)) + row(to_text(records[next].amount));
      }
      table += "\n";
      ++next;
    }
  }
  return table + "moved " + to_text(activation.energy) + " kWh, missing " +
         to_text(activation.missing) + " kWh\n";
}

}  // namespace

Result<GridServiceAnswer> answer_flexibility(std::string_view text,
                                             const std::optional<crypto::KeyPair>& key) {
  auto root = ObjectReader::parse(text);
  if (!root) return wrong(root.error().detail());
  Parser parsed;
  if (auto read = parsed.run(*root); !read) return read.error();
  const auto activation = activate(parsed.book, parsed.request);
  if (!activation) return wrong(activation.error().detail());
  Json json = {{"request", parsed.request.id},
               {"energy", to_text(activation->energy)},
               {"missing", to_text(activation->missing)},
               {"down", calls_json(parsed.book, activation->down)},
               {"up", calls_json(parsed.book, activation->up)}};
  std::vector<FlexibilityRecord> records;
  if (parsed.settles) {
    const auto metering = in_order(parsed, *activation);
    if (!metering) return metering.error();
    auto settled = settle(parsed.book, parsed.request, *activation, *metering);
    if (!settled) return wrong(settled.error().detail());
    records = *std::move(settled);
    json["records"] = Json::array();
    for (const FlexibilityRecord& record : records) {
      json["records"].push_back(record_json(record, key));
    }
    if (key) json["public_key"] = to_hex(key->public_key());
  }
  return GridServiceAnswer{json.dump(), table_of(parsed.book, *activation, records)};
}

}  // namespace powershare::apps
