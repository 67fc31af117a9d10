#include <doctest/doctest.h>

#include "crypto/merkle_list.hpp"
#include "ledger/parameters.hpp"
#include "ledger/transaction_history.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

const Payload one_coin = TransferCoinsToEV{coins("1"), h01, vehicle};

Bytes expiring(Chain& chain, UtcMillis expires, const std::string& once = "once") {
  Transaction body;
  body.genesis = chain.hash;
  body.principal = "administrator";
  body.idempotency_key = to_bytes(once);
  body.expires = expires;
  body.payload = one_coin;
  return wire::encode_and_sign(body, key(administrator));
}

}  // namespace

TEST_CASE("the same dedup key has one effect, whoever signs, and rejections count too") {
  Chain chain;
  const auto first = chain.transaction(one_coin, 11, to_text(h01), "once");
  const auto other = chain.transaction(TransferCoinsToEV{coins("2"), h01, vehicle}, administrator,
                                       to_text(h01), "once");
  const auto receipts = chain.apply({first, other, first}).receipts;
  CHECK(receipts[0].outcome == Outcome::applied);
  CHECK(receipts[1].outcome == Outcome::duplicate);
  CHECK(receipts[1].first == crypto::sha256(first));
  CHECK(receipts[2].outcome == Outcome::duplicate);
  CHECK(chain.apply({first}).receipts[0].first == crypto::sha256(first));
  CHECK(chain.balance(vehicle, asset_coins) == "101");

  const auto too_much = chain.transaction(TransferCoinsToEV{coins("1000"), h01, vehicle},
                                          administrator, "administrator", "twice");
  CHECK(chain.apply({too_much}).receipts[0].code == "insufficient_coins");
  CHECK(chain.apply({too_much}).receipts[0].outcome == Outcome::duplicate);
  // Another principal's key of the same text is another key.
  CHECK(chain.apply({chain.transaction(one_coin, 11, to_text(h01), "twice")}).receipts[0].outcome ==
        Outcome::applied);
}

