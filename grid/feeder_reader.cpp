#include "grid/feeder_reader.hpp"

#include <map>

#include "grid/csv.hpp"

namespace powershare::grid {
namespace {

using Positions = std::map<std::string, std::uint32_t, std::less<>>;

constexpr double most = 1e9;  // metres, ohm, kW: more is a slip of the pen

/// A table together with the columns that a reader asks for, by their order in `names`.
struct Reader {
  CsvTable table;
  std::vector<std::size_t> columns;

  static Result<Reader> open(std::string_view file, std::string_view text,
                             std::initializer_list<std::string_view> names) {
    auto table = CsvTable::parse(file, text);
    if (!table) return table.error();
    Reader reader{*std::move(table), {}};
    for (const auto name : names) {
      auto column = reader.table.column(name);
      if (!column) return column.error();
      reader.columns.push_back(*column);
    }
    return reader;
  }

  std::string text(std::size_t row, std::size_t field) const {
    return std::string(table.text(row, columns[field]));
  }
  Result<double> number(std::size_t row, std::size_t field, double low = 0,
                        double high = most) const {
    return table.number(row, columns[field], low, high);
  }
  Error wrong(std::size_t row, std::size_t field, std::string_view reason) const {
    return table.wrong(row, columns[field], reason);
  }
  Result<std::uint32_t> position(const Positions& among, std::size_t row, std::size_t field) const {
    const auto found = among.find(text(row, field));
    if (found == among.end()) return wrong(row, field, "a name that is nowhere declared");
    return found->second;
  }
  /// A name that no earlier row has; it stands for `next` from now on.
  Result<std::string> declare(Positions& among, std::size_t row, std::uint32_t next) const {
    auto name = text(row, 0);
    if (name.empty()) return wrong(row, 0, "empty");
    if (!among.emplace(name, next).second) return wrong(row, 0, "a name that is given twice");
    return name;
  }
};

/// The numbers of row `row` in the fields from `first` on.
template <std::size_t count>
Result<std::array<double, count>> numbers(const Reader& reader, std::size_t row, std::size_t first,
                                          double low = 0) {
  std::array<double, count> result;
  for (std::size_t i = 0; i < count; ++i) {
    auto value = reader.number(row, first + i, low);
    if (!value) return value.error();
    result[i] = *value;
  }
  return result;
}

Result<std::vector<Bus>> read_buses(std::string_view text, Positions& names) {
  auto reader = Reader::open("buses.csv", text, {"bus", "x_m", "y_m"});
  if (!reader) return reader.error();
  std::vector<Bus> buses;
  for (std::size_t row = 0; row < reader->table.rows(); ++row) {
    auto name = reader->declare(names, row, static_cast<std::uint32_t>(row));
    if (!name) return name.error();
    auto place = numbers<2>(*reader, row, 1, -most);
    if (!place) return place.error();
    buses.push_back({*std::move(name), (*place)[0], (*place)[1]});
  }
  if (buses.empty()) return Error{GridError::malformed, "buses.csv: no bus"};
  return buses;
}

Result<std::vector<SequenceImpedance>> read_linecodes(std::string_view text, Positions& names) {
  auto reader = Reader::open(
      "linecodes.csv", text,
      {"linecode", "r1_ohm_per_km", "x1_ohm_per_km", "r0_ohm_per_km", "x0_ohm_per_km"});
  if (!reader) return reader.error();
  std::vector<SequenceImpedance> codes;
  for (std::size_t row = 0; row < reader->table.rows(); ++row) {
    auto name = reader->declare(names, row, static_cast<std::uint32_t>(row));
    if (!name) return name.error();
    auto ohm = numbers<4>(*reader, row, 1);
    if (!ohm) return ohm.error();
    codes.push_back({{(*ohm)[0], (*ohm)[1]}, {(*ohm)[2], (*ohm)[3]}});
  }
  return codes;
}

Result<std::vector<Line>> read_lines(std::string_view text, const Positions& buses,
                                     const Positions& code_names,
                                     const std::vector<SequenceImpedance>& codes) {
  auto reader =
      Reader::open("lines.csv", text, {"line", "bus_from", "bus_to", "linecode", "length_m"});
  if (!reader) return reader.error();
  std::vector<Line> lines;
  Positions names;
  for (std::size_t row = 0; row < reader->table.rows(); ++row) {
    auto name = reader->declare(names, row, static_cast<std::uint32_t>(row));
    if (!name) return name.error();
    auto from = reader->position(buses, row, 1);
    if (!from) return from.error();
    auto to = reader->position(buses, row, 2);
    if (!to) return to.error();
    auto code = reader->position(code_names, row, 3);
    if (!code) return code.error();
    auto length_m = reader->number(row, 4);
    if (!length_m) return length_m.error();
    lines.push_back(make_line(*std::move(name), *from, *to, *length_m, codes[*code]));
  }
  return lines;
}

Result<std::vector<Load>> read_loads(std::string_view text, const Positions& buses) {
  auto reader = Reader::open("loads.csv", text,
                             {"load", "bus", "phase", "rated_kw", "power_factor", "profile"});
  if (!reader) return reader.error();
  std::vector<Load> loads;
  Positions names;
  for (std::size_t row = 0; row < reader->table.rows(); ++row) {
    auto name = reader->declare(names, row, static_cast<std::uint32_t>(row));
    if (!name) return name.error();
    auto bus = reader->position(buses, row, 1);
    if (!bus) return bus.error();
    auto phase = reader->number(row, 2, 1, 3);
    if (!phase) return phase.error();
    auto rated_kw = reader->number(row, 3);
    if (!rated_kw) return rated_kw.error();
    auto power_factor = reader->number(row, 4, 0.01, 1);
    if (!power_factor) return power_factor.error();
    auto profile = reader->number(row, 5, 0, 1e6);
    if (!profile) return profile.error();
    const auto whole_phase = static_cast<std::uint8_t>(*phase);
    const auto whole_profile = static_cast<std::uint32_t>(*profile);
    if (whole_phase != *phase) return reader->wrong(row, 2, "1, 2 or 3");
    if (whole_profile != *profile) return reader->wrong(row, 5, "a whole number");
    loads.push_back({*std::move(name), *bus, static_cast<std::uint8_t>(whole_phase - 1), *rated_kw,
                     *power_factor, whole_profile});
  }
  return loads;
}

}  // namespace

Result<Feeder> read_feeder(const FeederText& text, std::string_view source_bus) {
  Positions bus_names;
  auto buses = read_buses(text.buses, bus_names);
  if (!buses) return buses.error();
  Positions code_names;
  auto codes = read_linecodes(text.linecodes, code_names);
  if (!codes) return codes.error();
  auto lines = read_lines(text.lines, bus_names, code_names, *codes);
  if (!lines) return lines.error();
  auto loads = read_loads(text.loads, bus_names);
  if (!loads) return loads.error();
  std::uint32_t source = 0;
  if (!source_bus.empty()) {
    const auto found = bus_names.find(source_bus);
    if (found == bus_names.end()) {
      return Error{GridError::malformed, "buses.csv: no bus " + std::string(source_bus)};
    }
    source = found->second;
  }
  return make_feeder(*std::move(buses), *std::move(lines), *std::move(loads), source);
}

Result<Profiles> Profiles::parse(std::string_view text) {
  auto table = CsvTable::parse("profiles", text);
  if (!table) return table.error();
  if (table->columns()[0] != "minute") {
    return Error{GridError::malformed, "profiles: the first column is not minute"};
  }
  Profiles profiles;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    auto minute = table->number(row, 0, 0, most);
    if (!minute) return minute.error();
    if (*minute != static_cast<double>(row)) return table->wrong(row, 0, "not the next minute");
    std::vector<double> powers;
    powers.reserve(table->columns().size() - 1);
    for (std::size_t column = 1; column < table->columns().size(); ++column) {
      auto kw = table->number(row, column, -most, most);
      if (!kw) return kw.error();
      powers.push_back(*kw);
    }
    profiles.kw_.push_back(std::move(powers));
  }
  return profiles;
}

Result<std::vector<double>> Profiles::powers_at(const Feeder& feeder, std::uint32_t minute) const {
  if (minute >= minutes()) {
    return Error{GridError::no_such_profile,
                 "the profiles have no minute " + std::to_string(minute)};
  }
  std::vector<double> powers;
  for (const Load& load : feeder.loads) {
    if (load.profile == 0 || load.profile > kw_[minute].size()) {
      return Error{GridError::no_such_profile,
                   "load " + load.name + ": no profile p" + std::to_string(load.profile)};
    }
    powers.push_back(kw_[minute][load.profile - 1]);
  }
  return powers;
}

}  // namespace powershare::grid
