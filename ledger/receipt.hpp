// What becomes of a transaction, and what the outside may hear of a block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"

namespace powershare::ledger {

using crypto::Digest;

enum class Outcome : std::uint8_t {
  applied = 1,  ///< had its effect
  rejected,     ///< stands in its block with its reason, and has no other effect
  duplicate,    ///< same dedup key as an earlier one: that one's receipt counts
};

/// What became of one reading of a ReadingBatch.
struct ReadingResult {
  enum class Kind : std::uint8_t { accepted = 1, duplicate, rejected } kind = Kind::accepted;
  std::string reason;  ///< for rejected: a short code, as "unknown_meter"
  friend bool operator==(const ReadingResult&, const ReadingResult&) = default;
};

struct Receipt {
  Digest transaction{};
  Outcome outcome = Outcome::applied;
  std::string code;     ///< for rejected: stable short code, as "insufficient_energy"
  std::string message;  ///< for people, in the thesis's words where it has them
  Digest first{};       ///< for duplicate: id of the first transaction
  std::vector<ReadingResult> readings;  ///< one per reading of a ReadingBatch

  Bytes encode() const;
  static Result<Receipt> decode(ByteView bytes);
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

/// A row of derived history (never read by execution): `table` names an index of
/// ledger/history.hpp.
struct HistoryRow {
  std::string table;
  Bytes key;
  std::optional<Bytes> value;
};

/// What the outside may want to hear of; order within a block is fixed. JSON for SSE is made from
/// it in gateway.
struct Event {
  enum class Kind : std::uint8_t {
    block = 1,
    trade,
    readings,
    slot_closed,
    slot_final,
    alarm,
    meter_suspected,   ///< something is wrong with what a meter says (ledger/plausibility.hpp)
    meter_quarantined  ///< it is settled with the utility from now on
  } kind;
  UtcMillis slot;           ///< for trade, slot and meter events
  std::string detail;       ///< for alarm: which invariant, where; for a meter: which, and why
  std::uint64_t count = 0;  ///< readings accepted, trades made
  Energy energy;            ///< traded in the slot
};

}  // namespace powershare::ledger
