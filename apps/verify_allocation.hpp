// `powershare verify-allocation`: was this energy allocated so, by that chain? Offline, from the
// genesis alone.
#pragma once

#include <filesystem>
#include <string_view>

#include "ledger/genesis.hpp"

namespace powershare::apps {

struct VerifyAllocationOptions {
  std::filesystem::path genesis;
  std::filesystem::path certificate;       ///< as GET /v1/blocks/{height}/certificate
  std::filesystem::path allocation = "-";  ///< as GET /v1/slots/{start}/allocation; -: stdin
  bool json = false;
};

/// What was proven.
struct VerifiedAllocation {
  UtcMillis slot;
  std::uint64_t height = 0;  ///< of the block whose state holds the root
  std::size_t entries = 0;   ///< that were shown and lead to the root
  std::uint64_t size = 0;    ///< of the whole vector
};
/// `certificate` proves the block that `allocation` names. LedgerError::unproven or
/// GatewayError::bad_parameter with the first fault.
Result<VerifiedAllocation> verify_allocation_text(const ledger::Genesis& genesis,
                                                  std::string_view certificate,
                                                  std::string_view allocation);
int run_verify_allocation(const VerifyAllocationOptions& options);

}  // namespace powershare::apps
