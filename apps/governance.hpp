// `powershare governance`: what only the administrator's offline key may do to a chain.
#pragma once

#include <filesystem>
#include <string>

#include "ledger/transaction.hpp"

namespace powershare::apps {

enum class GovernanceAction {
  add_member = 1,
  remove_member,
  replace_keys,
  feature_level,
  parameter,
  network,
  shares,
  tariff,
  source,
  submit,  ///< sends what another run has signed
};

struct GovernanceOptions {
  GovernanceAction action = GovernanceAction::submit;
  std::filesystem::path member;  ///< file with a line printed by `powershare keys`
  std::string peer_id;           ///< of the member to remove
  std::string control_endpoint;  ///< tcp://host:port of the new member, may be empty
  std::string bulk_endpoint;     ///< likewise
  std::uint32_t level = 0;
  std::string name;  ///< of the parameter, or of the meter
  std::string value;
  std::filesystem::path file;         ///< of a SetNetwork, SetShares or SetTariff in JSON
  std::filesystem::path transaction;  ///< file to submit

  std::filesystem::path key;      ///< administrator.key
  std::filesystem::path genesis;  ///< empty: asked of the peer
  std::string expires = "10m";    ///< from now on, at most 24h
  std::string peer;               ///< URL of a peer
  /// Whom a peer's certificate must lead to.
  std::string authorities = "/etc/ssl/certs/ca-certificates.crt";
  std::filesystem::path out;  ///< writes the signed transaction there instead of sending it
  bool json = false;
};

/// The transaction's payload. AppError::usage or bad_configuration with one sentence.
Result<ledger::Payload> governance_payload(const GovernanceOptions& options);
int run_governance(const GovernanceOptions& options);

}  // namespace powershare::apps
