#include "protocol/wire/transaction_codec.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

#include "crypto/error.hpp"
#include "ledger/error.hpp"
#include "ledger/parameters.hpp"
#include "ledger/validity.hpp"
#include "protocol/wire/payload_codec.hpp"
#include "transaction.pb.h"

namespace powershare::wire {
namespace {

using ledger::Transaction;

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

using google::protobuf::io::CodedInputStream;

/// Visits the fields of a message without building it; false where the bytes are not Protobuf.
/// `visit` is given the number of each field and, where it is length-delimited, its bytes.
template <class Visit>
bool visit_fields(ByteView message, Visit visit) {
  CodedInputStream in(message.data(), static_cast<int>(message.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint64_t number = 0;
    std::uint32_t length = 0;
    switch (tag & 7) {
      case 0:
        if (!in.ReadVarint64(&number)) return false;
        visit(tag >> 3, ByteView());
        break;
      case 1:
        if (!in.ReadLittleEndian64(&number)) return false;
        visit(tag >> 3, ByteView());
        break;
      case 2: {
        if (!in.ReadVarint32(&length)) return false;
        const auto at = static_cast<std::size_t>(in.CurrentPosition());
        if (length > message.size() - at || !in.Skip(static_cast<int>(length))) return false;
        visit(tag >> 3, message.subspan(at, length));
        break;
      }
      case 5:
        if (!in.ReadLittleEndian32(&length)) return false;
        visit(tag >> 3, ByteView());
        break;
      default:
        return false;  // groups
    }
  }
  return in.ConsumedEntireMessage() &&
         static_cast<std::size_t>(in.CurrentPosition()) == message.size();
}

/// Counts readings before Protobuf makes an object of each: half a million would fit into a
/// megabyte.
bool has_too_many_readings(ByteView body) {
  std::size_t readings = 0;
  const bool formed = visit_fields(body, [&](std::uint32_t field, ByteView content) {
    if (field != TransactionBody::kReadingBatchFieldNumber) return;
    visit_fields(content, [&](std::uint32_t, ByteView) { ++readings; });
  });
  return !formed || readings > ledger::max_readings_per_batch;
}

template <class Message>
bool parse(Message& message, ByteView bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// A field that this version does not know may mean something to another one: replicas of both
/// would not agree. The message keeps the fields that it knows.
bool has_unknown_fields(TransactionBody& body) {
  const auto with_unknown_bytes = body.ByteSizeLong();
  body.DiscardUnknownFields();
  return body.ByteSizeLong() != with_unknown_bytes;
}

/// From which level on a field of the body is known.
constexpr std::uint32_t level_of_field(std::uint32_t field) {
  if (field == TransactionBody::kInitiatorFieldNumber) return 3;
  if (field >= TransactionBody::kSetNetworkFieldNumber) return 4;
  if (field >= TransactionBody::kIssueIdentityFieldNumber) return 3;
  return field >= TransactionBody::kAddMemberFieldNumber ? 2 : 1;
}

/// Payloads of level 1 that have had further fields since level 3, and the first of those.
struct ExtendedPayload {
  std::uint32_t payload;
  std::uint32_t first_new_field;
};
constexpr ExtendedPayload extended_payloads[] = {
    {TransactionBody::kAddParticipantFieldNumber, Participant::kEnergyAssetFieldNumber},
    {TransactionBody::kUpdateParticipantFieldNumber, Participant::kEnergyAssetFieldNumber},
    {TransactionBody::kProvisionAssetFieldNumber, AssetBalance::kIdFieldNumber},
    {TransactionBody::kAdjustAssetFieldNumber, AssetBalance::kIdFieldNumber},
    {TransactionBody::kDeleteAssetFieldNumber, AssetBalance::kIdFieldNumber},
    {TransactionBody::kEnergyToCoinsFieldNumber, EnergyToCoins::kCoinsIncFieldNumber},
    {TransactionBody::kSetCriteriaFieldNumber, SetCriteria::kSellRulesFieldNumber},
    {TransactionBody::kCashToCoinsFieldNumber, CashToCoins::kCoinsIncFieldNumber},
    {TransactionBody::kTransferCoinsToEvFieldNumber, TransferCoinsToEV::kCoinsIncFieldNumber},
    {TransactionBody::kCashFundingResidentFieldNumber, ResidentCash::kAssetFieldNumber},
    {TransactionBody::kCashWithdrawalResidentFieldNumber, ResidentCash::kAssetFieldNumber},
};

/// The feature level at which all fields of the body are known. An older program knows no newer
/// field, whatever follows it: they are looked for in the bytes, since of a repeated oneof Protobuf
/// keeps only the last.
std::uint32_t required_feature_level(ByteView body) {
  std::uint32_t level = 1;
  visit_fields(body, [&](std::uint32_t field, ByteView content) {
    level = std::max(level, level_of_field(field));
    for (const auto& extended : extended_payloads) {
      if (extended.payload != field) continue;
      visit_fields(content, [&](std::uint32_t inner, ByteView) {
        if (inner >= extended.first_new_field) level = std::max<std::uint32_t>(level, 3);
      });
    }
  });
  return level;
}

Result<Transaction> decode(ByteView bytes, const crypto::Digest& genesis,
                           std::uint32_t feature_level, bool verified) {
  if (bytes.size() > ledger::max_transaction_bytes) {
    return malformed("a transaction has at most 1 MiB");
  }
  SignedTransaction envelope;
  if (!parse(envelope, bytes)) return malformed("not a transaction");
  envelope.DiscardUnknownFields();
  // Otherwise anyone on the way could change a transaction's id without touching what is signed.
  if (envelope.SerializeAsString() != as_text(bytes)) {
    return malformed("not the one encoding of a signed transaction");
  }
  const ByteView body_bytes = as_bytes(envelope.body());
  if (has_too_many_readings(body_bytes)) return malformed("a batch holds 1 to 4096 readings");
  TransactionBody body;
  if (!parse(body, body_bytes)) return malformed("not the body of a transaction");
  const auto required = required_feature_level(body_bytes);
  if (has_unknown_fields(body) || required > feature_level) {
    return malformed("the transaction has unknown fields");
  }

  Transaction transaction;
  transaction.id = crypto::sha256(bytes);
  transaction.feature_level = required;
  transaction.principal = body.principal();
  transaction.idempotency_key = to_bytes(body.idempotency_key());
  transaction.expires = {body.expires_ms()};
  transaction.initiator = body.initiator();
  if (!copy_exactly(body.genesis(), transaction.genesis)) return malformed(wrong_length);
  auto payload = read_payload(body);
  if (!payload) return payload.error();
  transaction.payload = *std::move(payload);
  crypto::Signature signature{};
  if (!copy_exactly(envelope.public_key(), transaction.signer) ||
      !copy_exactly(envelope.signature(), signature)) {
    return malformed(wrong_length);
  }
  if (transaction.genesis != genesis) return malformed("the transaction is for another chain");
  if (const auto* set = std::get_if<ledger::SetParameter>(&transaction.payload)) {
    const auto needed = ledger::parameter_feature_level(set->name, set->value);
    // Below its level a parameter, or a rule of clearing, is answered, word for word, as by a
    // program that lacks it.
    if (needed > feature_level) {
      const bool rule = set->name == "clearing_rule";
      transaction.payload = ledger::SetParameter{rule ? set->name : "", ""};
    }
    transaction.feature_level = std::max(required, needed);
  }
  if (auto valid = ledger::check_transaction(transaction, feature_level); !valid)
    return valid.error();
  if (!verified) {
    const auto statement = transaction_statement(genesis, body_bytes);
    if (!crypto::verify(transaction.signer, statement, signature)) {
      return Error{CryptoError::bad_signature, "the transaction's signature does not verify"};
    }
  }
  return transaction;
}

}  // namespace

Bytes encode_body(const Transaction& transaction) {
  TransactionBody body;
  body.set_genesis(text_of(transaction.genesis));
  body.set_principal(transaction.principal);
  body.set_idempotency_key(std::string(as_text(transaction.idempotency_key)));
  body.set_expires_ms(transaction.expires.value);
  body.set_initiator(transaction.initiator);
  fill_payload(body, transaction.payload);
  return to_bytes(body.SerializeAsString());
}

Bytes transaction_statement(const crypto::Digest& genesis, ByteView body) {
  return std::move(Encoder().raw(as_bytes("powershare/transaction/1")).raw(genesis).raw(body))
      .take();
}

Bytes assemble(ByteView body, const crypto::PublicKey& key, const crypto::Signature& signature) {
  SignedTransaction envelope;
  envelope.set_body(std::string(as_text(body)));
  envelope.set_public_key(text_of(key));
  envelope.set_signature(text_of(signature));
  return to_bytes(envelope.SerializeAsString());
}

Bytes encode_and_sign(const Transaction& transaction, const crypto::KeyPair& key) {
  const auto body = encode_body(transaction);
  const auto signature = key.sign(transaction_statement(transaction.genesis, body));
  return assemble(body, key.public_key(), signature);
}

Result<Transaction> decode_transaction(ByteView bytes, const crypto::Digest& genesis,
                                       std::uint32_t feature_level) {
  return decode(bytes, genesis, feature_level, false);
}

Result<Transaction> decode_verified_transaction(ByteView bytes, const crypto::Digest& genesis,
                                                std::uint32_t feature_level) {
  return decode(bytes, genesis, feature_level, true);
}

Result<void> stateless_check(ByteView bytes, UtcMillis batch_time, const crypto::Digest& genesis,
                             std::uint32_t feature_level) {
  const auto transaction = decode_transaction(bytes, genesis, feature_level);
  if (!transaction) return transaction.error();
  if (transaction->expires <= batch_time) {
    return Error{LedgerError::expired, "the transaction has expired"};
  }
  return {};
}

ledger::TransactionDecoder transaction_decoder(const crypto::Digest& genesis, bool verified) {
  return [genesis, verified](ByteView bytes, std::uint32_t feature_level) {
    return decode(bytes, genesis, feature_level, verified);
  };
}

}  // namespace powershare::wire
