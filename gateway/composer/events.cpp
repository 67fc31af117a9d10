#include "gateway/composer/events.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "gateway/composer/multiuser.hpp"
#include "gateway/composer/transaction_index.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::size_t max_blocks_per_pump = 64;
constexpr std::string_view event_class = "org.smile.energy.network.TransactionEvent";

TransactionEvent event_of(const std::string& id, const Type& type, Record record, UtcMillis time) {
  Record event;
  event.text("$class", std::string(event_class)).reference("transaction", type.name, id);
  event.text("eventId", id + "#0").time("timestamp", time);
  return {to_json(event), Row{std::move(record), {}}};
}

/// The trades that a block has settled, by the slots that it closed.
void add_trades(const Context& context, const ChainView& view, const BlockRecord& block,
                std::vector<TransactionEvent>& out) {
  const auto& genesis = context.ports().genesis_hash;
  const auto& type = *find_type("EnergyToCoins");
  const auto slot_ms = ledger::parameters(view.state()).slot_ms;
  for (const auto& event : block.events) {
    if (event.kind != ledger::Event::Kind::slot_closed) continue;
    const auto slot = Encoder().time(event.slot).data();
    view.history().scan(ledger::history_table::trades, slot, {}, false,
                        [&](ByteView key, ByteView value) {
                          const auto row = ledger::parse_trade_row(key, value);
                          if (!row) return true;
                          const auto id = trade_id(genesis, row->slot, row->index);
                          const UtcMillis end{row->slot.value + slot_ms};
                          out.push_back(event_of(id, type, trade_record(id, row->trade, end), end));
                          return true;
                        });
  }
}

}  // namespace

std::vector<TransactionEvent> events_of(const Context& context, const ChainView& view,
                                        std::uint64_t height) {
  std::vector<TransactionEvent> events;
  const auto block = view.block(height);
  if (!block || !*block) return events;
  BlockReader blocks(view, context.ports().decode);
  for (std::uint32_t index = 0; index < (*block)->transactions.size(); ++index) {
    const auto found = blocks.read(height, index);
    if (!found) continue;
    const auto* type = find_type(ledger::payload_name(found->transaction.payload));
    if (type == nullptr || type->kind != Kind::transaction) continue;
    const auto id = crypto::to_hex(found->transaction.id);
    auto record = transaction_record(*type, id, found->transaction.payload, found->time);
    if (record) events.push_back(event_of(id, *type, std::move(*record), found->time));
  }
  add_trades(context, view, **block, events);
  return events;
}

void EventFeed::forget_closed() {
  std::erase_if(listeners_, [](const Listener& one) { return !one.socket->open(); });
}

void EventFeed::add(const Context& context, const ExchangePtr& exchange) {
  const auto view = open_view(context, *exchange);
  if (!view) return;
  const auto& address = exchange->http.remote_address;
  const std::lock_guard lock(mutex_);
  forget_closed();
  const auto mine = static_cast<std::size_t>(
      std::count_if(listeners_.begin(), listeners_.end(),
                    [&](const Listener& one) { return one.address == address; }));
  if (closed_ || listeners_.size() >= max_listeners_) {
    return exchange->send(unavailable("Too many listen here; ask another peer.", 30));
  }
  if (mine >= max_per_address_) {
    auto problem = unavailable("Too many of this address listen here.", 30);
    problem.status = 429;
    return exchange->send(problem);
  }
  auto socket = exchange->websocket();
  if (!socket) return;
  if (listeners_.empty()) sent_through_ = view->head().height;
  listeners_.push_back({std::move(socket), address, exchange->holder});
}

void EventFeed::pump(const Context& context) {
  const std::lock_guard lock(mutex_);
  forget_closed();
  if (listeners_.empty()) return;
  const auto view = context.ports().view();
  if (!view || *view == nullptr) return;
  const auto head = (*view)->head().height;
  for (std::size_t i = 0; i < max_blocks_per_pump && sent_through_ < head; ++i) {
    for (auto& event : events_of(context, **view, ++sent_through_)) {
      for (auto& listener : listeners_) {
        if (may_read(listener.holder, (*view)->state(), event.row)) {
          listener.socket->send_text(event.text);
        }
      }
    }
  }
}

void EventFeed::close_all() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& listener : listeners_) listener.socket->close(1001);
  listeners_.clear();
}

}  // namespace powershare::gateway::composer
