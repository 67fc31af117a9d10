// Where the lists of participants, assets and transactions come from.
#include "gateway/composer/lists.hpp"
#include "gateway/composer/transaction_index.hpp"
#include "ledger/parameters.hpp"
#include "ledger/records.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::gateway::composer {
namespace {

class ParticipantSource final : public Source {
 public:
  ParticipantSource(std::shared_ptr<ChainView> view, ledger::ParticipantType type)
      : view_(std::move(view)), prefix_(prefix_of(type)) {}

  std::vector<Row> next(std::size_t most) override {
    std::vector<Row> rows;
    if (done_) return rows;
    done_ = true;
    view_->state().scan(prefix_, from_, [&](ByteView key, ByteView value) {
      if (rows.size() == most) {
        from_ = to_bytes(key.subspan(prefix_.size()));
        done_ = false;
        return false;
      }
      Decoder in(value);
      const auto record = ledger::decode_participant_record(in);
      if (!in.finished() || record.closed) return true;
      rows.push_back(participant_row(view_->state(), record.participant));
      return true;
    });
    return rows;
  }

 private:
  static Bytes prefix_of(ledger::ParticipantType type) {
    return ledger::state_key::Builder(ledger::StateTable::participant)
        .u8(static_cast<std::uint8_t>(type))
        .take();
  }
  std::shared_ptr<ChainView> view_;
  Bytes prefix_;
  Bytes from_;
  bool done_ = false;
};

/// The ids of a class are few enough to be held; their records are not.
class AssetSource final : public Source {
 public:
  AssetSource(std::shared_ptr<ChainView> view, ledger::AssetClass asset)
      : view_(std::move(view)), asset_(asset) {
    ledger::for_each_asset(view_->state(), asset, [&](const ledger::AssetView& found) {
      ids_.push_back(found.id);
      return true;
    });
  }

  std::vector<Row> next(std::size_t most) override {
    std::vector<Row> rows;
    while (at_ < ids_.size() && rows.size() < most) {
      if (const auto asset = ledger::find_asset(view_->state(), asset_, ids_[at_++])) {
        rows.push_back({asset_record(*asset), {}});
      }
    }
    return rows;
  }

 private:
  std::shared_ptr<ChainView> view_;
  ledger::AssetClass asset_;
  std::vector<std::string> ids_;
  std::size_t at_ = 0;
};

class TransactionSource final : public Source {
 public:
  TransactionSource(const Context& context, std::shared_ptr<ChainView> view, const Type& type)
      : view_(std::move(view)),
        type_(type),
        blocks_(*view_, context.ports().decode),
        submitted_(view_->history(), ledger::history_transactions_by_type,
                   ledger::history_prefix(type.name), [](std::string_view) { return true; }) {
    if (type.name == "EnergyToCoins") {
      trades_.emplace(view_->history(), context.ports().genesis_hash,
                      ledger::parameters(view_->state()).slot_ms);
    }
  }

  std::vector<Row> next(std::size_t most) override {
    std::vector<Row> rows;
    while (rows.size() < most) {
      const auto* trade = trades_ ? trades_->peek() : nullptr;
      const auto* submitted = submitted_.peek();
      if (trade == nullptr && submitted == nullptr) break;
      if (submitted == nullptr || (trade != nullptr && trade->id < submitted->id)) {
        rows.push_back({trade_record(trade->id, *trade->trade, trade->time), {}});
        trades_->pop();
        continue;
      }
      if (const auto found = blocks_.read(submitted->height, submitted->index)) {
        auto record =
            transaction_record(type_, submitted->id, found->transaction.payload, submitted->time);
        if (record) rows.push_back({std::move(*record), {}});
      }
      submitted_.pop();
    }
    return rows;
  }

 private:
  std::shared_ptr<ChainView> view_;
  const Type& type_;
  BlockReader blocks_;
  SubmittedIds submitted_;
  std::optional<TradeIds> trades_;
};

}  // namespace

std::unique_ptr<Source> participant_source(std::shared_ptr<ChainView> view, const Type& type) {
  return std::make_unique<ParticipantSource>(std::move(view), *participant_type(type));
}

std::unique_ptr<Source> asset_source(std::shared_ptr<ChainView> view, const Type& type) {
  return std::make_unique<AssetSource>(std::move(view), *asset_class(type));
}

std::unique_ptr<Source> transaction_source(const Context& context, std::shared_ptr<ChainView> view,
                                           const Type& type) {
  return std::make_unique<TransactionSource>(context, std::move(view), type);
}

}  // namespace powershare::gateway::composer
