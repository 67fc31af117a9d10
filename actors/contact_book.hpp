// Which profiles want news delivered, and where: written by people, read by news_delivery.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "crypto/hash.hpp"
#include "ledger/profile.hpp"

namespace powershare::actors {

struct Contact {
  std::string email;
  ledger::NewsDelivery delivery;
};

/// Thread-safe.
class ContactBook {
 public:
  using Contacts = std::map<crypto::Digest, Contact>;  ///< by commitment
  void set(Contacts contacts) {
    auto fresh = std::make_shared<const Contacts>(std::move(contacts));
    const std::lock_guard lock(mutex_);
    contacts_ = std::move(fresh);
  }
  /// nullptr until the first set().
  std::shared_ptr<const Contacts> get() const {
    const std::lock_guard lock(mutex_);
    return contacts_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Contacts> contacts_;
};

}  // namespace powershare::actors
