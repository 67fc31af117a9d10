// The consensus log in an environment of its own: one table, "log".
#pragma once

#include "protocol/ports.hpp"
#include "storage/environment.hpp"

namespace powershare::storage {

class LmdbConsensusLog final : public protocol::ConsensusLog {
 public:
  explicit LmdbConsensusLog(std::shared_ptr<Environment> environment)
      : environment_(std::move(environment)) {}

  Result<void> append(const std::vector<protocol::LogWrite>& writes) override;
  Result<std::vector<protocol::LogWrite>> load() const override;
  StorageStatistics statistics() const { return environment_->statistics(); }

 private:
  std::shared_ptr<Environment> environment_;
};

}  // namespace powershare::storage
