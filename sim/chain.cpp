#include "sim/chain.hpp"

#include <limits>

#include "ledger/genesis_state.hpp"
#include "ledger/registry.hpp"

namespace powershare::sim {
namespace {

using ledger::AssetClass;
using ledger::ParticipantRef;

ParticipantRef named(const std::string& text) {
  return ledger::parse_participant_ref(text).value();
}

std::int64_t units(std::int64_t count) {
  return count * nano_per_unit;
}

ledger::Participant participant(const ParticipantRef& who) {
  ledger::Participant entry;
  entry.ref = who;
  return entry;
}

/// Two homes, a vehicle, a bank and a supplier could do; four homes let more go wrong.
std::vector<ledger::Payload> make_registry(const Chain& chain) {
  std::vector<ledger::Payload> registry;
  const auto provision = [&](const ParticipantRef& who, AssetClass asset, std::int64_t count) {
    registry.emplace_back(
        ledger::ProvisionAsset{who, asset, asset == AssetClass::cash ? "EUR" : "", units(count)});
  };
  auto supplier = participant(Chain::utility());
  supplier.supplier = true;
  registry.emplace_back(ledger::AddParticipant{supplier});
  registry.emplace_back(ledger::AddParticipant{participant(Chain::bank())});
  for (std::uint32_t i = 0; i < Chain::homes_at_start; ++i) {
    const auto& home = chain.homes[i];
    registry.emplace_back(ledger::AddParticipant{participant(home.ref)});
    provision(home.ref, AssetClass::coins, 20);
    provision(home.ref, AssetClass::energy, 30);
    provision(home.ref, AssetClass::cash, 15);
    registry.emplace_back(ledger::BindKey{chain.notary.public_key(home.client),
                                          ledger::to_text(home.ref),
                                          ledger::scope_bit(ledger::Scope::own)});
    ledger::RegisterMeter meter;
    meter.meter = home.meter;
    meter.owner = home.ref;
    if (chain.options.real_signatures) meter.public_key = chain.notary.public_key(home.client);
    registry.emplace_back(meter);
  }
  auto car = participant(Chain::vehicle());
  car.owner = chain.homes[0].ref.id;
  registry.emplace_back(ledger::AddParticipant{car});
  provision(Chain::vehicle(), AssetClass::coins, 10);
  provision(Chain::vehicle(), AssetClass::energy, 0);
  provision(Chain::bank(), AssetClass::coins, 1'000'000);
  provision(Chain::bank(), AssetClass::cash, 1'000'000);
  provision(Chain::utility(), AssetClass::coins, 1'000);
  provision(Chain::utility(), AssetClass::energy, 1'000);
  return registry;
}

ledger::Genesis make_genesis(const Chain& chain) {
  ledger::Genesis genesis;
  genesis.chain = ChainId::parse("sim-" + std::to_string(chain.options.seed)).value();
  genesis.created = UtcMillis{epoch_ms};
  genesis.simulated = chain.options.simulated_clock;
  if (genesis.simulated) {
    genesis.simulated_start = UtcMillis{epoch_ms - epoch_ms % 60'000};
    genesis.feeder_key = chain.notary.public_key(Chain::feeder);
  }
  genesis.administrator_key = chain.notary.public_key(Chain::administrator);
  for (std::uint32_t i = 0; i < chain.options.peers; ++i) {
    genesis.members.push_back(chain.member_entry(i, chain.first_key(i)));
  }
  genesis.parameters.slot_ms = millis_per_minute;
  genesis.parameters.close_grace_ms = 1'500;
  genesis.parameters.final_after_ms = 10 * millis_per_minute;
  genesis.feature_level = chain.options.feature_level;
  genesis.consensus = {chain.replica.checkpoint_interval, chain.replica.window};
  genesis.registry = make_registry(chain);
  return genesis;
}

pbft::Options replica_options() {
  pbft::Options options;
  options.request_timeout_ms = 500;
  options.view_change_backoff_max_ms = 4'000;
  options.checkpoint_interval = 8;
  options.window = 32;
  options.in_flight = 8;
  options.reservation_step = 40;
  options.batch.max_requests = 8;
  return options;
}

protocol::CatchUpOptions catch_up_options() {
  protocol::CatchUpOptions options;
  options.answer_timeout_ms = 300;
  options.max_blocks_per_answer = 16;
  // As the settlement actor: every block is kept, so a peer that lags behind replays blocks.
  options.snapshot_above_blocks = std::numeric_limits<std::uint64_t>::max();
  return options;
}

}  // namespace

Chain::Chain(const ChainOptions& chain_options)
    : options(chain_options),
      keys(options.membership ? 2 * processes() : processes(), options.seed,
           options.real_signatures),
      notary(2 + processes() + max_homes, options.seed, options.real_signatures),
      replica(replica_options()),
      catch_up(catch_up_options()) {
  for (std::uint32_t i = 0; i < max_homes; ++i) {
    const auto number = std::to_string(i + 1);
    homes.push_back(
        {named("Resident:H" + number), MeterId::parse("M" + number).value(), 2 + processes() + i});
  }
  genesis = make_genesis(*this);
  PS_ASSERT(ledger::check_genesis(genesis).ok());
  genesis_hash = genesis.hash();
  notary.set_genesis(genesis_hash);
  committee.genesis = genesis_hash;
  committee.members = ledger::consensus_keys(genesis.members);
  committee.feature_level = genesis.feature_level;
}

std::optional<std::uint32_t> Chain::process_of(const crypto::PublicKey& key) const {
  for (std::uint32_t process = 0; process < processes(); ++process) {
    if (key == first_key(process) || key == second_key(process)) return process;
  }
  return std::nullopt;
}

ledger::Member Chain::member_entry(std::uint32_t process, const crypto::PublicKey& key) const {
  ledger::Member member;
  member.peer = PeerId::parse("peer-" + std::to_string(process)).value();
  member.consensus_key = key;
  member.gateway_key = notary.public_key(gateway_of(process));
  member.transport_key.fill(static_cast<std::uint8_t>(process + 1));
  return member;
}

ParticipantRef Chain::bank() {
  return named("Bank:B1");
}
ParticipantRef Chain::utility() {
  return named("UtilityCompany:E1");
}
ParticipantRef Chain::vehicle() {
  return named("ElectricVehicle:V1");
}

}  // namespace powershare::sim
