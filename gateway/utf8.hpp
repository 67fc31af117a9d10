// Well-formed UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace powershare::gateway {

/// The length of the well-formed sequence at the start of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace powershare::gateway
