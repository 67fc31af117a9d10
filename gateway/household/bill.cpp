#include "gateway/household/bill.hpp"

#include <algorithm>
#include <limits>

#include "ledger/accounts.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::household {
namespace {

using ledger::LineKind;

Coins signed_amount(LineKind kind, Coins amount) {
  return ledger::is_income(kind) ? Coins::from_nano(-amount.nano()) : amount;
}

BillEntry entry_of(const ledger::PartKey& key, const ledger::BillLine& line) {
  BillEntry entry;
  entry.line = ledger::to_text(key.kind);
  entry.counterparty = key.counterparty;
  entry.band = key.band;
  entry.energy = line.energy;
  entry.mean_price = line.mean_price();
  entry.amount = signed_amount(key.kind, line.amount);
  return entry;
}

using Parts = std::map<ledger::PartKey, ledger::BillLine>;

/// The parts of one kind and counterparty, [first, last), as lines.
void add_entries(std::vector<BillEntry>& entries, Parts::const_iterator first,
                 Parts::const_iterator last) {
  if (static_cast<std::size_t>(std::distance(first, last)) <= max_bands) {
    for (auto part = first; part != last; ++part) {
      entries.push_back(entry_of(part->first, part->second));
    }
    return;
  }
  ledger::BillLine sum;  // within the range that the totals have checked
  for (auto part = first; part != last; ++part) {
    sum.energy = Energy::from_nano(sum.energy.nano() + part->second.energy.nano());
    sum.amount = Coins::from_nano(sum.amount.nano() + part->second.amount.nano());
  }
  auto entry = entry_of(first->first, sum);
  entry.band.reset();
  entries.push_back(std::move(entry));
}

void add_coins_entry(std::vector<BillEntry>& entries, std::string line, std::string level,
                     std::optional<Energy> energy, Coins amount) {
  if (amount.is_zero() && (!energy || energy->is_zero())) return;
  BillEntry entry;
  entry.line = std::move(line);
  entry.level = std::move(level);
  entry.energy = energy;
  if (energy) entry.mean_price = ledger::BillLine{*energy, amount}.mean_price();
  entry.amount = amount;
  entries.push_back(std::move(entry));
}

/// The newest block that moved coins or claims of a bill: booked in its period, or for its slots.
Result<std::uint64_t> last_height(const BillDocument& bill, const ChainView& view,
                                  const std::vector<ledger::AccountStatement>& accounts) {
  std::uint64_t height = 0;
  const auto& period = bill.period;
  const auto visit = [&](const ledger::MovementRow& row) {
    const bool booked = row.time < period.to;
    const bool settles = row.slot && *row.slot >= period.from && *row.slot < period.to;
    if (booked || settles) height = std::max(height, row.height);
    return true;
  };
  // What settles the last slots is booked after the period.
  const UtcMillis until{bill.final_on.value + millis_per_day};
  for (const auto& account : accounts) {
    if (account.asset != ledger::asset_coins && account.asset != ledger::asset_due) continue;
    auto scanned = ledger::for_each_movement(view.history(), bill.who, account.asset, account.name,
                                             period.from, until, visit);
    if (!scanned) return scanned.error();
  }
  return height;
}

Result<void> read_proof(BillDocument& bill, const ChainView& view,
                        const std::vector<ledger::AccountStatement>& accounts) {
  const auto height = last_height(bill, view, accounts);
  if (!height) return height.error();
  if (*height == 0) return {};
  bill.proof = BillProof{*height, std::nullopt};
  const auto block = view.block(*height);
  if (!block) return block.error();
  if (*block) bill.proof->block = (*block)->header.hash();
  return {};
}

/// Opening and closing coins and dues.
void take_balances(BillDocument& bill, const std::vector<ledger::AccountStatement>& accounts) {
  std::int64_t coins[2] = {0, 0};
  std::int64_t due[2] = {0, 0};
  for (const auto& account : accounts) {
    auto* sums = account.asset == ledger::asset_due     ? due
                 : account.asset == ledger::asset_coins ? coins
                                                        : nullptr;
    if (sums == nullptr) continue;
    sums[0] += account.opening_nano;
    sums[1] += account.closing_nano;
  }
  bill.opening = Coins::from_nano(coins[0]);
  bill.closing = Coins::from_nano(coins[1]);
  bill.opening_due = Coins::from_nano(due[0]);
  bill.closing_due = Coins::from_nano(due[1]);
}

/// RFC 4180: quotes where a text holds what separates.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void add_csv_row(std::string& text, std::string_view line, std::string_view detail,
                 const std::optional<Price>& band, const std::optional<Energy>& energy,
                 const std::optional<Price>& mean, Coins amount) {
  text += std::string(line) + "," + csv_field(detail) + ",";
  text += (band ? format_nano(band->nano()) : "") + ",";
  text += (energy ? format_nano(energy->nano()) : "") + ",";
  text += (mean ? format_nano(mean->nano()) : "") + "," + format_nano(amount.nano()) + "\r\n";
}

}  // namespace

