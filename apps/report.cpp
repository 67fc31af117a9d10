#include "apps/report.hpp"

#include <algorithm>
#include <cstdio>

#include "apps/error.hpp"
#include "ledger/queries.hpp"
#include "protocol/block_store.hpp"
#include "storage/data_folder.hpp"

namespace powershare::apps {
namespace {

/// A nano-count with `decimals` (at most 9) decimals, rounded half to even, for people.
std::string rounded(std::int64_t nano, int decimals) {
  std::int64_t unit = 1;
  for (int i = decimals; i < 9; ++i) unit *= 10;
  const auto count = *multiply_divide(nano, 1, unit);
  std::int64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  char text[64];
  const auto magnitude = count < 0 ? -count : count;
  std::snprintf(text, sizeof text, "%s%lld.%0*lld", count < 0 ? "-" : "",
                static_cast<long long>(magnitude / scale), decimals,
                static_cast<long long>(magnitude % scale));
  return text;
}

std::string row(const std::string& name, const ledger::BillTotals& totals) {
  char text[256];
  const auto kwh = [](Energy energy) { return rounded(energy.nano(), 3); };
  const auto coins = [](Coins amount) { return rounded(amount.nano(), 2); };
  std::snprintf(text, sizeof text, "%-14s %11s %11s %11s %11s %11s %11s %10s %10s %10s\n",
                name.c_str(), kwh(totals.imported).c_str(), kwh(totals.exported).c_str(),
                kwh(totals.bought.energy).c_str(), kwh(totals.sold.energy).c_str(),
                kwh(totals.from_utility.energy).c_str(), kwh(totals.to_utility.energy).c_str(),
                coins(totals.cost).c_str(), coins(totals.cost_without_market).c_str(),
                coins(totals.savings()).c_str());
  return text;
}

std::string text_field(const char* name, const std::string& value) {
  return std::string("\"") + name + "\":\"" + value + "\",";
}

std::string number_field(const char* name, std::uint64_t value) {
  return std::string("\"") + name + "\":" + std::to_string(value) + ",";
}

}  // namespace

Result<ledger::Statement> read_statement(const PeerConfig& config, const ledger::Genesis& genesis,
                                         UtcMillis from, UtcMillis to) {
  const auto member = std::ranges::find(genesis.members, config.peer, &ledger::Member::peer);
  if (member == genesis.members.end()) {
    return Error{AppError::bad_configuration,
                 config.peer.text() + " is not a member of the genesis"};
  }
  auto folder = storage::DataFolder::open(
      config.data, {genesis.chain, config.peer, member->consensus_key, genesis.hash()}, {});
  if (!folder) return folder.error();
  auto snapshot = (*folder)->ledger().snapshot();
  if (!snapshot) return snapshot.error();
  const protocol::SnapshotHistory rows(**snapshot);
  auto statement = ledger::query_bills(rows, from, to);
  if (rows.fault()) return *rows.fault();
  return statement;
}

std::string bills_table(const ledger::Statement& statement) {
  char head[256];
  std::snprintf(head, sizeof head, "%-14s %11s %11s %11s %11s %11s %11s %10s %10s %10s\n",
                "kWh and coins", "imported", "exported", "bought", "sold", "from util.",
                "to utility", "cost", "w/o market", "savings");
  std::string table = "Statements " + to_iso8601(statement.from) + " to " +
                      to_iso8601(statement.to) + " (not a tax invoice)\n" + head;
  for (const auto& bill : statement.bills) {
    // The utility's own statement is the mirror of the others and would count everything twice.
    if (bill.participant.type == ledger::ParticipantType::utility_company) continue;
    table += row(bill.participant.id.text(), bill.totals);
  }
  table += row("all homes", statement.community.totals);
  const auto sufficiency = statement.community.totals.self_sufficiency().nano();
  table += "Slots " + std::to_string(statement.community.slots) + ", trades " +
           std::to_string(statement.community.trades) + ", traded " +
           to_text(statement.community.traded) + " kWh, self-sufficiency " +
           (sufficiency ? rounded(*sufficiency * 100, 2) + " %" : std::string("–")) + "\n";
  return table;
}

std::string summary_json(const ledger::Statement& statement, const IslandAudit& audit) {
  const auto& community = statement.community;
  const auto homes =
      static_cast<std::uint64_t>(std::ranges::count_if(statement.bills, [](const auto& bill) {
        return bill.participant.type == ledger::ParticipantType::resident;
      }));
  std::uint64_t readings = 0;
  for (const auto& peer : audit.peers) readings = std::max(readings, peer.readings);
  std::string peers;
  for (const auto& peer : audit.peers) {
    if (!peers.empty()) peers += ",";
    peers += "{" + text_field("id", peer.peer.text()) + text_field("chain", peer.chain.text()) +
             number_field("height", peer.height) + "\"state_root\":\"" +
             crypto::to_hex(peer.state_root) + "\"}";
  }
  const auto sufficiency = community.totals.self_sufficiency().nano();
  return "{" + number_field("slots", community.slots) + number_field("homes", homes) +
         number_field("readings", readings) + number_field("trades", community.trades) +
         text_field("imported_kwh", to_text(community.totals.imported)) +
         text_field("exported_kwh", to_text(community.totals.exported)) +
         text_field("traded_kwh", to_text(community.traded)) +
         text_field("traded_between_microgrids_kwh", "0") +
         text_field("cost", to_text(community.totals.cost)) +
         text_field("cost_without_market", to_text(community.totals.cost_without_market)) +
         "\"self_sufficiency\":" + (sufficiency ? format_nano(*sufficiency) : "null") + "," +
         text_field("audit", audit.ok() ? "ok" : "failed") + "\"peers\":[" + peers + "]}";
}

}  // namespace powershare::apps
