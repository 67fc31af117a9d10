#include "apps/tls_files.hpp"

#include "apps/files.hpp"
#include "net/tls_certificates.hpp"

namespace powershare::apps {
namespace {

constexpr int authority_days = 10 * 365;

Result<std::string> make_secret(const std::filesystem::path& file) {
  std::error_code code;
  if (std::filesystem::exists(file, code)) return read_secret_file(file);
  auto key = net::make_private_key();
  if (!key) return key.error();
  auto written = write_file(file, *key, 0600);
  if (!written) return written.error();
  return key;
}

Result<std::string> make_authority(const std::filesystem::path& file, const std::string& key) {
  std::error_code code;
  if (std::filesystem::exists(file, code)) return read_file(file, 1u << 16);
  auto certificate = net::make_authority_certificate(key, authority_days);
  if (!certificate) return certificate.error();
  auto written = write_file(file, *certificate, 0644);
  if (!written) return written.error();
  return certificate;
}

}  // namespace

Result<TlsFiles> make_tls_files(const std::filesystem::path& folder,
                                const std::vector<std::string>& names, int days) {
  auto made = make_folder(folder);
  if (!made) return made.error();
  const TlsFiles files{folder / "ca.pem", folder / "server.pem", folder / "server.key"};
  auto authority_key = make_secret(folder / "ca.key");
  if (!authority_key) return authority_key.error();
  auto authority = make_authority(files.authority, *authority_key);
  if (!authority) return authority.error();
  net::CertificateRequest request;
  auto key = make_secret(files.key);
  if (!key) return key.error();
  request.key = std::move(*key);
  request.names = {"localhost", "127.0.0.1"};
  request.names.insert(request.names.end(), names.begin(), names.end());
  request.days = days;
  auto certificate = net::make_server_certificate(request, *authority, *authority_key);
  if (!certificate) return certificate.error();
  auto written = write_file(files.certificate, *certificate, 0644);
  if (!written) return written.error();
  return files;
}

}  // namespace powershare::apps
