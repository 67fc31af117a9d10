#include "gateway/household/tokens.hpp"

#include <algorithm>
#include <charconv>

#include "base/bytes.hpp"

namespace powershare::gateway {
namespace {

constexpr std::size_t seed_digits = 43;  // 32 bytes in base64 without padding

std::string to_base64url(ByteView bytes) {
  auto text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

}  // namespace

std::string token_text(std::string_view prefix, const crypto::Seed& seed, std::uint64_t height) {
  return std::string(prefix) + to_base64url(seed) + "." + std::to_string(height);
}

std::optional<Token> parse_token(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto rest = text.substr(prefix.size());
  if (rest.size() < seed_digits + 2 || rest[seed_digits] != '.') return std::nullopt;
  std::string digits(rest.substr(0, seed_digits));
  std::replace(digits.begin(), digits.end(), '-', '+');
  std::replace(digits.begin(), digits.end(), '_', '/');
  auto bytes = from_base64(digits + "=");
  if (!bytes || bytes->size() != sizeof(crypto::Seed)) return std::nullopt;
  Token token;
  std::copy(bytes->begin(), bytes->end(), token.seed.begin());
  crypto::wipe(*bytes);
  const auto height = rest.substr(seed_digits + 1);
  const auto* end = height.data() + height.size();
  const auto [stop, fault] = std::from_chars(height.data(), end, token.height);
  if (fault != std::errc{} || stop != end) return std::nullopt;
  if (token_text(prefix, token.seed, token.height) != text) return std::nullopt;
  return token;
}

std::optional<std::string_view> bearer_of(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer";
  const auto same = [](char wanted, char given) {
    return (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given) == wanted;
  };
  if (authorization.size() < scheme.size() ||
      !std::equal(scheme.begin(), scheme.end(), authorization.begin(), same)) {
    return std::nullopt;
  }
  authorization.remove_prefix(scheme.size());
  // Another scheme that begins alike. The scheme alone is a token, of no bytes, which is a bad one.
  if (!authorization.empty() && authorization.front() != ' ') return std::nullopt;
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return authorization;
}

}  // namespace powershare::gateway
