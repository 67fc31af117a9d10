#include "sim/notary.hpp"

#include <algorithm>

#include "crypto/error.hpp"
#include "ledger/error.hpp"
#include "protocol/wire/transaction_codec.hpp"

namespace powershare::sim {
namespace {

/// Decodes and verifies as protocol/wire does; its own decode_transaction knows Ed25519 only.
Result<ledger::Transaction> decode_with(const Keys& keys, ByteView bytes,
                                        const crypto::Digest& genesis) {
  if (keys.real()) return wire::decode_transaction(bytes, genesis, ledger::known_feature_level);
  auto transaction = wire::decode_verified_transaction(bytes, genesis, ledger::known_feature_level);
  if (!transaction) return transaction;
  // The envelope has one encoding, which ends with the signature.
  crypto::Signature signature{};
  const auto last = bytes.last(signature.size());
  std::copy(last.begin(), last.end(), signature.begin());
  const auto body = wire::encode_body(*transaction);
  if (!equal(wire::assemble(body, transaction->signer, signature), bytes) ||
      !keys.verify(transaction->signer, wire::transaction_statement(genesis, body), signature)) {
    return Error{CryptoError::bad_signature, "the transaction's signature does not verify"};
  }
  return transaction;
}

}  // namespace

Bytes Notary::encode_and_sign(const ledger::Transaction& transaction, Client client) const {
  const auto body = wire::encode_body(transaction);
  const auto statement = wire::transaction_statement(transaction.genesis, body);
  return wire::assemble(body, public_key(client), sign(client, statement));
}

const Result<ledger::Transaction>& Notary::known(ByteView bytes) {
  const auto id = crypto::sha256(bytes);
  auto found = known_.find(id);
  if (found == known_.end()) {
    found = known_.emplace(id, decode_with(keys_, bytes, genesis_)).first;
  }
  return found->second;
}

Result<ledger::Transaction> Notary::decode(ByteView bytes, std::uint32_t feature_level) {
  const auto& transaction = known(bytes);
  if (transaction && transaction->feature_level > feature_level) {
    return Error{LedgerError::malformed, "the transaction has unknown fields"};
  }
  return transaction;
}

bool Notary::check(ByteView bytes, UtcMillis batch_time, std::uint32_t feature_level) {
  const auto& transaction = known(bytes);
  return transaction.ok() && transaction->expires > batch_time &&
         transaction->feature_level <= feature_level;
}

}  // namespace powershare::sim
