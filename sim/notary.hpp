// The clients' keys, and the two checks that peers make of transactions: decoding and the stateless
// check before PREPARE. With the oracle's signatures both remember what they have seen: the same
// bytes are checked by every peer of a run.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ledger/state_machine.hpp"
#include "sim/keys.hpp"

namespace powershare::sim {

/// Who signs a transaction: an index of the clients' keys.
using Client = std::uint32_t;

class Notary {
 public:
  Notary(std::uint32_t clients, std::uint64_t seed, bool real)
      : keys_(clients, seed, real, "clients") {}
  /// To be called once the genesis is made with these keys.
  void set_genesis(const crypto::Digest& genesis) { genesis_ = genesis; }

  const crypto::PublicKey& public_key(Client client) const { return keys_.public_keys()[client]; }
  crypto::Signature sign(Client client, ByteView statement) const {
    return keys_.sign(client, statement);
  }
  /// The transaction's bytes as submitted, signed by `client`.
  Bytes encode_and_sign(const ledger::Transaction& transaction, Client client) const;

  /// What wire::decode_transaction does, with these signatures.
  Result<ledger::Transaction> decode(ByteView bytes, std::uint32_t feature_level);
  /// What wire::stateless_check does, with these signatures.
  bool check(ByteView bytes, UtcMillis batch_time, std::uint32_t feature_level);

 private:
  const Result<ledger::Transaction>& known(ByteView bytes);

  Keys keys_;
  crypto::Digest genesis_{};
  std::map<crypto::Digest, Result<ledger::Transaction>> known_;
};

}  // namespace powershare::sim
