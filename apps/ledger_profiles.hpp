// The readings of a chain as profiles, so that they can be replayed under other rules and tariffs.
#pragma once

#include <filesystem>
#include <memory>

#include "apps/profiles.hpp"
#include "ledger/queries.hpp"

namespace powershare::apps {

/// Net energy of each home and slot, as settlement counted it: of all slots in which one of them
/// was settled, from the first to the last; slots in between without any are empty. AppError where
/// there are none.
Result<std::unique_ptr<Profiles>> profiles_of(const ledger::HistoryReader& history,
                                              std::int64_t slot_ms);

/// The same from the data folder of a stopped peer, which is only read. AppError, StorageError
/// (locked where the peer runs).
Result<std::unique_ptr<Profiles>> read_ledger_profiles(const std::filesystem::path& data);

}  // namespace powershare::apps
