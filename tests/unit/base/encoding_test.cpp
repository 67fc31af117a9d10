#include "base/encoding.hpp"

#include <doctest/doctest.h>

#include "base/ids.hpp"

using namespace powershare;

TEST_CASE("what the encoder writes the decoder reads") {
  const auto data =
      Encoder().u8(7).u16(300).u32(70'000).u64(1ull << 40).i64(-5).boolean(true).text("olá").data();
  Decoder in(data);
  CHECK(in.u8() == 7);
  CHECK(in.u16() == 300);
  CHECK(in.u32() == 70'000);
  CHECK(in.u64() == 1ull << 40);
  CHECK(in.i64() == -5);
  CHECK(in.boolean());
  CHECK(in.text(16) == "olá");
  CHECK(in.finished());
}

TEST_CASE("a decoder fails for good on short, long or non-canonical input") {
  const Bytes two{2};
  Decoder boolean(two);
  boolean.boolean();
  CHECK_FALSE(boolean.ok());
  const Bytes huge{0xFF, 0xFF, 0xFF, 0xFF};
  Decoder text(huge);
  CHECK(text.bytes(1 << 20).empty());
  CHECK_FALSE(text.ok());
  CHECK(text.u64() == 0);
  Decoder count(huge);
  CHECK(count.count(0xFFFFFFFF, 1) == 0);
  CHECK_FALSE(count.ok());
  Decoder rest(two);
  CHECK_FALSE(rest.finished());
}

TEST_CASE("hexadecimal and base64 are strict") {
  CHECK(to_hex(*from_hex("00ffAb")) == "00ffab");
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("zz"));
  for (const auto* text : {"", "a", "ab", "abc", "abcd"}) {
    CHECK(*from_base64(to_base64(as_bytes(text))) == to_bytes(std::string_view(text)));
  }
  CHECK(to_base64(as_bytes("ab")) == "YWI=");
  CHECK_FALSE(from_base64("YWI"));
  CHECK_FALSE(from_base64("Y=I="));
}

TEST_CASE("names are limited to what DESIGN 4 allows") {
  CHECK(PeerId::parse("funchal-0").ok());
  CHECK_FALSE(PeerId::parse("").ok());
  CHECK_FALSE(PeerId::parse("a b").ok());
  CHECK_FALSE(PeerId::parse(std::string(65, 'a')).ok());
  CHECK(ParticipantId::parse("João / 3.º").ok());
  CHECK_FALSE(ParticipantId::parse("a\nb").ok());
  CHECK_FALSE(ParticipantId::parse("\xC2\x85").ok());
  CHECK_FALSE(ParticipantId::parse("\xC0\x80").ok());
  CHECK_FALSE(ParticipantId::parse(std::string(129, 'a')).ok());
}
