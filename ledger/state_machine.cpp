#include "ledger/state_machine.hpp"

#include <algorithm>
#include <map>

#include "crypto/merkle_list.hpp"
#include "ledger/accounts.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/claims.hpp"
#include "ledger/dedup.hpp"
#include "ledger/error.hpp"
#include "ledger/execution.hpp"
#include "ledger/forward.hpp"
#include "ledger/genesis_state.hpp"
#include "ledger/household_news.hpp"
#include "ledger/membership.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "ledger/slots.hpp"
#include "ledger/state.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/transaction_history.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {
namespace {

constexpr UtcMillis last_time{253'402'300'799'999};  // the year 9999 ends

/// RFC 6962 root of a list of byte strings.
Digest list_root(const std::vector<Bytes>& items) {
  std::vector<Digest> leaves;
  leaves.reserve(items.size());
  for (const auto& item : items) leaves.push_back(crypto::merkle_leaf(item));
  return crypto::merkle_root(leaves);
}

/// DECISIONS 16: mandatory, at most a day of agreed time ahead.
Verdict check_expiry(UtcMillis expires, UtcMillis now) {
  if (expires <= now) return Rejection{"expired", "The transaction has expired"};
  if (expires.value - now.value > max_expiry_ms) {
    return Rejection{"expires_too_late", "A transaction expires at most 24 hours ahead"};
  }
  return {};
}

/// Executes the transactions of one block on an overlay of the state.
class BlockExecution {
 public:
  BlockExecution(const Genesis& genesis, const Digest& genesis_hash, const State& state,
                 const TransactionDecoder& decoder, std::uint64_t height, std::uint64_t sequence,
                 UtcMillis time)
      : genesis_(genesis),
        genesis_hash_(genesis_hash),
        state_(state),
        decoder_(decoder),
        height_(height),
        sequence_(sequence),
        time_(time),
        block_(state) {
    epoch_begins = begin_due_epoch(block_, sequence);
    epoch = current_epoch_number(block_);
    feature_level_ = current_feature_level(block_);
    auto now = clock(state);
    now.block = time;
    if (!genesis.simulated) now.island = time;
    put_clock(block_, now);
    for (auto& key : state.expired_dedup_keys(time, max_dedup_forgotten_per_block)) {
      --dedup_change_[state_key::Reader(key).text()];
      block_.erase(std::move(key));
    }
  }

  Receipt execute(std::uint32_t index, ByteView bytes) {
    Receipt receipt;
    receipt.transaction = crypto::sha256(bytes);
    auto transaction = decoder_(bytes, feature_level_);
    if (!transaction) {
      reject(receipt, {"malformed", transaction.error().detail()});
      return receipt;
    }
    // The id is over the bytes as submitted, whatever a decoder says.
    transaction->id = receipt.transaction;
    execute(index, *transaction, receipt);
    auto rows = transaction_rows(*transaction, receipt, {time_, height_, index});
    std::move(rows.begin(), rows.end(), std::back_inserter(history));
    return receipt;
  }

  void close_slots(std::uint32_t transactions) {
    Overlay slots(block_);
    const auto agreed = parameters(block_);
    const auto readings_event = readings_accepted_;
    if (readings_event > 0) {
      events.push_back({Event::Kind::readings, {}, {}, readings_event, {}});
    }
    close_due_slots(slots, context(agreed, transactions, history, events));
    slots.merge_into(block_);
  }

  /// True when another epoch follows than the newest header says.
  bool next_members_change() const {
    return epoch_begins || next_epoch(block_).has_value() != next_epoch(state_).has_value();
  }

  std::vector<StateWrite> take_writes() { return block_.take(); }

  std::uint64_t epoch = 0;
  bool epoch_begins = false;

  std::vector<HistoryRow> history;
  std::vector<Event> events;

 private:
  BlockContext context(const Parameters& agreed, std::uint32_t index, std::vector<HistoryRow>& rows,
                       std::vector<Event>& heard) const {
    return {genesis_, genesis_hash_, height_, time_, island_time(block_),
            agreed,   index,         rows,    heard, sequence_};
  }

