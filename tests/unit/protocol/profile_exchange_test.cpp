#include <doctest/doctest.h>

#include "base/encoding.hpp"
#include "ledger/profile.hpp"
#include "protocol/profile_exchange.hpp"

using namespace powershare;
using namespace powershare::protocol;
using pbft::MessageType;

namespace {

const std::vector<pbft::MemberIndex> others{1, 2, 3};

Bytes profile(std::uint8_t salt, std::string first_name = "Ana") {
  return ledger::encode_profile({std::move(first_name), "Sousa", "ana@example.org"}, {salt});
}

/// Carries messages between peers 0 to 3 until none is left; `down` hears and says nothing.
struct Peers {
  std::vector<ProfileExchange> peers;
  std::vector<ProfileEffects::Kept> kept;
  std::vector<ProfileEffects::Found> found;
  std::vector<std::vector<crypto::Digest>> erased{4};
  std::set<pbft::MemberIndex> down;
  MonotonicMillis now{1'000};

  explicit Peers(ProfileLimits limits = {}) {
    for (int i = 0; i < 4; ++i) {
      peers.emplace_back(std::vector<StoredProfile>{}, MonotonicMillis{1'000}, limits);
    }
  }
  static std::vector<pbft::MemberIndex> others_of(pbft::MemberIndex self) {
    std::vector<pbft::MemberIndex> result;
    for (pbft::MemberIndex i = 0; i < 4; ++i) {
      if (i != self) result.push_back(i);
    }
    return result;
  }
  void carry(pbft::MemberIndex from, ProfileEffects effects) {
    for (auto& entry : effects.kept) kept.push_back(std::move(entry));
    for (auto& entry : effects.found) found.push_back(std::move(entry));
    for (const auto& entry : effects.erase) erased[from].push_back(entry);
    if (down.contains(from)) return;
    for (const auto& message : effects.send) {
      if (down.contains(message.to)) continue;
      carry(message.to, peers[message.to].receive(from, message.type, message.body, now));
    }
  }
  void follow(const std::set<crypto::Digest>& named) {
    for (pbft::MemberIndex i = 0; i < 4; ++i) {
      if (!down.contains(i)) carry(i, peers[i].follow(named, others_of(i), now));
    }
  }
  void tick() {
    for (pbft::MemberIndex i = 0; i < 4; ++i) carry(i, peers[i].tick(now));
  }
};

}  // namespace

TEST_CASE("a profile has one encoding, and its commitment hides it") {
  const auto bytes = profile(7);
  const auto decoded = ledger::decode_profile(bytes);
  REQUIRE(decoded.ok());
  CHECK(*decoded == ledger::Profile{"Ana", "Sousa", "ana@example.org"});
  CHECK(ledger::profile_commitment(bytes) != ledger::profile_commitment(profile(8)));
  auto longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(ledger::decode_profile(longer).ok());
  CHECK_FALSE(ledger::decode_profile(ByteView(bytes).first(bytes.size() - 1)).ok());
  auto other_version = bytes;
  other_version[0] = 2;
  CHECK_FALSE(ledger::decode_profile(other_version).ok());
}

TEST_CASE("a profile with a picture or a delivery has one encoding of its own") {
  ledger::Profile whole{"Ana", "Sousa", "ana@example.org", to_bytes("a picture"), {}};
  whole.delivery = {true, 0b110, "https://example.org/", "secret"};
  auto picture_only = whole, delivery_only = whole;
  picture_only.delivery = {};
  delivery_only.picture.clear();
  for (const auto& each : {whole, picture_only, delivery_only}) {
    const auto bytes = ledger::encode_profile(each, {7});
    CHECK(bytes[0] == 2);
    CHECK(ledger::may_have_delivery(bytes));
    REQUIRE(ledger::decode_profile(bytes).ok());
    CHECK(*ledger::decode_profile(bytes) == each);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CHECK_FALSE(ledger::decode_profile(ByteView(bytes).first(length)).ok());
    }
    CHECK(bytes.size() <= ledger::max_profile_bytes);
  }
  // Names alone are written in the first version only.
  CHECK_FALSE(ledger::may_have_delivery(profile(7)));
  const auto names = profile(7);
  Bytes second(names);
  second[0] = 2;
  const auto nothing =
      std::move(Encoder().bytes({}).u8(0).u32(UINT32_MAX).text("").text("")).take();
  second.insert(second.end(), nothing.begin(), nothing.end());
  CHECK_FALSE(ledger::decode_profile(second).ok());
  whole.picture.assign(ledger::max_picture_bytes, 1);
  CHECK(ledger::decode_profile(ledger::encode_profile(whole, {7})).ok());
  whole.picture.push_back(1);
  CHECK_FALSE(ledger::decode_profile(ledger::encode_profile(whole, {7})).ok());
}

TEST_CASE("pictures find a place up to a sum of bytes, and give it back") {
  ProfileLimits limits;
  limits.max_bytes = 1'000;
  ProfileExchange peer({}, {0}, limits);
  const auto with_picture = [](std::uint8_t salt) {
    ledger::Profile large{"Ana", "Sousa", "ana@example.org", Bytes(300, salt), {}};
    return ledger::encode_profile(large, {salt});
  };
  int kept = 0;
  for (std::uint8_t salt = 1; salt <= 5; ++salt) {
    kept +=
        peer.receive(1, MessageType::profile_offer, with_picture(salt), {0}).store.empty() ? 0 : 1;
  }
  CHECK(kept == 2);
  CHECK(peer.keep(1, with_picture(9), {1, 2, 3}, 1, {0}).kept.at(0).commitment == std::nullopt);
  // The ledger named them, and names them no more.
  peer.follow(
      {ledger::profile_commitment(with_picture(1)), ledger::profile_commitment(with_picture(2))},
      {1, 2, 3}, {1});
  CHECK(peer.follow({}, {1, 2, 3}, {2}).erase.size() == 2);
  CHECK(peer.size() == 0);
  CHECK_FALSE(peer.receive(1, MessageType::profile_offer, with_picture(5), {3}).store.empty());
}

TEST_CASE("a profile is kept once f + 1 others have it on disk") {
  Peers chain;
  auto effects = chain.peers[0].keep(5, profile(1), others, 1, chain.now);
  REQUIRE(effects.store.size() == 1);  // durable before it is sent
  CHECK(effects.send.size() == 3);
  CHECK(effects.kept.empty());
  chain.carry(0, std::move(effects));
  REQUIRE(chain.kept.size() == 1);
  CHECK(chain.kept[0].call == 5);
  CHECK(chain.kept[0].commitment == ledger::profile_commitment(profile(1)));
  for (const auto& peer : chain.peers) CHECK(peer.size() == 1);
}

TEST_CASE("where fewer than f + 1 others answer in time the profile is not kept") {
  Peers chain;
  chain.down = {2, 3};
  chain.carry(0, chain.peers[0].keep(1, profile(1), others, 1, chain.now));
  CHECK(chain.kept.empty());
  chain.now.value += ProfileLimits{}.keep_timeout_ms;
  chain.tick();
  REQUIRE(chain.kept.size() == 1);
  CHECK_FALSE(chain.kept[0].commitment.has_value());
}

TEST_CASE("one peer's word for another's copy does not count") {
  Peers chain;
  chain.down = {1, 2, 3};
  chain.carry(0, chain.peers[0].keep(1, profile(1), others, 1, chain.now));
  const auto commitment = ledger::profile_commitment(profile(1));
  for (int again = 0; again < 3; ++again) {
    chain.carry(0, chain.peers[0].receive(1, MessageType::profile_kept, commitment, chain.now));
  }
  CHECK(chain.kept.empty());
  chain.carry(0, chain.peers[0].receive(2, MessageType::profile_kept, commitment, chain.now));
  CHECK(chain.kept.size() == 1);
}

TEST_CASE("a peer that was away gets what the ledger names from the others") {
  Peers chain;
  chain.down = {3};
  chain.carry(0, chain.peers[0].keep(1, profile(1), others, 1, chain.now));
  const auto commitment = ledger::profile_commitment(profile(1));
  chain.follow({commitment});
  CHECK(chain.peers[3].size() == 0);
  chain.down.clear();
  chain.follow({commitment});
  CHECK(chain.peers[3].size() == 1);
}

TEST_CASE("who asks for a profile waits for the others, and hears nothing where nobody has it") {
  Peers chain;
  chain.down = {3};
  chain.carry(0, chain.peers[0].keep(1, profile(1), others, 1, chain.now));
  const auto commitment = ledger::profile_commitment(profile(1));
  chain.follow({commitment});
  chain.down.clear();
  const crypto::Digest unknown{9};
  chain.carry(3, chain.peers[3].fetch(8, {commitment}, Peers::others_of(3), chain.now));
  REQUIRE(chain.found.size() == 1);
  CHECK(chain.found[0].profiles[0] == profile(1));
  chain.carry(3, chain.peers[3].fetch(9, {unknown, commitment}, Peers::others_of(3), chain.now));
  CHECK(chain.found.size() == 1);
  chain.now.value += ProfileLimits{}.fetch_timeout_ms;
  chain.tick();
  REQUIRE(chain.found.size() == 2);
  CHECK_FALSE(chain.found[1].profiles[0].has_value());
  CHECK(chain.found[1].profiles[1] == profile(1));
}

TEST_CASE("what the ledger names no more is erased everywhere, what it never named after a day") {
  Peers chain;
  chain.carry(0, chain.peers[0].keep(1, profile(1), others, 1, chain.now));
  chain.carry(0, chain.peers[0].keep(2, profile(2), others, 1, chain.now));
  const auto named = ledger::profile_commitment(profile(1));
  chain.follow({named});
  CHECK(chain.erased[2].empty());
  chain.follow({});
  for (const auto& erased : chain.erased) CHECK(erased == std::vector<crypto::Digest>{named});
  for (const auto& peer : chain.peers) CHECK(peer.size() == 1);
  chain.now.value += ProfileLimits{}.unconfirmed_ms;
  chain.tick();
  for (const auto& peer : chain.peers) CHECK(peer.size() == 0);
}

TEST_CASE("a peer cannot fill another one's disk, nor slip it what nobody asked for") {
  ProfileLimits limits;
  limits.max_unconfirmed_per_peer = 2;
  Peers chain(limits);
  auto& peer = chain.peers[0];
  for (std::uint8_t salt = 1; salt <= 3; ++salt) {
    const auto effects = peer.receive(1, MessageType::profile_offer, profile(salt), chain.now);
    CHECK(effects.store.size() == (salt <= 2 ? 1 : 0));
    CHECK(effects.send.size() == (salt <= 2 ? 1 : 0));
  }
  CHECK(peer.receive(2, MessageType::profile_offer, profile(3), chain.now).store.size() == 1);
  CHECK(peer.receive(1, MessageType::profile, profile(4), chain.now).store.empty());
  const Bytes too_long(ledger::max_profile_bytes + 1, 1);
  CHECK(peer.receive(3, MessageType::profile_offer, too_long, chain.now).store.empty());
  CHECK(peer.receive(3, MessageType::profile_ask, too_long, chain.now).send.empty());
  CHECK(peer.receive(3, MessageType::profile_kept, Bytes(3), chain.now).kept.empty());
  CHECK(peer.size() == 3);
}

TEST_CASE("what is on disk at the start is there, and what was erased meanwhile goes") {
  const auto bytes = profile(1);
  const auto commitment = ledger::profile_commitment(bytes);
  ProfileExchange peer({{commitment, bytes, true}}, {0});
  CHECK(peer.size() == 1);
  const auto effects = peer.follow({}, others, {1});
  CHECK(effects.erase == std::vector<crypto::Digest>{commitment});
  CHECK(peer.size() == 0);
}
