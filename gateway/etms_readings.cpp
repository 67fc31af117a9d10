// POST /etms/readings (DESIGN §13, DECISIONS 19, 20): each reading is judged for itself.
#include <algorithm>
#include <limits>

#include "gateway/error.hpp"
#include "gateway/json.hpp"
#include "gateway/payload_json.hpp"
#include "gateway/problem.hpp"
#include "gateway/schemas.hpp"
#include "gateway/services.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t max_readings_per_request = 65'536;
constexpr std::uint64_t max_sequence = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t max_seconds = 31 * 86'400;

struct Rejected {
  std::size_t index = 0;
  std::string reason;
};

/// Reads one reading; after the first fault reason() says why it is refused.
class ReadingParser {
 public:
  explicit ReadingParser(const json::Value& value) : value_(value) {
    if (!value.is_object()) {
      fail("malformed", "a reading must be an object");
    } else if (!value.repeated_name().empty()) {
      fail("malformed", "a field stands twice");
    }
  }
  const std::string& reason() const { return reason_; }

  ledger::SignedReading parse() {
    ledger::SignedReading result;
    auto& reading = result.reading;
    // The signature first: it decides how exact the numbers must be.
    signature(result.signature);
    exact_ = result.signature.has_value();
    name(reading.meter);
    whole("seq", true, 1, max_sequence, reading.sequence);
    time(reading.start);
    std::uint64_t seconds = 0;
    whole("seconds", true, 1, max_seconds, seconds);
    reading.seconds = static_cast<std::uint32_t>(seconds);
    energy("imported_kwh", true, reading.imported);
    energy("exported_kwh", true, reading.exported);
    energy("produced_kwh", false, reading.produced);
    if (present("battery_kwh")) {
      Energy charge;
      energy("battery_kwh", true, charge);
      reading.battery = charge;
    }
    if (present("corrects")) {
      std::uint64_t corrected = 0;
      whole("corrects", true, 1, max_sequence, corrected);
      reading.corrects = corrected;
    }
    return result;
  }

 private:
  void fail(std::string_view code, std::string_view why) {
    if (reason_.empty()) reason_ = std::string(code) + ": " + std::string(why);
  }
  void bad_field(std::string_view field, std::string_view rule) {
    fail("bad_field", std::string(field) + " must be " + std::string(rule));
  }
  const json::Value* get(std::string_view field) const {
    const auto* found = value_.find(field);
    return found == nullptr || found->is_null() ? nullptr : found;
  }
  bool present(std::string_view field) const { return get(field) != nullptr; }

  void name(MeterId& out) {
    const auto* value = get("meter");
    if (value != nullptr && value->kind() == json::Kind::string) {
      auto parsed = MeterId::parse(value->text());
      if (parsed) {
        out = *parsed;
        return;
      }
    }
    bad_field("meter", std::string("a ") + MeterTag::what);
  }

  void time(UtcMillis& out) {
    const auto* value = get("start");
    if (value != nullptr && value->kind() == json::Kind::string && value->text().size() <= 64) {
      auto parsed = parse_iso8601(value->text());
      if (parsed) {
        out = *parsed;
        return;
      }
    }
    bad_field("start", "an ISO 8601 time as 2019-10-21T09:00:00Z");
  }

