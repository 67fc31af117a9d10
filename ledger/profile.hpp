// What a participant's record commits to and no block holds: a person's names, e-mail and picture,
// and where the household wants its news sent (DECISIONS 60, 62). The commitment is salted, so that
// nobody can find a name by trying names.
#pragma once

#include <array>
#include <string>

#include "crypto/hash.hpp"
#include "ledger/error.hpp"

namespace powershare::ledger {

/// Where news go besides the household's own screens.
struct NewsDelivery {
  bool by_mail = false;  ///< to the profile's e-mail
  /// Bit n: the NewsKind of value n; those of later programs too.
  std::uint32_t kinds = UINT32_MAX;
  std::string webhook;         ///< an address; empty: none
  std::string webhook_secret;  ///< signs what is sent there
  friend bool operator==(const NewsDelivery&, const NewsDelivery&) = default;
};

struct Profile {
  std::string first_name;
  std::string last_name;
  std::string email;
  Bytes picture = {};  ///< JPEG without metadata; empty: none
  NewsDelivery delivery = {};
  friend bool operator==(const Profile&, const Profile&) = default;
};
inline constexpr std::size_t max_profile_text_bytes = 256;  ///< of each of the three
inline constexpr std::size_t max_picture_bytes = 64'000;
inline constexpr std::size_t max_webhook_bytes = 512;
inline constexpr std::size_t max_webhook_secret_bytes = 64;
inline constexpr std::size_t max_profile_bytes =
    1 + 32 + 3 * (4 + max_profile_text_bytes) + (4 + max_picture_bytes) + 5 +
    (4 + max_webhook_bytes) + (4 + max_webhook_secret_bytes);
using ProfileSalt = std::array<std::uint8_t, 32>;

/// u8 version 1 ‖ 32 salt ‖ text first name ‖ text last name ‖ text e-mail. Where there is a
/// picture or a delivery: u8 version 2 ‖ the same ‖ bytes picture ‖ u8 by mail ‖ u32 kinds ‖ text
/// webhook ‖ text secret.
Bytes encode_profile(const Profile& profile, const ProfileSalt& salt);
/// False where `bytes` are names alone, which most are: there is nothing to decode then.
bool may_have_delivery(ByteView bytes);
/// LedgerError::malformed for anything that encode_profile() would not have written.
Result<Profile> decode_profile(ByteView bytes);
/// SHA-256 of "powershare/profile/1" ‖ bytes: what Participant::profile holds.
crypto::Digest profile_commitment(ByteView bytes);

}  // namespace powershare::ledger
