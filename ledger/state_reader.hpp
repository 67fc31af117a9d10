// Where execution and queries read the state: key -> value records in fixed-layout encoding.
#pragma once

#include <functional>
#include <optional>

#include "base/bytes.hpp"

namespace powershare::ledger {

/// Hosted by the state in memory (execution, simulator, audit) and by a read transaction of the
/// database (queries).
class StateReader {
 public:
  virtual ~StateReader() = default;
  virtual std::optional<Bytes> get(ByteView key) const = 0;
  /// Calls `visit(key, value)` for each record whose key begins with `prefix`, from `prefix ‖ from`
  /// on, in byte order, until it returns false.
  virtual void scan(ByteView prefix, ByteView from,
                    const std::function<bool(ByteView, ByteView)>& visit) const = 0;
};

}  // namespace powershare::ledger
