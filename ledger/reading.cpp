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

void encode_signed_reading(const SignedReading& signed_reading, Encoder& out) {
  const auto& reading = signed_reading.reading;
  out.text(reading.meter.text())
      .u64(reading.sequence)
      .time(reading.start)
      .u32(reading.seconds)
      .quantity(reading.imported)
      .quantity(reading.exported)
      .quantity(reading.produced)
      .boolean(reading.battery.has_value());
  if (reading.battery) out.quantity(*reading.battery);
  out.boolean(reading.corrects.has_value());
  if (reading.corrects) out.u64(*reading.corrects);
  out.boolean(signed_reading.signature.has_value());
  if (signed_reading.signature) out.raw(*signed_reading.signature);
}

SignedReading decode_signed_reading(Decoder& in) {
  SignedReading signed_reading;
  auto& reading = signed_reading.reading;
  auto meter = MeterId::parse(in.text(64));
  if (meter) {
    reading.meter = *meter;
  } else {
    in.fail();
  }
  reading.sequence = in.u64();
  reading.start = in.time();
  reading.seconds = in.u32();
  reading.imported = in.quantity<Energy>();
  reading.exported = in.quantity<Energy>();
  reading.produced = in.quantity<Energy>();
  if (in.boolean()) reading.battery = in.quantity<Energy>();
  if (in.boolean()) reading.corrects = in.u64();
  if (in.boolean()) signed_reading.signature = in.array<64>();
  return signed_reading;
}

}  // namespace powershare::ledger
