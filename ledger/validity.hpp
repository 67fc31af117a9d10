// What the fields of a transaction may hold, whatever the state: checked before a peer prepares a
// batch, and again by the state machine.
#pragma once

#include "ledger/genesis.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

inline constexpr std::size_t max_transaction_bytes = 1 << 20;
inline constexpr std::size_t max_readings_per_batch = 4096;
inline constexpr std::size_t max_idempotency_key_bytes = 64;
/// "UtilityCompany:" and an id of 128 bytes.
inline constexpr std::size_t max_principal_bytes = 160;
inline constexpr std::size_t max_label_bytes = 256;  ///< names of firms, brands, models
inline constexpr std::size_t max_cpe_bytes = 64;
inline constexpr std::size_t max_endpoint_bytes = 256;
inline constexpr std::size_t max_asset_id_bytes = 128;
inline constexpr std::size_t max_initiator_bytes = 96;
inline constexpr std::size_t max_certificate_bytes = 8 * 1024;
inline constexpr std::int64_t max_plant_watts = 10'000'000'000;
/// The most that one transaction may set or move, of anything: a billion units. Sums beyond 64 bits
/// are refused by checked arithmetic.
inline constexpr std::int64_t max_amount_nano = 1'000'000'000 * nano_per_unit;
/// A transaction expires at most so far ahead of agreed time (DECISIONS 16).
inline constexpr std::int64_t max_expiry_ms = 24 * millis_per_hour;

/// Empty, or at most `max_bytes` of well-formed UTF-8 without control characters.
bool is_label(std::string_view text, std::size_t max_bytes = max_label_bytes);
/// LedgerError::malformed with one sentence.
Result<void> check_windows(const std::vector<WeeklyWindow>& windows);
/// LedgerError::malformed with one sentence. Readings are judged one by one in apply, not here.
Result<void> check_payload(const Payload& payload);
/// The payload, and principal and idempotency key; words of an error as of a feature level.
Result<void> check_transaction(const Transaction& transaction,
                               std::uint32_t feature_level = known_feature_level);

}  // namespace powershare::ledger
