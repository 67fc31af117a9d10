// Records that count from a slot on, one version after the other: which one a slot goes by, and
// which no slot needs any more. Inside room ledger only.
#pragma once

#include <functional>
#include <optional>

#include "ledger/overlay.hpp"
#include "ledger/state_keys.hpp"

namespace powershare::ledger {

/// The value of the last version at or before `slot`; a version's key is `prefix ‖ i64 from`.
std::optional<Bytes> version_at(const StateReader& state, ByteView prefix, UtcMillis slot);
/// Calls `visit` with each version, by when it begins.
void for_each_version(const StateReader& state, ByteView prefix,
                      const std::function<void(UtcMillis from, ByteView value)>& visit);
/// Forgets those before the one that `oldest_needed` goes by; how many are left.
std::size_t forget_versions(Overlay& state, ByteView prefix, UtcMillis oldest_needed);
void put_version(Overlay& state, ByteView prefix, UtcMillis from, Bytes value);

}  // namespace powershare::ledger
