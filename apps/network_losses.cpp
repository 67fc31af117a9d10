#include "apps/network_losses.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "gateway/payload_json.hpp"
#include "grid/feeder_reader.hpp"
#include "grid/loss_factors.hpp"
#include "ledger/network.hpp"
#include "ledger/validity.hpp"

namespace powershare::apps {
namespace {

constexpr std::size_t max_points = 1'440;

Error usage(std::string detail) {
  return {AppError::usage, std::move(detail)};
}

Error bad(const std::filesystem::path& file, std::string_view reason) {
  return {AppError::bad_configuration, file.string() + ": " + std::string(reason)};
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return fault == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

Result<grid::Feeder> load_feeder(const NetworkLossesOptions& options) {
  grid::FeederText text;
  const std::pair<std::string*, const char*> files[] = {{&text.buses, "buses.csv"},
                                                        {&text.lines, "lines.csv"},
                                                        {&text.linecodes, "linecodes.csv"},
                                                        {&text.loads, "loads.csv"}};
  for (const auto& [content, name] : files) {
    auto read = read_file(options.feeder / name);
    if (!read) return read.error();
    *content = *std::move(read);
  }
  auto feeder = grid::read_feeder(text, options.source);
  if (!feeder) return bad(options.feeder, feeder.error().detail());
  if (feeder->loads.empty()) return bad(options.feeder, "loads.csv: no load");
  return feeder;
}

/// The loads' powers in kW at each operating point.
Result<std::vector<std::vector<double>>> load_points(const NetworkLossesOptions& options,
                                                     const grid::Feeder& feeder) {
  if (!options.load_kw.empty()) {
    double kw = 0;
    if (!read_number(options.load_kw, kw) || !std::isfinite(kw)) {
      return usage("--load-kw takes a number of kW");
    }
    return std::vector<std::vector<double>>(1, std::vector<double>(feeder.loads.size(), kw));
  }
  const auto file =
      options.profiles.empty() ? options.feeder / "profiles_1min_kw.csv" : options.profiles;
  auto minutes = read_minutes(options.minutes);
  if (!minutes) return minutes.error();
  auto text = read_file(file);
  if (!text) return text.error();
  auto profiles = grid::Profiles::parse(*text);
  if (!profiles) return bad(file, profiles.error().detail());
  std::vector<std::vector<double>> points;
  for (const std::uint32_t minute : *minutes) {
    auto powers = profiles->powers_at(feeder, minute);
    if (!powers) return bad(file, powers.error().detail());
    points.push_back(*std::move(powers));
  }
  return points;
}

/// A file of two columns without a head: a load's name and what it is given.
Result<std::map<std::string, std::string>> read_pairs(const std::filesystem::path& file,
                                                      const grid::Feeder& feeder) {
  auto text = read_file(file, 1u << 22);
  if (!text) return text.error();
  std::map<std::string, std::string> pairs;
  for (auto line : split(*text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const auto comma = line.find(',');
    const std::string load(line.substr(0, comma));
    if (comma == std::string_view::npos || comma + 1 == line.size()) {
      return bad(file, "a line is LOAD,VALUE: " + std::string(line));
    }
    if (!feeder.find_load(load)) return bad(file, "the feeder has no load " + load);
    if (!pairs.emplace(load, line.substr(comma + 1)).second) return bad(file, load + " twice");
  }
  for (const grid::Load& load : feeder.loads) {
    if (!pairs.contains(load.name)) return bad(file, "no line for load " + load.name);
  }
  return pairs;
}

struct Zones {
  std::vector<std::string> names;
  std::vector<std::uint32_t> of_load;
};

Result<Zones> make_zones(const NetworkLossesOptions& options, const grid::Feeder& feeder) {
  std::map<std::string, std::string> listed;
  const bool by_load = options.zones == "load";
  const bool by_phase = options.zones == "phase";
  if (!by_load && !by_phase) {
    auto pairs = read_pairs(options.zones, feeder);
    if (!pairs) return pairs.error();
    listed = *std::move(pairs);
  }
  Zones zones;
  std::map<std::string, std::uint32_t> positions;
  for (const grid::Load& load : feeder.loads) {
    const std::string name = by_load    ? load.name
                             : by_phase ? options.name + " phase " + std::to_string(load.phase + 1)
                                        : listed[load.name];
    const auto [at, added] =
        positions.emplace(name, static_cast<std::uint32_t>(zones.names.size()));
    if (added) zones.names.push_back(name);
    zones.of_load.push_back(at->second);
  }
  return zones;
}

/// Fees of the levels above the zones, from LEVEL=COINS.
Result<std::map<std::string, Price>> read_fees(const std::vector<std::string>& fees) {
  std::map<std::string, Price> result;
  for (const std::string& text : fees) {
    const auto equals = text.find('=');
    const std::string level = text.substr(0, equals);
    if (equals == std::string::npos ||
        (level != "island" && level != "neighbourhood" && level != "feeder")) {
      return usage("--fee takes feeder=COINS, neighbourhood=COINS or island=COINS");
    }
    auto price = parse_quantity<Price>(std::string_view(text).substr(equals + 1));
    if (!price) return usage("--fee " + text + ": " + price.error().detail());
    if (!result.emplace(level, *price).second) return usage("--fee " + level + " twice");
  }
  return result;
}

/// What a transformer of so many kVA carries in a slot; nothing where it has no limit.
Result<std::optional<Energy>> border_limit(const NetworkLossesOptions& options) {
  if (options.transformer_kva == 0) return std::optional<Energy>();
  const auto slot_ms = parse_duration_ms(options.slot);
  if (!slot_ms || !is_slot_length(*slot_ms)) return usage("--slot takes 1m, 5m, 15m, 30m or 1h");
  if (!(options.transformer_kva > 0) || options.transformer_kva > 1e6) {
    return usage("--transformer-kva takes a number above 0, at most 1000000");
  }
  const double kwh = options.transformer_kva * static_cast<double>(*slot_ms) / millis_per_hour;
  return std::optional(Energy::from_nano(std::llround(kwh * 1e9)));
}

/// island ⊃ neighbourhood ⊃ feeder ⊃ the zones.
Result<ledger::SetNetwork> make_network(const NetworkLossesOptions& options,
                                        const grid::Feeder& feeder, const Zones& zones,
                                        const grid::PairLosses& losses) {
  ledger::SetNetwork network;
  auto fees = read_fees(options.fees);
  if (!fees) return fees.error();
  auto limit = border_limit(options);
  if (!limit) return limit.error();
  const auto add_level = [&](std::string id, const std::string& level) {
    ledger::NetworkZone zone;
    zone.id = std::move(id);
    if (!network.zones.empty()) {
      zone.parent = static_cast<std::uint32_t>(network.zones.size() - 1);
    }
    const auto fee = fees->find(level);
    if (fee != fees->end()) zone.fees.push_back({fee->second, 0, {}});
    network.zones.push_back(std::move(zone));
  };
  add_level("island", "island");
  add_level("neighbourhood", "neighbourhood");
  add_level(options.name, "feeder");
  const auto feeder_zone = static_cast<std::uint32_t>(network.zones.size() - 1);
  network.zones.back().max_export = network.zones.back().max_import = *limit;
  const std::uint32_t first = feeder_zone + 1;
  for (const std::string& name : zones.names) {
    ledger::NetworkZone zone;
    zone.id = name;
    zone.parent = feeder_zone;
    network.zones.push_back(std::move(zone));
  }
  std::map<std::string, std::string> participants;
  if (!options.participants.empty()) {
    auto pairs = read_pairs(options.participants, feeder);
    if (!pairs) return pairs.error();
    participants = *std::move(pairs);
  }
  for (std::size_t i = 0; i < feeder.loads.size(); ++i) {
    const std::string& load = feeder.loads[i].name;
    const std::string named = participants.empty() ? "Resident:" + load : participants[load];
    auto participant = ledger::parse_participant_ref(named);
    if (!participant) return bad(options.participants, named + " is no participant");
    network.members.push_back({*std::move(participant), first + zones.of_load[i]});
  }
  for (const grid::ZoneLoss& loss :
       grid::zone_losses(losses, zones.of_load, static_cast<std::uint32_t>(zones.names.size()))) {
    network.losses.push_back({first + loss.from, first + loss.to, loss.loss_nano});
  }
  if (auto valid = ledger::check_payload(network); !valid) return usage(valid.error().detail());
  return network;
}

template <class... Values>
std::string line(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

/// A loss of the network between two of its zones, in W per kW.
double w_per_kw(const ledger::NetworkLoss& loss) {
  return static_cast<double>(loss.loss_nano) / 1e6;
}

std::string matrix_table(const ledger::SetNetwork& network, std::size_t first) {
  std::string text =
      "\nLoss factor, W per kW, from the seller's zone (row) to the buyer's:\n" + line("%-20s", "");
  for (std::size_t to = first; to < network.zones.size(); ++to) {
    text += line("%20.20s", network.zones[to].id.c_str());
  }
  for (std::size_t from = first; from < network.zones.size(); ++from) {
    text += line("\n%-20.20s", network.zones[from].id.c_str());
    for (std::size_t to = first; to < network.zones.size(); ++to) {
      const auto found = std::find_if(
          network.losses.begin(), network.losses.end(),
          [&](const ledger::NetworkLoss& loss) { return loss.from == from && loss.to == to; });
      text += found == network.losses.end() ? line("%20s", "-") : line("%20.3f", w_per_kw(*found));
    }
  }
  return text + "\n";
}

/// The ends of a long list of pairs, and its middle in figures.
std::string extremes_table(const ledger::SetNetwork& network) {
  std::vector<ledger::NetworkLoss> sorted = network.losses;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.loss_nano > b.loss_nano; });
  const auto none = std::count_if(sorted.begin(), sorted.end(),
                                  [](const auto& loss) { return loss.loss_nano == 0; });
  double sum = 0;
  for (const auto& loss : sorted) sum += w_per_kw(loss);
  std::string text = line(
      "\n%zu pairs of zones: mean %.3f W per kW, median %.3f, %zu of them 0 "
      "(no loss, or a saving)\n",
      sorted.size(), sum / static_cast<double>(sorted.size()), w_per_kw(sorted[sorted.size() / 2]),
      static_cast<std::size_t>(none));
  text += "The dearest:\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(10, sorted.size()); ++i) {
    text +=
        line("  %-20.20s to %-20.20s %10.3f W per kW\n", network.zones[sorted[i].from].id.c_str(),
             network.zones[sorted[i].to].id.c_str(), w_per_kw(sorted[i]));
  }
  return text;
}

std::string loads_table(const grid::Feeder& feeder, const grid::PairLosses& losses,
                        const Zones& zones) {
  std::string text = line("\n%-16s %-8s %5s  %-20s", "load", "bus", "phase", "zone");
  text += losses.marginal.empty() ? "\n" : "  loss grows by, W per kW drawn\n";
  for (std::size_t i = 0; i < feeder.loads.size(); ++i) {
    const grid::Load& load = feeder.loads[i];
    text += line("%-16.16s %-8.8s %5d  %-20.20s", load.name.c_str(),
                 feeder.buses[load.bus].name.c_str(), load.phase + 1,
                 zones.names[zones.of_load[i]].c_str());
    text += losses.marginal.empty() ? "\n" : line(" %16.3f\n", losses.marginal[i] * 1000);
  }
  return text;
}

Result<grid::LossMethod> method_of(const std::string& name) {
  if (name == "marginal") return grid::LossMethod::marginal;
  if (name == "average") return grid::LossMethod::average;
  return usage("--method takes marginal or average");
}

}  // namespace

Result<std::vector<std::uint32_t>> read_minutes(std::string_view text) {
  std::vector<std::uint32_t> minutes;
  for (const auto part : split(text, ',')) {
    const auto slash = part.find('/');
    const auto range = split(part.substr(0, slash), '-');
    std::uint32_t from = 0;
    std::uint32_t step = 1;
    if (range.size() > 2 || !read_number(range[0], from)) {
      return usage("minutes are numbers and ranges, as 566 or 480-1080/15");
    }
    std::uint32_t to = from;
    const bool stepped = slash != std::string_view::npos;
    if ((range.size() == 2 && !read_number(range[1], to)) || to < from ||
        (stepped && (!read_number(part.substr(slash + 1), step) || step == 0))) {
      return usage("minutes are numbers and ranges, as 566 or 480-1080/15");
    }
    for (std::uint64_t minute = from; minute <= to; minute += step) {
      minutes.push_back(static_cast<std::uint32_t>(minute));
      if (minutes.size() > max_points) return usage("at most 1440 minutes");
    }
  }
  std::sort(minutes.begin(), minutes.end());
  minutes.erase(std::unique(minutes.begin(), minutes.end()), minutes.end());
  return minutes;
}

Result<NetworkLosses> find_network_losses(const NetworkLossesOptions& options) {
  auto method = method_of(options.method);
  if (!method) return method.error();
  if (!(options.line_to_line_v > 0) || options.line_to_line_v > 1e6) {
    return usage("--voltage takes volts above 0");
  }
  auto feeder = load_feeder(options);
  if (!feeder) return feeder.error();
  auto points = load_points(options, *feeder);
  if (!points) return points.error();
  auto zones = make_zones(options, *feeder);
  if (!zones) return zones.error();
  grid::FlowLimits limits;
  limits.line_to_line_v = options.line_to_line_v;
  auto losses = grid::pair_losses(*feeder, *points, *method, options.trade_kw, limits);
  if (!losses) return Error{AppError::failed, losses.error().detail()};
  auto network = make_network(options, *feeder, *zones, *losses);
  if (!network) return network.error();

  NetworkLosses result;
  result.table = line("%zu buses, %zu lines, %zu loads; %zu operating points, method %s\n",
                      feeder->buses.size(), feeder->lines.size(), feeder->loads.size(),
                      points->size(), options.method.c_str());
  result.table +=
      line("drawn %.3f kW, lost in the lines %.1f W (%.3f %%), lowest voltage %.2f V\n",
           losses->drawn_kw, losses->lost_kw * 1000,
           losses->drawn_kw == 0 ? 0 : 100 * losses->lost_kw / losses->drawn_kw, losses->lowest_v);
  result.table += loads_table(*feeder, *losses, *zones);
  const std::size_t first = network->zones.size() - zones->names.size();
  if (!network->losses.empty()) {
    result.table +=
        zones->names.size() <= 6 ? matrix_table(*network, first) : extremes_table(*network);
  }
  gateway::json::Writer out;
  gateway::write_payload(out, *network);
  result.payload = std::move(out).take();
  return result;
}

int run_network_losses(const NetworkLossesOptions& options) {
  const auto losses = find_network_losses(options);
  if (!losses) return report(losses.error());
  if (!options.out.empty()) {
    const auto written = write_file(options.out, losses->payload + "\n", 0644);
    if (!written) return report(written.error());
  }
  std::printf("%s", options.json ? (losses->payload + "\n").c_str() : losses->table.c_str());
  if (!options.json && !options.out.empty()) {
    std::printf("\nwritten: %s; a chain takes it by `powershare governance network`\n",
                options.out.c_str());
  }
  return 0;
}

}  // namespace powershare::apps
