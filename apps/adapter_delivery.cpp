#include "apps/adapter_delivery.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/error.hpp"
#include "apps/genesis_files.hpp"

namespace powershare::apps {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto request_limit = 5s;
constexpr auto tick = 50ms;
constexpr std::size_t max_readings_per_request = 200;
/// After every peer has failed: from the first to the longest pause.
constexpr std::chrono::milliseconds first_pause = 500ms;
constexpr std::chrono::milliseconds longest_pause = 30s;
constexpr auto question_interval = 10s;  ///< while a meter is not registered
constexpr auto live_interval = 3s;
constexpr auto live_not_offered = 60s;
constexpr auto market_interval = 30s;

UtcMillis wall_clock() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      result += c;
    } else {
      result += "%" + to_hex(as_bytes({&c, 1}));
    }
  }
  return result;
}

/// A text of an object, empty where there is none.
std::string text_of(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

template <class Quantity>
std::optional<Quantity> quantity_of(const Json& object, const char* name) {
  const auto text = text_of(object, name);
  if (text.empty()) return std::nullopt;
  const auto quantity = parse_quantity<Quantity>(text);
  return quantity ? std::optional(*quantity) : std::nullopt;
}

std::optional<MeterFacts> meter_facts(const Json& item) {
  MeterFacts facts;
  const auto meter = MeterId::parse(text_of(item, "meter"));
  const auto active_from = parse_iso8601(text_of(item, "active_from"));
  if (!meter || !active_from) return std::nullopt;
  facts.meter = *meter;
  facts.active_from = *active_from;
  facts.owner = text_of(item, "owner");
  const auto through = item.find("in_ledger_through");
  if (through == item.end() || !through->is_number_unsigned()) return std::nullopt;
  facts.in_ledger_through = through->get<std::uint64_t>();
  if (const auto last = parse_iso8601(text_of(item, "last_end"))) facts.last_end = *last;
  return facts;
}

const Json* items_of(const Json& page) {
  if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) return nullptr;
  return &page["items"];
}

/// Watts to the thousandth, as a JSON number.
std::string watts_text(std::int64_t nano) {
  constexpr std::int64_t thousandth = nano_per_unit / 1'000;
  return format_nano(nano / thousandth * thousandth);
}

}  // namespace

AdapterDelivery::AdapterDelivery(const AdapterConfig& config, Household& household,
                                 std::function<void(std::size_t, const MarketStates&)> on_market)
    : config_(config),
      household_(household),
      on_market_(std::move(on_market)),
      peers_(config.peers, request_limit, config.certificate_authority) {}

Result<void> AdapterDelivery::run(const std::atomic<bool>& stop) {
  while (!stop) {
    if (auto learned = learn(); !learned) return learned;
    for (const bool with_signature : {true, false}) {
      // As long as there are more than one request takes, but not past a peer that fails.
      for (bool more = true; more && !stop;) {
        auto delivered = deliver(with_signature);
        if (!delivered) return delivered.error();
        more = *delivered;
      }
    }
    bring_live_power();
    ask_market();
    std::this_thread::sleep_for(tick);
  }
  return {};
}

/// True when a full request was taken, so that there may be more.
Result<bool> AdapterDelivery::deliver(bool with_signature) {
  const auto now = Clock::now();
  if (now < next_delivery_) return false;
  const auto readings = household_.due(now, with_signature, max_readings_per_request);
  if (readings.empty()) return false;
  const auto response = peers_.request(peer_, "POST", "/etms/readings", household_.body(readings),
                                       with_signature ? "" : config_.api_key);
  // Each time to the next peer: so a reading that one of them has lost is heard by another.
  peer_ = (peer_ + 1) % peers_.size();
  const auto answer = delivery_answer(response);
  if (!answer) {
    peer_failed(Clock::now());
    return false;
  }
  if (said_unreachable_) spdlog::info("the peers answer again");
  said_unreachable_ = false;
  failures_ = 0;
  auto answered = household_.answered(readings, *answer, Clock::now());
  if (!answered) return answered.error();
  return readings.size() == max_readings_per_request;
}

/// The next peer at once; a growing pause when all have failed in a row.
void AdapterDelivery::peer_failed(Clock::time_point now) {
  ++failures_;
  if (failures_ % peers_.size() != 0) return;
  const auto rounds = std::min<std::size_t>(failures_ / peers_.size() - 1, 6);
  next_delivery_ = now + std::min(first_pause * (1U << rounds), longest_pause);
  if (!said_unreachable_) {
    spdlog::warn("no peer takes readings; {} wait here", household_.pending());
  }
  said_unreachable_ = true;
}

std::optional<std::string> AdapterDelivery::get(const std::string& target) {
  for (std::size_t attempt = 0; attempt < peers_.size(); ++attempt) {
    auto response = peers_.request(peer_, "GET", target, {}, config_.api_key);
    if (response && response->status == 200) return std::move(response->body);
    peer_ = (peer_ + 1) % peers_.size();
  }
  return std::nullopt;
}

