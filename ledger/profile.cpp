#include "ledger/profile.hpp"

#include "base/encoding.hpp"

namespace powershare::ledger {
namespace {

/// Names alone are written as they were before there was anything else.
bool names_only(const Profile& profile) {
  return profile.picture.empty() && profile.delivery == NewsDelivery{};
}

}  // namespace

Bytes encode_profile(const Profile& profile, const ProfileSalt& salt) {
  Encoder out;
  out.u8(names_only(profile) ? 1 : 2).raw(salt);
  out.text(profile.first_name).text(profile.last_name).text(profile.email);
  if (names_only(profile)) return std::move(out).take();
  out.bytes(profile.picture).boolean(profile.delivery.by_mail).u32(profile.delivery.kinds);
  out.text(profile.delivery.webhook).text(profile.delivery.webhook_secret);
  return std::move(out).take();
}

bool may_have_delivery(ByteView bytes) {
  return !bytes.empty() && bytes[0] == 2;
}

Result<Profile> decode_profile(ByteView bytes) {
  Decoder in(bytes);
  const auto version = in.u8();
  if (version != 1 && version != 2) in.fail();
  in.array<32>();
  Profile profile;
  profile.first_name = in.text(max_profile_text_bytes);
  profile.last_name = in.text(max_profile_text_bytes);
  profile.email = in.text(max_profile_text_bytes);
  if (version == 2) {
    profile.picture = to_bytes(in.bytes(max_picture_bytes));
    profile.delivery.by_mail = in.boolean();
    profile.delivery.kinds = in.u32();
    profile.delivery.webhook = in.text(max_webhook_bytes);
    profile.delivery.webhook_secret = in.text(max_webhook_secret_bytes);
    if (names_only(profile)) in.fail();
  }
  if (!in.finished()) return Error{LedgerError::malformed, "not a profile"};
  return profile;
}

crypto::Digest profile_commitment(ByteView bytes) {
  return crypto::sha256(Encoder().raw(as_bytes("powershare/profile/1")).raw(bytes).data());
}

}  // namespace powershare::ledger
