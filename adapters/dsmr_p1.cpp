#include "adapters/dsmr_p1.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "adapters/error.hpp"

namespace powershare::adapters {
namespace {

Error malformed(std::string_view id) {
  return {AdapterError::malformed, "the telegram's value " + std::string(id) + " is none"};
}

bool is_end_of_line(char c) {
  return c == '\r' || c == '\n';
}

std::string_view without_line_end(std::string_view line) {
  while (!line.empty() && is_end_of_line(line.back())) line.remove_suffix(1);
  return line;
}

std::optional<std::uint16_t> read_hex16(std::string_view text) {
  if (text.size() != 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const bool upper = c >= 'A' && c <= 'F';
    const bool lower = c >= 'a' && c <= 'f';
    if (!digit && !upper && !lower) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit ? c - '0' : (upper ? c - 'A' : c - 'a') + 10);
  }
  return static_cast<std::uint16_t>(value);
}

/// The lines that matter, by their OBIS code; their values with the brackets.
class Lines {
 public:
  Result<void> read(std::string_view telegram) {
    std::string* open = nullptr;
    while (!telegram.empty()) {
      const auto end = telegram.find('\n');
      const auto line = without_line_end(telegram.substr(0, end));
      telegram.remove_prefix(end == std::string_view::npos ? telegram.size() : end + 1);
      if (line.empty() || line.front() == '!') {
        open = nullptr;
      } else if (line.front() == '(') {
        if (open != nullptr) *open += line;
      } else {
        const auto bracket = line.find('(');
        open = nullptr;
        if (bracket == std::string_view::npos || !of_concern(line.substr(0, bracket))) continue;
        const auto [place, fresh] = values_.emplace(line.substr(0, bracket), line.substr(bracket));
        if (!fresh) return malformed(place->first);
        open = &place->second;
      }
    }
    return {};
  }

  /// What stands between the brackets; AdapterError::malformed for anything but one value.
  Result<std::optional<std::string_view>> value(std::string_view id) const {
    const auto found = values_.find(id);
    if (found == values_.end()) return std::optional<std::string_view>{};
    std::string_view text = found->second;
    if (text.size() < 2 || text.front() != '(' || text.find(')') != text.size() - 1) {
      return malformed(id);
    }
    return std::optional(text.substr(1, text.size() - 2));
  }

  /// A number with a unit: `read` of the number for `unit`, in thousandths for `kilo_unit`.
  Result<std::optional<Energy>> energy(std::string_view id) const {
    const auto text = value(id);
    if (!text) return text.error();
    if (!*text) return std::optional<Energy>{};
    const auto star = (*text)->find('*');
    if (star == std::string_view::npos) return malformed(id);
    const auto unit = (*text)->substr(star + 1);
    const auto number = (*text)->substr(0, star);
    if (unit != "kWh" && unit != "Wh") return malformed(id);
    const auto energy = unit == "kWh" ? read_kilowatt_hours(number) : read_watt_hours(number);
    if (!energy) return malformed(id);
    return std::optional(*energy);
  }

