// Transactions as bytes: protocol/transaction.proto. Signatures and ids are over the bytes as
// received, never over re-serialised Protobuf.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/keys.hpp"
#include "ledger/state_machine.hpp"
#include "ledger/transaction.hpp"

namespace powershare::wire {

/// The Protobuf bytes of a TransactionBody: genesis, principal, idempotency key, expiry and
/// payload. A client that keeps its own key signs transaction_statement() over them.
Bytes encode_body(const ledger::Transaction& transaction);
/// "powershare/transaction/1" ‖ genesis ‖ body.
Bytes transaction_statement(const crypto::Digest& genesis, ByteView body);
/// The SignedTransaction's bytes, as submitted.
Bytes assemble(ByteView body, const crypto::PublicKey& key, const crypto::Signature& signature);
/// The three at once; id and signer of `transaction` are not looked at.
Bytes encode_and_sign(const ledger::Transaction& transaction, const crypto::KeyPair& key);

/// Checks size, form, counts, fields, chain and signature, and gives the transaction with its id
/// and signer. Not whether the key may do this, nor expiry. What begins above `feature_level`, that
/// of the epoch whose sequences the transaction is for, is refused just as an older program refuses
/// it. LedgerError::malformed or CryptoError::bad_signature with the reason.
Result<ledger::Transaction> decode_transaction(ByteView bytes, const crypto::Digest& genesis,
                                               std::uint32_t feature_level);
/// The same without the signature, for bytes whose signature this peer has checked before or that
/// stand in a certified block.
Result<ledger::Transaction> decode_verified_transaction(ByteView bytes,
                                                        const crypto::Digest& genesis,
                                                        std::uint32_t feature_level);
/// What a backup checks of each transaction before PREPARE (DECISIONS 4): decode_transaction, and
/// the expiry against the batch's time.
Result<void> stateless_check(ByteView bytes, UtcMillis batch_time, const crypto::Digest& genesis,
                             std::uint32_t feature_level);

/// What the state machine is given. `verified`: decode_verified_transaction.
ledger::TransactionDecoder transaction_decoder(const crypto::Digest& genesis,
                                               bool verified = false);

}  // namespace powershare::wire
