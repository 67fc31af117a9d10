#include "crypto/keys.hpp"

#include <doctest/doctest.h>

#include "crypto/quorum.hpp"

using namespace powershare;
using namespace powershare::crypto;

TEST_CASE("signatures agree with RFC 8032 test 1 and fail on any changed byte") {
  initialise();
  Seed seed{};
  const auto bytes = *from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  std::copy(bytes.begin(), bytes.end(), seed.begin());
  const auto pair = KeyPair::from_seed(seed);
  CHECK(to_hex(pair.public_key()) ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const auto signature = pair.sign({});
  CHECK(to_hex(signature).substr(0, 16) == "e5564300c360ac72");
  CHECK(verify(pair.public_key(), {}, signature));
  CHECK_FALSE(verify(pair.public_key(), as_bytes("x"), signature));
  CHECK(pair.seed() == seed);
}

TEST_CASE("a certificate needs a quorum of distinct members over the very statement") {
  std::vector<KeyPair> pairs;
  std::vector<PublicKey> members;
  for (int i = 0; i < 4; ++i) {
    pairs.push_back(KeyPair::generate());
    members.push_back(pairs.back().public_key());
  }
  const auto statement = to_bytes("statement");
  QuorumCertificate certificate;
  for (std::uint32_t i = 0; i < 3; ++i) {
    certificate.endorsements.push_back({i, pairs[i].sign(statement)});
  }
  CHECK(verify_certificate(certificate, statement, members).ok());
  CHECK_FALSE(verify_certificate(certificate, to_bytes("other"), members).ok());
  auto small = certificate;
  small.endorsements.pop_back();
  CHECK_FALSE(verify_certificate(small, statement, members).ok());
  auto twice = certificate;
  twice.endorsements[2] = twice.endorsements[1];
  CHECK_FALSE(verify_certificate(twice, statement, members).ok());
  auto stranger = certificate;
  stranger.endorsements[2].signer = 4;
  CHECK_FALSE(verify_certificate(stranger, statement, members).ok());
  Encoder out;
  certificate.encode(out);
  Decoder in(out.data());
  CHECK(QuorumCertificate::decode(in) == certificate);
  CHECK(in.finished());
  CHECK_FALSE(verify_certificate({}, statement, {}).ok());
}

TEST_CASE("quorums are those of DECISIONS 3 for any n") {
  for (std::uint32_t n = 4; n <= 31; ++n) {
    const auto f = max_faulty(n);
    CHECK(quorum(n) * 2 >= n + f + 1);  // two quorums share f + 1
    CHECK(quorum(n) <= n - f);          // a quorum answers without the faulty
    CHECK(weak_quorum(n) == f + 1);
  }
}
