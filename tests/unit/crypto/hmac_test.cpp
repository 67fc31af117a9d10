#include "crypto/hmac.hpp"

#include <doctest/doctest.h>

using namespace powershare;

TEST_CASE("HMAC-SHA256 as RFC 4231 has it") {
  const auto hmac = [](ByteView key, std::string_view text) {
    return crypto::to_hex(crypto::hmac_sha256(key, as_bytes(text)));
  };
  CHECK(hmac(Bytes(20, 0x0b), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac(as_bytes("Jefe"), "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac(Bytes(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
