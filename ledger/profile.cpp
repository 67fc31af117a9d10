#include "ledger/profile.hpp"

#include "base/encoding.hpp"

namespace powershare::ledger {

Bytes encode_profile(const Profile& profile, const ProfileSalt& salt) {
  return Encoder()
      .u8(1)
      .raw(salt)
      .text(profile.first_name)
      .text(profile.last_name)
      .text(profile.email)
      .data();
}

Result<Profile> decode_profile(ByteView bytes) {
  Decoder in(bytes);
  if (in.u8() != 1) in.fail();
  in.array<32>();
  Profile profile;
  profile.first_name = in.text(max_profile_text_bytes);
  profile.last_name = in.text(max_profile_text_bytes);
  profile.email = in.text(max_profile_text_bytes);
  if (!in.finished()) return Error{LedgerError::malformed, "not a profile"};
  return profile;
}

crypto::Digest profile_commitment(ByteView bytes) {
  return crypto::sha256(Encoder().raw(as_bytes("powershare/profile/1")).raw(bytes).data());
}

}  // namespace powershare::ledger
