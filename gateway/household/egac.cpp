#include <algorithm>
#include <map>

#include "gateway/household/exports.hpp"
#include "ledger/history.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"
#include "ledger/registry.hpp"

namespace powershare::gateway::household {
namespace {

/// Of one meter in one month: one in half a minute.
constexpr std::size_t max_readings = 100'000;

struct Delivered {
  std::int64_t imported_nano = 0;
  std::int64_t exported_nano = 0;
};
using BySlot = std::map<UtcMillis, Delivered>;

void accumulate(std::int64_t& sum, Energy part) {
  if (__builtin_add_overflow(sum, part.nano(), &sum)) sum = INT64_MAX;
}

/// What one meter has delivered, by slot.
Result<BySlot> delivered(const ledger::HistoryReader& history, const MeterId& meter,
                         const Period& period, std::int64_t slot_ms) {
  const auto readings =
      ledger::query_readings(history, meter, period.from, period.to, max_readings + 1);
  if (!readings) return readings.error();
  if (readings->size() > max_readings) {
    return Error{BaseError::out_of_range, "a meter has too many readings in the period"};
  }
  BySlot slots;
  for (const auto& reading : *readings) {
    auto& slot = slots[slot_start(reading.start, slot_ms)];
    accumulate(slot.imported_nano, reading.imported);
    accumulate(slot.exported_nano, reading.exported);
  }
  return slots;
}

/// RFC 4180: quoted where it has to be. A leading sign that a spreadsheet would take for a formula
/// is quoted away.
std::string field(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

/// part × share / whole, 0 without a whole.
std::int64_t scaled(std::int64_t part, std::int64_t share, std::int64_t whole) {
  if (whole <= 0) return 0;
  const auto result = multiply_divide(part, share, whole);
  return result ? *result : 0;
}

class Table {
 public:
  Table(const ChainView& view, const Period& period)
      : view_(view), period_(period), slot_ms_(ledger::parameters(view.state()).slot_ms) {}

  Result<void> read_traded() {
    Result<void> result;
    const auto from = ledger::history_key::time(period_.from);
    view_.history().scan(ledger::history_table::slots, {}, from, false,
                         [&](ByteView key, ByteView value) {
                           const auto row = ledger::parse_slot_row(key, value);
                           if (!row) {
                             result = row.error();
                             return false;
                           }
                           if (row->start >= period_.to) return false;
                           traded_[row->start] = row->traded.nano();
                           return true;
                         });
    return result;
  }

  /// Lines of one meter.
  Result<std::string> lines_of(const ledger::MeterRecord& meter, std::size_t& rows) {
    const auto own = delivered(view_.history(), meter.meter, period_, slot_ms_);
    if (!own) return own.error();
    const auto bought = bought_by(meter.owner);
    if (!bought) return bought.error();
    const auto whole = drawn_by(meter.owner);
    if (!whole) return whole.error();
    std::string text;
    for (const auto& [slot, energy] : *own) {
      const auto of = [slot = slot](const std::map<UtcMillis, std::int64_t>& values) {
        const auto found = values.find(slot);
        return found == values.end() ? std::int64_t{0} : found->second;
      };
      // What the household has bought goes to its points of delivery as they have drawn.
      const auto shared = scaled(of(*bought), energy.imported_nano, of(*whole));
      text += field(meter.cpe) + "," + meter.meter.text() + "," + to_iso8601(slot) + "," +
              std::to_string(slot_ms_ / millis_per_second) + "," +
              format_nano(energy.imported_nano) + "," + format_nano(energy.exported_nano) + "," +
              format_nano(shared) + "," + format_nano(scaled(shared, nano_per_unit, of(traded_))) +
              "\r\n";
      ++rows;
    }
    return text;
  }

 private:
  Result<std::map<UtcMillis, std::int64_t>> bought_by(const ledger::ParticipantRef& who) {
    std::map<UtcMillis, std::int64_t> bought;
    const auto scanned = ledger::for_each_participant_slot(
        view_.history(), who, period_.from, period_.to, [&](const ledger::ParticipantSlotRow& row) {
          // Drawn and not the utility's; the same as bought, but for what was bought and not drawn.
          bought[row.slot] = row.settled.imported.nano() - row.settled.from_utility.nano();
          return true;
        });
    if (!scanned) return scanned.error();
    return bought;
  }

  /// Over all points of delivery of one owner.
  Result<std::map<UtcMillis, std::int64_t>> drawn_by(const ledger::ParticipantRef& who) {
    std::map<UtcMillis, std::int64_t> drawn;
    for (const auto& meter : ledger::meters_of(view_.state(), who)) {
      if (meter.cpe.empty()) continue;
      const auto slots = delivered(view_.history(), meter.meter, period_, slot_ms_);
      if (!slots) return slots.error();
      for (const auto& [slot, energy] : *slots) {
        accumulate(drawn[slot], Energy::from_nano(energy.imported_nano));
      }
    }
    return drawn;
  }

  const ChainView& view_;
  Period period_;
  std::int64_t slot_ms_;
  std::map<UtcMillis, std::int64_t> traded_;
};

}  // namespace

Result<EgacPart> egac_csv(const ChainView& view, const Period& period, const std::string& after,
                          std::size_t row_bound) {
  Table table(view, period);
  if (auto read = table.read_traded(); !read) return read.error();
  EgacPart part;
  part.csv =
      "CPE,meter,start (UTC),length (s),drawn (kWh),fed in (kWh),shared from the community (kWh),"
      "sharing coefficient (1)\r\n";
  Result<void> result;
  std::size_t rows = 0;
  std::string last;
  ledger::for_each_meter(view.state(), [&](const ledger::MeterRecord& meter) {
    if (meter.cpe.empty() || meter.meter.text() <= after) return true;
    if (rows >= row_bound) {
      part.next = last;
      return false;
    }
    const auto lines = table.lines_of(meter, rows);
    if (!lines) {
      result = lines.error();
      return false;
    }
    part.csv += *lines;
    last = meter.meter.text();
    return true;
  });
  if (!result) return result.error();
  return part;
}

}  // namespace powershare::gateway::household
