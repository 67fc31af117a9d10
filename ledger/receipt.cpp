#include "ledger/receipt.hpp"

#include "base/encoding.hpp"
#include "ledger/error.hpp"
#include "ledger/validity.hpp"

namespace powershare::ledger {

Bytes Receipt::encode() const {
  Encoder out;
  out.raw(transaction)
      .u8(static_cast<std::uint8_t>(outcome))
      .text(code)
      .text(message)
      .raw(first)
      .u32(static_cast<std::uint32_t>(readings.size()));
  for (const auto& reading : readings) {
    out.u8(static_cast<std::uint8_t>(reading.kind)).text(reading.reason);
  }
  return std::move(out).take();
}

Result<Receipt> Receipt::decode(ByteView bytes) {
  constexpr std::size_t max_text_bytes = 4096;
  Decoder in(bytes);
  Receipt receipt;
  receipt.transaction = in.array<32>();
  const auto outcome = in.u8();
  receipt.outcome = static_cast<Outcome>(outcome);
  receipt.code = in.text(max_text_bytes);
  receipt.message = in.text(max_text_bytes);
  receipt.first = in.array<32>();
  receipt.readings.resize(in.count(max_readings_per_batch, 1 + 4));
  bool known = outcome >= 1 && outcome <= static_cast<std::uint8_t>(Outcome::duplicate);
  for (auto& reading : receipt.readings) {
    const auto kind = in.u8();
    known = known && kind >= 1 && kind <= static_cast<std::uint8_t>(ReadingResult::Kind::rejected);
    reading.kind = static_cast<ReadingResult::Kind>(kind);
    reading.reason = in.text(max_text_bytes);
  }
  if (!in.finished() || !known) return Error{LedgerError::malformed, "not a receipt"};
  return receipt;
}

}  // namespace powershare::ledger
