#include "gateway/composer/transaction_index.hpp"

#include <algorithm>

#include "gateway/composer/ledger_records.hpp"
#include "ledger/genesis.hpp"

namespace powershare::gateway::composer {
namespace {

constexpr std::size_t trades_per_page = 256;

}  // namespace

SubmittedIds::SubmittedIds(const ledger::HistoryReader& history, std::string_view table,
                           Bytes prefix, std::function<bool(std::string_view)> shown,
                           std::size_t chunk)
    : history_(history),
      table_(table),
      prefix_(std::move(prefix)),
      shown_(std::move(shown)),
      chunk_(chunk) {}

void SubmittedIds::refill() {
  if (!found_.empty()) last_ = found_.back().id;
  found_.clear();
  at_ = 0;
  const auto by_id = [](const Found& left, const Found& right) { return left.id < right.id; };
  // A heap with the greatest id on top: what is smaller than it replaces it.
  history_.scan(table_, prefix_, {}, false, [&](ByteView key, ByteView value) {
    const auto row = ledger::TransactionRow::decode(value);
    const auto place = ledger::place_of_row(key);
    if (!row || !place || row->outcome != ledger::Outcome::applied || !shown_(row->type)) {
      return true;
    }
    if (last_ && row->id <= *last_) return true;
    if (found_.size() == chunk_) {
      if (!(row->id < found_.front().id)) return true;
      std::pop_heap(found_.begin(), found_.end(), by_id);
      found_.pop_back();
    }
    found_.push_back({row->id, *place});
    std::push_heap(found_.begin(), found_.end(), by_id);
    return true;
  });
  std::sort_heap(found_.begin(), found_.end(), by_id);
  exhausted_ = found_.size() < chunk_;
}

const Entry* SubmittedIds::peek() {
  if (at_ == found_.size() && !exhausted_) refill();
  if (at_ == found_.size()) return nullptr;
  const auto& found = found_[at_];
  current_ = {crypto::to_hex(found.id), found.place.time, found.place.height, found.place.index,
              std::nullopt};
  return &current_;
}

TradeIds::TradeIds(const ledger::HistoryReader& history, const Digest& genesis,
                   std::int64_t slot_ms)
    : history_(history), genesis_(genesis), slot_ms_(slot_ms) {}

void TradeIds::refill() {
  page_.clear();
  at_ = 0;
  history_.scan(ledger::history_table::trades, {}, next_key_, false,
                [&](ByteView key, ByteView value) {
                  if (page_.size() == trades_per_page) return false;
                  next_key_ = to_bytes(key);
                  next_key_.push_back(0);  // the first key after this one
                  const auto row = ledger::parse_trade_row(key, value);
                  if (!row) return true;
                  page_.push_back({trade_id(genesis_, row->slot, row->index),
                                   {row->slot.value + slot_ms_},
                                   0,
                                   0,
                                   row->trade});
                  return true;
                });
  exhausted_ = page_.size() < trades_per_page;
}

const Entry* TradeIds::peek() {
  if (at_ == page_.size() && !exhausted_) refill();
  return at_ == page_.size() ? nullptr : &page_[at_];
}

std::optional<BlockReader::Found> BlockReader::read(std::uint64_t height, std::uint32_t index) {
  if (height != height_ || !block_) {
    auto block = view_.block(height);
    block_ = block ? std::move(*block) : std::nullopt;
    height_ = height;
  }
  if (!block_ || index >= block_->transactions.size() || index >= block_->receipts.size() ||
      block_->receipts[index].outcome != ledger::Outcome::applied) {
    return std::nullopt;
  }
  auto transaction = decode_(block_->transactions[index], ledger::known_feature_level);
  if (!transaction) return std::nullopt;
  return Found{std::move(*transaction), block_->header.time};
}

}  // namespace powershare::gateway::composer