  Result<std::optional<Power>> power(std::string_view id) const {
    const auto text = value(id);
    if (!text) return text.error();
    if (!*text) return std::optional<Power>{};
    const auto star = (*text)->find('*');
    if (star == std::string_view::npos) return malformed(id);
    const auto unit = (*text)->substr(star + 1);
    if (unit != "kW" && unit != "W") return malformed(id);
    const auto watts = read_watts((*text)->substr(0, star));
    if (!watts) return malformed(id);
    const auto scaled = multiply_divide(watts->nano(), unit == "kW" ? 1'000 : 1, 1);
    if (!scaled) return malformed(id);
    return std::optional(Power::from_nano(*scaled));
  }

 private:
  static bool of_concern(std::string_view id) {
    return id == "0-0:1.0.0" || id == "1-0:1.7.0" || id == "1-0:2.7.0" ||
           (id.size() == 9 && (id.starts_with("1-0:1.8.") || id.starts_with("1-0:2.8.")));
  }
  std::map<std::string, std::string, std::less<>> values_;
};

/// The total, or the sum over the tariffs.
Result<std::optional<Energy>> read_total(const Lines& lines, const std::string& quantity) {
  auto total = lines.energy(quantity + "0");
  if (!total || *total) return total;
  std::optional<Energy> sum;
  for (const char tariff : {'1', '2', '3', '4'}) {
    const auto part = lines.energy(quantity + tariff);
    if (!part) return part.error();
    if (!*part) continue;
    const auto next = add(sum.value_or(Energy{}), **part);
    if (!next) return malformed(quantity);
    sum = *next;
  }
  return sum;
}

/// YYMMDDhhmmss and S (summer) or W (winter).
Result<UtcMillis> read_stamp(std::string_view text, int winter_offset_minutes) {
  const bool good =
      text.size() == 13 && (text[12] == 'S' || text[12] == 'W') &&
      std::all_of(text.begin(), text.begin() + 12, [](char c) { return c >= '0' && c <= '9'; });
  if (!good) return malformed("0-0:1.0.0");
  const auto part = [&](std::size_t at) { return std::string(text.substr(at, 2)); };
  const auto local = parse_iso8601("20" + part(0) + "-" + part(2) + "-" + part(4) + "T" + part(6) +
                                   ":" + part(8) + ":" + part(10) + "Z");
  if (!local) return malformed("0-0:1.0.0");
  const int offset = winter_offset_minutes + (text[12] == 'S' ? 60 : 0);
  return UtcMillis{local->value - offset * millis_per_minute};
}

}  // namespace

std::uint16_t crc16_arc(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
  }
  return static_cast<std::uint16_t>(crc);
}

void P1Framer::feed(std::string_view bytes, const std::function<void(std::string_view)>& take) {
  for (const char c : bytes) {
    if (!skipping_) line_ += c;
    if (c == '\n') {
      if (!skipping_) take_line(take);
      skipping_ = false;
      line_.clear();
    } else if (!skipping_ && telegram_.size() + line_.size() > max_telegram_bytes) {
      if (!telegram_.empty()) ++damaged_;
      telegram_.clear();
      line_.clear();
      skipping_ = true;
    }
  }
}

void P1Framer::take_line(const std::function<void(std::string_view)>& take) {
  if (line_.front() == '/') {
    if (!telegram_.empty()) ++damaged_;
    telegram_ = line_;
  } else if (telegram_.empty()) {
    return;  // the rest of a telegram whose begin was not heard
  } else if (line_.front() == '!') {
    telegram_ += '!';
    if (whole(without_line_end(line_))) {
      take(telegram_);
    } else {
      ++damaged_;
    }
    telegram_.clear();
  } else {
    telegram_ += line_;
  }
}

bool P1Framer::whole(std::string_view end_line) const {
  if (end_line.size() == 1) return !options_.checksum_required;
  return read_hex16(end_line.substr(1)) == crc16_arc(telegram_);
}

Result<Report> read_p1(std::string_view telegram, const P1Options& options) {
  if (telegram.size() > P1Framer::max_telegram_bytes + 1) {
    return Error{AdapterError::too_large, "a telegram is longer than any meter's"};
  }
  Lines lines;
  if (auto read = lines.read(telegram); !read) return read.error();
  Report report;
  const auto imported = read_total(lines, "1-0:1.8.");
  if (!imported) return imported.error();
  const auto exported = read_total(lines, "1-0:2.8.");
  if (!exported) return exported.error();
  if (!*imported) {
    return Error{AdapterError::no_meter, "the telegram has no register of electricity"};
  }
  report.imported = *imported;
  report.exported = *exported;
  const auto drawn = lines.power("1-0:1.7.0");
  if (!drawn) return drawn.error();
  const auto fed_in = lines.power("1-0:2.7.0");
  if (!fed_in) return fed_in.error();
  if (*drawn || *fed_in) {
    const auto net = subtract(drawn->value_or(Power{}), fed_in->value_or(Power{}));
    if (!net) return malformed("1-0:1.7.0");
    report.power = *net;
  }
  const auto stamp = lines.value("0-0:1.0.0");
  if (!stamp) return stamp.error();
  if (*stamp) {
    const auto time = read_stamp(**stamp, options.winter_offset_minutes);
    if (!time) return time.error();
    report.time = *time;
  }
  return report;
}

}  // namespace powershare::adapters
