#include "storage/data_folder.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"
#include "storage/file.hpp"
#include "storage/salvage.hpp"

namespace powershare::storage {
namespace {

constexpr auto identity_file = "IDENTITY";
constexpr const char* environment_names[] = {"consensus", "ledger", "inbox"};
constexpr auto new_inbox = "inbox.new";  ///< while it is being filled from a damaged one

bool holds_data(const std::filesystem::path& environment) {
  std::error_code code;
  const auto size = std::filesystem::file_size(environment / "data.mdb", code);
  return !code && size > 0;
}

LogId new_log_id() {
  LogId id{};
  crypto::random_bytes(id);
  return id;
}

/// Moves `folder` out of the way, in the place of what was moved there before.
Result<void> move_aside(const std::filesystem::path& folder) {
  auto aside = folder;
  aside += ".damaged";
  std::error_code code;
  std::filesystem::remove_all(aside, code);
  if (!code && std::filesystem::exists(folder, code) && !code) {
    std::filesystem::rename(folder, aside, code);
  }
  if (code) return system_error(code.value(), "moving " + folder.string() + " aside");
  return sync_folder(folder.parent_path());
}

/// Opens the parts of a folder one after the other; what DataFolder::open() works with.
class Opener {
 public:
  Opener(std::filesystem::path directory, const Owner& owner, const DataFolderOptions& options)
      : directory_(std::move(directory)), owner_(owner), options_(options) {}

  Result<void> begin();
  Result<std::shared_ptr<Environment>> open_log();
  Result<std::shared_ptr<Environment>> open_other(const std::string& name, bool verify_records,
                                                  bool replace);

  std::shared_ptr<const void> lock;
  Identity identity;
  bool is_new = false;
  std::vector<std::string> findings;

 private:
  Result<void> start_new();
  Result<std::shared_ptr<Environment>> open_environment(const std::string& name, bool must_exist,
                                                        bool verify_records) const;
  Result<std::shared_ptr<Environment>> open_former_log() const;
  Result<std::shared_ptr<Environment>> replace_log(const std::string& reason);
  Result<void> salvage_inbox();
  Result<void> finish_inbox() const;

