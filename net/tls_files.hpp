// A server's certificate and key on the disk, read anew when they change. Not for other rooms.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "net/tls_session.hpp"

namespace powershare::net {

/// For one thread at a time.
class TlsFiles {
 public:
  static Result<std::unique_ptr<TlsFiles>> open(std::string certificate, std::string key);
  /// What new connections are to use.
  const std::shared_ptr<const TlsContext>& present() const { return present_; }
  /// Looks at both files; nothing where they are as they were. On an error the present ones stay,
  /// and a further change is tried again.
  std::optional<Result<void>> check();

 private:
  /// What tells one version of a file from the next: place, size, times of content and rights.
  using Mark = std::array<std::int64_t, 7>;
  using Marks = std::array<Mark, 2>;

  TlsFiles(std::string certificate, std::string key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}
  Marks marks() const;

  std::string certificate_;
  std::string key_;
  Marks read_{};
  std::shared_ptr<const TlsContext> present_;
};

}  // namespace powershare::net
