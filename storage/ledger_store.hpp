// The ledger's environment: the tables that its writer names.
#pragma once

#include "protocol/ports.hpp"
#include "storage/environment.hpp"

namespace powershare::storage {

class LmdbLedgerStore final : public protocol::LedgerStore {
 public:
  explicit LmdbLedgerStore(std::shared_ptr<Environment> environment)
      : environment_(std::move(environment)) {}

  Result<void> commit(const std::vector<protocol::TableWrite>& writes) override;
  Result<std::unique_ptr<protocol::LedgerSnapshot>> snapshot() const override;
  StorageStatistics statistics() const { return environment_->statistics(); }

 private:
  std::shared_ptr<Environment> environment_;
};

}  // namespace powershare::storage
