#include "apps/bench_settlement.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/bench_island.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/key_files.hpp"
#include "bench/figures.hpp"
#include "bench/settlement_run.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t reading_seconds = 10;
constexpr std::uint64_t readings_per_meter = 360;                // all in the one slot that is open
constexpr std::int64_t energy_of_home_nano = 1'000'000'000'000;  // to sell from
/// More per second than any ledger here is expected to execute; so many are signed beforehand.
constexpr std::uint64_t most_transfers_per_second = 12'000;
constexpr std::uint64_t most_readings_per_second = 25'000;

/// Makes the transactions of a run, each with an idempotency key of its own.
class Writer {
 public:
  Writer(const UpFolder& files, crypto::KeyPair administrator, crypto::KeyPair gateway,
         const Profiles& homes)
      : files_(files),
        genesis_(files.genesis.hash()),
        administrator_(std::move(administrator)),
        gateway_(std::move(gateway)),
        homes_(homes),
        now_{std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                 .count()} {}

  UtcMillis now() const { return now_; }

  /// Island time at the end of the slot, and energy for every home to sell.
  std::vector<Bytes> preparation() {
    std::vector<Bytes> all;
    all.push_back(
        sign("feeder",
             ledger::ClockStep{{homes_.start().value + homes_.slot_ms() - 5 * millis_per_minute}},
             *files_.feeder_key));
    for (std::size_t home = 0; home < homes_.homes().size(); ++home) {
      all.push_back(sign(
          "administrator",
          ledger::AdjustAsset{resident(home), ledger::AssetClass::energy, "", energy_of_home_nano},
          administrator_));
    }
    return all;
  }

  std::vector<Bytes> transfers(std::uint64_t count) {
    std::vector<Bytes> all;
    const auto homes = homes_.homes().size();
    for (std::uint64_t i = 0; i < count; ++i) {
      all.push_back(
          sign("administrator",
               ledger::EnergyToCoins{Price::from_nano(100'000'000), Energy::from_nano(1'000'000),
                                     resident(i % homes), resident((i + 1) % homes)},
               administrator_));
    }
    return all;
  }

  /// As a peer's ingestion proposes them.
  std::vector<Bytes> reading_batches(std::uint64_t count, std::uint64_t per_batch) {
    std::vector<Bytes> all;
    ledger::ReadingBatch batch;
    const auto flush = [&] {
      if (batch.readings.empty()) return;
      all.push_back(sign("gateway:" + files_.genesis.members.front().peer.text(),
                         std::exchange(batch, {}), gateway_));
    };
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto home = i % homes_.homes().size();
      batch.readings.push_back(reading(home, i / homes_.homes().size()));
      if (batch.readings.size() == per_batch) flush();
    }
    flush();
    return all;
  }

 private:
  ledger::ParticipantRef resident(std::size_t home) const {
    return {ledger::ParticipantType::resident, homes_.homes()[home].resident};
  }

  ledger::SignedReading reading(std::size_t home, std::uint64_t index) const {
    ledger::Reading reading;
    reading.meter = homes_.homes()[home].meter;
    reading.sequence = index + 1;
    reading.start = {homes_.start().value +
                     static_cast<std::int64_t>(index) * reading_seconds * millis_per_second};
    reading.seconds = reading_seconds;
    reading.imported = Energy::from_nano(1'000'000 + static_cast<std::int64_t>(index));
    const auto signature =
        files_.meter_keys[home].sign(ledger::reading_statement(genesis_, reading));
    return {reading, signature};
  }

  Bytes sign(std::string principal, ledger::Payload payload, const crypto::KeyPair& key) {
    ledger::Transaction transaction;
    transaction.genesis = genesis_;
    transaction.principal = std::move(principal);
    transaction.idempotency_key = Encoder().u64(++next_key_).data();
    transaction.expires = {now_.value + millis_per_hour};
    transaction.payload = std::move(payload);
    return wire::encode_and_sign(transaction, key);
  }

  const UpFolder& files_;
  const crypto::Digest genesis_;
  crypto::KeyPair administrator_;
  crypto::KeyPair gateway_;
  const Profiles& homes_;
  const UtcMillis now_;
  std::uint64_t next_key_ = 0;
};

struct Results {
  bench::Ceilings ceilings;
  bench::SettlementFigures transfers;
  bench::SettlementFigures readings;
};

