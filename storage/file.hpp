// The few things that storage does with plain files: durable replacement, whole reads, a folder's
// lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "protocol/ports.hpp"

namespace powershare::storage {

/// A StorageError for an errno: ENOSPC, EDQUOT and EFBIG are no_space, everything else is io.
Error system_error(int error_number, const std::string& doing);

/// Creates `folder` (and what is above it) with mode 0700 where it does not exist, and fsyncs its
/// parent.
Result<void> make_private_folder(const std::filesystem::path& folder);

/// Nothing where there is no such file. Longer than `max_bytes`: StorageError::damaged.
Result<std::optional<std::string>> read_small_file(const std::filesystem::path& file,
                                                   std::size_t max_bytes);

/// Replaces `file` (mode 0600) by `content`: written beside it, fsynced, renamed, folder fsynced.
Result<void> replace_file(const std::filesystem::path& file, const std::string& content);

Result<void> sync_folder(const std::filesystem::path& folder);

/// Bytes that the file system of `path` has left for this process; none where it cannot tell.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path);

/// Holds `folder`/LOCK until the last copy of the pointer goes. StorageError::locked when somebody
/// else does. Creates the file where `create` is set, else gives an empty pointer when it is not
/// there.
Result<std::shared_ptr<const void>> lock_folder(const std::filesystem::path& folder, bool create);

}  // namespace powershare::storage
