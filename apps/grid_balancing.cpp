// Curtailment and dispatch as JSON.
#include <map>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/grid_services.hpp"
#include "apps/object_reader.hpp"
#include "market/curtailment.hpp"
#include "market/dispatch.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
using namespace market;

Error wrong(const char* service, const std::string& detail) {
  return {AppError::damaged_data, std::string(service) + ": " + detail};
}

std::string column(const std::string& text, std::size_t width = 14) {
  return text.size() >= width ? text + " " : std::string(width - text.size(), ' ') + text;
}

/// curtailed / potential; "0" without potential.
std::string credit_of(const CurtailmentHistory& plant) {
  if (!plant.potential.is_positive()) return "0";
  const auto credit =
      multiply_divide(plant.curtailed.nano(), nano_per_unit, plant.potential.nano());
  return credit ? format_nano(*credit) : "0";
}

Json plants_json(const std::vector<CurtailmentHistory>& history) {
  Json list = Json::array();
  for (const CurtailmentHistory& plant : history) {
    list.push_back({{"id", plant.id},
                    {"potential", to_text(plant.potential)},
                    {"curtailed", to_text(plant.curtailed)},
                    {"credit", credit_of(plant)}});
  }
  return list;
}

std::string plants_table(const std::vector<CurtailmentHistory>& history) {
  std::string table =
      column("plant") + column("potential") + column("curtailed") + column("credit") + "\n";
  for (const CurtailmentHistory& plant : history) {
    table += column(plant.id) + column(to_text(plant.potential)) +
             column(to_text(plant.curtailed)) + column(credit_of(plant)) + "\n";
  }
  return table;
}

struct CurtailmentFile {
  std::vector<CurtailmentHistory> history;
  std::vector<CurtailmentSlot> slots;
};

Result<CurtailmentFile> read_curtailment(ObjectReader root) {
  CurtailmentFile file;
  std::map<std::string, std::size_t> positions;
  root.allow({"plants", "slots"});
  for (ObjectReader& in : root.objects("plants")) {
    in.allow({"id", "potential", "curtailed", "credit"});
    CurtailmentHistory plant{in.text("id"), Energy::from_nano(in.nano("potential", 0)),
                             Energy::from_nano(in.nano("curtailed", 0))};
    positions.emplace(plant.id, file.history.size());
    file.history.push_back(std::move(plant));
  }
  for (ObjectReader& in : root.objects("slots")) {
    in.allow({"needed", "potentials"});
    CurtailmentSlot slot{Energy::from_nano(in.nano("needed")),
                         std::vector<Energy>(file.history.size())};
    for (const auto& [name, nano] : in.numbers_by_name("potentials")) {
      const auto position = positions.find(name);
      if (position == positions.end()) in.fault("names no plant of the document: " + name);
      if (position != positions.end()) slot.potentials[position->second] = Energy::from_nano(nano);
    }
    file.slots.push_back(std::move(slot));
  }
  if (!root.fault().empty()) return wrong("curtailment", root.fault());
  return file;
}

ConversionLoss read_loss(ObjectReader in) {
  in.allow({"a", "b", "c"});
  return {in.nano("a"), in.nano("b", 0), in.nano("c")};
}

struct DispatchFile {
  ConversionLoss loss;
  std::vector<CommunityBattery> batteries;
  std::vector<std::int64_t> powers;
  std::int64_t slot_ms = 0;
};

Result<DispatchFile> read_dispatch(ObjectReader root) {
  DispatchFile file;
  root.allow({"loss", "batteries", "powers", "slot_seconds"});
  file.loss = read_loss(root.object("loss"));
  for (ObjectReader& in : root.objects("batteries")) {
    in.allow({"id", "stored", "least", "most", "power"});
    file.batteries.push_back({in.text("id"), Energy::from_nano(in.nano("stored")),
                              Energy::from_nano(in.nano("least", 0)),
                              Energy::from_nano(in.nano("most")), in.nano("power")});
  }
  file.powers = root.numbers("powers");
  file.slot_ms = root.nano("slot_seconds", 900 * nano_per_unit) / (nano_per_unit / 1'000);
  if (!root.fault().empty()) return wrong("dispatch", root.fault());
  return file;
}

}  // namespace

Result<GridServiceAnswer> answer_curtailment(std::string_view text) {
  auto root = ObjectReader::parse(text);
  if (!root) return wrong("curtailment", root.error().detail());
  auto file = read_curtailment(*root);
  if (!file) return file.error();
  Json slots = Json::array();
  for (const CurtailmentSlot& slot : file->slots) {
    const auto result = curtail(file->history, slot);
    if (!result) return wrong("curtailment", result.error().detail());
    Json chosen = Json::object();
    for (std::size_t i = 0; i < file->history.size(); ++i) {
      if (result->curtailed[i].is_zero()) continue;
      chosen[file->history[i].id] = to_text(result->curtailed[i]);
    }
    slots.push_back({{"curtailed", chosen}, {"missing", to_text(result->missing)}});
  }
  const Json json = {{"slots", slots}, {"plants", plants_json(file->history)}};
  return GridServiceAnswer{json.dump(), plants_table(file->history)};
}

Result<GridServiceAnswer> answer_dispatch(std::string_view text) {
  auto root = ObjectReader::parse(text);
  if (!root) return wrong("dispatch", root.error().detail());
  auto file = read_dispatch(*root);
  if (!file) return file.error();
  Json slots = Json::array();
  std::string table =
      column("kW") + column("batteries") + column("loss kW") + column("missing kW") + "\n";
  for (const std::int64_t power : file->powers) {
    const auto result = dispatch(file->batteries, file->loss, power, file->slot_ms);
    if (!result) return wrong("dispatch", result.error().detail());
    Json shares = Json::object();
    for (std::size_t i = 0; i < file->batteries.size(); ++i) {
      if (result->power_nano_kw[i] == 0) continue;
      shares[file->batteries[i].id] = format_nano(result->power_nano_kw[i]);
    }
    slots.push_back({{"power", format_nano(power)},
                     {"batteries", result->batteries},
                     {"shares", shares},
                     {"loss", format_nano(result->loss_nano_kw)},
                     {"missing", format_nano(result->missing_nano_kw)}});
    table += column(format_nano(power)) + column(std::to_string(result->batteries)) +
             column(format_nano(result->loss_nano_kw)) +
             column(format_nano(result->missing_nano_kw)) + "\n";
  }
  Json stored = Json::object();
  for (const CommunityBattery& battery : file->batteries) {
    stored[battery.id] = to_text(battery.stored);
  }
  const Json json = {{"slots", slots}, {"stored", stored}};
  return GridServiceAnswer{json.dump(), table};
}

}  // namespace powershare::apps