  void whole(std::string_view field, bool required, std::uint64_t min, std::uint64_t max,
             std::uint64_t& out) {
    const auto* value = get(field);
    if (value == nullptr && !required) return;
    if (value != nullptr && value->kind() == json::Kind::number && value->text().size() <= 20) {
      std::uint64_t number = 0;
      bool good = !value->text().empty();
      for (const char c : value->text()) {
        good = good && c >= '0' && c <= '9' &&
               !__builtin_mul_overflow(number, std::uint64_t{10}, &number) &&
               !__builtin_add_overflow(number, static_cast<std::uint64_t>(c - '0'), &number);
      }
      if (good && number >= min && number <= max) {
        out = number;
        return;
      }
    }
    bad_field(field, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }

  void energy(std::string_view field, bool required, Energy& out) {
    const auto* value = get(field);
    if (value == nullptr && !required) return;
    if (value == nullptr || value->kind() != json::Kind::number) {
      return bad_field(field, "a number of kWh");
    }
    const auto nano = exact_ ? parse_nano_exact(value->text()) : parse_nano(value->text());
    if (!nano) {
      if (nano.error().code() == make_error_code(BaseError::out_of_range)) {
        return fail("too_precise", std::string(field) +
                                       " has more than 9 decimals, which a signature cannot cover");
      }
      return bad_field(field, "a number of kWh within the range of 64 bits of nano-kWh");
    }
    if (*nano < 0) return fail("negative", std::string(field) + " must not be negative");
    out = Energy::from_nano(*nano);
  }

  void signature(std::optional<crypto::Signature>& out) {
    const auto* value = get("signature");
    if (value == nullptr) return;
    if (value->kind() == json::Kind::string && value->text().size() <= 128) {
      const auto bytes =
          value->text().size() == 128 ? from_hex(value->text()) : from_base64(value->text());
      if (bytes && bytes->size() == crypto::Signature().size()) {
        out.emplace();
        std::copy(bytes->begin(), bytes->end(), out->begin());
        return;
      }
    }
    fail("bad_signature", "signature must be 128 hexadecimal digits or base64 of 64 bytes");
  }

  const json::Value& value_;
  bool exact_ = false;
  std::string reason_;
};

/// One request under way: which readings went to the inbox, which were refused at the door.
struct Sorted {
  std::vector<ledger::SignedReading> readings;
  std::vector<std::size_t> indexes;  ///< of `readings` in the request
  std::vector<Rejected> rejected;
};

Result<Sorted> sort_readings(const std::string& body, bool unsigned_allowed) {
  Sorted sorted;
  std::size_t index = 0;
  bool anything_but_a_reading = false;
  json::Limits limits;
  limits.max_values = 256;
  auto count =
      json::parse_items(body, max_readings_per_request, limits, [&](const json::Value& value) {
        if (!value.is_object()) anything_but_a_reading = true;
        ReadingParser parser(value);
        auto reading = parser.parse();
        auto reason = parser.reason();
        if (reason.empty() && !reading.signature && !unsigned_allowed) {
          reason = "unsigned: a reading without signature needs an API key";
        }
        if (reason.empty()) {
          sorted.readings.push_back(std::move(reading));
          sorted.indexes.push_back(index);
        } else {
          sorted.rejected.push_back({index, std::move(reason)});
        }
        ++index;
      });
  if (!count) return count.error();
  if (!count->is_array && anything_but_a_reading) {
    return Error{GatewayError::bad_parameter,
                 "The body must be a reading or an array of readings."};
  }
  return sorted;
}

net::HttpResponse answer_to(Sorted sorted, const IngestAnswer& answer) {
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  using Kind = ledger::ReadingResult::Kind;
  for (std::size_t i = 0; i < answer.readings.size(); ++i) {
    const auto& result = answer.readings[i];
    accepted += result.kind == Kind::accepted ? 1 : 0;
    duplicates += result.kind == Kind::duplicate ? 1 : 0;
    if (result.kind == Kind::rejected) {
      sorted.rejected.push_back({sorted.indexes[i], result.reason});
    }
  }
  std::sort(sorted.rejected.begin(), sorted.rejected.end(),
            [](const Rejected& a, const Rejected& b) { return a.index < b.index; });
  json::Writer out;
  out.begin_object().key("accepted").unsigned_integer(accepted);
  out.key("duplicates").unsigned_integer(duplicates).key("rejected").begin_array();
  for (const auto& rejected : sorted.rejected) {
    out.begin_object().key("index").unsigned_integer(rejected.index);
    out.key("reason").string(rejected.reason).end_object();
  }
  out.end_array().key("in_ledger_through").begin_object();
  for (const auto& [meter, sequence] : answer.in_ledger_through) {
    out.key(meter).unsigned_integer(sequence);
  }
  out.end_object().end_object();
  return json_response(std::move(out).take());
}

void post_readings(const Services& services, const Request& request, const Responder& responder) {
  auto sorted =
      sort_readings(request.http.body, request.key && brings_unsigned_readings(request.key->role));
  if (!sorted) return responder.send(problem_of(sorted.error()));
  auto shared = std::make_shared<Sorted>(std::move(*sorted));
  if (shared->readings.empty()) return responder.send(answer_to(std::move(*shared), {}));
  auto readings = std::move(shared->readings);
  services.ports.ingestion->ingest(
      std::move(readings), [shared, responder](const IngestAnswer& answer) {
        switch (answer.kind) {
          case IngestAnswer::Kind::inbox_full:
            return responder.send(retry_later(503, "inbox_full",
                                              "The inbox of this peer is full; nothing was taken.",
                                              answer.retry_after_seconds));
          case IngestAnswer::Kind::unavailable:
            return responder.send(retry_later(503, "unavailable",
                                              "This peer takes no readings now; try another one.",
                                              answer.retry_after_seconds));
          case IngestAnswer::Kind::done:
            break;
        }
        // Never count what the host did not report on.
        if (answer.readings.size() != shared->indexes.size()) return;
        responder.send(answer_to(std::move(*shared), answer));
      });
}

std::string answer_schema() {
  const auto rejected = object_schema({{"index", "integer"}, {"reason", "string"}});
  return object_schema(
      {{"accepted", "integer"},
       {"duplicates", "integer"},
       {"rejected", array_schema(rejected)},
       {"in_ledger_through", R"({"type":"object","additionalProperties":{"type":"integer"}})"}});
}

}  // namespace

void add_etms_routes(Router& router, const ServicesPtr& services) {
  RouteInfo info;
  info.method = "POST";
  info.pattern = "/etms/readings";
  info.summary =
      "Takes one reading or an array; answers when what is accepted is durable on this peer. "
      "Energies are JSON numbers of kWh; readings without signature need an API key.";
  info.access = Access::partly;
  const auto reading = etms_reading_schema();
  info.request_schema =
      R"({"oneOf":[)" + reading + R"(,{"type":"array","items":)" + reading + "}]}";
  info.response_schema = answer_schema();
  info.statuses = {200, 400, 413, 503};
  router.add(std::move(info), [services](const Request& request, const Responder& responder) {
    post_readings(*services, request, responder);
  });
}

}  // namespace powershare::gateway
