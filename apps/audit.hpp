// The audit of all peers of an island's folder, as `powershare audit` and `up --once` run it.
#pragma once

#include "apps/ledger_audit.hpp"

namespace powershare::apps {

struct IslandAudit {
  std::vector<AuditResult> peers;
  std::vector<std::string> problems;  ///< with the peer's name before each
  bool ok() const { return problems.empty() && !peers.empty(); }
  /// "audit: ok 4 peers, height 690, state root …" or "audit: 2 problems; first: …".
  std::string summary() const;
};

/// Audits every peer below `folder` (an island's) or the one whose folder it is. Progress goes to
/// standard error.
Result<IslandAudit> audit_island(const std::filesystem::path& folder);
Result<IslandAudit> audit_peer_folder(const std::filesystem::path& peer_folder);

}  // namespace powershare::apps
