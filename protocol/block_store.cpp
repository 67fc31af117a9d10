#include "protocol/block_store.hpp"

#include "protocol/pbft/checkpoint.hpp"

namespace powershare::protocol {
namespace {

constexpr std::size_t max_record_bytes = 64u << 20;
constexpr std::uint32_t max_receipts = 1u << 16;
constexpr std::uint32_t max_events = 1u << 20;

Bytes height_key(std::uint64_t height) {
  return Encoder().u64(height).data();
}

const Bytes& position_key() {
  static const Bytes key = to_bytes("position");
  return key;
}

const Bytes& certified_height_key() {
  static const Bytes key = to_bytes("certified_height");
  return key;
}

Error damaged(const char* what) {
  return {StorageError::damaged, std::string("not a ") + what};
}

void encode_event(const ledger::Event& event, Encoder& out) {
  out.u8(static_cast<std::uint8_t>(event.kind))
      .time(event.slot)
      .text(event.detail)
      .u64(event.count)
      .quantity(event.energy);
}

ledger::Event decode_event(Decoder& in) {
  ledger::Event event{};
  event.kind = static_cast<ledger::Event::Kind>(in.u8());
  event.slot = in.time();
  event.detail = in.text(1u << 16);
  event.count = in.u64();
  event.energy = in.quantity<Energy>();
  return event;
}

Bytes encode_block(const ledger::ExecutedBlock& block, const pbft::BatchPointer& batch,
                   const pbft::OrderingCertificate& ordering) {
  Encoder out;
  out.raw(block.header.encode()).bytes(batch->encoded());
  ordering.encode(out);
  out.u32(static_cast<std::uint32_t>(block.receipts.size()));
  for (const auto& receipt : block.receipts) out.bytes(receipt.encode());
  out.u32(static_cast<std::uint32_t>(block.events.size()));
  for (const auto& event : block.events) encode_event(event, out);
  return std::move(out).take();
}

Result<StoredBlock> decode_block(ByteView record) {
  Decoder in(record);
  auto header = ledger::Header::decode(in.raw(ledger::Header::encoded_bytes));
  if (!header) return damaged("block record");
  StoredBlock block;
  block.header = *header;
  auto batch = pbft::Batch::decode(to_bytes(in.bytes(max_record_bytes)), 0,
                                   {max_receipts, max_record_bytes});
  if (!batch) return damaged("block record");
  block.batch = *batch;
  block.ordering = pbft::OrderingCertificate::decode(in);
  const auto receipts = in.count(max_receipts, 4);
  for (std::uint32_t i = 0; i < receipts; ++i) {
    auto receipt = ledger::Receipt::decode(in.bytes(max_record_bytes));
    if (!receipt) return damaged("block record");
    block.receipts.push_back(std::move(*receipt));
  }
  const auto events = in.count(max_events, 1 + 8 + 4 + 8 + 8);
  for (std::uint32_t i = 0; i < events; ++i) block.events.push_back(decode_event(in));
  if (!in.finished()) return damaged("block record");
  return block;
}

TableWrite put(std::string_view name, Bytes key, Bytes value) {
  return {std::string(name), std::move(key), std::move(value)};
}

/// Reads one record and decodes it; nothing where there is none.
template <class T>
Result<std::optional<T>> read_record(const LedgerSnapshot& snapshot, std::string_view name,
                                     ByteView key,
                                     const std::function<Result<T>(ByteView)>& decode) {
  auto record = snapshot.get(name, key);
  if (!record) return record.error();
  if (!*record) return std::optional<T>{};
  auto value = decode(**record);
  if (!value) return value.error();
  return std::optional<T>{std::move(*value)};
}

}  // namespace

void append_block_writes(const ledger::ExecutedBlock& block, const pbft::BatchPointer& batch,
                         const pbft::OrderingCertificate& ordering,
                         std::vector<TableWrite>& writes) {
  const auto height = block.header.height;
  writes.push_back(put(table::blocks, height_key(height), encode_block(block, batch, ordering)));
  for (std::uint32_t i = 0; i < block.receipts.size(); ++i) {
    const auto& receipt = block.receipts[i];
    // The same bytes again: the first place stays.
    if (receipt.outcome == ledger::Outcome::duplicate && receipt.first == receipt.transaction)
      continue;
    writes.push_back(put(table::places, to_bytes(ByteView(receipt.transaction)),
                         Encoder().u64(height).u32(i).data()));
  }
  for (const auto& write : block.writes) {
    writes.push_back({std::string(table::state), write.key, write.value});
  }
  for (const auto& row : block.history) writes.push_back({row.table, row.key, row.value});
}

TableWrite position_write(const LedgerPosition& ledger) {
  return put(table::meta, position_key(),
             Encoder()
                 .u64(ledger.position.sequence)
                 .u64(ledger.position.height)
                 .raw(ledger.position.head)
                 .u64(ledger.executed_transactions)
                 .data());
}

TableWrite certificate_write(std::uint64_t height, const crypto::QuorumCertificate& certificate) {
  Encoder out;
  certificate.encode(out);
  return put(table::certificates, height_key(height), std::move(out).take());
}

TableWrite certified_height_write(std::uint64_t height) {
  return put(table::meta, certified_height_key(), Encoder().u64(height).data());
}

TableWrite epoch_start_write(std::uint64_t epoch, const pbft::Position& start) {
  return put(table::epoch_starts, height_key(epoch), pbft::encode_checkpoint(start));
}

TableWrite epoch_end_write(std::uint64_t epoch, const pbft::CheckpointCertificate& end) {
  Encoder out;
  end.encode(out);
  return put(table::epoch_proofs, height_key(epoch), std::move(out).take());
}

Result<std::optional<pbft::Position>> read_epoch_start(const LedgerSnapshot& snapshot,
                                                       std::uint64_t epoch) {
  return read_record<pbft::Position>(snapshot, table::epoch_starts, height_key(epoch),
                                     pbft::decode_checkpoint);
}

Result<std::optional<pbft::CheckpointCertificate>> read_epoch_end(const LedgerSnapshot& snapshot,
                                                                  std::uint64_t epoch) {
  using pbft::CheckpointCertificate;
  return read_record<CheckpointCertificate>(snapshot, table::epoch_proofs, height_key(epoch),
                                            [](ByteView record) -> Result<CheckpointCertificate> {
                                              Decoder in(record);
                                              auto end = CheckpointCertificate::decode(in);
                                              if (!in.finished())
                                                return damaged("proof of an epoch's end");
                                              return end;
                                            });
}

Result<std::optional<StoredBlock>> read_block(const LedgerSnapshot& snapshot,
                                              std::uint64_t height) {
  return read_record<StoredBlock>(snapshot, table::blocks, height_key(height), decode_block);
}

Result<std::optional<crypto::QuorumCertificate>> read_certificate(const LedgerSnapshot& snapshot,
                                                                  std::uint64_t height) {
  return read_record<crypto::QuorumCertificate>(
      snapshot, table::certificates, height_key(height),
      [](ByteView record) -> Result<crypto::QuorumCertificate> {
        Decoder in(record);
        auto certificate = crypto::QuorumCertificate::decode(in);
        if (!in.finished()) return damaged("block certificate");
        return certificate;
      });
}

Result<std::optional<ledger::Header>> read_header(const LedgerSnapshot& snapshot,
                                                  std::uint64_t height) {
  return read_record<ledger::Header>(
      snapshot, table::blocks, height_key(height), [](ByteView record) -> Result<ledger::Header> {
        if (record.size() < ledger::Header::encoded_bytes) return damaged("block record");
        auto header = ledger::Header::decode(record.first(ledger::Header::encoded_bytes));
        if (!header) return damaged("block record");
        return header;
      });
}

Result<std::optional<ledger::HeaderProof>> read_header_proof(const LedgerSnapshot& snapshot,
                                                             std::uint64_t height) {
  std::uint64_t certified = 0;
  auto scanned = snapshot.scan(table::certificates, {}, height_key(height), false,
                               [&](ByteView key, ByteView) {
                                 certified = Decoder(key).u64();
                                 return false;
                               });
  if (!scanned) return scanned.error();
  if (certified < height || certified - height >= ledger::max_proof_headers) {
    return std::optional<ledger::HeaderProof>();
  }
  ledger::HeaderProof proof;
  for (auto next = height; next <= certified; ++next) {
    auto header = read_header(snapshot, next);
    if (!header) return header.error();
    if (!*header) return std::optional<ledger::HeaderProof>();
    proof.headers.push_back(**header);
  }
  auto certificate = read_certificate(snapshot, certified);
  if (!certificate) return certificate.error();
  if (!*certificate) return damaged("block certificate");
  proof.certificate = std::move(**certificate);
  return std::optional(std::move(proof));
}

Result<std::optional<LedgerPosition>> read_position(const LedgerSnapshot& snapshot) {
  return read_record<LedgerPosition>(snapshot, table::meta, position_key(),
                                     [](ByteView record) -> Result<LedgerPosition> {
                                       Decoder in(record);
                                       LedgerPosition ledger;
                                       ledger.position.sequence = in.u64();
                                       ledger.position.height = in.u64();
                                       ledger.position.head = in.array<32>();
                                       ledger.executed_transactions = in.u64();
                                       if (!in.finished()) return damaged("position");
                                       return ledger;
                                     });
}

Result<std::uint64_t> read_certified_height(const LedgerSnapshot& snapshot) {
  auto height = read_record<std::uint64_t>(snapshot, table::meta, certified_height_key(),
                                           [](ByteView record) -> Result<std::uint64_t> {
                                             Decoder in(record);
                                             const auto value = in.u64();
                                             if (!in.finished()) return damaged("certified height");
                                             return value;
                                           });
  if (!height) return height.error();
  return height->value_or(0);
}

Result<std::optional<TransactionPlace>> read_place(const LedgerSnapshot& snapshot,
                                                   const crypto::Digest& transaction) {
  return read_record<TransactionPlace>(snapshot, table::places, transaction,
                                       [](ByteView record) -> Result<TransactionPlace> {
                                         Decoder in(record);
                                         TransactionPlace place;
                                         place.height = in.u64();
                                         place.index = in.u32();
                                         if (!in.finished()) return damaged("transaction's place");
                                         return place;
                                       });
}

Result<std::vector<ledger::StateWrite>> read_state(const LedgerSnapshot& snapshot) {
  std::vector<ledger::StateWrite> records;
  auto scanned = snapshot.scan(table::state, {}, {}, false, [&](ByteView key, ByteView value) {
    records.push_back({to_bytes(key), to_bytes(value)});
    return true;
  });
  if (!scanned) return scanned.error();
  return records;
}

std::optional<Bytes> SnapshotState::get(ByteView key) const {
  auto record = snapshot_.get(table::state, key);
  if (record) return std::move(*record);
  if (!fault_) fault_ = record.error();
  return std::nullopt;
}

void SnapshotState::scan(ByteView prefix, ByteView from,
                         const std::function<bool(ByteView, ByteView)>& visit) const {
  auto scanned = snapshot_.scan(table::state, prefix, from, false, visit);
  if (!scanned && !fault_) fault_ = scanned.error();
}

std::optional<Bytes> SnapshotHistory::get(std::string_view table, ByteView key) const {
  auto record = snapshot_.get(table, key);
  if (record) return std::move(*record);
  if (!fault_) fault_ = record.error();
  return std::nullopt;
}

void SnapshotHistory::scan(std::string_view table, ByteView prefix, ByteView from, bool descending,
                           const std::function<bool(ByteView, ByteView)>& visit) const {
  auto scanned = snapshot_.scan(table, prefix, from, descending, visit);
  if (!scanned && !fault_) fault_ = scanned.error();
}

}  // namespace powershare::protocol
