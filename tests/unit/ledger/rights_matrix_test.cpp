// Who may do what, at the ledger: every payload by every kind of signer. A new payload takes a row.
#include <doctest/doctest.h>

#include <set>

#include "ledger/access.hpp"
#include "ledger/rights.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

constexpr std::uint8_t invitation_key = 60, session_key = 61, refresh_key = 62, delegate = 63;
constexpr std::uint8_t other_session_key = 64, other_refresh_key = 65;

/// All rows are about H01. In this order stand the letters of a row.
struct Signer {
  const char* name;
  std::uint8_t key;
  std::string principal;
};
const std::vector<Signer> signers = {
    {"the administrator's own key", administrator, "administrator"},
    {"a delegated administrator's key", delegate, "administrator"},
    {"a peer's gateway key", gateway_0, "gateway:peer-0"},
    {"the feeder", feeder, "feeder"},
    {"the household's key", 11, "Resident:H01"},
    {"a session of the household", session_key, "Resident:H01"},
    {"the refresh key of that session", refresh_key, "Resident:H01"},
    {"an invitation of the household", invitation_key, "Resident:H01"},
    {"another household's key", 12, "Resident:H02"},
    {"a session of another household", other_session_key, "Resident:H02"},
    {"another household's key in H01's name", 12, "Resident:H01"},
    {"another household's session in H01's name", other_session_key, "Resident:H01"},
    {"a stranger", stranger, "Resident:H01"},
    {"the household's key as the administrator", 11, "administrator"},
    {"a session as the administrator", session_key, "administrator"},
};

struct Row {
  /// y: may try; n: "forbidden"; c: "no_consent"; u: the key is unknown to the principal.
  const char* expected;
  Payload payload;
};

PublicKey some_key(std::uint8_t number) {
  return key(number).public_key();
}
SealedKey sealed() {
  return {{}, min_seal_memory_kib, 1, Bytes(sealed_box_bytes, 1)};
}
ReadingBatch readings_of_h01() {
  SignedReading reading;
  reading.reading.meter = MeterId::parse("M01").value();
  return {{reading}};
}
template <class T>
T of_h01() {
  T payload;
  payload.participant = h01;
  return payload;
}
template <class T>
T of_meter() {
  T payload;
  payload.meter = MeterId::parse("M01").value();
  return payload;
}
Member some_member() {
  return {PeerId::parse("peer-9").value(), some_key(91), some_key(92), {}};
}

std::vector<Row> rows() {
  const auto meter_1 = MeterId::parse("M01").value();
  const Digest login{1};
  RegisterMeter meter;
  meter.meter = MeterId::parse("M09").value();
  meter.owner = h01;
  auto with_owner = participant(vehicle);
  with_owner.owner = h02.id;
  return {
      // clang-format off
      // administrator, delegate, gateway, feeder | household: key, session, refresh, invitation |
      // other: key, session, both in H01's name, stranger | H01's key and session as administrator
      {"yynn nnnn nnuuuuu", AddParticipant{participant(ref("Resident:H03"))}},
      {"yynn yynn nnuuuuu", UpdateParticipant{participant(h01)}},
      {"yynn nnnn nnuuuuu", UpdateParticipant{with_owner}},
      {"yynn ynnn nnuuuuu", DeleteParticipant{h01}},
      {"yynn nnnn nnuuuuu", ProvisionAsset{h01, AssetClass::coins, "", 1}},
      {"yynn nnnn nnuuuuu", AdjustAsset{h01, AssetClass::coins, "", 1}},
      {"yynn nnnn nnuuuuu", DeleteAsset{h01, AssetClass::cash, "EUR"}},
      {"yynn nnnn nnuuuuu", meter},
      {"yynn nnnn nnuuuuu", RetireMeter{meter_1}},
      {"yynn ynnn nnuuuuu", BindKey{some_key(70), to_text(h01), 1}},
      {"ynnn nnnn nnuuuuu", BindKey{some_key(70), to_text(h01), 2}},
      {"ynnn nnnn nnuuuuu", BindKey{some_key(70), "administrator", 2}},
      {"ynnn nnnn nnuuuuu", SetNetwork{}},
      {"ynnn nnnn nnuuuuu", SetShares{}},
      {"yynn nnnn nnuuuuu", of_meter<SetSource>()},
      {"yynn nnnn nnuuuuu", SetTariff{utility.id, created, {}, {}}},
      {"yynn ynnn nnuuuuu", RevokeKey{some_key(11)}},
      {"ynnn nnnn nnuuuuu", RevokeKey{some_key(administrator)}},
      {"yynn yynn nnuuuuu", EnergyToCoins{price("0.1629"), kwh("0.1"), h01, bank}},
      {"yynn yynn nnuuuuu", EnergyToCoins{price("0.1629"), kwh("0.1"), utility, h01}},
      {"yynn yynn nnuuuuu", CashToCoins{price("1"), cash("1"), "EUR", h01, bank}},
      {"yynn ccnn nnuuuuu", CashToCoins{price("2"), cash("1"), "EUR", h01, bank}},
      {"yynn yynn nnuuuuu", TransferCoinsToEV{coins("1"), h01, vehicle}},
      {"yynn yynn nnuuuuu", TransferCoinsToEV{coins("1"), vehicle, h01}},
      {"yynn nnnn nnuuuuu", TransferCoinsToEV{coins("1"), vehicle, h02}},
      {"yynn nnnn nnuuuuu", CashFundingResident{cash("1"), "EUR", h01}},
      {"yynn nnnn nnuuuuu", CashWithdrawalResident{cash("1"), "EUR", h01}},
      {"yyyn yynn nnuuuuu", readings_of_h01()},
      {"yynn yynn nnuuuuu", SetCriteria{h01, true, {}, true, {}}},
      {"nnny nnnn nnuuuuu", ClockStep{created}},
      {"ynnn nnnn nnuuuuu", SetParameter{"close_grace", "1m"}},
      {"ynnn nnnn nnuuuuu", AddMember{some_member(), "", ""}},
      {"ynnn nnnn nnuuuuu", RemoveMember{PeerId::parse("peer-0").value()}},
      {"ynnn nnnn nnuuuuu", ReplaceMemberKeys{some_member()}},
      {"ynnn nnnn nnuuuuu", SetFeatureLevel{4}},
      {"yynn nnnn nnuuuuu", IssueIdentity{login, "name", h01, {}, ""}},
      {"yynn nnnn nnuuuuu", RevokeIdentity{login}},
      {"yynn nnnn nnuuuuu", AddApiKey{login, Role::meter, "label", 0, {}}},
      {"yynn nnnn nnuuuuu", RevokeApiKey{login}},
      {"yynn ynnn nnuuuuu", Invite{some_key(71), h01, created}},
      {"yynn yynn nnuuuuu", WithdrawInvitation{some_key(invitation_key)}},
      {"yynn nnnn nnuuuuu", WithdrawInvitation{some_key(71)}},
      {"nnnn nnny nnuuuuu", AcceptInvitation{some_key(72), {}, {}}},
      {"nnnn ynnn nnuuuuu", SetLogin{h01, login, some_key(72), sealed()}},
      {"yynn ynnn nnuuuuu", RemoveLogin{h01, login}},
      {"nnnn ynyn nnuuuuu", OpenSession{h01, some_key(73), some_key(74), created, created}},
      {"yynn yynn nnuuuuu", CloseSession{h01, some_key(session_key)}},
      {"yynn yynn nnuuuuu", of_h01<PlaceOrder>()},
      {"yynn yynn nnuuuuu", of_h01<CancelOrder>()},
      {"yynn yynn nnuuuuu", of_h01<SetPreferences>()},
      {"yynn yynn nnuuuuu", of_h01<RequestCash>()},
      {"yynn nnnn nnuuuuu", ResolveCashRequest{login, true}},
      {"yynn nnnn nnuuuuu", of_meter<UpdateMeter>()},
      {"yynn nnnn nnuuuuu", of_meter<SetMeterStanding>()},
      {"yynn nnnn nnuuuuu", of_meter<ResolveDispute>()},
      // clang-format on
  };
}

