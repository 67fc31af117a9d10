#include "net/tls_files.hpp"

#include <sys/stat.h>

namespace powershare::net {

TlsFiles::Marks TlsFiles::marks() const {
  Marks result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    struct stat status {};
    if (::stat((i == 0 ? certificate_ : key_).c_str(), &status) != 0) continue;
    result[i] = {static_cast<std::int64_t>(status.st_dev),
                 static_cast<std::int64_t>(status.st_ino),
                 status.st_size,
                 status.st_mtim.tv_sec,
                 status.st_mtim.tv_nsec,
                 status.st_ctim.tv_sec,
                 status.st_ctim.tv_nsec};
  }
  return result;
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(std::string certificate, std::string key) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(certificate), std::move(key)));
  auto read = files->check();
  if (!*read) return read->error();
  return files;
}

std::optional<Result<void>> TlsFiles::check() {
  // Marked before they are read: what changes meanwhile is read again.
  const auto now = marks();
  if (now == read_ && present_) return std::nullopt;
  read_ = now;
  auto context = TlsContext::server(certificate_, key_);
  if (!context) return Result<void>(context.error());
  present_ = std::move(*context);
  return Result<void>();
}

}  // namespace powershare::net
