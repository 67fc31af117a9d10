#include "gateway/block_json.hpp"

#include "gateway/payload_json.hpp"
#include "ledger/parameters.hpp"

namespace powershare::gateway {
namespace {

std::string_view to_text(ledger::Outcome outcome) {
  switch (outcome) {
    case ledger::Outcome::applied:
      return "applied";
    case ledger::Outcome::rejected:
      return "rejected";
    case ledger::Outcome::duplicate:
      return "duplicate";
  }
  return "unknown";
}

std::string_view to_text(ledger::ReadingResult::Kind kind) {
  switch (kind) {
    case ledger::ReadingResult::Kind::accepted:
      return "accepted";
    case ledger::ReadingResult::Kind::duplicate:
      return "duplicate";
    case ledger::ReadingResult::Kind::rejected:
      return "rejected";
  }
  return "unknown";
}

}  // namespace

void write_header(json::Writer& out, const ledger::Header& header) {
  out.begin_object().key("version").unsigned_integer(header.version);
  out.key("genesis").digest(header.genesis);
  out.key("epoch").unsigned_integer(header.epoch);
  out.key("height").unsigned_integer(header.height);
  out.key("sequence").unsigned_integer(header.sequence);
  out.key("time").string(to_iso8601(header.time));
  out.key("previous").digest(header.previous);
  out.key("transactions_root").digest(header.transactions_root);
  out.key("receipts_root").digest(header.receipts_root);
  out.key("outbox_root").digest(header.outbox_root);
  out.key("state_root").digest(header.state_root);
  out.key("next_members").digest(header.next_members).end_object();
}

void write_transaction(json::Writer& out, ByteView bytes, const ledger::TransactionDecoder& decode,
                       const Viewer& viewer) {
  out.begin_object().key("id").digest(crypto::sha256(bytes));
  const auto transaction = decode(bytes, ledger::known_feature_level);
  const bool withheld = transaction ? !viewer.sees(*transaction) : viewer.is_household();
  if (withheld) {
    out.key("type");
    if (transaction) {
      out.string(ledger::payload_name(transaction->payload));
    } else {
      out.null();
    }
    for (const auto* name :
         {"principal", "initiator", "idempotency_key", "expires", "signer", "payload", "bytes"}) {
      out.key(name).null();
    }
    out.key("leaf").digest(crypto::merkle_leaf(bytes)).end_object();
    return;
  }
  if (transaction) {
    out.key("type").string(ledger::payload_name(transaction->payload));
    out.key("principal").string(transaction->principal);
    out.key("initiator");
    if (transaction->initiator.empty()) {
      out.null();
    } else {
      out.string(transaction->initiator);
    }
    out.key("idempotency_key").string(to_base64(transaction->idempotency_key));
    out.key("expires").string(to_iso8601(transaction->expires));
    out.key("signer").string(to_hex(ByteView(transaction->signer)));
    out.key("payload");
    write_payload(out, transaction->payload);
  } else {
    for (const auto* name :
         {"type", "principal", "initiator", "idempotency_key", "expires", "signer", "payload"}) {
      out.key(name).null();
    }
  }
  out.key("bytes").string(to_base64(bytes));
  out.key("leaf").digest(crypto::merkle_leaf(bytes)).end_object();
}

void write_receipt(json::Writer& out, const ledger::Receipt& receipt) {
  out.begin_object().key("transaction").digest(receipt.transaction);
  out.key("outcome").string(to_text(receipt.outcome));
  out.key("code").string(receipt.code).key("message").string(receipt.message);
  out.key("first");
  if (receipt.outcome == ledger::Outcome::duplicate) {
    out.digest(receipt.first);
  } else {
    out.null();
  }
  out.key("readings").begin_array();
  for (const auto& reading : receipt.readings) {
    out.begin_object().key("result").string(to_text(reading.kind));
    out.key("reason").string(reading.reason).end_object();
  }
  out.end_array().end_object();
}

void write_certificate(json::Writer& out, const BlockRecord& block,
                       const ledger::StateReader& state) {
  if (!block.certificate) {
    out.null();
    return;
  }
  const auto& header = block.header;
  const auto members = ledger::members(state, header.epoch);
  const auto statement =
      ledger::block_statement(header.genesis, header.epoch, header.height, header.hash());
  out.begin_object().key("epoch").unsigned_integer(header.epoch);
  out.key("statement").string(to_hex(statement)).key("endorsements").begin_array();
  for (const auto& endorsement : block.certificate->endorsements) {
    out.begin_object().key("signer").unsigned_integer(endorsement.signer).key("peer");
    if (endorsement.signer < members.size()) {
      out.string(members[endorsement.signer].peer.text());
    } else {
      out.null();
    }
    out.key("signature").string(to_hex(ByteView(endorsement.signature))).end_object();
  }
  out.end_array().end_object();
}

void write_block(json::Writer& out, const BlockRecord& block, const ledger::StateReader& state,
                 const Ports& ports, const Viewer& viewer) {
  out.begin_object().key("height").unsigned_integer(block.header.height);
  out.key("hash").digest(block.header.hash());
  out.key("header");
  write_header(out, block.header);
  out.key("header_bytes").string(to_hex(block.header.encode()));
  out.key("transactions").begin_array();
  for (const auto& bytes : block.transactions) write_transaction(out, bytes, ports.decode, viewer);
  out.end_array().key("receipts").begin_array();
  for (const auto& receipt : block.receipts) write_receipt(out, receipt);
  out.end_array().key("certificate");
  write_certificate(out, block, state);
  out.key("ordering_certificate").string(to_base64(block.ordering_certificate)).end_object();
}

void write_proof(json::Writer& out, const std::vector<Bytes>& items, std::size_t index) {
  std::vector<Digest> leaves;
  leaves.reserve(items.size());
  for (const auto& item : items) leaves.push_back(crypto::merkle_leaf(item));
  const auto proof = crypto::merkle_proof(leaves, index);
  out.begin_object().key("leaf").digest(leaves[index]);
  out.key("index").unsigned_integer(proof.index).key("size").unsigned_integer(proof.size);
  out.key("path").begin_array();
  for (const auto& sibling : proof.path) out.digest(sibling);
  out.end_array().key("root").digest(crypto::merkle_root(leaves)).end_object();
}

}  // namespace powershare::gateway
