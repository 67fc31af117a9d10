#include "ledger/access.hpp"

#include <doctest/doctest.h>

#include <set>

#include "ledger/daily_limit.hpp"
#include "ledger/parameters.hpp"
#include "ledger/registry.hpp"
#include "ledger/state_keys.hpp"
#include "ledger/validity.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

const std::string h01_name = to_text(h01);

PublicKey some_key(std::uint8_t number) {
  return key(number).public_key();
}
SealedKey sealed(std::uint8_t content = 1) {
  return {{}, min_seal_memory_kib, 1, Bytes(sealed_box_bytes, content)};
}
std::string code(const Receipt& receipt) {
  return receipt.outcome == Outcome::applied ? "applied" : receipt.code;
}

/// A household's chain; times are from its newest block.
struct Home : Chain {
  UtcMillis in_ms(std::int64_t ahead) const { return {time.value + ahead}; }
  Receipt invite(std::uint8_t number, const ParticipantRef& who = h01) {
    return submit(Invite{some_key(number), who, in_ms(millis_per_day)});
  }
  /// With the invitation's key.
  Receipt accept(std::uint8_t invitation, AcceptInvitation payload) {
    return submit(std::move(payload), invitation, h01_name);
  }
  Receipt open(std::uint8_t session, std::uint8_t refresh, std::uint8_t signer = 11) {
    return submit(OpenSession{h01, some_key(session), some_key(refresh),
                              in_ms(15 * millis_per_minute), in_ms(30 * millis_per_day)},
                  signer, h01_name);
  }
  Receipt act(std::uint8_t signer) {
    return submit(TransferCoinsToEV{coins("0.1"), h01, vehicle}, signer, h01_name);
  }
  const StateReader& state() const { return machine.state(); }
};

}  // namespace

TEST_CASE("names and codes mean the same however people write them") {
  const Digest genesis{7};
  CHECK(login_id(genesis, "Ana@Example.org") == login_id(genesis, "ana@example.org"));
  CHECK(login_id(genesis, "ana") != login_id(genesis, "anA1"));
  CHECK(login_id(genesis, "ana") != login_id(Digest{8}, "ana"));
  for (const auto* good : {"ana", "ana@example.org", "Zé-da-Silva"}) CHECK(is_login_name(good));
  for (const auto* bad : {"", "an", "ana maria", "ana\n1", "\xff\xfe\xfd"}) {
    CHECK_FALSE(is_login_name(bad));
  }
  CHECK_FALSE(is_login_name(std::string(65, 'a')));

  std::array<std::uint8_t, invitation_code_digits> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::uint8_t>(7 * i);
  const auto text = invitation_code(random);
  CHECK(text.size() == 23);
  const auto seed = invitation_seed(genesis, text);
  REQUIRE(seed.ok());
  std::string typed;
  for (const char letter : text) {
    if (letter == '-') continue;
    typed += letter == '0' ? 'o' : letter == '1' ? 'l' : static_cast<char>(std::tolower(letter));
    typed += ' ';
  }
  CHECK(*invitation_seed(genesis, typed) == *seed);
  CHECK(*invitation_seed(Digest{8}, text) != *seed);
  CHECK_FALSE(invitation_seed(genesis, text.substr(1)).ok());
  CHECK_FALSE(invitation_seed(genesis, text + "0").ok());
  CHECK_FALSE(invitation_seed(genesis, "UUUUU-UUUUU-UUUUU-UUUUU").ok());
  CHECK_FALSE(invitation_seed(genesis, std::string(1000, '-') + text).ok());
}

TEST_CASE("an invitation binds one key, once, before it expires") {
  Home home;
  CHECK(code(home.accept(60, {some_key(70), {}, {}})) == "unknown_key");
  REQUIRE(code(home.invite(60)) == "applied");
  CHECK(code(home.invite(60)) == "key_in_use");
  CHECK(code(home.act(60)) == "forbidden");  // the code alone moves nothing
  CHECK(code(home.act(70)) == "unknown_key");
  CHECK(code(home.accept(60, {some_key(70), {}, {}})) == "applied");
  CHECK(code(home.act(70)) == "applied");
  CHECK(code(home.accept(60, {some_key(71), {}, {}})) == "unknown_key");
  CHECK(invitations_of(home.state(), h01).empty());
  // An older one expires by block time.
  REQUIRE(code(home.invite(61)) == "applied");
  home.time.value += millis_per_day;
  CHECK(code(home.accept(61, {some_key(72), {}, {}})) == "unknown_key");
  // Withdrawn, by the household or the administrator; not by others.
  REQUIRE(code(home.invite(62)) == "applied");
  CHECK(home.submit_as(h02, WithdrawInvitation{some_key(62)}).code == "forbidden");
  CHECK(code(home.submit_as(h01, WithdrawInvitation{some_key(62)})) == "applied");
  CHECK(code(home.submit(WithdrawInvitation{some_key(62)})) == "unknown_invitation");
  CHECK(code(home.accept(62, {some_key(72), {}, {}})) == "unknown_key");
  // For another household it is worth nothing.
  REQUIRE(code(home.invite(63)) == "applied");
  CHECK(home.submit(AcceptInvitation{some_key(72), {}, {}}, 63, to_text(h02)).code ==
        "unknown_key");
}

