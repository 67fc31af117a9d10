#include "storage/ledger_store.hpp"

namespace powershare::storage {

Result<void> LmdbLedgerStore::commit(const std::vector<protocol::TableWrite>& writes) {
  return environment_->commit(writes);
}

Result<std::unique_ptr<protocol::LedgerSnapshot>> LmdbLedgerStore::snapshot() const {
  return environment_->snapshot();
}

}  // namespace powershare::storage