  std::filesystem::path directory_;
  const Owner& owner_;
  const DataFolderOptions& options_;
};

Result<void> Opener::begin() {
  if (auto made = make_private_folder(directory_); !made) return made;
  auto locked = lock_folder(directory_, true);
  if (!locked) return locked.error();
  lock = std::move(*locked);
  auto found = read_identity(directory_ / identity_file);
  if (!found) {
    const bool damaged = found.error().code() == StorageError::damaged;
    if (!damaged || !options_.recover_lost_folder) return found.error();
    return start_new();
  }
  if (!*found) return start_new();
  identity = std::move(**found);
  if (std::ranges::count(options_.former_public_keys, identity.owner.public_key) > 0) {
    identity.owner.public_key = owner_.public_key;
  }
  if (auto same = check_owner(identity.owner, owner_); !same) return same;
  // 0 commits: the creation was cut short; nothing was promised or acknowledged yet.
  if (identity.log_commits != 0) return {};
  is_new = true;
  identity.recovering = identity.recovering || options_.recover_lost_folder;
  for (const auto* name : environment_names) {
    std::error_code code;
    std::filesystem::remove_all(directory_ / name, code);
    if (code) return system_error(code.value(), "beginning " + directory_.string() + " again");
  }
  return {};
}

Result<void> Opener::start_new() {
  for (const auto* name : environment_names) {
    if (!holds_data(directory_ / name)) continue;
    if (!options_.recover_lost_folder) {
      return Error{StorageError::damaged, "IDENTITY is missing while " + directory_.string() +
                                              " holds data: what was promised is not known"};
    }
    if (auto moved = move_aside(directory_ / name); !moved) return moved;
  }
  if (options_.recover_lost_folder) {
    findings.push_back(directory_.string() + " is begun anew: IDENTITY was not there or damaged");
  }
  is_new = true;
  identity.recovering = options_.recover_lost_folder;
  identity.owner = owner_;
  identity.log_id = new_log_id();
  return write_identity(directory_ / identity_file, identity);
}

Result<std::shared_ptr<Environment>> Opener::open_environment(const std::string& name,
                                                              bool must_exist,
                                                              bool verify_records) const {
  auto options = options_.environment;
  options.must_exist = must_exist;
  options.verify_records = verify_records;
  options.keep_alive = lock;
  options.label = environment_label(name == new_inbox ? "inbox" : name, identity);
  auto opened = Environment::open(directory_ / name, options);
  if (!opened) return opened.error();
  return std::shared_ptr<Environment>(std::move(*opened));
}

/// The log that IDENTITY speaks of, or StorageError::lost.
Result<std::shared_ptr<Environment>> Opener::open_former_log() const {
  const auto lost = [](const std::string& why) {
    return Error{StorageError::lost, "the consensus log is lost: " + why};
  };
  auto log = open_environment("consensus", !is_new, true);
  if (!log && log.error().code() == StorageError::damaged) return lost(log.error().detail());
  if (!log) return log.error();
  const auto log_id = check_label("consensus", identity, (*log)->label());
  if (!log_id) return log_id.error();
  if (*log_id != identity.log_id) return lost("it is another log than the one in IDENTITY");
  if ((*log)->commit_number() < identity.log_commits) {
    return lost("it is older than IDENTITY (" + std::to_string((*log)->commit_number()) +
                " commits instead of " + std::to_string(identity.log_commits) + ")");
  }
  return log;
}

Result<std::shared_ptr<Environment>> Opener::replace_log(const std::string& reason) {
  if (auto moved = move_aside(directory_ / "consensus"); !moved) return moved.error();
  // IDENTITY first: cut short here, the next start finds no log, and the log is lost as before.
  identity.log_id = new_log_id();
  identity.log_commits = 1;
  identity.recovering = true;
  if (auto written = write_identity(directory_ / identity_file, identity); !written) {
    return written.error();
  }
  findings.push_back(reason);
  return open_environment("consensus", false, true);
}

Result<std::shared_ptr<Environment>> Opener::open_log() {
  auto log = open_former_log();
  if (log || log.error().code() != StorageError::lost || !options_.replace_lost_log) return log;
  return replace_log(log.error().detail());
}

/// Acknowledged readings live nowhere else on this peer, so what can be read of a damaged inbox
/// goes into the new one. That is built beside it and takes its place only when it is whole.
Result<void> Opener::salvage_inbox() {
  const auto damaged = directory_ / "inbox";
  const auto readings = salvage_records(damaged / "data.mdb", inbox_table);
  if (!readings) return readings.error();
  std::error_code code;
  std::filesystem::remove_all(directory_ / new_inbox, code);
  if (code) return system_error(code.value(), "making a new inbox in " + directory_.string());
  {
    auto environment = open_environment(new_inbox, false, true);
    if (!environment) return environment.error();
    if (auto filled = LmdbInbox(*environment).update(*readings, {}); !filled) return filled;
  }
  if (!readings->empty()) {
    findings.back() += "; " + std::to_string(readings->size()) + " readings were saved from it";
  }
  if (auto moved = move_aside(damaged); !moved) return moved;
  return finish_inbox();
}

/// The last step of salvage_inbox(), which a crash may have left undone.
Result<void> Opener::finish_inbox() const {
  std::error_code code;
  if (std::filesystem::exists(directory_ / "inbox", code) ||
      !std::filesystem::exists(directory_ / new_inbox, code)) {
    return {};
  }
  std::filesystem::rename(directory_ / new_inbox, directory_ / "inbox", code);
  if (code) return system_error(code.value(), "moving the new inbox into its place");
  return sync_folder(directory_);
}

Result<std::shared_ptr<Environment>> Opener::open_other(const std::string& name,
                                                        bool verify_records, bool replace) {
  if (name == "inbox") {
    if (auto finished = finish_inbox(); !finished) return finished.error();
  }
  const bool discarded = name == "ledger" && options_.discard_ledger;
  if (discarded) {
    findings.push_back("the folder ledger is begun anew: its records contradict one another");
    if (auto moved = move_aside(directory_ / name); !moved) return moved.error();
  }
  auto opened = open_environment(name, !is_new && !discarded, verify_records);
  if (!opened && opened.error().code() == StorageError::damaged && replace) {
    findings.push_back("the folder " + name + " is begun anew: " + opened.error().detail());
    const bool salvaged = name == "inbox";
    const auto replaced = salvaged ? salvage_inbox() : move_aside(directory_ / name);
    if (!replaced) return replaced.error();
    opened = open_environment(name, salvaged, verify_records);
  }
  if (!opened) return opened.error();
  const auto label = check_label(name, identity, (*opened)->label());
  if (!label) return label.error();
  return opened;
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(const std::filesystem::path& directory,
                                                     const Owner& owner,
                                                     const DataFolderOptions& options) {
  const auto absolute = std::filesystem::absolute(directory);
  Opener opener(absolute, owner, options);
  if (auto begun = opener.begin(); !begun) return begun.error();
  auto log = opener.open_log();
  if (!log) return log.error();
  auto ledger =
      opener.open_other("ledger", options.verify_ledger_records, options.replace_damaged_ledger);
  if (!ledger) return ledger.error();
  auto inbox = opener.open_other("inbox", true, options.replace_damaged_inbox);
  if (!inbox) return inbox.error();

  auto folder = std::unique_ptr<DataFolder>(new DataFolder);
  folder->directory_ = absolute;
  folder->lock_ = opener.lock;
  folder->identity_ = opener.identity;
  folder->is_new_ = opener.is_new;
  folder->findings_ = std::move(opener.findings);
  folder->consensus_environment_ = *log;
  folder->consensus_log_ = std::make_unique<LmdbConsensusLog>(*log);
  folder->ledger_ = std::make_unique<LmdbLedgerStore>(*ledger);
  folder->inbox_ = std::make_unique<LmdbInbox>(*inbox);
  const auto noted = folder->write_raised(folder->identity_);
  // On a full disk a peer still starts, to serve reads; its IDENTITY is merely a little older. A
  // new one does not.
  if (!noted && (opener.is_new || noted.error().code() != StorageError::no_space)) {
    return noted.error();
  }
  return folder;
}

DataFolder::~DataFolder() {
  if (!consensus_environment_) return;
  const std::lock_guard lock(mutex_);
  // Without success IDENTITY is older than the log, which is harmless.
  static_cast<void>(write_raised(identity_).ok());
}

Result<void> DataFolder::write_raised(const Identity& raised) {
  if (taken_back_) return {};
  auto next = raised;
  next.log_commits = std::max(next.log_commits, consensus_environment_->commit_number());
  if (next == identity_) return {};
  if (auto written = write_identity(directory_ / identity_file, next); !written) return written;
  identity_ = std::move(next);
  return {};
}

Identity DataFolder::identity() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

bool DataFolder::reservation_covers(const Reservation& wanted) const {
  const std::lock_guard lock(mutex_);
  const auto& held = identity_.reservation;
  return wanted.epoch == held.epoch && wanted.view <= held.view && wanted.sequence <= held.sequence;
}

Result<void> DataFolder::reserve(const Reservation& wanted) {
  const std::lock_guard lock(mutex_);
  auto raised = identity_;
  auto& reservation = raised.reservation;
  // A later epoch counts its views from 0 again; an earlier one is over.
  if (wanted.epoch > reservation.epoch) {
    reservation.epoch = wanted.epoch;
    reservation.view = wanted.view;
  } else if (wanted.epoch == reservation.epoch) {
    reservation.view = std::max(reservation.view, wanted.view);
  }
  if (wanted.sequence > reservation.sequence) {
    const auto room = std::numeric_limits<std::uint64_t>::max() - wanted.sequence;
    reservation.sequence = wanted.sequence + std::min(room, reservation_ahead);
  }
  if (reservation == identity_.reservation) return {};
  return write_raised(raised);
}

Result<void> DataFolder::note_stable_checkpoint(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (sequence <= identity_.stable_checkpoint) return {};
  auto raised = identity_;
  raised.stable_checkpoint = sequence;
  return write_raised(raised);
}

Result<void> DataFolder::note_recovered() {
  const std::lock_guard lock(mutex_);
  if (!identity_.recovering) return {};
  auto raised = identity_;
  raised.recovering = false;
  return write_raised(raised);
}

Result<void> DataFolder::take_back_creation() {
  const std::lock_guard lock(mutex_);
  PS_ASSERT(is_new_);
  auto begun_again = identity_;
  begun_again.log_commits = 0;
  if (auto written = write_identity(directory_ / identity_file, begun_again); !written) {
    return written;
  }
  identity_ = std::move(begun_again);
  taken_back_ = true;
  return {};
}

}  // namespace powershare::storage
