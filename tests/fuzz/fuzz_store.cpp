// What stands on the disk: the ledger's records, an inbox's, the pages of a database. The first
// byte chooses which.
#include "ledger/reading.hpp"
#include "protocol/block_store.hpp"
#include "storage/lmdb_page.hpp"
#include "tests/fuzz/chain.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace powershare;
using fuzz::require_same;

namespace {

/// Each record that is asked for is the input, and scans find it as the records that it holds.
class OneRecord final : public protocol::LedgerSnapshot {
 public:
  explicit OneRecord(ByteView value) : value_(value) {}
  Result<std::optional<Bytes>> get(std::string_view, ByteView) const override {
    return std::optional<Bytes>(to_bytes(value_));
  }
  Result<void> scan(std::string_view, ByteView, ByteView, bool,
                    const std::function<bool(ByteView, ByteView)>& visit) const override {
    Decoder in(value_);
    while (in.ok() && in.remaining() > 0) {
      const auto key = in.raw(in.u8());
      const auto value = in.raw(in.u16());
      if (!in.ok() || !visit(key, value)) break;
    }
    return {};
  }

 private:
  ByteView value_;
};

void read_ledger(ByteView value) {
  const OneRecord snapshot(value);
  (void)protocol::read_block(snapshot, 1).ok();
  (void)protocol::read_header(snapshot, 1).ok();
  (void)protocol::read_header_proof(snapshot, 1).ok();
  (void)protocol::read_certificate(snapshot, 1).ok();
  (void)protocol::read_position(snapshot).ok();
  (void)protocol::read_certified_height(snapshot).ok();
  (void)protocol::read_place(snapshot, fuzz::genesis_hash()).ok();
}

void restore_state(ByteView value) {
  const OneRecord snapshot(value);
  auto records = protocol::read_state(snapshot);
  if (!records) return;
  ledger::Header head;
  head.height = 1;
  (void)ledger::StateMachine::restore(fuzz::genesis(),
                                      wire::transaction_decoder(fuzz::genesis_hash(), true), head,
                                      std::move(*records))
      .ok();
}

void read_inbox(ByteView value) {
  Decoder in(value);
  const auto reading = ledger::decode_signed_reading(in);
  if (!in.finished()) return;
  Encoder out;
  ledger::encode_signed_reading(reading, out);
  require_same(out.data(), value);
}

void read_page(ByteView page) {
  for (const std::uint64_t number : {0, 1, 2, 7}) {
    (void)storage::read_meta_page(page, number);
    (void)storage::read_overflow_header(page, number);
    (void)storage::read_tree_page(page, number);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView value(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_ledger(value);
      break;
    case 1:
      restore_state(value);
      break;
    case 2:
      read_inbox(value);
      break;
    default:
      // A page has its full length; what is not given is zero.
      Bytes page(4'096);
      std::copy_n(value.begin(), std::min(value.size(), page.size()), page.begin());
      read_page(page);
      break;
  }
  return 0;
}
