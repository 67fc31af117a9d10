#include "storage/verify.hpp"

#include "storage/file.hpp"

namespace powershare::storage {
namespace {

constexpr const char* environment_names[] = {"consensus", "ledger", "inbox"};

/// What the pages cannot know by themselves: whose environment it is, and how old it may be.
void compare_with_identity(const std::string& name, const Identity& identity,
                           const PageReport& pages, std::vector<std::string>& problems) {
  const auto log_id = check_label(name, identity, pages.label);
  if (!log_id) {
    problems.push_back(log_id.error().detail());
    return;
  }
  if (name != "consensus") return;
  if (*log_id != identity.log_id) {
    problems.push_back("consensus: it is another log than the one in IDENTITY");
  } else if (pages.commit_number < identity.log_commits) {
    problems.push_back("consensus: the log is older than IDENTITY");
  }
}

Result<void> verify_environment(const std::filesystem::path& directory, const std::string& name,
                                FolderReport& report) {
  const auto file = directory / name / "data.mdb";
  std::error_code code;
  if (!std::filesystem::exists(file, code)) {
    report.problems.push_back(name + ": data.mdb is gone");
    return {};
  }
  auto pages = check_pages(file, true);
  if (!pages) return pages.error();
  for (const auto& damage : pages->damages) report.problems.push_back(name + ": " + damage.text());
  if (pages->damage_count > pages->damages.size()) {
    report.problems.push_back(name + ": " + std::to_string(pages->damage_count) + " faults in all");
  }
  if (pages->whole() && report.identity) {
    compare_with_identity(name, *report.identity, *pages, report.problems);
  }
  report.environments.push_back({name, std::move(*pages)});
  return {};
}

}  // namespace

Result<FolderReport> verify_folder(const std::filesystem::path& directory) {
  const auto lock = lock_folder(directory, false);
  if (!lock) return lock.error();
  FolderReport report;
  auto identity = read_identity(directory / "IDENTITY");
  if (identity) {
    report.identity = std::move(*identity);
    if (!report.identity) report.problems.push_back("IDENTITY is gone");
  } else if (identity.error().code() == StorageError::damaged) {
    report.problems.push_back(identity.error().detail());
  } else {
    return identity.error();
  }
  for (const auto* name : environment_names) {
    if (auto verified = verify_environment(directory, name, report); !verified) {
      return verified.error();
    }
  }
  return report;
}

Result<std::unique_ptr<LmdbLedgerStore>> open_ledger_for_audit(
    const std::filesystem::path& directory, const EnvironmentOptions& options) {
  auto lock = lock_folder(directory, false);
  if (!lock) return lock.error();
  const auto identity = read_identity(directory / "IDENTITY");
  if (!identity) return identity.error();
  std::error_code code;
  if (!*identity || !std::filesystem::exists(directory / "ledger" / "data.mdb", code)) {
    return Error{StorageError::damaged, directory.string() + " holds no peer's ledger"};
  }
  auto opening = options;
  opening.must_exist = true;
  opening.keep_alive = std::move(*lock);
  auto environment = Environment::open(directory / "ledger", opening);
  if (!environment) return environment.error();
  const auto label = check_label("ledger", **identity, (*environment)->label());
  if (!label) return label.error();
  return std::make_unique<LmdbLedgerStore>(std::shared_ptr<Environment>(std::move(*environment)));
}

}  // namespace powershare::storage
