// What a log-in gives a person: the private seeds of a session's two keys as text. Whoever shows
// one proves nothing to a table of this peer, but can sign as the session, on any peer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/keys.hpp"

namespace powershare::gateway {

struct Token {
  crypto::Seed seed{};
  std::uint64_t height = 0;  ///< of the block that opened the session
};

inline constexpr std::string_view session_prefix = "ps1.";
inline constexpr std::string_view refresh_prefix = "pr1.";

/// prefix ‖ base64url of the seed without padding ‖ "." ‖ height.
std::string token_text(std::string_view prefix, const crypto::Seed& seed, std::uint64_t height);
/// Nothing for other text; one token has exactly one text.
std::optional<Token> parse_token(std::string_view prefix, std::string_view text);
/// The text after "Bearer " (any case) of an Authorization header; nothing for other schemes.
std::optional<std::string_view> bearer_of(std::string_view authorization);

}  // namespace powershare::gateway