TEST_CASE("an expiry is mandatory, not past and at most a day ahead; dedup records go with it") {
  Chain chain;
  CHECK(chain.apply({expiring(chain, chain.time)}).receipts[0].code == "expired");
  CHECK(chain.apply({expiring(chain, {chain.time.value + millis_per_day + 60'000})})
            .receipts[0]
            .code == "expires_too_late");
  CHECK(chain.apply({expiring(chain, {0})}).receipts[0].code == "malformed");
  const auto size = records(chain.machine).size();
  const auto bytes = expiring(chain, {chain.time.value + 60'000});
  CHECK(chain.apply({bytes}).receipts[0].outcome == Outcome::applied);
  CHECK(records(chain.machine).size() == size + 1);
  chain.time.value += 30'000;
  CHECK(chain.apply({bytes}).receipts[0].outcome == Outcome::duplicate);
  chain.time.value += 60'000;
  CHECK(chain.apply({bytes}).receipts[0].code == "expired");
  CHECK(records(chain.machine).size() == size);
}

TEST_CASE("admission says what apply would say, before anything is ordered") {
  Chain chain;
  const auto admit = [&](const Bytes& bytes) {
    const auto transaction = wire::decode_transaction(bytes, chain.hash, known_feature_level);
    REQUIRE(transaction.ok());
    const auto result = chain.machine.admit(*transaction, chain.time);
    return result ? std::error_code() : result.error().code();
  };
  const auto bytes = chain.transaction(one_coin);
  CHECK(!admit(bytes));
  CHECK(admit(chain.transaction(one_coin, stranger)) == LedgerError::forbidden);
  CHECK(admit(expiring(chain, chain.time)) == LedgerError::expired);
  chain.apply({bytes});
  CHECK(admit(bytes) == LedgerError::duplicate);
}

TEST_CASE("a principal has a quota of live transactions, and gets it back as they expire") {
  const auto start = genesis();
  const auto hash = start.hash();
  const UtcMillis time{created.value + 1000};
  // The bytes are the idempotency key: no signatures, so that ten thousand take no time.
  StateMachine machine(start, [&](ByteView bytes, std::uint32_t) -> Result<Transaction> {
    Transaction transaction;
    transaction.genesis = hash;
    transaction.principal = to_text(h01);
    transaction.idempotency_key = to_bytes(bytes);
    transaction.expires = {time.value + (bytes[0] == 'a' ? 60'000 : 600'000)};
    transaction.payload = SetCriteria{h01, true, {}, true, {}};
    transaction.signer = key(11).public_key();
    return transaction;
  });
  std::vector<Bytes> batch;
  for (int i = 0; i < 10'001; ++i) batch.push_back(to_bytes("a" + std::to_string(i)));
  const auto full = machine.apply({0, 1, time, batch}).receipts;
  CHECK(full[9'999].outcome == Outcome::applied);
  CHECK(full[10'000].code == "quota");
  CHECK(machine.apply({0, 2, time, {to_bytes("b")}}).receipts[0].code == "quota");
  // One block forgets at most 4,096 of them.
  const auto later = machine.apply({0, 3, {time.value + 60'000}, {to_bytes("b"), to_bytes("a1")}});
  CHECK(later.receipts[0].outcome == Outcome::applied);
  CHECK(later.receipts[1].code == "expired");
}

TEST_CASE("what does not decode stands in its block as malformed") {
  Chain chain;
  auto damaged = chain.transaction(one_coin);
  damaged.back() ^= 1;
  const auto block = chain.apply({Bytes{}, to_bytes("nonsense"), damaged});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(block.receipts[i].outcome == Outcome::rejected);
    CHECK(block.receipts[i].code == "malformed");
    CHECK(block.receipts[i].transaction == crypto::sha256(block.transactions[i]));
  }
}

TEST_CASE("a header commits to its block, its predecessor and the state after it") {
  Chain chain;
  const auto genesis_root = chain.machine.state_root();
  const auto one = chain.apply({chain.transaction(one_coin), chain.transaction(one_coin)});
  CHECK(one.header.height == 1);
  CHECK(one.header.previous == chain.hash);
  CHECK(one.header.sequence == 1);
  CHECK(one.header.time == chain.time);
  CHECK(one.header.state_root == chain.machine.state_root());
  CHECK(one.header.state_root != genesis_root);
  CHECK(one.header.outbox_root == crypto::merkle_root({}));
  std::vector<Digest> leaves, receipt_leaves;
  for (const auto& bytes : one.transactions) leaves.push_back(crypto::merkle_leaf(bytes));
  for (const auto& receipt : one.receipts) {
    receipt_leaves.push_back(crypto::merkle_leaf(receipt.encode()));
    CHECK(Receipt::decode(receipt.encode()).value() == receipt);
  }
  CHECK(one.header.transactions_root == crypto::merkle_root(leaves));
  CHECK(one.header.receipts_root == crypto::merkle_root(receipt_leaves));
  CHECK(one.header.next_members == members_hash(chain.machine.genesis().members));

  const auto late = chain.machine.apply({0, 7, created, {chain.transaction(one_coin)}});
  CHECK(late.header.time == one.header.time);  // agreed time never goes back
  CHECK(late.header.sequence == 7);
  CHECK(late.header.height == 2);
  CHECK(late.header.previous == one.header.hash());
  CHECK(Header::decode(late.header.encode()).value() == late.header);
}

TEST_CASE("two machines that execute the same batches write the same bytes") {
  Chain one, other;
  for (int round = 0; round < 5; ++round) {
    const auto first = one.apply({one.transaction(one_coin), one.transaction(one_coin, 12)});
    const auto second = other.machine.apply({0, one.sequence, one.time, first.transactions});
    CHECK(first.header == second.header);
    CHECK(first.writes == second.writes);
    CHECK(first.receipts == second.receipts);
  }
}

TEST_CASE("a block's writes make the next state, one per key and in order") {
  Chain chain;
  std::map<Bytes, Bytes> model;
  for (const auto& record : records(chain.machine)) model[record.key] = *record.value;
  for (int round = 0; round < 5; ++round) {
    const auto block = chain.apply({chain.transaction(one_coin), chain.transaction(one_coin)});
    const Bytes* previous = nullptr;
    for (const auto& write : block.writes) {
      if (previous != nullptr) CHECK(*previous < write.key);
      previous = &write.key;
      if (write.value) {
        model[write.key] = *write.value;
      } else {
        model.erase(write.key);
      }
    }
    const auto state = records(chain.machine);
    CHECK(state.size() == model.size());
    for (const auto& record : state) CHECK(model.at(record.key) == *record.value);
  }
}

TEST_CASE("a restored machine has the same root and goes on the same way") {
  Chain chain;
  const auto dedup = chain.transaction(one_coin, administrator, "administrator", "once");
  chain.apply({dedup});
  auto state = records(chain.machine);
  auto restored =
      StateMachine::restore(chain.machine.genesis(), wire::transaction_decoder(chain.hash, true),
                            chain.machine.head(), state);
  REQUIRE(restored.ok());
  CHECK(restored->state_root() == chain.machine.state_root());
  CHECK(restored->head_hash() == chain.machine.head_hash());
  const auto next = chain.apply({dedup, chain.transaction(one_coin)});
  const auto again =
      restored->apply({0, next.header.sequence, next.header.time, next.transactions});
  CHECK(again.header == next.header);
  CHECK(again.receipts[0].outcome == Outcome::duplicate);

  state.back().value->push_back(0);
  const auto damaged = StateMachine::restore(
      chain.machine.genesis(), wire::transaction_decoder(chain.hash), chain.machine.head(), state);
  CHECK(damaged.error().code() == LedgerError::diverged);
}

TEST_CASE("a record is proven against the newest header, and so is that there is none") {
  Chain chain;
  chain.apply({chain.transaction(one_coin)});
  const auto root = chain.machine.head().state_root;
  const auto key = account_key(participant_account(vehicle, asset_coins));
  const auto there = chain.machine.prove(key);
  REQUIRE(there.value.has_value());
  CHECK(crypto::verify_sparse_proof(root, crypto::sha256(key), crypto::sha256(*there.value),
                                    there.path));
  CHECK_FALSE(crypto::verify_sparse_proof(root, crypto::sha256(key), crypto::Digest{}, there.path));
  const auto nothing = to_bytes("no such key");
  const auto missing = chain.machine.prove(nothing);
  CHECK_FALSE(missing.value.has_value());
  CHECK(crypto::verify_sparse_proof(root, crypto::sha256(nothing), std::nullopt, missing.path));
  // The next block has another root, so the former proof is over.
  chain.apply({chain.transaction(TransferCoinsToEV{coins("2"), h01, vehicle})});
  CHECK_FALSE(crypto::verify_sparse_proof(chain.machine.head().state_root, crypto::sha256(key),
                                          crypto::sha256(*there.value), there.path));
}

TEST_CASE("the subtrees of the state and the records below them make it up") {
  Chain chain;
  chain.apply({chain.transaction(one_coin)});
  for (const unsigned depth : {0U, 1U, 4U, 8U}) {
    CHECK(crypto::root_from_level(chain.machine.tree_level(depth)) == chain.machine.state_root());
    std::vector<StateWrite> all;
    for (std::uint32_t index = 0; index < (1U << depth); ++index) {
      for (auto& record : chain.machine.records_below(depth, index)) {
        all.push_back(std::move(record));
      }
    }
    CHECK(all.size() == records(chain.machine).size());
    const auto rebuilt =
        StateMachine::restore(chain.machine.genesis(), wire::transaction_decoder(chain.hash),
                              chain.machine.head(), std::move(all));
    CHECK(rebuilt.ok());
  }
}

TEST_CASE("an empty batch with no slot due makes no block") {
  Chain chain;
  CHECK_FALSE(chain.machine.makes_block({0, 1, chain.time, {}}));
  CHECK(chain.machine.makes_block({0, 1, chain.time, {Bytes{}}}));
}

TEST_CASE("transactions are found by id, participant, type and time") {
  Chain chain;
  const auto block = chain.apply({chain.transaction(one_coin)});
  const auto id = crypto::sha256(block.transactions[0]);
  std::map<std::string, std::vector<HistoryRow>> rows;
  for (const auto& row : block.history) rows[row.table].push_back(row);
  CHECK(rows[std::string(history_transactions)].size() == 1);
  CHECK(rows[std::string(history_transactions_by_type)].size() == 1);
  CHECK(rows[std::string(history_transactions_by_time)].size() == 1);
  const auto& people = rows[std::string(history_transactions_by_participant)];
  CHECK(people.size() == 3);  // both ends and the principal
  for (const auto& row : people) {
    CHECK(TransactionRow::decode(*row.value)->id == id);
    CHECK(TransactionRow::decode(*row.value)->type == "TransferCoinsToEV");
    CHECK(place_of_row(row.key)->height == 1);
    CHECK(place_of_row(row.key)->time == chain.time);
  }
}
