// The transactions of a chain in byte order of their ids, which is the order of the former server's
// lists, out of indexes by time: in a bounded amount of memory, however many there are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ports.hpp"
#include "ledger/history.hpp"
#include "ledger/transaction_history.hpp"

namespace powershare::gateway::composer {

/// A submitted and applied transaction, or a trade that the market has settled.
struct Entry {
  std::string id;
  UtcMillis time;
  std::uint64_t height = 0;  ///< of a submitted one: where it stands
  std::uint32_t index = 0;
  std::optional<ledger::SettledTrade> trade;
};

/// Applied rows of one of the indexes with times, by id. Reads the index once per `chunk` rows and
/// keeps that many ids.
class SubmittedIds {
 public:
  static constexpr std::size_t default_chunk = 65'536;
  /// `shown` says which types count. `history` must outlive this.
  SubmittedIds(const ledger::HistoryReader& history, std::string_view table, Bytes prefix,
               std::function<bool(std::string_view type)> shown, std::size_t chunk = default_chunk);
  /// The next one; nullptr at the end.
  const Entry* peek();
  void pop() { ++at_; }

 private:
  struct Found {
    Digest id{};
    ledger::TransactionPlace place;
  };
  void refill();

  const ledger::HistoryReader& history_;
  std::string table_;
  Bytes prefix_;
  std::function<bool(std::string_view)> shown_;
  std::size_t chunk_;
  std::vector<Found> found_;
  std::size_t at_ = 0;
  std::optional<Digest> last_;
  bool exhausted_ = false;
  Entry current_;
};

/// Settled trades by id, which is by slot and index.
class TradeIds {
 public:
  /// A trade's time is the end of its slot. `history` must outlive this.
  TradeIds(const ledger::HistoryReader& history, const Digest& genesis, std::int64_t slot_ms);
  const Entry* peek();
  void pop() { ++at_; }

 private:
  void refill();

  const ledger::HistoryReader& history_;
  Digest genesis_;
  std::int64_t slot_ms_;
  std::vector<Entry> page_;
  std::size_t at_ = 0;
  Bytes next_key_;
  bool exhausted_ = false;
};

/// Reads transactions from their blocks, keeping the block read last.
class BlockReader {
 public:
  BlockReader(const ChainView& view, ledger::TransactionDecoder decode)
      : view_(view), decode_(std::move(decode)) {}
  struct Found {
    ledger::Transaction transaction;
    UtcMillis time;  ///< agreed time of its block
  };
  /// Nothing where this peer does not hold that block or the transaction had no effect.
  std::optional<Found> read(std::uint64_t height, std::uint32_t index);

 private:
  const ChainView& view_;
  ledger::TransactionDecoder decode_;
  std::uint64_t height_ = 0;
  std::optional<BlockRecord> block_;
};

}  // namespace powershare::gateway::composer
