// What a participant's record commits to and no block holds: a person's names and e-mail
// (DECISIONS 60). The commitment is salted, so that nobody can find a name by trying names.
#pragma once

#include <array>
#include <string>

#include "crypto/hash.hpp"
#include "ledger/error.hpp"

namespace powershare::ledger {

struct Profile {
  std::string first_name;
  std::string last_name;
  std::string email;
  friend bool operator==(const Profile&, const Profile&) = default;
};
inline constexpr std::size_t max_profile_text_bytes = 256;  ///< of each of the three
inline constexpr std::size_t max_profile_bytes = 1 + 32 + 3 * (4 + max_profile_text_bytes);
using ProfileSalt = std::array<std::uint8_t, 32>;

/// u8 version 1 ‖ 32 salt ‖ text first name ‖ text last name ‖ text e-mail.
Bytes encode_profile(const Profile& profile, const ProfileSalt& salt);
/// LedgerError::malformed for anything that encode_profile() would not have written.
Result<Profile> decode_profile(ByteView bytes);
/// SHA-256 of "powershare/profile/1" ‖ bytes: what Participant::profile holds.
crypto::Digest profile_commitment(ByteView bytes);

}  // namespace powershare::ledger