Json to_json(const bench::SettlementFigures& figures) {
  const auto per_second = [&](std::uint64_t count) {
    return figures.seconds > 0 ? static_cast<double>(count) / figures.seconds : 0;
  };
  return {{"transactions", figures.transactions},
          {"transactions_per_second", per_second(figures.transactions)},
          {"readings", figures.readings},
          {"readings_per_second", per_second(figures.readings)},
          {"rejected", figures.rejected},
          {"blocks", figures.blocks},
          {"seconds", figures.seconds},
          {"apply_seconds", figures.apply_seconds},
          {"commit_seconds", figures.commit_seconds},
          {"cpu_seconds", figures.cpu_seconds}};
}

Result<Results> measure(const BenchSettlementOptions& options,
                        const std::filesystem::path& folder) {
  Results results;
  auto ceilings = bench::measure_ceilings(folder);
  if (!ceilings) return ceilings.error();
  results.ceilings = *ceilings;
  const auto homes = bench_homes(options.meters);
  UpOptions up;
  up.slot = "1h";
  auto files = prepare_on_free_ports(up, folder, homes.get());
  if (!files) return files.error();
  const auto& peer = files->island.microgrids.front().peers.front();
  const auto chain_folder = peer.config.parent_path().parent_path();
  auto administrator = load_key(chain_folder / "administrator.key");
  if (!administrator) return administrator.error();
  auto keys = load_peer_keys(peer.config.parent_path() / "keys");
  if (!keys) return keys.error();
  Writer writer(*files, *administrator, keys->gateway, *homes);
  auto run = bench::SettlementRun::open(files->genesis, peer.data, keys->consensus.public_key());
  if (!run) return run.error();
  const auto seconds = static_cast<double>(options.seconds);
  auto prepared = (*run)->execute(writer.preparation(), options.per_block, writer.now(), 3600);
  if (!prepared) return prepared.error();
  if (prepared->rejected > 0) return Error{AppError::failed, "the preparation was rejected"};
  auto transfers = (*run)->execute(writer.transfers(options.seconds * most_transfers_per_second),
                                   options.per_block, writer.now(), seconds);
  if (!transfers) return transfers.error();
  results.transfers = *transfers;
  const auto count =
      std::min(options.meters * readings_per_meter, options.seconds * most_readings_per_second);
  const auto per_block = std::max<std::uint64_t>(1, options.per_block / options.batch);
  auto readings = (*run)->execute(writer.reading_batches(count, options.batch), per_block,
                                  writer.now(), seconds);
  if (!readings) return readings.error();
  results.readings = *readings;
  if (auto checked = (*run)->check(); !checked) return checked.error();
  return results;
}

void print(const Results& results, std::FILE* out) {
  const auto row = [out](const char* name, const bench::SettlementFigures& it, double per_second) {
    std::fprintf(
        out, "  %-12s %10.0f /s   apply %.0f %%, commit %.0f %%, %llu blocks, %llu rejected\n",
        name, per_second, 100 * it.apply_seconds / it.seconds, 100 * it.commit_seconds / it.seconds,
        static_cast<unsigned long long>(it.blocks), static_cast<unsigned long long>(it.rejected));
  };
  row("transfers", results.transfers,
      static_cast<double>(results.transfers.transactions) / results.transfers.seconds);
  row("readings", results.readings,
      static_cast<double>(results.readings.readings) / results.readings.seconds);
  std::fprintf(out, "  ceiling: %.0f verifies/s of one core, fdatasync %.3f ms\n",
               results.ceilings.verifies_per_second, results.ceilings.fdatasync_ms_p50);
}

}  // namespace

int run_bench_settlement(const BenchSettlementOptions& options) {
  crypto::initialise();
  if (options.seconds < 1 || options.seconds > 600 || options.per_block < 1 ||
      options.per_block > 10'000 || options.batch < 1 || options.batch > 4'096 ||
      options.meters < 2 || options.meters > 2'000) {
    return report(Error{AppError::usage,
                        "--seconds takes 1 to 600, --block 1 to 10000, --batch 1 to 4096, --meters "
                        "2 to 2000"});
  }
  auto folder = BenchFolder::make();
  if (!folder) return report(folder.error());
  auto results = measure(options, folder->path());
  if (!results) return report(results.error());
  print(*results, options.json ? stderr : stdout);
  const bool good = results->transfers.rejected + results->readings.rejected == 0;
  if (options.json) {
    const Json line = {{"transfers", to_json(results->transfers)},
                       {"readings", to_json(results->readings)},
                       {"verifies_per_second_per_core", results->ceilings.verifies_per_second},
                       {"fdatasync_ms_p50", results->ceilings.fdatasync_ms_p50},
                       {"ok", good}};
    std::printf("%s\n", line.dump().c_str());
  }
  return good ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
