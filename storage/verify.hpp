// Offline verification of a data folder: every page, every record, without changing a byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "storage/identity.hpp"
#include "storage/ledger_store.hpp"
#include "storage/page_check.hpp"

namespace powershare::storage {

struct EnvironmentReport {
  std::string environment;  ///< consensus, ledger or inbox
  PageReport pages;
};

struct FolderReport {
  std::optional<Identity> identity;
  std::vector<EnvironmentReport> environments;
  std::vector<std::string> problems;  ///< one sentence each, those of the pages included
  bool whole() const { return problems.empty(); }
};

/// Checks IDENTITY and the three environments of `directory`. StorageError::locked when a peer runs
/// on it; StorageError::io when something cannot be read.
Result<FolderReport> verify_folder(const std::filesystem::path& directory);

/// Opens the ledger of a stopped peer by itself, for an audit that replays it; changes nothing in
/// it and holds the folder's lock while it is open. StorageError::damaged, locked, wrong_identity,
/// io.
Result<std::unique_ptr<LmdbLedgerStore>> open_ledger_for_audit(
    const std::filesystem::path& directory, const EnvironmentOptions& options);

}  // namespace powershare::storage