  static void reject(Receipt& receipt, Rejection rejection) {
    receipt.outcome = Outcome::rejected;
    receipt.code = std::move(rejection.code);
    receipt.message = std::move(rejection.message);
    receipt.readings.clear();
  }

  /// What must hold before a transaction counts as its principal's; a rejection here leaves no
  /// dedup record, so that no stranger uses up another's idempotency keys or quota.
  Verdict admit(const Transaction& transaction, std::uint32_t& scopes) const {
    if (transaction.genesis != genesis_hash_) {
      return Rejection{"wrong_chain", "The transaction is for another chain"};
    }
    if (const auto valid = check_transaction(transaction, feature_level_); !valid) {
      return Rejection{"malformed", valid.error().detail()};
    }
    if (auto expired = check_expiry(transaction.expires, time_)) return expired;
    scopes = authority(block_, transaction.signer, transaction.principal, time_);
    if (scopes == 0) {
      return Rejection{"unknown_key", "This key is not bound to " + transaction.principal};
    }
    return {};
  }

  bool over_quota(const std::string& principal) const {
    const auto change = dedup_change_.find(principal);
    const auto live = static_cast<std::int64_t>(state_.dedup_count(principal)) +
                      (change == dedup_change_.end() ? 0 : change->second);
    return live >= static_cast<std::int64_t>(dedup_quota(principal));
  }

  void execute(std::uint32_t index, const Transaction& transaction, Receipt& receipt) {
    std::uint32_t scopes = 0;
    if (auto rejection = admit(transaction, scopes)) return reject(receipt, *std::move(rejection));
    const auto& principal = transaction.principal;
    if (const auto first = find_dedup(block_, principal, transaction.idempotency_key)) {
      receipt.outcome = Outcome::duplicate;
      receipt.first = first->first;
      return;
    }
    if (over_quota(principal)) {
      return reject(receipt, {"quota", "Too many transactions that have not expired yet"});
    }
    block_.put(state_key::dedup(principal, transaction.idempotency_key),
               DedupRecord{transaction.id, transaction.expires}.encode());
    ++dedup_change_[principal];
    if (auto forbidden = check_rights(block_, transaction, scopes)) {
      return reject(receipt, *std::move(forbidden));
    }
    execute_payload(index, transaction, scopes, receipt);
  }

  void execute_payload(std::uint32_t index, const Transaction& transaction, std::uint32_t scopes,
                       Receipt& receipt) {
    Overlay overlay(block_);
    std::vector<HistoryRow> rows;
    std::vector<Event> heard;
    const auto agreed = parameters(block_);
    const auto here = context(agreed, index, rows, heard);
    const auto rejection = ledger::execute(overlay, here, transaction, scopes, receipt.readings);
    if (rejection) {
      if (rejection->code == "invariant") {
        events.push_back({Event::Kind::alarm, {}, rejection->message, 0, {}});
      }
      return reject(receipt, *rejection);
    }
    tell_transaction_movements(overlay, block_, here, transaction);
    tell_transaction_news(overlay, block_, here, transaction);
    overlay.merge_into(block_);
    std::move(rows.begin(), rows.end(), std::back_inserter(history));
    std::move(heard.begin(), heard.end(), std::back_inserter(events));
    for (const auto& reading : receipt.readings) {
      if (reading.kind == ReadingResult::Kind::accepted) ++readings_accepted_;
    }
  }

