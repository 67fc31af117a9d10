// Every transaction that a chain may hold (DESIGN §5), as plain structs. Their bytes on the wire
// are protocol/transaction.proto; protocol/wire/transaction_codec turns one into the other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/quantities.hpp"
#include "base/time.hpp"
#include "crypto/hash.hpp"
#include "crypto/keys.hpp"
#include "ledger/access_payloads.hpp"
#include "ledger/household_payloads.hpp"
#include "ledger/market_payloads.hpp"
#include "ledger/member.hpp"
#include "ledger/network_payloads.hpp"
#include "ledger/participants.hpp"
#include "ledger/reading.hpp"

namespace powershare::ledger {

using crypto::Digest;
using crypto::Signature;

// ── Registry ────────────────────────────────────────────────────────────────────────────────────
/// Ids of the assets that a participant's record refers to, as clients of the former server name
/// them. Empty: the id that follows from the participant's own, as "CO_H01". They need not exist.
struct AssetReferences {
  std::string energy{};
  std::string coins{};
  std::string cash{};
  bool empty() const { return energy.empty() && coins.empty() && cash.empty(); }
  friend bool operator==(const AssetReferences&, const AssetReferences&) = default;
};
struct AddParticipant {
  Participant participant;
  AssetReferences assets{};
};
struct UpdateParticipant {
  Participant participant;
  AssetReferences assets{};
};
struct DeleteParticipant {
  ParticipantRef ref;
};

enum class AssetClass : std::uint8_t { energy = 1, coins, cash };

/// Opens the asset with a balance, whose counter-entry is the issuing system account.
struct ProvisionAsset {
  ParticipantRef owner;
  AssetClass asset = AssetClass::coins;
  std::string currency;  ///< ISO 4217, for cash only
  std::int64_t balance_nano = 0;
  /// The asset's own id, unique in its class; the owner need not exist. Empty: the owner's only
  /// asset of that class, whose id is "EN_", "CO_" or "CA_" and the owner's.
  std::string id{};
  std::string units{};  ///< of energy, as clients show it: "kWh"
};
/// Sets a balance; the difference at execution is booked against `adjustment` (DECISIONS 58).
struct AdjustAsset {
  ParticipantRef owner;
  AssetClass asset = AssetClass::coins;
  std::string currency;
  std::int64_t balance_nano = 0;
  std::string id{};
  std::string units{};
  std::optional<ParticipantRef> new_owner{};  ///< the asset goes to this participant
};
struct DeleteAsset {
  ParticipantRef owner;
  AssetClass asset = AssetClass::coins;
  std::string currency;
  std::string id{};
};

enum class MeterKind : std::uint8_t { home = 1, plant, charger, transformer };
struct RegisterMeter {
  MeterId meter;
  ParticipantRef owner;
  std::optional<PublicKey>
      public_key;  ///< none: only unsigned readings from a meter or administrator key
  std::optional<MeterId> parent;  ///< a charger's house meter
  MeterKind kind = MeterKind::home;
  std::int64_t plant_watts = 0;
  std::string cpe;  ///< code of the point of delivery, may be empty
};
struct RetireMeter {
  MeterId meter;
};
/// What a key may do (DECISIONS 17); a bit set.
enum class Scope : std::uint32_t {
  own = 1,            ///< act for its own principal
  administrator = 2,  ///< registry, provisioning and adjustments
  governance = 4,     ///< parameters, members
  gateway = 8,        ///< submit reading batches; act for principals that delegated to it
  feeder = 16,        ///< step a simulated clock
};
struct BindKey {
  PublicKey key{};
  std::string principal;
  std::uint32_t scopes = 0;
};
struct RevokeKey {
  PublicKey key{};
};

// ── Access ──────────────────────────────────────────────────────────────────────────────────────
/// An identity of the former server's kind: a name that stands for a participant. `certificate` is
/// empty where the identity is issued here, and PEM where a client brings its own.
struct IssueIdentity {
  Digest identity{};
  std::string name;
  ParticipantRef participant;
  Digest secret_hash{};  ///< SHA-256 of the card's secret; zero for a bound certificate
  std::string certificate;
};
struct RevokeIdentity {
  Digest identity{};
};

/// What an API key may do at the door of any peer.
enum class Role : std::uint8_t { administrator = 1, operator_, auditor, gateway, meter };
/// An API key: only its hash enters the chain.
struct AddApiKey {
  Digest hash{};  ///< SHA-256 of the key
  Role role = Role::meter;
  std::string label;                          ///< for people; unique among live keys
  std::uint32_t max_requests_per_second = 0;  ///< 0: the door's own limit
  UtcMillis expires;                          ///< 0: never
};
struct RevokeApiKey {
  Digest hash{};
};

// ── The thesis's five (§3.2.2.C) ────────────────────────────────────────────────────────────────
struct EnergyToCoins {
  Price energy_rate;  ///< coins per kWh
  Energy energy;
  ParticipantRef seller;  ///< owner of coinsInc and energyDec
  ParticipantRef buyer;   ///< owner of coinsDec and energyInc
  // Ids of the assets, where they are not those that follow from the owners' ids.
  std::string coins_inc{};
  std::string coins_dec{};
  std::string energy_inc{};
  std::string energy_dec{};
};
struct CashToCoins {
  Price cash_rate;  ///< coins per unit of cash
  Cash cash;
  std::string currency;
  ParticipantRef coins_to;    ///< owner of coinsInc and cashDec
  ParticipantRef coins_from;  ///< owner of coinsDec and cashInc
  std::string coins_inc{};
  std::string coins_dec{};
  std::string cash_inc{};
  std::string cash_dec{};
};
struct TransferCoinsToEV {
  Coins coins;
  ParticipantRef from;
  ParticipantRef to;
  std::string coins_inc{};
  std::string coins_dec{};
};
struct CashFundingResident {
  Cash cash;
  std::string currency;
  ParticipantRef resident;
  std::string cash_inc{};
};
struct CashWithdrawalResident {
  Cash cash;
  std::string currency;
  ParticipantRef resident;
  std::string cash_dec{};
};

// ── Metering and market ─────────────────────────────────────────────────────────────────────────
/// Readings are judged one by one: a bad one never rejects its neighbours (DECISIONS 19).
struct ReadingBatch {
  std::vector<SignedReading> readings;
};
/// Standing orders of a household; count from the next slot on (DECISIONS 45). An absent price =
/// the default.
struct SetCriteria {
  ParticipantRef participant;
  bool sell_enabled = true;
  std::optional<Price> sell_price;  ///< at least; coins per kWh
  bool buy_enabled = true;
  std::optional<Price> buy_price;  ///< at most; coins per kWh
  // Level 3.
  SideRules sell_rules{};
  SideRules buy_rules{};
  bool automatic = false;       ///< prices by themselves (DECISIONS 45); those above do not count
  Energy battery_reserve{};     ///< below it the household's battery sells to nobody
  bool only_renewable = false;  ///< buys from neighbours with renewable energy only
  bool pay_more_for_green = false;  ///< may bid above the tariff, for renewable energy only
};

// ── Governance ──────────────────────────────────────────────────────────────────────────────────
/// Moves island time of a genesis marked simulated (DECISIONS 23); refused elsewhere and backwards.
struct ClockStep {
  UtcMillis to;
};
struct SetParameter {
  std::string name;  ///< see ledger/parameters.hpp
  std::string value;
};
/// Membership changes count from the next epoch on; one may be pending at a time (docs/adr/0011).
/// They exist from feature level 2 on. Endpoints may be empty: then the other peers' own
/// configuration says where the member listens.
struct AddMember {
  Member member;
  std::string control_endpoint;  ///< "tcp://host:port", or empty
  std::string bulk_endpoint;     ///< likewise
};
struct RemoveMember {
  PeerId peer;
};
/// The same peer with other keys; one that does not change may stand as it is.
struct ReplaceMemberKeys {
  Member member;
};
/// The current level + 1, from the next epoch on.
struct SetFeatureLevel {
  std::uint32_t level = 0;
};

using Payload =
    std::variant<AddParticipant, UpdateParticipant, DeleteParticipant, ProvisionAsset, AdjustAsset,
                 DeleteAsset, RegisterMeter, RetireMeter, BindKey, RevokeKey, EnergyToCoins,
                 CashToCoins, TransferCoinsToEV, CashFundingResident, CashWithdrawalResident,
                 ReadingBatch, SetCriteria, ClockStep, SetParameter, AddMember, RemoveMember,
                 ReplaceMemberKeys, SetFeatureLevel, IssueIdentity, RevokeIdentity, AddApiKey,
                 RevokeApiKey, Invite, WithdrawInvitation, AcceptInvitation, SetLogin, RemoveLogin,
                 OpenSession, CloseSession, PlaceOrder, CancelOrder, SetCalendar, SetPreferences,
                 RequestCash, ResolveCashRequest, UpdateMeter, SetMeterStanding, DisputeReading,
                 ResolveDispute, SetNetwork, SetSource, SetShares, SetTariff>;

/// A decoded transaction whose signature over its body has been checked under `signer`. Whether
/// that key may do this is decided in apply (DECISIONS 4).
struct Transaction {
  Digest id{};  ///< SHA-256 of the bytes as submitted
  Digest genesis{};
  std::string principal;  ///< on whose behalf: to_text(ParticipantRef), "administrator",
                          ///< "gateway:<peer>", "feeder"
  Bytes
      idempotency_key;  ///< 1 to 64 bytes; dedup key = (principal, idempotency_key) (DECISIONS 16)
  UtcMillis expires;    ///< at most 24 h of agreed time ahead
  Payload payload;
  /// By whose doing a gateway acts: "api-key:<label>", "identity:<name>"; empty where the principal
  /// signs. The gateway's word, kept for the historian.
  std::string initiator{};
  PublicKey signer{};
  /// From which feature level on its bytes are a transaction; below, they are malformed.
  std::uint32_t feature_level = 1;
};

/// "EnergyToCoins", "ReadingBatch", …: the name of the payload's type.
std::string_view payload_name(const Payload& payload);

}  // namespace powershare::ledger
