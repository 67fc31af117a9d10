// REQUEST: requests on their way to the primary.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/pbft/batch.hpp"

namespace powershare::pbft {

/// u32 count, then per request u32 length and its bytes.
Bytes encode_requests(const std::vector<std::shared_ptr<const Bytes>>& requests);
Result<std::vector<std::shared_ptr<const Bytes>>> decode_requests(ByteView body,
                                                                  const BatchLimits& limits);

}  // namespace powershare::pbft
