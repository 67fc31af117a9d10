#include "apps/audit.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/commands.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/genesis_files.hpp"
#include "protocol/ports.hpp"

namespace powershare::apps {
namespace {

Result<AuditResult> audit_config(const std::filesystem::path& file) {
  auto config = load_peer_config(file);
  if (!config) return config.error();
  auto genesis = load_genesis(config->genesis);
  if (!genesis) return genesis.error();
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto progress = [&](std::uint64_t height, std::uint64_t newest) {
    if (!terminal) return;
    std::fprintf(stderr, "\raudit %s: block %llu of %llu ", config->peer.text().c_str(),
                 static_cast<unsigned long long>(height), static_cast<unsigned long long>(newest));
  };
  auto result = audit_ledger(*config, *genesis, progress);
  if (terminal) std::fputs("\r\033[K", stderr);
  return result;
}

Result<IslandAudit> audit_configs(const std::vector<std::filesystem::path>& files) {
  IslandAudit audit;
  std::map<ChainId, std::vector<AuditResult>> chains;
  for (const auto& file : files) {
    auto result = audit_config(file);
    if (!result) return result.error();
    for (const auto& problem : result->problems) {
      audit.problems.push_back(result->peer.text() + ": " + problem);
    }
    chains[result->chain].push_back(*result);
    audit.peers.push_back(std::move(*result));
  }
  for (const auto& [chain, peers] : chains) {
    for (auto& problem : compare_peers(peers))
      audit.problems.push_back(chain.text() + ": " + problem);
  }
  return audit;
}

/// By source; what the check of each block has found conserved.
nlohmann::ordered_json origin_json(const ledger::OriginBalance& origin) {
  auto result = nlohmann::ordered_json::object();
  for (std::size_t s = 0; s < origin.size(); ++s) {
    if (origin[s] == ledger::OriginTotals{}) continue;
    result[std::string(ledger::source_name(s))] = {{"issued_kwh", format_nano(origin[s].issued)},
                                                   {"held_kwh", format_nano(origin[s].held)},
                                                   {"claimed_kwh", format_nano(origin[s].claimed)},
                                                   {"expired_kwh", format_nano(origin[s].expired)}};
  }
  return result;
}

void print_origin(const ledger::OriginBalance& origin) {
  for (std::size_t s = 0; s < origin.size(); ++s) {
    if (origin[s] == ledger::OriginTotals{}) continue;
    std::printf("  certificates of %s: %s kWh issued = %s held + %s claimed + %s expired\n",
                std::string(ledger::source_name(s)).c_str(), format_nano(origin[s].issued).c_str(),
                format_nano(origin[s].held).c_str(), format_nano(origin[s].claimed).c_str(),
                format_nano(origin[s].expired).c_str());
  }
}

void print_json(const IslandAudit& audit) {
  nlohmann::ordered_json peers = nlohmann::ordered_json::array();
  for (const auto& peer : audit.peers) {
    peers.push_back({{"id", peer.peer.text()},
                     {"chain", peer.chain.text()},
                     {"height", peer.height},
                     {"head", crypto::to_hex(peer.head)},
                     {"state_root", crypto::to_hex(peer.state_root)},
                     {"transactions", peer.transactions},
                     {"readings", peer.readings},
                     {"origin", origin_json(peer.origin)}});
  }
  const nlohmann::ordered_json document = {{"audit", audit.ok() ? "ok" : "failed"},
                                           {"problems", audit.problems},
                                           {"peers", std::move(peers)}};
  std::printf("%s\n", document.dump().c_str());
}

}  // namespace

std::string IslandAudit::summary() const {
  if (peers.empty()) return "audit: no peer found";
  if (!problems.empty()) {
    return "audit: " + std::to_string(problems.size()) +
           (problems.size() == 1 ? " problem: " : " problems; first: ") + problems.front();
  }
  const auto highest = std::ranges::max_element(peers, {}, &AuditResult::height);
  return "audit: ok " + std::to_string(peers.size()) + (peers.size() == 1 ? " peer" : " peers") +
         ", height " + std::to_string(highest->height) + ", state root " +
         crypto::to_hex(highest->state_root);
}

Result<IslandAudit> audit_island(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto& chain : std::filesystem::directory_iterator(folder, code)) {
    std::error_code ignored;
    for (const auto& peer : std::filesystem::directory_iterator(chain.path(), ignored)) {
      const auto file = peer.path() / "peer.yaml";
      if (std::filesystem::exists(file, ignored)) files.push_back(file);
    }
  }
  if (code) return Error{AppError::bad_configuration, folder.string() + ": " + code.message()};
  if (files.empty())
    return Error{AppError::bad_configuration, folder.string() + ": no peers below it"};
  std::ranges::sort(files);
  return audit_configs(files);
}

Result<IslandAudit> audit_peer_folder(const std::filesystem::path& peer_folder) {
  // Both the peer's folder and the data folder inside it are accepted.
  const auto own = peer_folder / "peer.yaml";
  std::error_code ignored;
  return audit_configs({std::filesystem::exists(own, ignored)
                            ? own
                            : peer_folder.lexically_normal().parent_path() / "peer.yaml"});
}

int run_audit(const DataOptions& options) {
  crypto::initialise();
  auto audit =
      options.peer_dir.empty() ? audit_island(options.data) : audit_peer_folder(options.peer_dir);
  if (!audit) {
    // Whatever keeps the audit from reading the ledger, the last line says so.
    std::printf("audit: %s\n", audit.error().detail().c_str());
    return static_cast<int>(audit.error().code() == make_error_code(StorageError::locked)
                                ? ExitCode::unavailable
                                : ExitCode::failed);
  }
  if (options.json) {
    print_json(*audit);
  } else {
    for (const auto& peer : audit->peers) {
      std::printf("%-20s height %8llu  %8llu transactions  %10llu readings  state root %s\n",
                  peer.peer.text().c_str(), static_cast<unsigned long long>(peer.height),
                  static_cast<unsigned long long>(peer.transactions),
                  static_cast<unsigned long long>(peer.readings),
                  crypto::to_hex(peer.state_root).c_str());
      print_origin(peer.origin);
    }
    for (const auto& problem : audit->problems) std::printf("%s\n", problem.c_str());
  }
  if (!options.json) std::printf("%s\n", audit->summary().c_str());
  return audit->ok() ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace powershare::apps