  const Genesis& genesis_;
  const Digest& genesis_hash_;
  const State& state_;
  const TransactionDecoder& decoder_;
  std::uint64_t height_;
  std::uint64_t sequence_;
  UtcMillis time_;
  Overlay block_;
  std::uint32_t feature_level_ = 1;
  std::map<std::string, std::int64_t> dedup_change_;
  std::uint64_t readings_accepted_ = 0;
};

/// No account that must not be negative is; the sum of each asset is zero; claims stand as they are
/// booked.
Result<void> check_accounts(const StateReader& state) {
  std::string wrong;
  for_each_account(state, [&](const AccountId& id, std::int64_t balance_nano) {
    if (balance_nano < 0 && !may_be_negative(id.account_class)) {
      wrong = to_text(id) + " is negative";
    } else if (id.account_class == AccountClass::claim) {
      const auto owed = claims_on(state, *id.owner);
      if (owed.nano() < balance_nano) wrong = to_text(id) + " exceeds the claims by age";
    }
    return wrong.empty();
  });
  if (!wrong.empty()) return Error{LedgerError::invariant, wrong};
  const auto totals = asset_totals(state);
  if (!totals) return totals.error();
  for (const auto& [asset, entry] : *totals) {
    if (entry.total != 0) {
      return Error{LedgerError::invariant,
                   "the accounts of " + asset + " sum to " + format_nano(entry.total)};
    }
  }
  return {};
}

}  // namespace

struct StateMachine::Impl {
  Genesis genesis;
  Digest genesis_hash{};
  TransactionDecoder decoder;
  State state;
  Header head;
  Digest head_hash{};

  Impl(Genesis genesis_in, TransactionDecoder decoder_in)
      : genesis(std::move(genesis_in)),
        genesis_hash(genesis.hash()),
        decoder(std::move(decoder_in)) {}

  UtcMillis time_after(UtcMillis proposed) const {
    return std::max(head.time, std::min(proposed, last_time));
  }
  /// What the market would go by in a block with this time.
  UtcMillis island_at(UtcMillis now) const {
    return genesis.simulated ? island_time(state) : time_after(now);
  }
};

StateMachine::StateMachine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateMachine::StateMachine(StateMachine&&) noexcept = default;
StateMachine& StateMachine::operator=(StateMachine&&) noexcept = default;
StateMachine::~StateMachine() = default;

StateMachine::StateMachine(Genesis genesis, TransactionDecoder decoder)
    : impl_(std::make_unique<Impl>(std::move(genesis), std::move(decoder))) {
  const auto records = genesis_records(impl_->genesis);
  PS_ASSERT(records.ok());  // whoever makes a genesis asks check_genesis; from_json does
  impl_->state.apply(*records);
  auto& head = impl_->head;
  head.genesis = impl_->genesis_hash;
  head.time = impl_->genesis.created;
  head.transactions_root = head.receipts_root = head.outbox_root = list_root({});
  head.state_root = impl_->state.root();
  head.next_members = members_hash(impl_->genesis.members);
  impl_->head_hash = impl_->genesis_hash;
}

Result<StateMachine> StateMachine::restore(Genesis genesis, TransactionDecoder decoder, Header head,
                                           std::vector<StateWrite> records) {
  auto impl = std::make_unique<Impl>(std::move(genesis), std::move(decoder));
  if (head.genesis != impl->genesis_hash) {
    return Error{LedgerError::diverged, "the newest header belongs to another chain"};
  }
  impl->state.apply(records);
  if (impl->state.root() != head.state_root) {
    return Error{LedgerError::diverged, "the state records do not hash to the root of height " +
                                            std::to_string(head.height)};
  }
  impl->head_hash = head.height == 0 ? impl->genesis_hash : head.hash();
  impl->head = head;
  return StateMachine(std::move(impl));
}