/// A chain where each of the signers stands as its name says.
Chain prepared() {
  Chain chain;
  RegisterMeter meter;
  meter.meter = MeterId::parse("M01").value();
  meter.owner = h01;
  const auto soon = [&] { return UtcMillis{chain.time.value + 30 * millis_per_minute}; };
  const auto applied = [](const Receipt& receipt) {
    REQUIRE_MESSAGE(receipt.outcome == Outcome::applied, receipt.message);
  };
  applied(chain.submit(meter));
  applied(chain.submit(BindKey{some_key(delegate), "administrator", 2}));
  applied(chain.submit(Invite{some_key(invitation_key), h01, soon()}));
  applied(chain.submit_as(
      h01, OpenSession{h01, some_key(session_key), some_key(refresh_key), soon(), soon()}));
  applied(chain.submit_as(h02, OpenSession{h02, some_key(other_session_key),
                                           some_key(other_refresh_key), soon(), soon()}));
  return chain;
}

char verdict_of(const Chain& chain, const Signer& signer, const Payload& payload) {
  Transaction transaction;
  transaction.principal = signer.principal;
  transaction.signer = some_key(signer.key);
  transaction.payload = payload;
  const auto& state = chain.machine.state();
  const auto scopes = authority(state, transaction.signer, signer.principal, chain.time);
  if (scopes == 0) return 'u';
  const auto rejection = check_rights(state, transaction, scopes);
  if (!rejection) return 'y';
  return rejection->code == "forbidden" ? 'n' : rejection->code == "no_consent" ? 'c' : '?';
}

}  // namespace

TEST_CASE("every payload by every kind of signer, own and another's") {
  const auto chain = prepared();
  std::set<std::string_view> covered;
  for (const auto& row : rows()) {
    const auto name = payload_name(row.payload);
    covered.insert(name);
    std::string expected;
    for (const char* at = row.expected; *at != 0; ++at) {
      if (*at != ' ') expected += *at;
    }
    REQUIRE(expected.size() == signers.size());
    for (std::size_t i = 0; i < signers.size(); ++i) {
      INFO(name << " by " << signers[i].name);
      CHECK(verdict_of(chain, signers[i], row.payload) == expected[i]);
    }
  }
  // These have rights of their own in the tests of calendars and disputes.
  covered.insert({"SetCalendar", "DisputeReading"});
  CHECK(covered.size() == std::variant_size_v<Payload>);
}

TEST_CASE("what is over has no rights, to the millisecond") {
  const auto chain = prepared();
  const auto& state = chain.machine.state();
  for (const auto number : {session_key, refresh_key, invitation_key}) {
    const auto at = [&](std::int64_t ahead_ms) {
      return authority(state, some_key(number), to_text(h01), {chain.time.value + ahead_ms});
    };
    CHECK(at(0) != 0);
    CHECK(at(31 * millis_per_minute) == 0);
  }
  const auto session = find_session(state, some_key(session_key));
  REQUIRE(session.has_value());
  CHECK(authority(state, session->key, to_text(h01), {session->expires.value - 1}) ==
        (scope_bit(Scope::own) | scope_bit(Passing::session)));
  CHECK(authority(state, session->key, to_text(h01), session->expires) == 0);
}
