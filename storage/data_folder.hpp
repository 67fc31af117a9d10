// DIR of one peer of one chain: IDENTITY, LOCK, consensus/, ledger/, inbox/. Opens all or refuses
// with one sentence.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/consensus_log.hpp"
#include "storage/identity.hpp"
#include "storage/inbox.hpp"
#include "storage/ledger_store.hpp"

namespace powershare::storage {

struct DataFolderOptions {
  EnvironmentOptions
      environment;  ///< must_exist, verify_records and keep_alive are set by the folder
  /// False leaves the checksums of the ledger's records to the reads (a large ledger then opens
  /// faster).
  bool verify_ledger_records = true;
  /// Keys that IDENTITY may name besides the owner's, while a peer's key is being replaced. It then
  /// names the owner's from this opening on.
  std::vector<crypto::PublicKey> former_public_keys;
  /// What is lost or damaged is moved to NAME.damaged and begun anew; where false, open() refuses
  /// instead. None of it needs an operator while IDENTITY is there: it bounds what was promised.
  bool replace_lost_log = false;        ///< the peer is `recovering` from then on
  bool replace_damaged_ledger = false;  ///< the peer needs a state transfer
  bool replace_damaged_inbox = false;   ///< meters send again what the ledger does not cover
  bool discard_ledger = false;          ///< as if it were damaged: what its records say is wrong
  /// IDENTITY itself is gone or damaged, perhaps with the whole folder: all is begun anew, and the
  /// peer is `recovering` until the others have told how far it may have voted. Where false, a
  /// folder that holds data is refused, and one that holds nothing is a new peer's.
  bool recover_lost_folder = false;
};

class DataFolder {
 public:
  /// StorageError::locked: another process has it. wrong_identity: it is another peer's or chain's.
  /// lost: the log is gone, damaged or older than IDENTITY says. damaged: ledger, inbox or
  /// IDENTITY. io, no_space.
  static Result<std::unique_ptr<DataFolder>> open(const std::filesystem::path& directory,
                                                  const Owner& owner,
                                                  const DataFolderOptions& options);
  /// Notes the log's last commit in IDENTITY, so that an older copy of the log is recognised.
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  LmdbConsensusLog& consensus_log() { return *consensus_log_; }
  LmdbLedgerStore& ledger() { return *ledger_; }
  LmdbInbox& inbox() { return *inbox_; }

  /// A copy of what IDENTITY holds now.
  Identity identity() const;
  /// True when this open() created the folder: a new peer, not one that lost something.
  bool is_new() const { return is_new_; }
  /// What was replaced and why, one sentence each; empty after a normal start.
  const std::vector<std::string>& findings() const { return findings_; }

  /// To be called before a vote at this epoch, view and sequence leaves. Writes and fsyncs IDENTITY
  /// only when the reservation does not cover it; then reserves reservation_ahead sequences at
  /// once. From any thread.
  Result<void> reserve(const Reservation& wanted);
  /// True when reserve() would have to write.
  bool reservation_covers(const Reservation& wanted) const;
  /// Notes a higher stable checkpoint; a lower one is ignored.
  Result<void> note_stable_checkpoint(std::uint64_t sequence);
  /// Ends `recovering`: the peer may vote again.
  Result<void> note_recovered();
  /// For a folder that is_new() although the others know this peer: the next start begins it again,
  /// and asks again. Nothing was promised from it.
  Result<void> take_back_creation();

 private:
  DataFolder() = default;
  Result<void> write_raised(const Identity& raised);

  std::filesystem::path directory_;
  std::shared_ptr<const void> lock_;
  mutable std::mutex mutex_;  // guards identity_ and its file
  Identity identity_;
  bool is_new_ = false;
  bool taken_back_ = false;
  std::vector<std::string> findings_;
  std::shared_ptr<Environment> consensus_environment_;
  std::unique_ptr<LmdbConsensusLog> consensus_log_;
  std::unique_ptr<LmdbLedgerStore> ledger_;
  std::unique_ptr<LmdbInbox> inbox_;
};

}  // namespace powershare::storage