std::vector<BillEntry> bill_entries(const ledger::BillTotals& totals) {
  std::vector<BillEntry> entries;
  const auto& parts = totals.parts;
  for (auto first = parts.begin(); first != parts.end();) {
    const auto last = std::find_if(first, parts.end(), [&](const auto& part) {
      return part.first.kind != first->first.kind ||
             part.first.counterparty != first->first.counterparty;
    });
    add_entries(entries, first, last);
    first = last;
  }
  for (const auto& [level, fee] : totals.level_fees) {
    add_coins_entry(entries, "network_fee", level, std::nullopt, fee);
  }
  add_coins_entry(entries, "losses", {}, totals.lost, totals.losses);
  return entries;
}

Emissions emissions_of(const ledger::BillTotals& totals) {
  __extension__ using Wide = __int128;
  const auto grams = [](Energy energy, std::int64_t per_kwh) {
    return static_cast<std::int64_t>(static_cast<Wide>(energy.nano()) * per_kwh / nano_per_unit);
  };
  const Energy consumed = totals.consumption();
  const auto from_utility = Energy::from_nano(std::min(
      consumed.nano(), totals.from_utility.energy.nano() + totals.late_from_utility.energy.nano()));
  const auto local = Energy::from_nano(consumed.nano() - from_utility.nano());
  Emissions emissions;
  emissions.caused_grams =
      grams(from_utility, utility_grams_per_kwh) + grams(local, solar_grams_per_kwh);
  emissions.avoided_grams = grams(consumed, utility_grams_per_kwh) - emissions.caused_grams;
  return emissions;
}

std::int64_t kilowatts_nano(Energy energy, std::int64_t slot_ms) {
  const auto power = multiply_divide(energy.nano(), 60 * millis_per_minute, slot_ms);
  return power ? *power : std::numeric_limits<std::int64_t>::max();
}

Result<BillDocument> make_bill(const ChainView& view, const ledger::ParticipantRef& who,
                               const Period& period, const Digest& genesis) {
  const auto& state = view.state();
  const auto all = ledger::parameters(state);
  BillDocument bill;
  bill.who = who;
  bill.period = period;
  bill.genesis = genesis;
  bill.slot_ms = all.slot_ms;
  bill.completeness = completeness(state, who, period.from, period.to);
  bill.final = period.to <= bill.completeness.final_until;
  bill.final_on = {period.to.value + all.final_after_ms};
  auto statement = ledger::query_bills(view.history(), period.from, period.to, who);
  if (!statement) return statement.error();
  if (!statement->bills.empty()) bill.totals = std::move(statement->bills.front().totals);
  bill.entries = bill_entries(bill.totals);
  const auto accounts =
      ledger::query_movement_totals(state, view.history(), who, period.from, period.to, max_rows);
  if (!accounts) return accounts.error();
  take_balances(bill, *accounts);
  if (auto read = read_proof(bill, view, *accounts); !read) return read.error();
  return bill;
}

std::string bill_csv(const BillDocument& bill) {
  std::string text =
      "line,counterparty or level,price band (coins/kWh),energy (kWh),mean price (coins/kWh),"
      "amount (coins)\r\n";
  const auto coins_row = [&](std::string_view line, Coins amount) {
    add_csv_row(text, line, {}, {}, {}, {}, amount);
  };
  coins_row("opening_coins", bill.opening);
  for (const auto& entry : bill.entries) {
    const std::string detail =
        entry.counterparty ? std::string(ledger::to_text(*entry.counterparty)) : entry.level;
    add_csv_row(text, entry.line, detail, entry.band, entry.energy, entry.mean_price, entry.amount);
  }
  coins_row("cost", bill.totals.cost);
  coins_row("cost_without_market", bill.totals.cost_without_market);
  coins_row("savings", bill.totals.savings());
  coins_row("closing_coins", bill.closing);
  coins_row("opening_due_coins", bill.opening_due);
  coins_row("closing_due_coins", bill.closing_due);
  return text;
}

}  // namespace powershare::gateway::household
