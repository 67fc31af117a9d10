// `powershare verify-certificate`: is this block of that chain? Offline, from the genesis alone.
#pragma once

#include <filesystem>
#include <string_view>

#include "ledger/genesis.hpp"
#include "ledger/header.hpp"

namespace powershare::apps {

struct VerifyCertificateOptions {
  std::filesystem::path genesis;
  std::filesystem::path certificate = "-";  ///< as GET /v1/blocks/{height}/certificate; -: stdin
  bool json = false;
};

/// What a certificate proves.
struct VerifiedCertificate {
  ledger::Header header;
  std::uint64_t epoch = 0;  ///< whose members signed
  std::size_t signers = 0;
  std::size_t members = 0;
};
/// LedgerError::unproven or GatewayError::bad_parameter with the first fault.
Result<VerifiedCertificate> verify_certificate_text(const ledger::Genesis& genesis,
                                                    std::string_view text);
int run_verify_certificate(const VerifyCertificateOptions& options);

}  // namespace powershare::apps