Result<void> AdapterDelivery::learn() {
  if (household_.knows_all() || Clock::now() < next_question_) return {};
  const auto facts = ask_chain();
  next_question_ = Clock::now() + (facts ? question_interval : 1s);
  if (!facts) return {};
  if (config_.genesis) {
    const auto genesis = load_genesis(*config_.genesis);
    if (!genesis) return genesis.error();
    if (genesis->hash() != facts->genesis) {
      return Error{AppError::bad_configuration,
                   "a peer is of another chain than " + config_.genesis->string()};
    }
  }
  for (const auto& meter : config_.meters) {
    const bool registered = std::ranges::any_of(
        facts->meters, [&](const MeterFacts& known) { return known.meter == meter.meter; });
    if (!registered) spdlog::warn("meter {} is not registered yet", meter.meter.text());
  }
  return household_.learn(*facts);
}

std::optional<ChainFacts> AdapterDelivery::ask_chain() {
  ChainFacts facts;
  const auto genesis_text = get("/v1/genesis");
  const auto parameters_text = get("/v1/parameters");
  if (!genesis_text || !parameters_text) return std::nullopt;
  const auto genesis = ledger::Genesis::from_json(*genesis_text);
  const auto parameters = Json::parse(*parameters_text, nullptr, false);
  if (!genesis || !parameters.is_object() || !parameters.contains("slot_ms") ||
      !parameters["slot_ms"].is_number_integer()) {
    return std::nullopt;
  }
  facts.genesis = genesis->hash();
  facts.slot_ms = parameters["slot_ms"].get<std::int64_t>();
  if (!ask_meters(facts)) return std::nullopt;
  return facts;
}

/// Page by page.
bool AdapterDelivery::ask_meters(ChainFacts& facts) {
  std::string after;
  do {
    const auto text = get("/v1/meters?limit=1000" + (after.empty() ? "" : "&after=" + after));
    if (!text) return false;
    const auto page = Json::parse(*text, nullptr, false);
    const auto* items = items_of(page);
    if (items == nullptr) return false;
    for (const auto& item : *items) {
      if (auto meter = meter_facts(item)) facts.meters.push_back(std::move(*meter));
    }
    const auto next = text_of(page, "next");
    if (next == after) break;
    after = next;
  } while (!after.empty());
  return true;
}

void AdapterDelivery::bring_live_power() {
  const auto now = Clock::now();
  if (!config_.live || now < next_live_) return;
  next_live_ = now + live_interval;
  for (const auto& live : household_.fresh_power()) {
    const auto nano = live.power.nano();
    const auto drawn = std::max<std::int64_t>(nano, 0);
    const auto fed_in = nano < 0 ? -std::max(nano, -INT64_MAX) : 0;
    const auto body = R"({"meter":")" + live.meter.text() + R"(","watts_import":)" +
                      watts_text(drawn) + R"(,"watts_export":)" + watts_text(fed_in) +
                      R"(,"watts_pv":null,"soc":null})";
    const auto response = peers_.request(peer_, "POST", "/etms/live", body, config_.api_key);
    if (response && response->status >= 200 && response->status < 300) continue;
    // An older peer does not offer it, or not to us; power that is not heard is not missed.
    if (response) next_live_ = now + live_not_offered;
    return;
  }
}

void AdapterDelivery::ask_market() {
  const auto now = Clock::now();
  if (!on_market_ || now < next_market_) return;
  next_market_ = now + market_interval;
  MarketStates market;
  if (const auto text = get("/v1/slots?limit=20")) {
    const auto page = Json::parse(*text, nullptr, false);
    if (const auto* items = items_of(page)) {
      // Newest first.
      for (const auto& slot : *items) {
        const auto state = text_of(slot, "state");
        market.price = quantity_of<Price>(slot, "clearing_price");
        if ((state == "provisional" || state == "final") && market.price) break;
        market.price.reset();
      }
    }
  }
  const auto year = to_iso8601(wall_clock()).substr(0, 4) + "-01-01T00:00:00Z";
  for (std::size_t i = 0; i < config_.meters.size(); ++i) {
    const auto owner = household_.owner(i);
    if (owner.empty()) continue;
    const auto text = get("/v1/bills?from=" + year + "&participant=" + percent_encoded(owner));
    if (!text) continue;
    const auto page = Json::parse(*text, nullptr, false);
    const auto* items = items_of(page);
    market.bought.reset();
    market.sold.reset();
    if (items != nullptr && !items->empty()) {
      const auto& bill = items->front();
      if (bill.contains("bought"))
        market.bought = quantity_of<Energy>(bill["bought"], "energy_kwh");
      if (bill.contains("sold")) market.sold = quantity_of<Energy>(bill["sold"], "energy_kwh");
    }
    on_market_(i, market);
  }
}

}  // namespace powershare::apps
