// Double-entry bookkeeping: every change is a set of postings whose sum is zero for each asset
// (DESIGN §3 rule 4).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/quantities.hpp"
#include "ledger/error.hpp"
#include "ledger/overlay.hpp"
#include "ledger/participants.hpp"
#include "ledger/transaction.hpp"

namespace powershare::ledger {

/// Participant accounts are never negative; claims are assets of their creditor and never negative
/// either; system accounts may be both.
enum class AccountClass : std::uint8_t {
  participant = 0x01,  ///< owner
  claim = 0x02,  ///< asset "due": owner = the debtor, name = id of the utility that it owes to
  grid_injection = 0x10,  ///< EN: counter-entry of metered export
  grid_consumption,       ///< EN: counter-entry of metered import
  bank_issue,             ///< CO: counter-entry of coins in circulation
  fiat,                   ///< CA: counter-entry of cash paid in
  losses,                 ///< CO, EN
  network_fees,           ///< CO
  clearing,               ///< name = the other chain
  adjustment,             ///< EN, CO, CA: counter-entry of corrections by the administrator
  escrow,                 ///< owner = for whom it is held
  utility_credit,         ///< CO: owner = the supplier that draws on it
  claims_debtor,          ///< due: counter-entry of all claims
  deviation,              ///< CO: what deviators pay and get
  // Certificates of origin (ledger/origin.hpp) and rewards (ledger/rewards.hpp).
  origin_issued = 0x30,  ///< GO: counter-entry of all certificates
  origin_held,           ///< GO: owner = the holder while the slot is not final; never negative
  origin_claimed,        ///< GO: owner = who has consumed the energy; never negative
  origin_expired,        ///< GO: nobody here has consumed it; never negative
  solarcoin_issue,       ///< SLR: counter-entry of SolarCoins
  nrgcoin_issue,         ///< NRG: counter-entry of NRGcoins minted
  nrgcoin_burned,        ///< NRG: spent for renewable energy; never negative
};
/// "participant", "grid_injection", …: as /v1/accounts shows them.
std::string_view to_text(AccountClass account_class);
constexpr bool may_be_negative(AccountClass account_class) {
  switch (account_class) {
    case AccountClass::origin_held:
    case AccountClass::origin_claimed:
    case AccountClass::origin_expired:
    case AccountClass::nrgcoin_burned:
      return false;
    default:
      return account_class >= AccountClass::grid_injection;
  }
}

/// Names of assets: "EN" (nano-kWh), "CO" (nano-coins), "due" (nano-coins owed), "CA:EUR"
/// (nano-units of cash); "GO:solar", "GO:wind", "GO:hydro" (nano-kWh of certificates), "SLR", "NRG"
/// (nano-units of rewards).
inline constexpr std::string_view asset_energy = "EN";
inline constexpr std::string_view asset_coins = "CO";
inline constexpr std::string_view asset_due = "due";
std::string asset_cash(std::string_view currency);
/// The asset of a class; `currency` counts for cash only.
std::string asset_name(AssetClass asset, std::string_view currency);
/// Three letters A to Z.
bool is_currency(std::string_view text);

struct AccountId {
  AccountClass account_class = AccountClass::participant;
  std::optional<ParticipantRef> owner;
  std::string name;  ///< see AccountClass; empty elsewhere
  std::string asset;
  friend auto operator<=>(const AccountId&, const AccountId&) = default;
};
AccountId participant_account(const ParticipantRef& owner, std::string_view asset);
AccountId system_account(AccountClass account_class, std::string_view asset);
/// The claim of a utility company on `debtor`.
AccountId claim_account(const ParticipantRef& debtor, const ParticipantId& utility);
/// "participant/Resident:H01/CO", "clearing/island/CO": the id that people see.
std::string to_text(const AccountId& id);
/// 0x20 ‖ u8 class ‖ (u8 0 | u8 type ‖ text id) ‖ text name ‖ text asset.
Bytes account_key(const AccountId& id);
Result<AccountId> parse_account_key(ByteView key);

struct Posting {
  AccountId account;
  std::int64_t amount_nano = 0;  ///< > 0 into the account
};

/// Books all of `postings` or, on an error, nothing. An account that is not there opens with 0.
/// LedgerError::invariant: the sum of an asset is not zero. LedgerError::insufficient: an account
/// that must not be negative would be. LedgerError::overflow: a balance would leave its range.
Result<void> post(Overlay& state, std::span<const Posting> postings);
/// 0 where there is no such account.
std::int64_t balance(const StateReader& state, const AccountId& id);
/// Nothing where there is no such account.
std::optional<std::int64_t> find_balance(const StateReader& state, const AccountId& id);
/// Opens an account with 0; false where it was there already.
bool open_account(Overlay& state, const AccountId& id);
/// Removes an account whose balance is 0. LedgerError::invariant otherwise.
Result<void> close_account(Overlay& state, const AccountId& id);

/// Calls `visit` with each account of `owner`: its own, then the claims on it, until it returns
/// false.
void for_each_account_of(const StateReader& state, const ParticipantRef& owner,
                         const std::function<bool(const AccountId&, std::int64_t balance)>& visit);
/// What is held for `owner`: its escrow accounts, until `visit` returns false.
void for_each_escrow_of(const StateReader& state, const ParticipantRef& owner,
                        const std::function<bool(const AccountId&, std::int64_t balance)>& visit);
/// All accounts, by class and owner, until `visit` returns false.
void for_each_account(const StateReader& state,
                      const std::function<bool(const AccountId&, std::int64_t balance)>& visit);

struct AssetTotals {
  std::int64_t total = 0;  ///< over all accounts; 0 in a sound ledger
  std::map<AccountClass, std::int64_t> classes;
};
/// By asset. LedgerError::overflow where a sum leaves 64 bits.
Result<std::map<std::string, AssetTotals>> asset_totals(const StateReader& state);

}  // namespace powershare::ledger
