// GET /etms/events: what concerns one household, as Server-Sent Events out of committed blocks.
#include <set>

#include "gateway/household/common.hpp"
#include "gateway/household/news_json.hpp"
#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/registry.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway::household {
namespace {

using ledger::ParticipantRef;

/// Writes one household's events of one block; the index of each is its place among them, the same
/// on every peer.
class OwnEvents {
 public:
  OwnEvents(const EventBlock& block, const ParticipantRef& who, const EventId& after)
      : block_(block), who_(who), after_(after), id_{block.record().header.height, 0} {}

  std::string write() {
    write_transactions();
    for (const auto& event : block_.record().events) {
      if (event.kind == ledger::Event::Kind::slot_closed) write_slot(event.slot);
    }
    // A fault in history ends this block's events; the next block is another chance.
    const auto told = ledger::for_each_news_of_block(
        block_.view().history(), who_, id_.height, [&](const ledger::NewsRow& row) {
          json::Writer data;
          data.begin_object();
          write_news(data, row);
          append("notification", data);
          moved_ = moved_ || row.kind == ledger::NewsKind::top_up ||
                   row.kind == ledger::NewsKind::cash_request_approved ||
                   row.kind == ledger::NewsKind::cash_request_refused;
          return true;
        });
    if (told && moved_) write_balance();
    return std::move(out_);
  }

 private:
  void append(std::string_view name, json::Writer& data) {
    data.end_object();
    ++id_.index;
    if (id_ > after_) append_event(out_, id_, name, std::move(data).take());
  }

  void write_transactions() {
    const auto& record = block_.record();
    const auto& transactions = block_.transactions();
    for (std::size_t i = 0; i < transactions.size() && i < record.receipts.size(); ++i) {
      const auto& receipt = record.receipts[i];
      if (!transactions[i] || receipt.outcome != ledger::Outcome::applied) continue;
      if (const auto* batch = std::get_if<ledger::ReadingBatch>(&transactions[i]->payload)) {
        write_readings(*batch, receipt);
      } else {
        write_transaction(*transactions[i]);
      }
    }
  }

  void write_readings(const ledger::ReadingBatch& batch, const ledger::Receipt& receipt) {
    if (!meters_) {
      meters_.emplace();
      for (const auto& meter : ledger::meters_of(block_.view().state(), who_)) {
        meters_->insert(meter.meter);
      }
    }
    const auto count = std::min(batch.readings.size(), receipt.readings.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto& reading = batch.readings[i].reading;
      const bool accepted = receipt.readings[i].kind == ledger::ReadingResult::Kind::accepted;
      if (!accepted || !meters_->contains(reading.meter)) continue;
      json::Writer data;
      data.begin_object().key("meter").string(reading.meter.text());
      data.key("sequence").unsigned_integer(reading.sequence);
      write_time(data.key("start"), reading.start);
      data.key("seconds").unsigned_integer(reading.seconds);
      data.key("imported_kwh").number(reading.imported.nano());
      data.key("exported_kwh").number(reading.exported.nano());
      data.key("produced_kwh").number(reading.produced.nano());
      write_optional_number(data.key("battery_kwh"), reading.battery
                                                         ? std::optional(reading.battery->nano())
                                                         : std::nullopt);
      append("reading", data);
    }
  }

  void write_transaction(const ledger::Transaction& transaction) {
    const auto concerned = ledger::participants_of(transaction.payload);
    const bool own = transaction.principal == ledger::to_text(who_) ||
                     std::find(concerned.begin(), concerned.end(), who_) != concerned.end();
    if (!own) return;
    json::Writer data;
    data.begin_object().key("transaction").digest(transaction.id);
    data.key("type").string(ledger::payload_name(transaction.payload));
    append("transaction", data);
    moved_ = true;
  }

  void write_slot(UtcMillis slot) {
    std::optional<ledger::ParticipantSlotRow> found;
    const auto scanned =
        ledger::for_each_participant_slot(block_.view().history(), who_, slot, {slot.value + 1},
                                          [&](const ledger::ParticipantSlotRow& row) {
                                            found = row;
                                            return false;
                                          });
    if (!scanned || !found) return;
    for (const auto& each : found->trades) write_trade(each);
    const auto& settled = found->settled;
    json::Writer data;
    data.begin_object();
    write_time(data.key("slot"), slot);
    data.key("imported_kwh").number(settled.imported.nano());
    data.key("exported_kwh").number(settled.exported.nano());
    data.key("production_kwh").number(settled.produced.nano());
    data.key("bought_kwh").number(settled.bought.nano());
    data.key("sold_kwh").number(settled.sold.nano());
    data.key("from_utility_kwh").number(settled.from_utility.nano());
    data.key("to_utility_kwh").number(settled.to_utility.nano());
    data.key("paid_coins").number(settled.paid.nano());
    data.key("earned_coins").number(settled.earned.nano());
    data.key("utility_charge_coins").number(settled.utility_charge.nano());
    data.key("utility_credit_coins").number(settled.utility_credit.nano());
    data.key("fees_coins").number(settled.fees.nano());
    data.key("losses_coins").number(settled.losses.nano());
    data.key("shortfall_kwh").number(settled.forward.shortfall().nano());
    data.key("unused_kwh").number(settled.forward.unused().nano());
    data.key("margin_coins").number(settled.forward.margin.nano());
    append("slot", data);
    moved_ = true;
  }

  void write_trade(const ledger::TradeRow& row) {
    const auto& trade = row.trade;
    if (trade.venue == ledger::Venue::utility) return;
    const bool buys = trade.buyer == who_;
    json::Writer data;
    data.begin_object();
    write_time(data.key("slot"), row.slot);
    data.key("side").string(buys ? "buy" : "sell");
    data.key("counterparty").string(ledger::to_text(buys ? trade.seller : trade.buyer));
    data.key("energy_kwh").number(trade.energy.nano());
    data.key("price").number(trade.price.nano());
    data.key("amount_coins").number(trade.amount.nano());
    data.key("fees_coins").number(trade.total_fees().nano());
    data.key("losses_coins").number(trade.losses.nano());
    append("trade", data);
  }

  /// As it stands now, which for a reader that catches up is later than the block.
  void write_balance() {
    const auto& state = block_.view().state();
    json::Writer data;
    data.begin_object().key("coins");
    data.number(ledger::balance(state, ledger::participant_account(who_, ledger::asset_coins)));
    data.key("due_coins").number(ledger::claims_on(state, who_).nano());
    append("balance", data);
  }

  const EventBlock& block_;
  const ParticipantRef& who_;
  EventId after_;
  EventId id_;
  std::string out_;
  bool moved_ = false;
  std::optional<std::set<MeterId>> meters_;
};

}  // namespace

void add_own_event_routes(Router& router, const ServicesPtr& services) {
  auto info = resident_route(
      "GET", "/etms/events",
      "The household's own readings, trades, slots, transactions, notifications and balance as "
      "Server-Sent Events. An event's id is height.index on every peer: send the last one as "
      "Last-Event-ID to go on after it.",
      {});
  info.parameters = event_stream_parameters();
  info.response_type = "text/event-stream";
  info.statuses = {200, 400, 401, 429, 503};
  add_for_caller(router, services, std::move(info),
                 [](Services& all, const Request& request, const Responder& responder) {
                   open_event_stream(all, request, responder,
                                     [who = request.caller->participant](const EventBlock& block,
                                                                         const EventId& after) {
                                       return OwnEvents(block, who, after).write();
                                     });
                 });
}

}  // namespace powershare::gateway::household
