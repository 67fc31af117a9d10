// Certificates for development and for neighbourhoods that are their own authority: a small one
// that signs, and server certificates that it has signed. All texts are PEM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/http.hpp"

namespace powershare::net {

/// A new private key: EC on P-256, PKCS #8.
Result<std::string> make_private_key();

/// The certificate of an authority that signs server certificates only, for its own key.
/// NetError::bad_certificate where the key cannot be read.
Result<std::string> make_authority_certificate(const std::string& key, int days);

struct CertificateRequest {
  std::string key;                 ///< the server's
  std::vector<std::string> names;  ///< host names and IP addresses, at least one
  int days = 365;
};
/// A server certificate. NetError::bad_certificate for a name that is none, and for keys or an
/// authority's certificate that cannot be read or do not belong together.
Result<std::string> make_server_certificate(const CertificateRequest& request,
                                            const std::string& authority_certificate,
                                            const std::string& authority_key);

/// Until when the first certificate of a PEM file holds, in seconds since the Unix epoch.
/// NetError::bad_certificate where there is none.
Result<std::int64_t> certificate_expiry(const std::string& file);

}  // namespace powershare::net