TEST_CASE("invitations are bounded in time and number") {
  Home home;
  const auto late = home.in_ms(max_invitation_ms + 10'000);
  CHECK(code(home.submit(Invite{some_key(60), h01, late})) == "expires_too_late");
  CHECK(code(home.submit(Invite{some_key(60), h01, home.time})) == "expired");
  CHECK(code(home.submit(Invite{some_key(60), ref("Resident:H99"), home.in_ms(60'000)})) ==
        "unknown_participant");
  CHECK(code(home.submit(Invite{some_key(11), h01, home.in_ms(60'000)})) == "key_in_use");
  for (std::uint8_t i = 0; i < max_open_invitations; ++i) {
    REQUIRE(code(home.invite(static_cast<std::uint8_t>(100 + i))) == "applied");
  }
  CHECK(code(home.invite(60)) == "too_many_invitations");
  CHECK(code(home.invite(60, h02)) == "applied");
  home.time.value += millis_per_day;  // all are over, and make room
  CHECK(code(home.invite(61)) == "applied");
  CHECK(invitations_of(home.state(), h01).size() == 1);
}

TEST_CASE("several people of one home have log-ins of their own, under names that are taken once") {
  Home home;
  REQUIRE(code(home.invite(60)) == "applied");
  REQUIRE(code(home.accept(60, {some_key(70), Digest{1}, sealed()})) == "applied");
  CHECK(find_login(home.state(), Digest{1})->key == some_key(70));
  CHECK(find_login(home.state(), Digest{1})->sealed == sealed());
  // The first person invites the second one.
  CHECK(code(home.submit(Invite{some_key(61), h01, home.in_ms(60'000)}, 70, h01_name)) ==
        "applied");
  CHECK(code(home.accept(61, {some_key(71), Digest{1}, sealed()})) == "login_exists");
  CHECK(code(home.accept(61, {some_key(71), Digest{2}, sealed()})) == "applied");
  CHECK(logins_of(home.state(), h01).size() == 2);
  CHECK(code(home.act(70)) == "applied");
  CHECK(code(home.act(71)) == "applied");
  // Another home cannot take the name over, nor remove it.
  CHECK(home.submit_as(h02, SetLogin{h02, Digest{1}, some_key(12), sealed()}).code ==
        "login_exists");
  CHECK(home.submit_as(h02, RemoveLogin{h02, Digest{1}}).code == "unknown_login");
  // One goes, the other stays.
  CHECK(code(home.submit(RemoveLogin{h01, Digest{2}})) == "applied");
  CHECK(code(home.act(71)) == "unknown_key");
  CHECK(code(home.act(70)) == "applied");
}

TEST_CASE("another password is another key: the former one opens nothing, sessions included") {
  Home home;
  REQUIRE(code(home.invite(60)) == "applied");
  REQUIRE(code(home.accept(60, {some_key(70), Digest{1}, sealed()})) == "applied");
  REQUIRE(code(home.open(80, 81, 70)) == "applied");
  REQUIRE(code(home.open(82, 83, 11)) == "applied");
  const SetLogin next{h01, Digest{1}, some_key(71), sealed(2)};
  CHECK(code(home.submit(next, 80, h01_name)) == "forbidden");  // no session decides about keys
  CHECK(code(home.submit(next, 70, h01_name)) == "applied");
  CHECK(code(home.act(70)) == "unknown_key");
  CHECK(code(home.act(80)) == "unknown_key");
  CHECK(code(home.open(84, 85, 81)) == "unknown_key");
  CHECK(code(home.act(82)) == "applied");  // another person's
  CHECK(code(home.act(71)) == "applied");
  CHECK(find_login(home.state(), Digest{1})->sealed == sealed(2));
}

TEST_CASE("a session acts for its household, is replaced by a refresh, and ends") {
  Home home;
  CHECK(code(home.open(80, 81, 12)) == "unknown_key");
  REQUIRE(code(home.open(80, 81)) == "applied");
  CHECK(code(home.act(80)) == "applied");
  CHECK(code(home.act(81)) == "forbidden");  // a refresh key only refreshes
  CHECK(home.submit(SetCriteria{h02, true, {}, true, {}}, 80, h01_name).code == "forbidden");
  CHECK(code(home.open(82, 83, 80)) == "forbidden");  // no session opens another one
  CHECK(code(home.open(80, 83, 81)) == "key_in_use");
  CHECK(code(home.open(82, 83, 81)) == "applied");
  CHECK(code(home.act(80)) == "unknown_key");
  CHECK(code(home.act(82)) == "applied");
  CHECK(code(home.open(84, 85, 81)) == "unknown_key");  // used: dead, and it ends nothing else
  CHECK(code(home.act(82)) == "applied");
  CHECK(find_session(home.state(), some_key(82))->opened_by == some_key(11));
  home.time.value += 16 * millis_per_minute;
  CHECK(code(home.act(82)) == "unknown_key");
  CHECK(code(home.open(84, 85, 83)) == "applied");
  CHECK(code(home.submit(CloseSession{h02, some_key(84)}, 84, h01_name)) == "forbidden");
  CHECK(code(home.submit(CloseSession{h01, some_key(84)}, 84, h01_name)) == "applied");
  CHECK(code(home.act(84)) == "unknown_key");
  CHECK(code(home.submit_as(h01, CloseSession{h01, some_key(84)})) == "unknown_session");
  CHECK(code(home.submit_as(h01, CloseSession{h01, {}})) == "applied");
  CHECK(sessions_of(home.state(), h01).empty());
}

TEST_CASE("sessions are bounded in time and number") {
  Home home;
  const auto open = [&](std::int64_t session_ms, std::int64_t refresh_ms) {
    return code(home.submit_as(h01, OpenSession{h01, some_key(80), some_key(81),
                                                home.in_ms(session_ms), home.in_ms(refresh_ms)}));
  };
  CHECK(open(max_session_ms + 10'000, max_session_ms) == "expires_too_late");
  CHECK(open(60'000, max_refresh_ms + 10'000) == "expires_too_late");
  CHECK(open(0, 60'000) == "expired");
  for (std::uint8_t i = 0; i < max_open_sessions + 4; ++i) {
    REQUIRE(code(home.open(static_cast<std::uint8_t>(100 + 2 * i),
                           static_cast<std::uint8_t>(101 + 2 * i))) == "applied");
  }
  CHECK(sessions_of(home.state(), h01).size() == max_open_sessions);
  CHECK(code(home.act(100)) == "unknown_key");  // the oldest went
  CHECK(code(home.act(108)) == "applied");
  home.time.value += 31 * millis_per_day;
  CHECK(code(home.open(80, 81)) == "applied");
  CHECK(sessions_of(home.state(), h01).size() == 1);
}

TEST_CASE("what a key had opened ends with it, and all of it with its participant") {
  Home home;
  REQUIRE(code(home.invite(60)) == "applied");
  REQUIRE(code(home.accept(60, {some_key(70), Digest{1}, sealed()})) == "applied");
  REQUIRE(code(home.open(80, 81, 70)) == "applied");
  REQUIRE(code(home.open(82, 83, 11)) == "applied");
  CHECK(code(home.submit(RevokeKey{some_key(70)}, 80, h01_name)) == "forbidden");
  CHECK(code(home.submit(RevokeKey{some_key(70)})) == "applied");
  CHECK_FALSE(find_login(home.state(), Digest{1}).has_value());
  CHECK(code(home.act(80)) == "unknown_key");
  CHECK(code(home.act(82)) == "applied");
  REQUIRE(code(home.invite(61)) == "applied");
  REQUIRE(code(home.submit_as(h01, SetLogin{h01, Digest{1}, some_key(11), sealed()})) == "applied");
  REQUIRE(code(home.submit(DeleteParticipant{h01})) == "applied");
  CHECK(logins_of(home.state(), h01).empty());
  CHECK(sessions_of(home.state(), h01).empty());
  CHECK(invitations_of(home.state(), h01).empty());
  std::size_t left = 0;
  for (auto table = StateTable::invitation; table <= StateTable::session_of;
       table = static_cast<StateTable>(static_cast<int>(table) + 1)) {
    home.state().scan(state_key::table(table), {}, [&](ByteView, ByteView) { return ++left > 0; });
  }
  CHECK(left == 0);
  CHECK(code(home.act(82)) == "unknown_key");
}

TEST_CASE("payloads of access that no ledger takes") {
  const auto is_malformed = [](const Payload& payload) { return !check_payload(payload).ok(); };
  const auto with = [](std::uint32_t memory_kib, std::uint32_t passes, std::size_t bytes) {
    return SetLogin{h01, Digest{1}, some_key(70), {{}, memory_kib, passes, Bytes(bytes, 1)}};
  };
  CHECK_FALSE(is_malformed(with(19 * 1024, 2, 72)));
  CHECK(is_malformed(with(4 * 1024 * 1024, 2, 72)));
  CHECK(is_malformed(with(8 * 1024 - 1, 2, 72)));
  CHECK(is_malformed(with(19 * 1024, 0, 72)));
  CHECK(is_malformed(with(19 * 1024, 9, 72)));
  CHECK(is_malformed(with(19 * 1024, 2, 71)));
  CHECK(is_malformed(SetLogin{h01, {}, some_key(70), sealed()}));
  CHECK(is_malformed(SetLogin{h01, Digest{1}, {}, sealed()}));
  CHECK(is_malformed(AcceptInvitation{some_key(70), Digest{1}, {}}));
  CHECK(is_malformed(AcceptInvitation{some_key(70), {}, sealed()}));
  CHECK(is_malformed(AcceptInvitation{}));
  CHECK(is_malformed(Invite{{}, h01, created}));
  CHECK(is_malformed(Invite{some_key(70), {}, created}));
  CHECK(is_malformed(OpenSession{h01, some_key(70), some_key(70), created, created}));
  CHECK(is_malformed(OpenSession{h01, some_key(70), {}, created, created}));
  CHECK(is_malformed(OpenSession{h01, some_key(70), some_key(71), {-1}, created}));
}

TEST_CASE("a delegated administrator's key gives out so much a day, the own one as it likes") {
  constexpr std::uint8_t delegate = 63;
  Chain chain;
  REQUIRE(code(chain.submit(BindKey{some_key(delegate), "administrator", 2})) == "applied");
  REQUIRE(code(chain.submit(SetParameter{"gateway_daily_coins", "100"})) == "applied");
  REQUIRE(code(chain.submit(SetParameter{"gateway_daily_cash", "50"})) == "applied");
  CHECK(parameters(chain.machine.state()).gateway_daily_coins == coins("100"));
  const auto set_coins = [&](const char* balance, std::uint8_t signer) {
    return code(chain.submit(AdjustAsset{h01, AssetClass::coins, "", nano(balance)}, signer));
  };
  const auto fund = [&](const char* amount, std::uint8_t signer) {
    return code(chain.submit(CashFundingResident{cash(amount), "EUR", h01}, signer));
  };
  CHECK(set_coins("80", delegate) == "applied");  // 60 more
  CHECK(set_coins("20", delegate) == "applied");  // less gives nothing out, nor back
  CHECK(set_coins("60.1", delegate) == "daily_limit");
  CHECK(set_coins("60", delegate) == "applied");
  CHECK(code(chain.submit(ProvisionAsset{ref("Resident:H07"), AssetClass::coins, "", 1},
                          delegate)) == "daily_limit");
  CHECK(chain.balance(h01, "CO") == "60");
  CHECK(fund("50", delegate) == "applied");
  CHECK(fund("0.000000001", delegate) == "daily_limit");
  // Energy is no money; the administrator's own key has no limit; nor has the next day's.
  CHECK(code(chain.submit(AdjustAsset{h01, AssetClass::energy, "", nano("1000")}, delegate)) ==
        "applied");
  CHECK(set_coins("5000", administrator) == "applied");
  CHECK(fund("1000", administrator) == "applied");
  chain.time.value += millis_per_day;
  CHECK(fund("50", delegate) == "applied");
  CHECK(set_coins("5100", delegate) == "applied");
  CHECK(set_coins("5101", delegate) == "daily_limit");
  REQUIRE(code(chain.submit(SetParameter{"gateway_daily_coins", "0"})) == "applied");
  chain.time.value += millis_per_day;
  CHECK(set_coins("5101", delegate) == "daily_limit");
  CHECK(code(chain.submit(SetParameter{"gateway_daily_coins", "1000000001"})) == "malformed");
}

TEST_CASE("a chain below feature level 3 knows no limits of a day, as its older programs") {
  constexpr std::uint8_t delegate = 63;
  auto start = genesis();
  start.feature_level = 2;
  Chain chain(start);
  REQUIRE(code(chain.submit(BindKey{some_key(delegate), "administrator", 2})) == "applied");
  const auto unknown = chain.submit(SetParameter{"gateway_daily_coins", "0"});
  CHECK(unknown.code == "malformed");
  CHECK(unknown.message == chain.submit(SetParameter{"price", "1"}).message);
  CHECK(code(chain.submit(AdjustAsset{h01, AssetClass::coins, "", nano("900000000")}, delegate)) ==
        "applied");
}

TEST_CASE("limits at their defaults leave no trace in the genesis") {
  auto start = genesis();
  const auto hash = start.hash();
  CHECK(start.to_json().find("gateway_daily") == std::string::npos);
  start.parameters.gateway_daily_coins = coins("5");
  CHECK(start.hash() != hash);
  const auto again = Genesis::from_json(start.to_json());
  REQUIRE(again.ok());
  CHECK(again->parameters == start.parameters);
  CHECK(again->hash() == start.hash());
}
