// Small files: configuration, keys, genesis, island.json.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace powershare::apps {

/// The whole file, at most `max_bytes`. AppError::bad_configuration with path and reason.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes = 64u << 20);
/// The same, or all of standard input where the path is "-".
Result<std::string> read_input(const std::filesystem::path& path, std::size_t max_bytes);
/// Writes beside, syncs, renames: a reader sees the old file or the new one, never a part.
/// AppError::storage_error.
Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode);
/// Refuses a secret that others than its owner may read. AppError::bad_configuration.
Result<std::string> read_secret_file(const std::filesystem::path& path);
/// Makes the folder and those above it, mode 0700 for new ones.
Result<void> make_folder(const std::filesystem::path& path);

}  // namespace powershare::apps
