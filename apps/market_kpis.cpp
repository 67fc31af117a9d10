#include "apps/market_kpis.hpp"

#include <algorithm>
#include <cstdio>

#include "base/encoding.hpp"
#include "crypto/hash.hpp"

namespace powershare::apps {
namespace {

using namespace market;

template <class Quantity>
Result<void> accumulate(Quantity& sum, const Result<Quantity>& part) {
  if (!part) return part.error();
  auto total = add(sum, *part);
  if (!total) return total.error();
  sum = *total;
  return {};
}

class Replay {
 public:
  Replay(const Profiles& profiles, const MarketScenario& scenario)
      : profiles_(profiles), scenario_(scenario) {
    Zone grid;
    grid.id = "neighbourhood";
    grid.fee = scenario.fee;
    grid.loss_nano = scenario.loss_nano;
    network_.loss_price = scenario.tariff.buy;
    if (!scenario.fee.is_zero() || scenario.loss_nano != 0) network_.zones.push_back(grid);
  }

  Result<MarketKpis> run(std::optional<Energy> used) {
    for (std::uint64_t slot = scenario_.first_slot; slot < scenario_.end_slot; ++slot) {
      if (auto done = replay(slot); !done) return done.error();
    }
    if (auto done = settle_with_utility(); !done) return done.error();
    // Without stores what is produced and not exported is used at home.
    const std::int64_t own = kpis_.produced.nano() - kpis_.exported.nano();
    kpis_.used = used ? *used : Energy::from_nano(own + kpis_.imported.nano());
    const auto ratio = [](std::int64_t part, Energy of) {
      const auto result = multiply_divide(part, nano_per_unit, of.nano());
      return result ? *result : 0;
    };
    if (kpis_.used.is_positive()) {
      kpis_.self_sufficiency_nano =
          ratio(kpis_.used.nano() - kpis_.from_utility().nano(), kpis_.used);
    }
    if (kpis_.produced.is_positive()) {
      kpis_.self_consumption_nano = ratio(own + kpis_.traded.nano(), kpis_.produced);
    }
    return kpis_;
  }

 private:
  Order order(std::size_t home, UtcMillis slot, Side side, Energy energy) const {
    Order result;
    result.id = profiles_.homes()[home].resident.text();
    result.id += side == Side::buy ? "/buy" : "/sell";
    result.participant = static_cast<ParticipantIndex>(home);
    result.side = side;
    result.standing = true;
    result.green = side == Side::sell;
    result.energy = energy;
    result.limit = side == Side::buy ? scenario_.buy_limit : scenario_.sell_limit;
    result.tie_key = crypto::sha256(Encoder().time(slot).raw(as_bytes(result.id)).data());
    return result;
  }

  Result<void> replay(std::uint64_t slot) {
    const UtcMillis start{profiles_.start().value +
                          static_cast<std::int64_t>(slot) * profiles_.slot_ms()};
    Book book;
    book.tariff = scenario_.tariff;
    for (std::size_t home = 0; home < profiles_.homes().size(); ++home) {
      book.participants.push_back(profiles_.homes()[home].resident.text());
      const MeteredEnergy energy = profiles_.energy(home, slot);
      if (auto sum = accumulate<Energy>(kpis_.imported, energy.imported); !sum) return sum;
      if (auto sum = accumulate<Energy>(kpis_.exported, energy.exported); !sum) return sum;
      if (auto sum = accumulate<Energy>(kpis_.produced, energy.produced); !sum) return sum;
      if (energy.imported.is_positive()) {
        book.orders.push_back(order(home, start, Side::buy, energy.imported));
      }
      if (energy.exported.is_positive()) {
        book.orders.push_back(order(home, start, Side::sell, energy.exported));
      }
    }
    const auto clearing = clear(scenario_.rule, book, network_);
    if (!clearing) return clearing.error();
    for (const Trade& trade : clearing->trades) {
      if (auto taken = take(trade); !taken) return taken;
    }
    kpis_.trades += clearing->trades.size();
    return accumulate<Energy>(kpis_.traded, clearing->volume);
  }

  Result<void> take(const Trade& trade) {
    const auto charged = charges(network_, 0, 0, trade.energy, trade.price);
    if (!charged) return charged.error();
    Coins pays = charged->buyer_pays;
    if (network_.zones.empty() && !trade.fees.is_zero()) {  // nrgcoin: the operator's
      const auto fee = multiply(trade.fees, trade.energy);
      if (auto sum = accumulate(kpis_.fees, fee); !sum) return sum;
      pays = Coins::from_nano(pays.nano() + fee->nano());
    }
    for (const auto& fee : charged->fees) {
      if (auto sum = accumulate<Coins>(kpis_.fees, fee.amount); !sum) return sum;
    }
    if (auto sum = accumulate<Coins>(kpis_.losses, charged->losses); !sum) return sum;
    if (auto sum = accumulate<Energy>(kpis_.lost, charged->lost); !sum) return sum;
    const auto otherwise = multiply(scenario_.tariff.buy, trade.energy);
    const auto fed_in = multiply(scenario_.tariff.feed_in, trade.energy);
    if (!otherwise) return otherwise.error();
    if (!fed_in) return fed_in.error();
    if (auto sum = accumulate(kpis_.buyers_gain, subtract(*otherwise, pays)); !sum) return sum;
    return accumulate(kpis_.sellers_gain, subtract(charged->seller_gets, *fed_in));
  }

