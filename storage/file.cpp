#include "storage/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace powershare::storage {
namespace {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

Result<void> write_all(int descriptor, const std::string& content, const std::string& name) {
  std::size_t done = 0;
  while (done < content.size()) {
    const auto count = ::write(descriptor, content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "writing " + name);
    done += static_cast<std::size_t>(count);
  }
  if (::fsync(descriptor) != 0) return system_error(errno, "syncing " + name);
  return {};
}

}  // namespace

Error system_error(int error_number, const std::string& doing) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  return Error{full ? StorageError::no_space : StorageError::io,
               doing + ": " + std::system_category().message(error_number)};
}

Result<void> make_private_folder(const std::filesystem::path& folder) {
  std::error_code code;
  if (std::filesystem::is_directory(folder, code)) return {};
  const auto parent = std::filesystem::absolute(folder).parent_path();
  if (parent != folder) {
    if (auto made = make_private_folder(parent); !made) return made;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(errno, "creating " + folder.string());
  }
  return sync_folder(parent);
}

Result<std::optional<std::string>> read_small_file(const std::filesystem::path& file,
                                                   std::size_t max_bytes) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>{};
    return system_error(errno, "opening " + file.string());
  }
  std::string content(max_bytes + 1, '\0');
  std::size_t done = 0;
  while (done < content.size()) {
    const auto count = ::read(descriptor.number(), content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "reading " + file.string());
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  if (done > max_bytes) {
    return Error{StorageError::damaged, file.string() + " is longer than it can be"};
  }
  content.resize(done);
  return std::optional<std::string>{std::move(content)};
}

Result<void> replace_file(const std::filesystem::path& file, const std::string& content) {
  auto beside = file;
  beside += ".new";
  {
    const Descriptor descriptor(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!descriptor.is_open()) return system_error(errno, "creating " + beside.string());
    if (auto written = write_all(descriptor.number(), content, beside.string()); !written) {
      ::unlink(beside.c_str());
      return written;
    }
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) {
    return system_error(errno, "replacing " + file.string());
  }
  return sync_folder(file.parent_path());
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const auto name = folder.empty() ? std::string(".") : folder.string();
  const Descriptor descriptor(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return system_error(errno, "opening " + name);
  // EINVAL: the file system has no fsync for folders (it then orders renames itself).
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL) {
    return system_error(errno, "syncing " + name);
  }
  return {};
}

std::optional<std::uint64_t> free_bytes(const std::filesystem::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

Result<std::shared_ptr<const void>> lock_folder(const std::filesystem::path& folder, bool create) {
  const auto file = folder / "LOCK";
  const int flags = O_CLOEXEC | (create ? O_RDWR | O_CREAT : O_RDONLY);
  const auto descriptor = std::make_shared<Descriptor>(::open(file.c_str(), flags, 0600));
  if (!descriptor->is_open()) {
    if (errno == ENOENT && !create) return std::shared_ptr<const void>{};
    return system_error(errno, "opening " + file.string());
  }
  while (::flock(descriptor->number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      return Error{StorageError::locked, "another process uses " + folder.string()};
    }
    return system_error(errno, "locking " + file.string());
  }
  return std::shared_ptr<const void>(descriptor);
}

}  // namespace powershare::storage
