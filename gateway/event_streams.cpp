#include "gateway/event_streams.hpp"

#include <algorithm>
#include <charconv>

#include "gateway/json.hpp"

namespace powershare::gateway {
namespace {

/// How much one reader gets in one go: far below what a stream may queue.
constexpr std::size_t max_pump_bytes = 128 * 1024;
/// Blocks read from disk for all readers together in one go.
constexpr std::size_t max_blocks_per_pump = 256;

std::string_view name_of(ledger::Event::Kind kind) {
  using Kind = ledger::Event::Kind;
  switch (kind) {
    case Kind::block:
      return "executed";
    case Kind::trade:
      return "trade";
    case Kind::readings:
      return "readings";
    case Kind::slot_closed:
      return "slot_closed";
    case Kind::slot_final:
      return "slot_final";
    case Kind::alarm:
    case Kind::meter_suspected:
    case Kind::meter_quarantined:
      return "alarm";
  }
  return "unknown";
}

std::string block_data(const BlockRecord& block) {
  std::uint64_t rejected = 0;
  for (const auto& receipt : block.receipts) {
    rejected += receipt.outcome == ledger::Outcome::rejected ? 1 : 0;
  }
  json::Writer out;
  out.begin_object().key("height").unsigned_integer(block.header.height);
  out.key("hash").digest(block.header.hash());
  out.key("time").string(to_iso8601(block.header.time));
  out.key("state_root").digest(block.header.state_root);
  out.key("transactions").unsigned_integer(block.transactions.size());
  out.key("rejected").unsigned_integer(rejected).end_object();
  return std::move(out).take();
}

std::string event_data(const ledger::Event& event, std::uint64_t height) {
  using Kind = ledger::Event::Kind;
  json::Writer out;
  out.begin_object().key("height").unsigned_integer(height);
  const bool of_slot = event.kind == Kind::trade || event.kind == Kind::slot_closed ||
                       event.kind == Kind::slot_final;
  if (of_slot) {
    out.key("slot").string(to_iso8601(event.slot));
    out.key("traded_kwh").decimal(event.energy.nano());
  }
  const bool of_meter =
      event.kind == Kind::meter_suspected || event.kind == Kind::meter_quarantined;
  if (event.kind == Kind::alarm || of_meter) {
    out.key("detail").string(event.detail);
    if (of_meter) {
      out.key("slot").string(to_iso8601(event.slot));
      out.key("quarantined").boolean(event.kind == Kind::meter_quarantined);
    }
  } else {
    out.key("count").unsigned_integer(event.count);
  }
  out.end_object();
  return std::move(out).take();
}

}  // namespace

void append_event(std::string& out, const EventId& id, std::string_view name,
                  std::string_view data) {
  out += "id: " + to_text(id) + "\nevent: ";
  out += name;
  out += "\ndata: ";
  out += data;
  out += "\n\n";
}

const std::vector<std::optional<ledger::Transaction>>& EventBlock::transactions() const {
  if (!decoded_) {
    decoded_.emplace();
    decoded_->reserve(record_.transactions.size());
    for (const auto& bytes : record_.transactions) {
      auto transaction = decode_(bytes, ledger::known_feature_level);
      decoded_->push_back(transaction ? std::optional(*std::move(transaction)) : std::nullopt);
    }
  }
  return *decoded_;
}

std::string to_text(const EventId& id) {
  return std::to_string(id.height) + "." + std::to_string(id.index);
}

std::optional<EventId> parse_event_id(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits, std::uint64_t& out) {
    const auto* end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, out);
    return !digits.empty() && fault == std::errc{} && stop == end;
  };
  EventId id;
  if (!number(text.substr(0, dot), id.height) || !number(text.substr(dot + 1), id.index)) {
    return std::nullopt;
  }
  return id;
}

std::string block_events(const BlockRecord& block, const EventId& after) {
  std::string out;
  EventId id{block.header.height, 0};
  if (id > after) append_event(out, id, "block", block_data(block));
  for (const auto& event : block.events) {
    if (event.kind == ledger::Event::Kind::block) continue;  // index 0 says it already
    ++id.index;
    if (id > after)
      append_event(out, id, name_of(event.kind), event_data(event, block.header.height));
  }
  return out;
}

