#include "apps/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "apps/error.hpp"

namespace powershare::apps {
namespace {

Error storage_error(const std::filesystem::path& path) {
  return {AppError::storage_error, path.string() + ": " + std::strerror(errno)};
}

/// Closes a descriptor at the end of its scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  if (code) return Error{AppError::bad_configuration, path.string() + ": " + code.message()};
  if (size > max_bytes) return Error{AppError::bad_configuration, path.string() + ": too large"};
  std::ifstream in(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) return Error{AppError::bad_configuration, path.string() + ": cannot be read"};
  return content;
}

Result<std::string> read_input(const std::filesystem::path& path, std::size_t max_bytes) {
  if (path != "-") return read_file(path, max_bytes);
  std::string content;
  char piece[1 << 16];
  std::size_t count = 0;
  while ((count = std::fread(piece, 1, sizeof piece, stdin)) > 0) {
    content.append(piece, count);
    if (content.size() > max_bytes) {
      return Error{AppError::bad_configuration, "standard input: too large"};
    }
  }
  return content;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  const auto beside = path.string() + ".new";
  {
    const Descriptor file{::open(beside.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode)};
    if (file.number < 0 || ::fchmod(file.number, mode) != 0) return storage_error(beside);
    while (!content.empty()) {
      const auto written = ::write(file.number, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return storage_error(beside);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.number) != 0) return storage_error(beside);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return storage_error(path);
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.number < 0 || ::fsync(directory.number) != 0) return storage_error(folder);
  return {};
}

Result<std::string> read_secret_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return Error{AppError::bad_configuration, path.string() + ": " + std::strerror(errno)};
  }
  if ((status.st_mode & 077) != 0) {
    return Error{
        AppError::bad_configuration,
        path.string() + " may be read by others than its owner; run: chmod 600 " + path.string()};
  }
  return read_file(path, 4096);
}

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return {};
  if (path.has_parent_path() && !path.parent_path().empty()) {
    auto above = make_folder(path.parent_path());
    if (!above) return above;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return storage_error(path);
  return {};
}

}  // namespace powershare::apps
