// Smart-meter readings and the bytes that a meter signs (DECISIONS 19, 20).
#pragma once

#include <optional>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"

namespace powershare::ledger {

/// What one meter counted in one interval.
struct Reading {
  MeterId meter;
  std::uint64_t sequence = 0;             ///< the meter's own number, from 1
  UtcMillis start;                        ///< start of the interval
  std::uint32_t seconds = 0;              ///< length of the interval
  Energy imported;                        ///< drawn from the grid, >= 0
  Energy exported;                        ///< fed into the grid, >= 0
  Energy produced;                        ///< made behind the meter, >= 0
  std::optional<Energy> battery;          ///< state of charge at the end
  std::optional<std::uint64_t> corrects;  ///< sequence of the reading that this one replaces
  friend bool operator==(const Reading&, const Reading&) = default;
};

/// A reading with the meter's signature; none for readings from a meter or administrator API key,
/// which are flagged.
struct SignedReading {
  Reading reading;
  std::optional<crypto::Signature> signature;
  friend bool operator==(const SignedReading&, const SignedReading&) = default;
};

/// "powershare/reading/1" ‖ genesis hash ‖ u8 length of meter ‖ meter ‖ u64 sequence ‖ i64 start ms
/// ‖ u32 seconds ‖ i64 imported ‖ i64 exported ‖ i64 produced (nano-kWh) ‖ u8 battery flag ‖ i64
/// battery (0 without) ‖ u8 corrects flag ‖ u64 corrects (0 without). Integers are big-endian.
Bytes reading_statement(const crypto::Digest& genesis, const Reading& reading);

/// A signed reading as a record: text meter, u64 sequence, i64 start, u32 seconds, i64 imported,
/// i64 exported, i64 produced, and battery, corrects and signature each as a flag byte and, where
/// it is 1, the value.
void encode_signed_reading(const SignedReading& reading, Encoder& out);
SignedReading decode_signed_reading(Decoder& in);

}  // namespace powershare::ledger