EventStreams::EventStreams(View view, ledger::TransactionDecoder decode, std::size_t max_streams,
                           std::size_t max_per_address)
    : view_(std::move(view)),
      decode_(std::move(decode)),
      max_streams_(max_streams),
      max_per_address_(max_per_address) {}

EventStreams::Admission EventStreams::reserve(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (places_.size() >= max_streams_) return Admission::full;
  const auto mine = std::count(places_.begin(), places_.end(), address);
  if (static_cast<std::size_t>(mine) >= max_per_address_) return Admission::full_for_address;
  places_.push_back(address);
  return Admission::yes;
}

void EventStreams::release(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find(places_.begin(), places_.end(), address);
  if (at != places_.end()) places_.erase(at);
}

void EventStreams::add(std::shared_ptr<net::HttpStream> stream, const std::string& address,
                       EventId after, EventRenderer render, StillAllowed allowed) {
  {
    const std::lock_guard lock(mutex_);
    readers_.push_back({std::move(stream), address, after, std::move(render), std::move(allowed)});
  }
  pump(true);
}

/// Blocks read in one pump, so that readers at the head share them, and how many more may be read.
class EventStreams::Blocks {
 public:
  Blocks(const ChainView& view, const ledger::TransactionDecoder& decode)
      : view_(view), decode_(decode), head_(view.head().height) {}
  std::uint64_t head() const { return head_; }
  bool spent() const { return budget_ == 0; }
  /// nullptr for a block that this peer does not hold.
  const EventBlock* get(std::uint64_t height) {
    if (height != cached_height_) {
      auto block = view_.block(height);
      cached_.reset();
      if (block && *block) cached_.emplace(view_, **std::move(block), decode_);
      cached_height_ = height;
      --budget_;
    }
    return cached_ ? &*cached_ : nullptr;
  }

 private:
  const ChainView& view_;
  const ledger::TransactionDecoder& decode_;
  std::uint64_t head_;
  std::size_t budget_ = max_blocks_per_pump;
  std::uint64_t cached_height_ = 0;
  std::optional<EventBlock> cached_;
};

void EventStreams::send_to(Reader& reader, Blocks& blocks, bool keep_alive) {
  std::string chunk;
  auto after = reader.after;
  while (chunk.size() < max_pump_bytes && !blocks.spent()) {
    // A block whose events were all sent has index `all`; the one that a reader resumes in is
    // looked at again.
    const auto height = after.index == all ? after.height + 1 : after.height;
    if (height > blocks.head()) break;
    // What this peer does not hold (pruned) is passed over: another peer has it.
    const auto* block = height == 0 ? nullptr : blocks.get(height);
    if (block != nullptr) {
      chunk += reader.render ? reader.render(*block, after) : block_events(block->record(), after);
    }
    after = {height, all};
  }
  if (chunk.empty() && keep_alive) chunk = ": keep-alive\n\n";
  if (!chunk.empty() && !reader.stream->write(std::move(chunk))) {
    reader.stream.reset();
    return;
  }
  reader.after = after;
}

void EventStreams::pump(bool keep_alive) {
  const std::lock_guard lock(mutex_);
  if (readers_.empty()) return;
  const auto view = view_();
  if (!view) return;
  Blocks blocks(**view, decode_);
  // Another reader is first each time, so that one far behind does not take the whole budget for
  // ever.
  std::rotate(readers_.begin(), readers_.begin() + 1, readers_.end());
  for (auto& reader : readers_) {
    if (reader.allowed && !reader.allowed(**view)) {
      reader.stream->close();
      reader.stream.reset();
    } else {
      send_to(reader, blocks, keep_alive);
    }
    if (reader.stream == nullptr) {
      const auto at = std::find(places_.begin(), places_.end(), reader.address);
      if (at != places_.end()) places_.erase(at);
    }
  }
  std::erase_if(readers_, [](const Reader& reader) { return reader.stream == nullptr; });
}

void EventStreams::close_all() {
  const std::lock_guard lock(mutex_);
  for (auto& reader : readers_) reader.stream->close();
  readers_.clear();
  places_.clear();
}

std::size_t EventStreams::open() const {
  const std::lock_guard lock(mutex_);
  return readers_.size();
}

}  // namespace powershare::gateway
