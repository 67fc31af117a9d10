// A small chain for tests: two homes, an electric vehicle, a bank and a utility company, with all
// their keys.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ledger/accounts.hpp"
#include "ledger/membership.hpp"
#include "ledger/state_machine.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::ledger::test {

inline constexpr UtcMillis created{1'571'616'000'000};  // 2019-10-21T00:00:00Z

inline crypto::KeyPair key(std::uint8_t number) {
  crypto::Seed seed{};
  seed[0] = number;
  seed[31] = 0x5a;
  return crypto::KeyPair::from_seed(seed);
}
inline const std::uint8_t administrator = 1, feeder = 2, gateway_0 = 20, stranger = 99;

inline ParticipantRef ref(const char* text) {
  return parse_participant_ref(text).value();
}
inline const ParticipantRef h01 = ref("Resident:H01"), h02 = ref("Resident:H02");
inline const ParticipantRef vehicle = ref("ElectricVehicle:V1"), bank = ref("Bank:B1");
inline const ParticipantRef utility = ref("UtilityCompany:E1");

inline Participant participant(const ParticipantRef& who) {
  Participant result;
  result.ref = who;
  return result;
}

inline std::int64_t nano(const char* text) {
  return parse_nano_exact(text).value();
}
inline Energy kwh(const char* text) {
  return Energy::from_nano(nano(text));
}
inline Coins coins(const char* text) {
  return Coins::from_nano(nano(text));
}
inline Cash cash(const char* text) {
  return Cash::from_nano(nano(text));
}
inline Price price(const char* text) {
  return Price::from_nano(nano(text));
}

/// Four members; H01 (20 coins, 3 kWh, 15 EUR), H02 (20 coins, 0 kWh, 15 EUR), V1 of H01 (100
/// coins, 0 kWh), B1 (1,000,000 coins, 1,000,000 EUR), E1, a supplier (1,000 coins, 1,000 kWh).
/// Keys of their own: H01 11, H02 12.
inline Genesis genesis(bool simulated = true) {
  Genesis result;
  result.chain = ChainId::parse("funchal").value();
  result.created = created;
  result.simulated = simulated;
  if (simulated) {
    result.simulated_start = created;
    result.feeder_key = key(feeder).public_key();
  }
  result.administrator_key = key(administrator).public_key();
  for (std::uint8_t i = 0; i < 4; ++i) {
    Member member;
    member.peer = PeerId::parse("peer-" + std::to_string(i)).value();
    member.consensus_key = key(static_cast<std::uint8_t>(10 + 20 * (i + 1))).public_key();
    member.gateway_key = key(static_cast<std::uint8_t>(gateway_0 + i)).public_key();
    member.transport_key.fill(i);
    result.members.push_back(member);
  }
  auto& registry = result.registry;
  const auto provision = [&](const ParticipantRef& who, AssetClass asset, const char* balance,
                             const char* currency = "") {
    registry.push_back(ProvisionAsset{who, asset, currency, nano(balance)});
  };
  auto supplier = participant(utility);
  supplier.name = "EEM";
  supplier.supplier = true;
  auto car = participant(vehicle);
  car.owner = h01.id;
  for (const auto& each : {participant(h01), participant(h02), car, participant(bank), supplier}) {
    registry.push_back(AddParticipant{each});
  }
  for (const auto& home : {h01, h02}) {
    provision(home, AssetClass::coins, "20");
    provision(home, AssetClass::energy, home == h01 ? "3" : "0");
    provision(home, AssetClass::cash, "15", "EUR");
  }
  provision(vehicle, AssetClass::coins, "100");
  provision(vehicle, AssetClass::energy, "0");
  provision(bank, AssetClass::coins, "1000000");
  provision(bank, AssetClass::cash, "1000000", "EUR");
  provision(utility, AssetClass::coins, "1000");
  provision(utility, AssetClass::energy, "1000");
  registry.push_back(BindKey{key(11).public_key(), to_text(h01), 1});
  registry.push_back(BindKey{key(12).public_key(), to_text(h02), 1});
  return result;
}

/// A state machine and what it takes to submit to it.
class Chain {
 public:
  explicit Chain(Genesis start = genesis())
      : hash(start.hash()), machine(start, wire::transaction_decoder(hash)), time(start.created) {}

  /// The bytes of a transaction that expires in an hour, with an idempotency key of its own.
  Bytes transaction(Payload payload, std::uint8_t signer = administrator,
                    const std::string& principal = "administrator", std::string once = {}) {
    Transaction body;
    body.genesis = hash;
    body.principal = principal;
    if (once.empty()) once = "test-" + std::to_string(++counter);
    body.idempotency_key = to_bytes(once);
    body.expires = {time.value + millis_per_hour};
    body.payload = std::move(payload);
    return wire::encode_and_sign(body, key(signer));
  }

  ExecutedBlock apply(std::vector<Bytes> transactions) {
    time.value += 1000;
    ++sequence;
    return machine.apply(
        {epoch_of(machine.state(), sequence), sequence, time, std::move(transactions)});
  }

  Receipt submit(Payload payload, std::uint8_t signer = administrator,
                 const std::string& principal = "administrator") {
    return apply({transaction(std::move(payload), signer, principal)}).receipts.at(0);
  }
  /// As the owner with its own key.
  Receipt submit_as(const ParticipantRef& who, Payload payload) {
    return submit(std::move(payload), who == h01 ? 11 : 12, to_text(who));
  }

  std::string balance(const ParticipantRef& who, std::string_view asset) const {
    return format_nano(ledger::balance(machine.state(), participant_account(who, asset)));
  }

  Digest hash;
  StateMachine machine;
  UtcMillis time;
  std::uint64_t sequence = 0;
  std::uint64_t counter = 0;
};

/// All records of the state.
inline std::vector<StateWrite> records(const StateMachine& machine) {
  std::vector<StateWrite> result;
  machine.state().scan({}, {}, [&](ByteView key_bytes, ByteView value) {
    result.push_back({to_bytes(key_bytes), to_bytes(value)});
    return true;
  });
  return result;
}

}  // namespace powershare::ledger::test
