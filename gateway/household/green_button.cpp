#include "gateway/household/exports.hpp"

#include "crypto/hash.hpp"
#include "ledger/parameters.hpp"
#include "ledger/queries.hpp"

namespace powershare::gateway::household {
namespace {

/// Ids of a feed are UUIDs of this form, the same each time for the same thing.
std::string uuid_of(std::string_view text) {
  const auto digits = crypto::to_hex(crypto::sha256(as_bytes(text)));
  return "urn:uuid:" + digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-5" +
         digits.substr(13, 3) + "-8" + digits.substr(17, 3) + "-" + digits.substr(20, 12);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

class Feed {
 public:
  Feed(const ledger::ParticipantRef& who, const Period& period, UtcMillis updated,
       std::int64_t slot_ms)
      : name_(ledger::to_text(who)),
        updated_(to_iso8601(updated)),
        from_(period.from),
        length_ms_(period.to.value - period.from.value),
        slot_ms_(slot_ms) {
    text_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:espi=\"http://naesb.org/espi\">\n"
        "<id>" +
        uuid_of("feed/" + name_) + "</id>\n<title>Green Button usage of " + escaped(name_) +
        "</title>\n<updated>" + updated_ + "</updated>\n";
    entry("point", "UsagePoint/1", "RetailCustomer/1/UsagePoint",
          "<espi:UsagePoint><espi:ServiceCategory><espi:kind>0</espi:kind></espi:ServiceCategory>"
          "</espi:UsagePoint>");
  }

  /// `direction` as ESPI has it: 1 drawn, 19 fed in.
  void flow(int direction, const std::string& title, const std::string& readings) {
    const auto number = direction == 1 ? std::string("1") : std::string("2");
    entry("type-" + number, "ReadingType/" + number, "ReadingType",
          "<espi:ReadingType><espi:accumulationBehaviour>4</espi:accumulationBehaviour>"
          "<espi:commodity>1</espi:commodity><espi:flowDirection>" +
              std::to_string(direction) + "</espi:flowDirection><espi:intervalLength>" +
              std::to_string(slot_ms_ / millis_per_second) +
              "</espi:intervalLength><espi:kind>12</espi:kind>"
              "<espi:powerOfTenMultiplier>-6</espi:powerOfTenMultiplier><espi:uom>72</espi:uom>"
              "</espi:ReadingType>");
    const auto reading = "RetailCustomer/1/UsagePoint/1/MeterReading/" + number;
    entry("reading-" + number, reading, "RetailCustomer/1/UsagePoint/1/MeterReading",
          "<espi:MeterReading/>", title, "ReadingType/" + number);
    entry("block-" + number, reading + "/IntervalBlock/1", reading + "/IntervalBlock",
          "<espi:IntervalBlock><espi:interval><espi:duration>" +
              std::to_string(length_ms_ / millis_per_second) + "</espi:duration><espi:start>" +
              std::to_string(from_.value / millis_per_second) + "</espi:start></espi:interval>\n" +
              readings + "</espi:IntervalBlock>");
  }
  std::string take() && { return std::move(text_) + "</feed>\n"; }

 private:
  void entry(const std::string& id, const std::string& self, const std::string& up,
             const std::string& content, const std::string& title = {},
             const std::string& related = {}) {
    text_ += "<entry>\n<id>" + uuid_of(id + "/" + name_) + "</id>\n";
    text_ += "<link rel=\"self\" href=\"" + self + "\"/><link rel=\"up\" href=\"" + up + "\"/>";
    if (!related.empty()) text_ += "<link rel=\"related\" href=\"" + related + "\"/>";
    text_ += "\n<title>" + escaped(title) + "</title>\n<updated>" + updated_ + "</updated>\n";
    text_ += "<content type=\"application/xml\">" + content + "</content>\n</entry>\n";
  }

  std::string name_;
  std::string updated_;
  UtcMillis from_;
  std::int64_t length_ms_;
  std::int64_t slot_ms_;
  std::string text_;
};

void append_reading(std::string& text, UtcMillis slot, std::int64_t slot_ms, Energy energy) {
  text += "<espi:IntervalReading><espi:timePeriod><espi:duration>" +
          std::to_string(slot_ms / millis_per_second) + "</espi:duration><espi:start>" +
          std::to_string(slot.value / millis_per_second) +
          "</espi:start></espi:timePeriod><espi:value>" + std::to_string(energy.nano()) +
          "</espi:value></espi:IntervalReading>\n";
}

}  // namespace

Result<std::string> green_button_feed(const ChainView& view, const ledger::ParticipantRef& who,
                                      const Period& period, std::size_t row_bound) {
  const auto slot_ms = ledger::parameters(view.state()).slot_ms;
  std::string drawn;
  std::string fed_in;
  std::size_t rows = 0;
  const auto scanned = ledger::for_each_participant_slot(
      view.history(), who, period.from, period.to, [&](const ledger::ParticipantSlotRow& row) {
        append_reading(drawn, row.slot, slot_ms, row.settled.imported);
        append_reading(fed_in, row.slot, slot_ms, row.settled.exported);
        return ++rows <= row_bound;
      });
  if (!scanned) return scanned.error();
  if (rows > row_bound) return Error{BaseError::out_of_range, "the period holds too many slots"};
  Feed feed(who, period, ledger::island_time(view.state()), slot_ms);
  feed.flow(1, "Energy drawn", drawn);
  feed.flow(19, "Energy fed in", fed_in);
  return std::move(feed).take();
}

}  // namespace powershare::gateway::household
