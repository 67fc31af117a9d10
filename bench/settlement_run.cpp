#include "bench/settlement_run.hpp"

#include <algorithm>
#include <chrono>

#include "bench/figures.hpp"
#include "protocol/block_store.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

double seconds_since(Clock::time_point begin) {
  return Seconds(Clock::now() - begin).count();
}

void count(const ledger::Receipt& receipt, SettlementFigures& figures) {
  ++figures.transactions;
  if (receipt.outcome != ledger::Outcome::applied) ++figures.rejected;
  figures.readings += receipt.readings.size();
  for (const auto& reading : receipt.readings) {
    if (reading.kind != ledger::ReadingResult::Kind::accepted) ++figures.rejected;
  }
}

}  // namespace

Result<std::unique_ptr<SettlementRun>> SettlementRun::open(const ledger::Genesis& genesis,
                                                           const std::filesystem::path& folder,
                                                           const crypto::PublicKey& owner_key) {
  auto data = storage::DataFolder::open(
      folder, {genesis.chain, genesis.members.front().peer, owner_key, genesis.hash()}, {});
  if (!data) return data.error();
  // As in settlement: consensus let in only what a quorum verified.
  ledger::StateMachine machine(genesis, wire::transaction_decoder(genesis.hash(), true));
  return std::unique_ptr<SettlementRun>(new SettlementRun(std::move(machine), std::move(*data)));
}

Result<SettlementFigures> SettlementRun::execute(const std::vector<Bytes>& transactions,
                                                 std::size_t per_block, UtcMillis now,
                                                 double seconds) {
  SettlementFigures figures;
  const auto begin = Clock::now();
  const auto cpu_begin = thread_cpu_seconds();
  for (std::size_t at = 0; at < transactions.size() && seconds_since(begin) < seconds;) {
    const auto end = std::min(at + per_block, transactions.size());
    const auto first = transactions.begin();
    auto executed = execute_block(
        {first + static_cast<std::ptrdiff_t>(at), first + static_cast<std::ptrdiff_t>(end)}, now,
        figures);
    if (!executed) return executed.error();
    at = end;
  }
  figures.seconds = seconds_since(begin);
  figures.cpu_seconds = thread_cpu_seconds() - cpu_begin;
  return figures;
}

Result<void> SettlementRun::execute_block(std::vector<Bytes> transactions, UtcMillis now,
                                          SettlementFigures& figures) {
  std::vector<ByteView> requests(transactions.begin(), transactions.end());
  const auto batch = pbft::Batch::make(now, requests);
  const auto apply_begin = Clock::now();
  const auto block = machine_.apply({0, ++sequence_, now, std::move(transactions)});
  figures.apply_seconds += seconds_since(apply_begin);
  const auto commit_begin = Clock::now();
  std::vector<protocol::TableWrite> writes;
  protocol::append_block_writes(block, batch, {}, writes);
  writes.push_back(
      protocol::position_write({{sequence_, block.header.height, machine_.head_hash()}, 0}));
  auto committed = folder_->ledger().commit(writes);
  if (!committed) return committed;
  figures.commit_seconds += seconds_since(commit_begin);
  ++figures.blocks;
  for (const auto& receipt : block.receipts) count(receipt, figures);
  return {};
}

}  // namespace powershare::bench
