// `powershare market check`: is this clearing an optimum? From what GET
// /v1/slots/{start}/certificate answered, without the chain.
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/market_book.hpp"
#include "apps/market_commands.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t max_bytes = std::size_t{1} << 28;

Error wrong(const std::string& detail) {
  return {AppError::damaged_data, "certificate: " + detail};
}

/// A field as exact decimal text.
Result<std::int64_t> nano_of(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_string()) {
    return wrong(std::string(name) + " is missing or no text");
  }
  auto nano = parse_nano_exact(object[name].get<std::string>());
  if (!nano) return wrong(std::string(name) + " is not a decimal number of at most 9 decimals");
  return *nano;
}

/// Coins with up to 18 decimals.
Result<market::Surplus> surplus_of(const Json& object, const char* name) {
  const Error bad = wrong(std::string(name) + " is not a decimal number of at most 18 decimals");
  if (!object.contains(name) || !object[name].is_string()) return bad;
  std::string text = object[name].get<std::string>();
  const bool negative = text.starts_with("-");
  if (negative) text.erase(0, 1);
  const auto point = text.find('.');
  const std::size_t decimals = point == std::string::npos ? 0 : text.size() - point - 1;
  if (decimals > 18 || text.size() > 38) return bad;
  if (point != std::string::npos) text.erase(point, 1);
  text.append(18 - decimals, '0');
  if (text.size() > 37) return bad;
  market::Surplus sum = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return bad;
    sum = sum * 10 + (digit - '0');
  }
  return negative ? -sum : sum;
}

class ClearingParser {
 public:
  explicit ClearingParser(const market::Book& book) {
    for (std::uint32_t i = 0; i < book.orders.size(); ++i) positions_[book.orders[i].id] = i;
  }

  Result<market::Clearing> run(const Json& json) {
    if (!json.is_object() || !json.contains("trades") || !json["trades"].is_array() ||
        !json.contains("prices") || !json["prices"].is_array()) {
      return wrong("clearing lacks trades or prices");
    }
    market::Clearing clearing;
    clearing.rule = "optimal";
    for (const Json& entry : json["trades"]) {
      if (auto added = add(clearing, entry); !added) return added.error();
    }
    market::Certificate certificate;
    for (const Json& price : json["prices"]) {
      const Json holder = {{"price", price}};
      const auto nano = nano_of(holder, "price");
      if (!nano) return nano.error();
      certificate.prices.push_back(Price::from_nano(*nano));
    }
    const auto surplus = surplus_of(json, "surplus");
    const auto bound = surplus_of(json, "bound");
    if (!surplus) return surplus.error();
    if (!bound) return bound.error();
    certificate.surplus = *surplus;
    certificate.bound = *bound;
    clearing.certificate = std::move(certificate);
    return clearing;
  }

 private:
  Result<std::uint32_t> order(const Json& entry, const char* side) const {
    if (entry.is_object() && entry.contains(side) && entry[side].is_string()) {
      const auto found = positions_.find(entry[side].get<std::string>());
      if (found != positions_.end()) return found->second;
    }
    return wrong("a trade names an order that is not in the book");
  }

  Result<void> add(market::Clearing& clearing, const Json& entry) const {
    const auto buy = order(entry, "buy");
    const auto sell = order(entry, "sell");
    if (!buy) return buy.error();
    if (!sell) return sell.error();
    std::int64_t nano[4] = {};
    std::size_t at = 0;
    for (const char* name : {"energy", "price", "fees", "losses"}) {
      const auto value = nano_of(entry, name);
      if (!value) return value.error();
      nano[at++] = *value;
    }
    clearing.trades.push_back({*buy, *sell, Energy::from_nano(nano[0]), Price::from_nano(nano[1]),
                               Price::from_nano(nano[2]), Price::from_nano(nano[3])});
    auto volume = powershare::add(clearing.volume, Energy::from_nano(nano[0]));
    if (!volume) return volume.error();
    clearing.volume = *volume;
    return {};
  }

  std::map<std::string, std::uint32_t> positions_;
};

}  // namespace

Result<market::Certificate> check_market_certificate(std::string_view text) {
  const auto book = parse_market_book(text);
  if (!book) return book.error();
  const Json document = Json::parse(text, nullptr, false);  // it is JSON: the book was read
  if (!document.contains("clearing")) return wrong("there is no clearing");
  auto clearing = ClearingParser(book->book).run(document["clearing"]);
  if (!clearing) return clearing.error();
  if (auto holds = market::check_certificate(book->book, book->network, *clearing); !holds) {
    return holds.error();
  }
  return *std::move(clearing->certificate);
}

int run_market_check(const MarketCheckOptions& options) {
  const auto text = read_input(options.certificate, max_bytes);
  if (!text) return report(Error{AppError::usage, text.error().detail()});
  const auto holds = check_market_certificate(*text);
  if (!holds && holds.error().code() == make_error_code(AppError::damaged_data)) {
    return report(holds.error());
  }
  if (options.json) {
    Json document = {{"certificate", holds ? "ok" : "refused"}};
    if (holds) {
      document["surplus"] = market::to_text(holds->surplus);
      document["bound"] = market::to_text(holds->bound);
      document["gap"] = market::to_text(holds->gap());
    } else {
      document["reason"] = holds.error().detail();
    }
    std::printf("%s\n", document.dump().c_str());
  } else if (holds) {
    std::printf("certificate: ok, surplus %s coins, at most %s possible, gap %s\n",
                market::to_text(holds->surplus).c_str(), market::to_text(holds->bound).c_str(),
                market::to_text(holds->gap()).c_str());
  } else {
    std::printf("certificate: refused: %s\n", holds.error().detail().c_str());
  }
  return holds ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
