#include "storage/people_writer.hpp"

namespace powershare::storage {

Result<void> carry_out(PeopleStore& store, const PeopleWrite& write) {
  if (const auto* profile = std::get_if<protocol::StoredProfile>(&write)) {
    return store.put(*profile);
  }
  if (const auto* confirmed = std::get_if<ConfirmProfile>(&write)) {
    return store.confirm(confirmed->commitment);
  }
  return store.erase(std::get<EraseProfile>(write).commitment);
}

Result<bool> PeopleWriter::write() {
  while (!waiting_.empty()) {
    if (const auto done = apply_(waiting_.front()); !done) {
      if (done.error().code() == make_error_code(StorageError::no_space)) return false;
      return done.error();
    }
    waiting_.pop_front();
  }
  return true;
}

}  // namespace powershare::storage
