#include "apps/exit.hpp"

#include <cstdio>

#include "actors/error.hpp"
#include "apps/error.hpp"
#include "ledger/error.hpp"
#include "net/http.hpp"
#include "protocol/ports.hpp"

namespace powershare::apps {

ExitCode exit_code_of(const Error& error) {
  const auto& code = error.code();
  if (code.category() == error_category_of(AppError::failed)) {
    return static_cast<ExitCode>(code.value());
  }
  if (code == make_error_code(StorageError::io)) return ExitCode::storage_error;
  if (code == make_error_code(StorageError::no_space)) return ExitCode::storage_error;
  if (code == make_error_code(StorageError::damaged)) return ExitCode::damaged_data;
  if (code == make_error_code(StorageError::lost)) return ExitCode::damaged_data;
  if (code == make_error_code(StorageError::wrong_identity)) return ExitCode::bad_configuration;
  if (code == make_error_code(StorageError::locked)) return ExitCode::unavailable;
  if (code == make_error_code(NetError::address_in_use)) return ExitCode::unavailable;
  if (code == make_error_code(NetError::bad_address)) return ExitCode::bad_configuration;
  if (code == make_error_code(NetError::bad_certificate)) return ExitCode::bad_configuration;
  if (code == make_error_code(NetError::bad_key)) return ExitCode::bad_configuration;
  if (code == make_error_code(NetError::refused_by_self_test)) return ExitCode::broken_invariant;
  if (code == make_error_code(ActorError::bad_configuration)) return ExitCode::bad_configuration;
  if (code == make_error_code(ActorError::died)) return ExitCode::broken_invariant;
  if (code == make_error_code(LedgerError::unknown_level)) return ExitCode::bad_configuration;
  if (code == make_error_code(LedgerError::diverged)) return ExitCode::broken_invariant;
  return ExitCode::failed;
}

int report(const Error& error) {
  std::fprintf(stderr, "powershare: %s\n", error.detail().c_str());
  return static_cast<int>(exit_code_of(error));
}

}  // namespace powershare::apps
