#include "storage/people_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "storage/file.hpp"

namespace powershare::storage {
namespace {

constexpr auto confirmed_extension = ".profile";
constexpr auto pending_extension = ".pending";

Error last_error(const std::string& doing) {
  return system_error(errno, doing);
}

Result<void> remove_file(const std::filesystem::path& file) {
  std::error_code code;
  std::filesystem::remove(file, code);
  if (code) return system_error(code.value(), "removing " + file.string());
  return {};
}

/// Writes zeros over the whole file and waits until they are on the disk.
Result<void> overwrite(const std::filesystem::path& file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file, code);
  if (code) return system_error(code.value(), "looking at " + file.string());
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return last_error("opening " + file.string());
  const std::string zeros(static_cast<std::size_t>(size), '\0');
  const auto written = ::pwrite(descriptor, zeros.data(), zeros.size(), 0);
  const bool durable = written == static_cast<::ssize_t>(zeros.size()) && ::fsync(descriptor) == 0;
  const int error_number = errno;
  ::close(descriptor);
  if (!durable) return system_error(error_number, "overwriting " + file.string());
  return {};
}

}  // namespace

std::filesystem::path PeopleStore::file(const crypto::Digest& commitment, bool confirmed) const {
  return folder_ /
         (crypto::to_hex(commitment) + (confirmed ? confirmed_extension : pending_extension));
}

Result<PeopleStore> PeopleStore::open(std::filesystem::path folder, const Commitment& commitment,
                                      std::size_t max_bytes) {
  if (auto made = make_private_folder(folder); !made) return made.error();
  PeopleStore store(std::move(folder));
  std::error_code code;
  std::filesystem::directory_iterator entries(store.folder_, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    const auto& path = entries->path();
    const auto content = read_small_file(path, max_bytes);
    if (!content && content.error().code() != StorageError::damaged) return content.error();
    protocol::StoredProfile entry;
    if (content && *content) {
      entry.profile = to_bytes(**content);
      entry.commitment = commitment(entry.profile);
      entry.confirmed = path.extension() == confirmed_extension;
      if (path == store.file(entry.commitment, entry.confirmed)) {
        store.stored_.push_back(std::move(entry));
        continue;
      }
    }
    if (auto removed = remove_file(path); !removed) return removed.error();
  }
  if (code) return system_error(code.value(), "reading " + store.folder_.string());
  return store;
}

Result<void> PeopleStore::put(const protocol::StoredProfile& profile) {
  return replace_file(file(profile.commitment, profile.confirmed),
                      std::string(as_text(profile.profile)));
}

Result<void> PeopleStore::confirm(const crypto::Digest& commitment) {
  std::error_code code;
  std::filesystem::rename(file(commitment, false), file(commitment, true), code);
  if (code) return system_error(code.value(), "renaming a profile");
  return sync_folder(folder_);
}

Result<void> PeopleStore::erase(const crypto::Digest& commitment) {
  for (const bool confirmed : {true, false}) {
    const auto path = file(commitment, confirmed);
    std::error_code code;
    if (!std::filesystem::exists(path, code)) continue;
    if (auto done = overwrite(path); !done) return done;
    if (auto done = remove_file(path); !done) return done;
  }
  return sync_folder(folder_);
}

}  // namespace powershare::storage