  /// Energy that no neighbour gave or took, at the utility's prices.
  Result<void> settle_with_utility() {
    const auto cost = [&](Energy traded) -> Result<Coins> {
      const auto from = subtract(kpis_.imported, traded);
      if (!from) return from.error();
      const auto to = subtract(kpis_.exported, traded);
      if (!to) return to.error();
      const auto charge = multiply(scenario_.tariff.buy, *from);
      if (!charge) return charge.error();
      const auto credit = multiply(scenario_.tariff.feed_in, *to);
      if (!credit) return credit.error();
      return subtract(*charge, *credit);
    };
    if (auto sum = accumulate(kpis_.cost_alone, cost(Energy{})); !sum) return sum;
    if (auto sum = accumulate(kpis_.cost, cost(kpis_.traded)); !sum) return sum;
    if (auto sum = accumulate<Coins>(kpis_.cost, kpis_.fees); !sum) return sum;
    return accumulate<Coins>(kpis_.cost, kpis_.losses);
  }

  const Profiles& profiles_;
  const MarketScenario& scenario_;
  Network network_;
  MarketKpis kpis_;
};

constexpr int market_chart_row = 52;

struct Bar {
  const char* name;
  const char* colour;
  double (*value)(const MarketKpis&, double most_welfare);  ///< 0 … 1
};

constexpr Bar bars[] = {
    {"self-sufficiency", "#2a6f97",
     [](const MarketKpis& it, double) {
       return static_cast<double>(it.self_sufficiency_nano) / nano_per_unit;
     }},
    {"self-consumption", "#e09f3e",
     [](const MarketKpis& it, double) {
       return static_cast<double>(it.self_consumption_nano) / nano_per_unit;
     }},
    {"welfare (share of the best)", "#588157",
     [](const MarketKpis& it, double most) {
       return most > 0 ? static_cast<double>(it.welfare().nano()) / most : 0;
     }},
};

}  // namespace

Coins MarketKpis::welfare() const {
  return Coins::from_nano(cost_alone.nano() - cost.nano());
}

Energy MarketKpis::from_utility() const {
  return Energy::from_nano(imported.nano() - traded.nano());
}

Result<MarketKpis> replay_market(const Profiles& profiles, const MarketScenario& scenario,
                                 std::optional<Energy> used) {
  return Replay(profiles, scenario).run(used);
}

std::string label_of(const std::vector<MarketScenario>& scenarios, std::size_t index) {
  const MarketScenario& one = scenarios[index];
  const bool several =
      std::any_of(scenarios.begin(), scenarios.end(),
                  [&](const MarketScenario& other) { return other.tariff.buy != one.tariff.buy; });
  return several ? one.rule + " " + to_text(one.tariff.buy) : one.rule;
}

int market_chart_height(std::size_t scenarios) {
  return 70 + market_chart_row * static_cast<int>(scenarios);
}

std::string market_chart(const std::vector<MarketScenario>& scenarios,
                         const std::vector<MarketKpis>& kpis) {
  constexpr int row = market_chart_row;
  constexpr int left = 220;
  constexpr int width = 520;
  const int height = market_chart_height(kpis.size());
  double most = 0;
  for (const MarketKpis& it : kpis) {
    most = std::max(most, static_cast<double>(it.welfare().nano()));
  }
  std::string svg;
  char line[512];
  const auto write = [&](const char* format, auto... values) {
    std::snprintf(line, sizeof line, format, values...);
    svg += line;
  };
  write(R"(<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" )"
        R"(font-family="sans-serif" font-size="12">)"
        "\n",
        left + width + 80, height);
  svg += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (int i = 0; i < 3; ++i) {
    const int x = left + i * 180;
    write(R"(<rect x="%d" y="14" width="12" height="12" fill="%s"/><text x="%d" y="24">%s</text>)"
          "\n",
          x, bars[i].colour, x + 18, bars[i].name);
  }
  for (std::size_t k = 0; k < kpis.size(); ++k) {
    const int top = 44 + row * static_cast<int>(k);
    write(R"(<text x="%d" y="%d" text-anchor="end">%s</text>)"
          "\n",
          left - 10, top + 24, label_of(scenarios, k).c_str());
    for (int i = 0; i < 3; ++i) {
      const double value = std::clamp(bars[i].value(kpis[k], most), 0.0, 1.0);
      write(R"(<rect x="%d" y="%d" width="%.1f" height="11" fill="%s"/>)"
            R"(<text x="%.1f" y="%d" font-size="10">%.1f %%</text>)"
            "\n",
            left, top + 13 * i, value * width, bars[i].colour, left + value * width + 4,
            top + 13 * i + 10, value * 100);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace powershare::apps
