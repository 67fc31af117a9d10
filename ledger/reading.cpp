#include "ledger/reading.hpp"

namespace powershare::ledger {

Bytes reading_statement(const crypto::Digest& genesis, const Reading& reading) {
  return Encoder()
      .raw(as_bytes("powershare/reading/1"))
      .raw(genesis)
      .u8(static_cast<std::uint8_t>(reading.meter.text().size()))
      .raw(as_bytes(reading.meter.text()))
      .u64(reading.sequence)
      .time(reading.start)
      .u32(reading.seconds)
      .quantity(reading.imported)
      .quantity(reading.exported)
      .quantity(reading.produced)
      .boolean(reading.battery.has_value())
      .quantity(reading.battery.value_or(Energy{}))
      .boolean(reading.corrects.has_value())
      .u64(reading.corrects.value_or(0))
      .data();
}

}  // namespace powershare::ledger
