// What is to happen to the files of profiles, in order, while the disk may be full: nothing is
// forgotten and nothing overtakes, so that a promise to another peer can wait for what it promises,
// and an erasure that the disk refused is tried again.
#pragma once

#include <deque>
#include <functional>
#include <variant>

#include "storage/people_store.hpp"

namespace powershare::storage {

struct ConfirmProfile {
  crypto::Digest commitment{};
};
struct EraseProfile {
  crypto::Digest commitment{};
};
using PeopleWrite = std::variant<protocol::StoredProfile, ConfirmProfile, EraseProfile>;

/// Carries out one write; durable on return.
Result<void> carry_out(PeopleStore& store, const PeopleWrite& write);

class PeopleWriter {
 public:
  using Apply = std::function<Result<void>(const PeopleWrite&)>;
  explicit PeopleWriter(Apply apply) : apply_(std::move(apply)) {}

  void add(PeopleWrite write) { waiting_.push_back(std::move(write)); }
  /// True when all that was added is durable; false while there is no space for the next of them.
  /// Other errors as apply gives them.
  Result<bool> write();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  Apply apply_;
  std::deque<PeopleWrite> waiting_;
};

}  // namespace powershare::storage
