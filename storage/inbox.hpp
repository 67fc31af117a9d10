// The inbox of acknowledged readings in an environment of its own: one table, "readings".
#pragma once

#include "protocol/ports.hpp"
#include "storage/environment.hpp"

namespace powershare::storage {

inline constexpr std::string_view inbox_table = "readings";

class LmdbInbox final : public protocol::Inbox {
 public:
  explicit LmdbInbox(std::shared_ptr<Environment> environment)
      : environment_(std::move(environment)) {}

  Result<void> update(const std::vector<std::pair<Bytes, Bytes>>& put,
                      const std::vector<Bytes>& erase) override;
  Result<std::vector<std::pair<Bytes, Bytes>>> load() const override;
  StorageStatistics statistics() const { return environment_->statistics(); }

 private:
  std::shared_ptr<Environment> environment_;
};

}  // namespace powershare::storage
