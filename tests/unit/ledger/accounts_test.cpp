#include <doctest/doctest.h>

#include <random>

#include "ledger/accounts.hpp"
#include "ledger/claims.hpp"
#include "ledger/state.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {
constexpr std::string_view co = asset_coins;
const AccountId issue = system_account(AccountClass::bank_issue, asset_coins);

void check_zero_sums(const StateReader& state) {
  const auto assets = asset_totals(state).value();
  for (const auto& [asset, totals] : assets) CHECK(totals.total == 0);
}
}  // namespace

TEST_CASE("postings must sum to zero for each asset") {
  const State nothing;
  Overlay state(nothing);
  const Posting unbalanced[] = {{participant_account(h01, co), 5}, {issue, -4}};
  CHECK(post(state, unbalanced).error().code() == LedgerError::invariant);
  const Posting mixed[] = {{participant_account(h01, asset_energy), 5}, {issue, -5}};
  CHECK(post(state, mixed).error().code() == LedgerError::invariant);
  CHECK(state.empty());
  const Posting balanced[] = {{participant_account(h01, co), 5}, {issue, -5}};
  CHECK(post(state, balanced).ok());
  CHECK(balance(state, participant_account(h01, co)) == 5);
  CHECK(balance(state, issue) == -5);
}

TEST_CASE("a participant's account is never negative, whatever the order of postings") {
  const State nothing;
  Overlay state(nothing);
  const Posting overdraft[] = {{participant_account(h01, co), -1},
                               {participant_account(h02, co), 1}};
  CHECK(post(state, overdraft).error().code() == LedgerError::insufficient);
  const Posting through[] = {{participant_account(h01, co), -5}, {participant_account(h01, co), 5}};
  CHECK(post(state, through).ok());
}

TEST_CASE("a balance that would leave 64 bits is an error and changes nothing") {
  const State nothing;
  Overlay state(nothing);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const Posting fill[] = {{participant_account(h01, co), most}, {issue, -most}};
  REQUIRE(post(state, fill).ok());
  const Posting more[] = {{participant_account(h02, co), -1}, {participant_account(h01, co), 1}};
  CHECK(post(state, more).error().code() == LedgerError::overflow);
  const Posting sums[] = {{issue, most}, {issue, most}};
  CHECK(post(state, sums).error().code() == LedgerError::overflow);
  CHECK(balance(state, participant_account(h01, co)) == most);
}

TEST_CASE("random postings keep every sum at zero and every participant at or above it") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  State base;
  Overlay state(base);
  const AccountId accounts[] = {participant_account(h01, co),
                                participant_account(h02, co),
                                participant_account(h01, asset_energy),
                                participant_account(utility, asset_energy),
                                participant_account(h01, "CA:EUR"),
                                issue,
                                system_account(AccountClass::fiat, "CA:EUR"),
                                system_account(AccountClass::adjustment, asset_energy)};
  std::size_t booked = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<Posting> postings;
    for (auto legs = random() % 5; legs > 0; --legs) {
      const auto amount = static_cast<std::int64_t>(random() % 2001) - 1000;
      const auto& one = accounts[random() % std::size(accounts)];
      const auto& other = accounts[random() % std::size(accounts)];
      postings.push_back({one, amount});
      postings.push_back({other, -amount});
    }
    if (post(state, postings)) ++booked;
    if (round % 500 == 0) {
      check_zero_sums(state);
    }
  }
  CHECK(booked > 100);
  for_each_account(state, [](const AccountId& id, std::int64_t balance_nano) {
    CHECK((balance_nano >= 0 || may_be_negative(id.account_class)));
    return true;
  });
}

TEST_CASE("an account's key reads back, with strange names too") {
  const AccountId ids[] = {
      participant_account(ref("Resident:São João / CO \xf0\x9f\x94\x8c"), "CA:EUR"),
      claim_account(h01, utility.id),
      issue,
      {AccountClass::clearing, {}, "island", std::string(asset_coins)},
      {AccountClass::escrow, h02, {}, std::string(asset_coins)}};
  for (const auto& id : ids) {
    const auto key = account_key(id);
    CHECK(parse_account_key(key).value() == id);
    CHECK_FALSE(parse_account_key(ByteView(key).first(key.size() - 1)).ok());
  }
  CHECK(to_text(ids[3]) == "clearing/island/CO");
  CHECK(to_text(participant_account(h01, co)) == "participant/Resident:H01/CO");
}

TEST_CASE("claims are paid oldest first as far as coins reach") {
  const State nothing;
  Overlay state(nothing);
  REQUIRE(add_claim(state, h01, utility.id, {2000}, coins("3")).ok());
  REQUIRE(add_claim(state, h01, utility.id, {1000}, coins("2")).ok());
  REQUIRE(add_claim(state, h01, utility.id, {2000}, coins("1")).ok());
  CHECK(claims_on(state, h01) == coins("6"));
  CHECK(balance(state, claim_account(h01, utility.id)) == nano("6"));
  CHECK(balance(state, system_account(AccountClass::claims_debtor, asset_due)) == -nano("6"));
  CHECK(pay_claims(state, h01).value().is_zero());

  const Posting income[] = {{participant_account(h01, co), nano("2.5")}, {issue, -nano("2.5")}};
  REQUIRE(post(state, income).ok());
  CHECK(pay_claims(state, h01).value() == coins("2.5"));
  CHECK(balance(state, participant_account(h01, co)) == 0);
  CHECK(balance(state, participant_account(utility, co)) == nano("2.5"));
  CHECK(claims_on(state, h01) == coins("3.5"));

  CHECK(reduce_claim(state, h01, utility.id, coins("10")).value() == coins("3.5"));
  CHECK(claims_on(state, h01).is_zero());
  CHECK(balance(state, claim_account(h01, utility.id)) == 0);
  check_zero_sums(state);
}
