// What can be saved from an environment that LMDB must not open any more: the records whose own
// checksums hold, wherever in the file they stand.
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace powershare::storage {

/// The records of `table` in `data_file`, each key once, in the order of keys: those of the trees,
/// and earlier ones on pages that were freed and not yet written again, so only for tables where an
/// erased record that comes back does no harm. Values on overflow pages are not found. An error
/// only where the file cannot be read; one that is gone or empty holds nothing.
Result<std::vector<std::pair<Bytes, Bytes>>> salvage_records(const std::filesystem::path& data_file,
                                                             std::string_view table);

}  // namespace powershare::storage
