#include "apps/reading_delivery.hpp"

#include <nlohmann/json.hpp>

namespace powershare::apps {
namespace {

using Json = nlohmann::json;

/// Without the closing brace.
std::string open_reading_json(const ledger::Reading& reading) {
  // Quantities are written as digits: a JSON library would take them through double.
  return R"({"meter":")" + reading.meter.text() + R"(","seq":)" + std::to_string(reading.sequence) +
         R"(,"start":")" + to_iso8601(reading.start) + R"(","seconds":)" +
         std::to_string(reading.seconds) + R"(,"imported_kwh":)" + to_text(reading.imported) +
         R"(,"exported_kwh":)" + to_text(reading.exported) + R"(,"produced_kwh":)" +
         to_text(reading.produced) + R"(,"battery_kwh":)" +
         (reading.battery ? to_text(*reading.battery) : "null");
}

}  // namespace

std::string reading_json(const ledger::Reading& reading) {
  return open_reading_json(reading) + "}";
}

std::string signed_reading_json(const crypto::Digest& genesis, const ledger::Reading& reading,
                                const crypto::KeyPair& meter_key) {
  const auto signature = meter_key.sign(ledger::reading_statement(genesis, reading));
  return open_reading_json(reading) + R"(,"signature":")" + to_hex(signature) + "\"}";
}

std::optional<DeliveryAnswer> delivery_answer(const Result<net::HttpResponse>& response) {
  if (!response || response->status != 200) return std::nullopt;
  const auto json = Json::parse(response->body, nullptr, false);
  if (!json.is_object() || !json.contains("rejected") || !json["rejected"].is_array()) {
    return std::nullopt;
  }
  DeliveryAnswer answer;
  for (const auto& item : json["rejected"]) {
    if (!item.is_object() || !item.contains("index") || !item["index"].is_number_unsigned() ||
        !item.contains("reason") || !item["reason"].is_string()) {
      return std::nullopt;
    }
    answer.rejected.emplace(item["index"].get<std::size_t>(), item["reason"].get<std::string>());
  }
  const auto through = json.find("in_ledger_through");
  if (through == json.end() || !through->is_object()) return answer;
  for (const auto& [meter, sequence] : through->items()) {
    if (sequence.is_number_unsigned()) {
      answer.in_ledger_through.emplace(meter, sequence.get<std::uint64_t>());
    }
  }
  return answer;
}

Rejection rejection_of(std::string_view reason) {
  const auto code = reason.substr(0, reason.find(':'));
  if (code == "future") return Rejection::early;
  if (code == "conflict") return Rejection::renumber;
  for (const std::string_view waiting :
       {"unknown_meter", "unsigned", "unsigned_not_allowed", "bad_signature"}) {
    if (code == waiting) return Rejection::waits;
  }
  return Rejection::final;
}

}  // namespace powershare::apps
