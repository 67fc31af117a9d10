// GET /v1/events: Server-Sent Events out of committed blocks. The id of an event is height.index,
// the same on every peer, so that a reader who reconnects anywhere goes on where it stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ports.hpp"
#include "net/http.hpp"

namespace powershare::gateway {

/// An event's place: block and index within it.
struct EventId {
  std::uint64_t height = 0;
  std::uint64_t index = 0;
  friend auto operator<=>(const EventId&, const EventId&) = default;
};
std::string to_text(const EventId& id);
/// "12.3"; nothing for other text.
std::optional<EventId> parse_event_id(std::string_view text);

/// All events of one block as text/event-stream, those after `after` only. Index 0 is the block
/// itself, then what execution reported, in its order.
std::string block_events(const BlockRecord& block, const EventId& after);

/// One committed block, as those see it who make events of it. Its transactions are decoded when
/// somebody asks, once for all readers.
class EventBlock {
 public:
  EventBlock(const ChainView& view, BlockRecord record, const ledger::TransactionDecoder& decode)
      : view_(view), record_(std::move(record)), decode_(decode) {}
  const ChainView& view() const { return view_; }
  const BlockRecord& record() const { return record_; }
  /// One per transaction; nothing for bytes that do not decode.
  const std::vector<std::optional<ledger::Transaction>>& transactions() const;

 private:
  const ChainView& view_;
  BlockRecord record_;
  const ledger::TransactionDecoder& decode_;
  mutable std::optional<std::vector<std::optional<ledger::Transaction>>> decoded_;
};
/// The events of one block after `after`, as text/event-stream. Must not wait.
using EventRenderer = std::function<std::string(const EventBlock& block, const EventId& after)>;
/// Whether whoever opened a stream may still read it, as of the newest block. Must not wait.
using StillAllowed = std::function<bool(const ChainView& view)>;

/// One event of a stream: id, name and data, which has no line breaks.
void append_event(std::string& out, const EventId& id, std::string_view name,
                  std::string_view data);

/// Thread-safe.
class EventStreams {
 public:
  /// The index of an EventId that stands for "all events of this block".
  static constexpr std::uint64_t all = UINT64_MAX;
  using View = std::function<Result<std::unique_ptr<ChainView>>()>;
  EventStreams(View view, ledger::TransactionDecoder decode, std::size_t max_streams,
               std::size_t max_per_address);

  enum class Admission : std::uint8_t { yes = 1, full, full_for_address };
  /// Takes a place before the stream is opened.
  Admission reserve(const std::string& address);
  /// Gives the place back that reserve() gave, where no stream came of it.
  void release(const std::string& address);
  /// Begins after `after`; takes the place reserved for `address`. `render` makes this reader's
  /// events; none: block_events(). The stream is closed at the first pump() for which `allowed`
  /// says no; none: it ends with its client.
  void add(std::shared_ptr<net::HttpStream> stream, const std::string& address, EventId after,
           EventRenderer render = {}, StillAllowed allowed = {});
  /// Sends what each reader lacks, a bounded piece at a time; `keep_alive` writes a comment to
  /// those who lack nothing.
  void pump(bool keep_alive);
  void close_all();
  std::size_t open() const;

 private:
  struct Reader {
    std::shared_ptr<net::HttpStream> stream;
    std::string address;
    EventId after;
    EventRenderer render;
    StillAllowed allowed;
  };
  class Blocks;
  static void send_to(Reader& reader, Blocks& blocks, bool keep_alive);

  View view_;
  ledger::TransactionDecoder decode_;
  std::size_t max_streams_;
  std::size_t max_per_address_;
  mutable std::mutex mutex_;         ///< guards places and readers_
  std::vector<std::string> places_;  ///< the address of each place taken
  std::vector<Reader> readers_;
};

}  // namespace powershare::gateway