ExecutedBlock StateMachine::apply(const DecidedBatch& batch) {
  auto& head = impl_->head;
  BlockExecution execution(impl_->genesis, impl_->genesis_hash, impl_->state, impl_->decoder,
                           head.height + 1, batch.sequence, impl_->time_after(batch.time));
  PS_ASSERT(batch.epoch == execution.epoch);  // hosts compare before they apply
  ExecutedBlock block;
  block.receipts.reserve(batch.transactions.size());
  std::vector<Bytes> receipts;
  receipts.reserve(batch.transactions.size());
  for (const auto& bytes : batch.transactions) {
    const auto index = static_cast<std::uint32_t>(block.receipts.size());
    block.receipts.push_back(execution.execute(index, bytes));
    receipts.push_back(block.receipts.back().encode());
  }
  execution.close_slots(static_cast<std::uint32_t>(block.receipts.size()));
  const bool next_members_change = execution.next_members_change();
  block.writes = execution.take_writes();
  impl_->state.apply(block.writes);

  auto& header = block.header;
  header.genesis = impl_->genesis_hash;
  header.epoch = execution.epoch;
  header.height = head.height + 1;
  header.sequence = batch.sequence;
  header.time = impl_->time_after(batch.time);
  header.previous = impl_->head_hash;
  header.transactions_root = list_root(batch.transactions);
  header.receipts_root = list_root(receipts);
  header.outbox_root = list_root(block.outbox);
  header.state_root = impl_->state.root();
  header.next_members = next_members_change ? next_members_hash(impl_->state) : head.next_members;
  head = header;
  impl_->head_hash = header.hash();

  block.transactions = batch.transactions;
  block.history = std::move(execution.history);
  block.events = std::move(execution.events);
  Event made{Event::Kind::block, {}, {}, block.transactions.size(), {}};
  block.events.insert(block.events.begin(), std::move(made));
  return block;
}

bool StateMachine::makes_block(const DecidedBatch& batch) const {
  return !batch.transactions.empty() || slot_due(batch.time);
}

bool StateMachine::slot_due(UtcMillis now) const {
  return ledger::slot_due(impl_->state, parameters(impl_->state), impl_->island_at(now));
}

Result<void> StateMachine::admit(const Transaction& transaction, UtcMillis now) const {
  const auto& state = impl_->state;
  if (transaction.genesis != impl_->genesis_hash) {
    return Error{LedgerError::malformed, "The transaction is for another chain"};
  }
  if (auto valid = check_transaction(transaction, current_feature_level(state)); !valid) {
    return valid;
  }
  if (transaction.feature_level > current_feature_level(state)) {
    return Error{LedgerError::malformed,
                 "This chain's feature level does not know such a transaction yet"};
  }
  if (const auto expired = check_expiry(transaction.expires, std::max(now, impl_->head.time))) {
    return Error{LedgerError::expired, expired->message};
  }
  const auto scopes =
      authority(state, transaction.signer, transaction.principal, std::max(now, impl_->head.time));
  if (scopes == 0) {
    return Error{LedgerError::forbidden, "This key is not bound to " + transaction.principal};
  }
  if (find_dedup(state, transaction.principal, transaction.idempotency_key)) {
    return Error{LedgerError::duplicate,
                 "A transaction with this idempotency key is in the ledger"};
  }
  if (state.dedup_count(transaction.principal) >= dedup_quota(transaction.principal)) {
    return Error{LedgerError::quota, "Too many transactions that have not expired yet"};
  }
  return {};
}

const Genesis& StateMachine::genesis() const {
  return impl_->genesis;
}
const Header& StateMachine::head() const {
  return impl_->head;
}
Digest StateMachine::head_hash() const {
  return impl_->head_hash;
}
Digest StateMachine::state_root() const {
  return impl_->state.root();
}
const StateReader& StateMachine::state() const {
  return impl_->state;
}

Result<void> StateMachine::check_invariants() const {
  auto sound = check_accounts(impl_->state);
  if (sound) sound = check_cash_requests(impl_->state);
  if (sound) sound = check_origin(impl_->state);
  if (sound) sound = check_forward(impl_->state);
  return sound ? check_slots(impl_->state) : sound;
}

RecordProof StateMachine::prove(ByteView key) const {
  return {impl_->state.get(key), impl_->state.prove(crypto::sha256(key))};
}

std::vector<crypto::Subtree> StateMachine::tree_level(unsigned depth) const {
  return impl_->state.tree_level(depth);
}

std::vector<StateWrite> StateMachine::records_below(unsigned depth, std::uint32_t index) const {
  return impl_->state.records_below(depth, index);
}

}  // namespace powershare::ledger
