#include "protocol/pbft/replica.hpp"

#include "protocol/pbft/replica_core.hpp"

namespace powershare::pbft {

Replica::Replica(Config config, const protocol::Signatory& signatory, RequestChecker checker,
                 Recovered recovered)
    : core_(std::make_unique<Core>(std::move(config), signatory, std::move(checker),
                                   std::move(recovered))) {}
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

Effects Replica::start() {
  return core_->start();
}
Effects Replica::step(Input input) {
  return core_->step(std::move(input));
}
Status Replica::status() const {
  return core_->status();
}

}  // namespace powershare::pbft
