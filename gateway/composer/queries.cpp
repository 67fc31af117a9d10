#include "gateway/composer/queries.hpp"

#include "gateway/composer/historian.hpp"
#include "gateway/composer/instance.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr NamedQuery table[] = {
    {"selectResidents", "All residents", "Resident"},
    {"selectElectricVehicles", "All electric vehicles", "ElectricVehicle"},
    {"selectBanks", "All banks", "Bank"},
    {"selectUtilityCompanies", "All utility companies", "UtilityCompany"},
    {"selectCoins", "All coins assets", "Coins"},
    {"selectEnergy", "All energy assets", "Energy"},
    {"selectCash", "All cash assets", "Cash"},
    {"selectEnergyToCoins", "All trades of energy", "EnergyToCoins"},
    {"selectCashToCoins", "All exchanges of cash for coins", "CashToCoins"},
    {"selectTransferCoinsToEV", "All transfers to and from electric vehicles", "TransferCoinsToEV"},
    {"selectCashFundingResident", "All fundings", "CashFundingResident"},
    {"selectCashWithdrawalResident", "All withdrawals", "CashWithdrawalResident"},
    {"selectTransactions", "All historian records", {}},
    {"selectCoinsByOwner", "The coins assets of one owner", "Coins", "ownerID", false, "ownerID"},
    {"selectEnergyByOwner", "The energy assets of one owner", "Energy", "ownerID", false,
     "ownerID"},
    {"selectCashByOwner", "The cash assets of one owner", "Cash", "ownerID", false, "ownerID"},
    {"selectEnergyAbove", "Energy assets above a value", "Energy", "value", true, "value"},
};

Outcome<Filter> filter_of(const NamedQuery& query, const net::HttpRequest& request) {
  Filter filter;
  if (query.parameter.empty()) return filter;
  const auto given = request.parameter(query.parameter);
  if (!given || given->empty()) {
    return plain(400, std::string(query.parameter) + " is a required argument");
  }
  Condition condition;
  condition.kind = Condition::Kind::compare;
  condition.field = query.field;
  condition.value.text = *given;
  if (query.is_number) {
    const auto nano = nano_of(*given);
    if (!nano) return plain(400, "Value is not a number.");
    condition.op = Condition::Operator::gt;
    condition.value = {Cell::Kind::number, {}, *nano};
  }
  filter.where.parts.push_back(std::move(condition));
  return filter;
}

}  // namespace

std::span<const NamedQuery> named_queries() {
  return table;
}

void answer_query(const ContextPtr& context, const ExchangePtr& exchange, std::string_view name,
                  std::string_view rest_of_path) {
  const bool reads = exchange->http.method == "GET" || exchange->http.method == "HEAD";
  for (const auto& query : table) {
    if (!reads || !same_name(query.name, name)) continue;
    auto filter = filter_of(query, exchange->http);
    if (auto* problem = std::get_if<Problem>(&filter)) return exchange->send(*problem);
    auto view = open_view(*context, *exchange);
    if (!view) return;
    auto source = query.type.empty() ? historian_source(*context, view)
                                     : source_of(*context, view, *find_type(query.type));
    return answer_list(context, exchange, std::move(view), std::move(source),
                       std::move(std::get<Filter>(filter)));
  }
  exchange->send(no_shared_method("Query", exchange->http.method, rest_of_path));
}

}  // namespace powershare::gateway::composer
