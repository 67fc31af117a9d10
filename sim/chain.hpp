// The chain that a run simulates: a tiny genesis with a real registry, who its clients are, and the
// time-outs of its peers, short so that much happens in little virtual time.
#pragma once

#include <vector>

#include "ledger/genesis.hpp"
#include "protocol/catch_up.hpp"
#include "protocol/pbft/options.hpp"
#include "sim/notary.hpp"

namespace powershare::sim {

/// Wall-clock time at virtual time 0: five seconds before a slot ends.
inline constexpr std::int64_t epoch_ms = 1'600'000'200'000 - 5'000;

struct ChainOptions {
  std::uint64_t seed = 1;
  std::uint32_t peers = 4;
  bool real_signatures = false;
  bool simulated_clock = true;  ///< island time by ClockStep; else slots close by agreed time
  bool membership = false;      ///< spare peers, and a second key for each
  std::uint32_t feature_level = ledger::known_feature_level;  ///< of epoch 0
};

/// One home of the neighbourhood and its meter.
struct Home {
  ledger::ParticipantRef ref;
  MeterId meter;
  Client client = 0;
};

struct Chain {
  explicit Chain(const ChainOptions& options);

  static constexpr std::uint32_t homes_at_start = 4;
  static constexpr std::uint32_t max_homes = 12;  ///< the others join while the chain runs
  static constexpr Client administrator = 0, feeder = 1;
  /// Further peers, which begin as no members.
  static constexpr std::uint32_t spares = 2;
  /// All peers that run, members or not.
  std::uint32_t processes() const { return options.peers + (options.membership ? spares : 0); }
  Client gateway_of(std::uint32_t process) const { return 2 + process; }
  const crypto::PublicKey& first_key(std::uint32_t process) const {
    return keys.public_keys()[process];
  }
  const crypto::PublicKey& second_key(std::uint32_t process) const {
    return keys.public_keys()[options.membership ? processes() + process : process];
  }
  OracleSignatory signatory_of(std::uint32_t process) const {
    if (!options.membership) return {keys, process};
    return {keys, process, processes() + process};
  }
  /// Whose key it is.
  std::optional<std::uint32_t> process_of(const crypto::PublicKey& key) const;
  /// A peer as a member, with one of its two keys.
  ledger::Member member_entry(std::uint32_t process, const crypto::PublicKey& key) const;
  static ledger::ParticipantRef bank();
  static ledger::ParticipantRef utility();
  /// Of the first home.
  static ledger::ParticipantRef vehicle();

  ChainOptions options;
  Keys keys;              ///< of the peers: the first of each, then the second of each
  mutable Notary notary;  ///< of the clients; remembers what it has checked
  std::vector<Home> homes;
  ledger::Genesis genesis;
  crypto::Digest genesis_hash{};
  pbft::Committee committee;
  pbft::Options replica;
  protocol::CatchUpOptions catch_up;

  ledger::TransactionDecoder decoder() const {
    return [this](ByteView bytes, std::uint32_t feature_level) {
      return notary.decode(bytes, feature_level);
    };
  }
};

}  // namespace powershare::sim
