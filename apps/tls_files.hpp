// The files of `powershare keys tls` and `powershare up --tls`:
//
//   ca.pem ca.key          the authority that clients trust; the key has mode 0600
//   server.pem server.key  what a peer serves with; the key has mode 0600
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace powershare::apps {

struct TlsFiles {
  std::filesystem::path authority;
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Makes what is missing in `folder`, and server.pem anew, good for `days`, for localhost,
/// 127.0.0.1 and `names`. Keys that exist are kept, so that a renewal replaces a single file.
/// NetError:: bad_certificate for a name that is none; AppError::bad_configuration for keys that
/// others may read.
Result<TlsFiles> make_tls_files(const std::filesystem::path& folder,
                                const std::vector<std::string>& names, int days);

}  // namespace powershare::apps
