#include "apps/verify_certificate.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "gateway/proof_json.hpp"

namespace powershare::apps {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t max_certificate_bytes = 64u << 20;

Result<std::string> read_standard_input() {
  std::string text;
  char piece[1 << 16];
  std::size_t count = 0;
  while ((count = std::fread(piece, 1, sizeof piece, stdin)) > 0) {
    text.append(piece, count);
    if (text.size() > max_certificate_bytes) {
      return Error{AppError::usage, "a certificate has at most 64 MiB"};
    }
  }
  return text;
}

void print(const VerifiedCertificate& verified, bool json) {
  const auto& header = verified.header;
  if (json) {
    const Json document = {{"certificate", "ok"},
                           {"genesis", crypto::to_hex(header.genesis)},
                           {"height", header.height},
                           {"hash", crypto::to_hex(header.hash())},
                           {"time", to_iso8601(header.time)},
                           {"state_root", crypto::to_hex(header.state_root)},
                           {"transactions_root", crypto::to_hex(header.transactions_root)},
                           {"receipts_root", crypto::to_hex(header.receipts_root)},
                           {"epoch", verified.epoch},
                           {"signers", verified.signers},
                           {"members", verified.members}};
    std::printf("%s\n", document.dump().c_str());
    return;
  }
  std::printf(
      "certificate: ok, block %llu %s, state root %s, signed by %zu of %zu members of "
      "epoch %llu\n",
      static_cast<unsigned long long>(header.height), crypto::to_hex(header.hash()).c_str(),
      crypto::to_hex(header.state_root).c_str(), verified.signers, verified.members,
      static_cast<unsigned long long>(verified.epoch));
}

}  // namespace

Result<VerifiedCertificate> verify_certificate_text(const ledger::Genesis& genesis,
                                                    std::string_view text) {
  auto proof = gateway::parse_proof(text);
  if (!proof) return proof.error();
  auto header = ledger::verify_block_proof(genesis, *proof);
  if (!header) return header.error();
  const auto& members = proof->epochs.empty() ? genesis.members : proof->epochs.back().members;
  return VerifiedCertificate{*header, proof->epochs.size(),
                             proof->block.certificate.endorsements.size(), members.size()};
}

int run_verify_certificate(const VerifyCertificateOptions& options) {
  crypto::initialise();
  auto genesis = load_genesis(options.genesis);
  auto text = options.certificate == "-" ? read_standard_input()
                                         : read_file(options.certificate, max_certificate_bytes);
  // A file that cannot be read is a mistake on the command line, not a lie in the certificate.
  for (const auto* error : {genesis ? nullptr : &genesis.error(), text ? nullptr : &text.error()}) {
    if (error == nullptr) continue;
    report(*error);
    return static_cast<int>(ExitCode::usage);
  }
  const auto verified = verify_certificate_text(*genesis, *text);
  if (verified) {
    print(*verified, options.json);
    return 0;
  }
  const auto& fault = verified.error().detail();
  if (options.json) {
    std::printf("%s\n", Json{{"certificate", "refused"}, {"reason", fault}}.dump().c_str());
  } else {
    std::printf("certificate: refused: %s\n", fault.c_str());
  }
  return static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
