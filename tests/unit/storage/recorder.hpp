// The writes and syncs of data.mdb, in order, as fault_test.cpp sees them pass.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace powershare::storage::testing {

struct DiskCall {
  enum class Kind : std::uint8_t { write, durable_write, sync };
  Kind kind = Kind::sync;
  std::uint64_t offset = 0;
  Bytes data;
};

/// Where set, each call of this process on a data.mdb is appended to it. One thread at a time.
extern std::vector<DiskCall>* recorded_calls;

}  // namespace powershare::storage::testing
