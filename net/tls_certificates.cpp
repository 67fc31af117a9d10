#include "net/tls_certificates.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace powershare::net {
namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Free<::BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<::X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<::X509_EXTENSION_free>>;

constexpr long seconds_per_day = 24 * 3600;
/// Clocks that lag a little accept a new certificate all the same.
constexpr long backdated_seconds = 300;

Error bad(const std::string& why) {
  return {NetError::bad_certificate, why};
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Bio reader(const std::string& text) {
  return Bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_passphrase(char*, int, int, void*) {
  return 0;
}

Key read_key(const std::string& text) {
  return Key(::PEM_read_bio_PrivateKey(reader(text).get(), nullptr, no_passphrase, nullptr));
}

std::string write_certificate(const Certificate& certificate) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio.get());
}

bool is_address(const std::string& name) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// Letters, digits, "-", ".", and "*" as a whole first label: nothing that OpenSSL's own syntax for
// extensions could take for more.
bool is_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '-';
         });
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && ::X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Version 3, random serial number (RFC 5280 §4.1.2.2), subject, validity and key.
Certificate begin_certificate(EVP_PKEY* key, const std::string& subject, int days) {
  Certificate certificate(::X509_new());
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[16];
  ::RAND_bytes(serial, sizeof serial);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // positive, of full length
  const std::unique_ptr<BIGNUM, Free<::BN_free>> number(
      ::BN_bin2bn(serial, sizeof serial, nullptr));
  ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate.get()));
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), -backdated_seconds);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), days * seconds_per_day);
  auto* name = ::X509_get_subject_name(certificate.get());
  for (const auto& [field, value] :
       {std::pair<const char*, std::string>{"O", "Power Share"}, {"CN", subject}})
    ::X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
  ::X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

Result<std::string> make_private_key() {
  const Key key(::EVP_EC_gen("P-256"));
  const Bio bio(::BIO_new(::BIO_s_mem()));
  if (!key || ::PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1)
    return bad("OpenSSL makes no key on P-256");
  return text_of(bio.get());
}

Result<std::string> make_authority_certificate(const std::string& key_text, int days) {
  const auto key = read_key(key_text);
  if (!key) return bad("the authority's key is no private key in PEM form");
  const auto certificate = begin_certificate(key.get(), "Power Share development authority", days);
  auto* own = certificate.get();
  ::X509_set_issuer_name(own, ::X509_get_subject_name(own));
  if (!add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(own, own, NID_subject_key_identifier, "hash") ||
      ::X509_sign(own, key.get(), ::EVP_sha256()) == 0)
    return bad("the authority's certificate cannot be signed with its key");
  return write_certificate(certificate);
}

Result<std::string> make_server_certificate(const CertificateRequest& request,
                                            const std::string& authority_certificate,
                                            const std::string& authority_key) {
  const auto key = read_key(request.key);
  if (!key) return bad("the server's key is no private key in PEM form");
  const auto signer = read_key(authority_key);
  if (!signer) return bad("the authority's key is no private key in PEM form");
  const Certificate issuer(
      ::PEM_read_bio_X509(reader(authority_certificate).get(), nullptr, no_passphrase, nullptr));
  if (!issuer || ::X509_check_private_key(issuer.get(), signer.get()) != 1)
    return bad("the authority's certificate and key do not belong together");
  std::string names;
  for (const auto& name : request.names) {
    if (!is_address(name) && !is_host_name(name))
      return bad("neither a host name nor an IP address: " + name);
    names += (names.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  if (names.empty()) return bad("a server certificate needs a name");
  const auto certificate =
      begin_certificate(key.get(), request.names.front().substr(0, 64), request.days);
  auto* own = certificate.get();
  ::X509_set_issuer_name(own, ::X509_get_subject_name(issuer.get()));
  if (!add_extension(own, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(own, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(own, issuer.get(), NID_ext_key_usage, "serverAuth") ||
      !add_extension(own, issuer.get(), NID_subject_alt_name, names) ||
      !add_extension(own, issuer.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(own, issuer.get(), NID_authority_key_identifier, "keyid") ||
      ::X509_sign(own, signer.get(), ::EVP_sha256()) == 0)
    return bad("the server's certificate cannot be signed");
  return write_certificate(certificate);
}

Result<std::int64_t> certificate_expiry(const std::string& file) {
  const Bio bio(::BIO_new_file(file.c_str(), "r"));
  if (!bio) return bad(file + ": cannot be read");
  const Certificate certificate(::PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  std::tm end{};
  if (!certificate || ::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate.get()), &end) != 1)
    return bad(file + ": no certificate in PEM form");
  return static_cast<std::int64_t>(::timegm(&end));
}

}  // namespace powershare::net
