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
#include "ledger/member.hpp"
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
/// Another owner, key, plant or point of delivery for a meter, from the next slot on: who moves in
/// takes over the meter with its numbering.
struct UpdateMeter {
  MeterId meter;
  ParticipantRef owner;
  std::optional<PublicKey> public_key;
  std::int64_t plant_watts = 0;
  std::string cpe;
};
enum class MeterStanding : std::uint8_t { normal = 1, quarantined };
/// The operator's word on a meter. What a quarantined meter reports is settled with the utility,
/// not with neighbours.
struct SetMeterStanding {
  MeterId meter;
  MeterStanding standing = MeterStanding::normal;
  std::string reason;
};
/// A household doubts a reading of its own meter; operators see it, nothing is booked.
struct DisputeReading {
  MeterId meter;
  UtcMillis start;
  std::string reason;
};

/// What a key may do (DECISIONS 17); a bit set.
enum class Scope : std::uint32_t {
  own = 1,            ///< act for its own principal
  administrator = 2,  ///< registry, provisioning and adjustments
  governance = 4,     ///< parameters, members
  gateway = 8,        ///< submit reading batches; act for principals that delegated to it
  feeder = 16,        ///< step a simulated clock
  // What keys have that are bound in other ways; BindKey gives neither.
  refresh = 32,     ///< open the next session
  invitation = 64,  ///< accept the invitation
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
enum class Role : std::uint8_t { administrator = 1, operator_, auditor, gateway, resident, meter };
/// An API key: only its hash enters the chain.
struct AddApiKey {
  Digest hash{};  ///< SHA-256 of the key
  Role role = Role::meter;
  std::string label;                          ///< for people; unique among live keys
  std::optional<ParticipantRef> participant;  ///< for Role::resident: whose
  std::uint32_t max_requests_per_second = 0;  ///< 0: the door's own limit
  UtcMillis expires;                          ///< 0: never
};
struct RevokeApiKey {
  Digest hash{};
};

/// How a password opens a key that is kept for its owner (DECISIONS 59): the key's seed is sealed
/// under Argon2id(password). Nobody but who knows the password can open it.
struct Login {
  std::string name;  ///< unique on the chain; a plain name, no e-mail
  PublicKey key{};   ///< the sealed key's public half
  std::array<std::uint8_t, 16> salt{};
  std::uint32_t passes = 0;  ///< Argon2id: passes and memory
  std::uint32_t memory_kib = 0;
  Bytes sealed;  ///< nonce ‖ ciphertext ‖ tag, at most 256 bytes
  friend bool operator==(const Login&, const Login&) = default;
};
/// Whoever holds the invitation's private key, once and until it expires, may bind a first key to
/// the participant.
struct Invite {
  ParticipantRef participant;
  PublicKey key{};  ///< derived from the code that the household is given
  UtcMillis expires;
};
/// Signed by the invitation's key: binds `key` to the participant and uses the invitation up.
struct AcceptInvitation {
  ParticipantRef participant;
  PublicKey key{};
  std::optional<Login> login;  ///< where a password is to open the key
};
/// Adds a log-in of the participant, or replaces the one of that name.
struct SetLogin {
  ParticipantRef participant;
  Login login;
};
struct RemoveLogin {
  ParticipantRef participant;
  std::string name;
};
/// A key that acts for the principal until it expires; `refresh_key` may only open the next
/// session, once. Signed by a key of the principal or by a refresh key.
struct OpenSession {
  PublicKey key{};
  UtcMillis expires;
  PublicKey refresh_key{};  ///< zero: none
  UtcMillis refresh_expires;
};
/// Ends the session of this key, or with zero all sessions of the principal.
struct CloseSession {
  PublicKey key{};
};

/// What others see of a participant, and what the system does for it unasked.
struct SetPreferences {
  ParticipantRef participant;
  std::string alias;                 ///< shown to others instead of the id; may be empty
  bool in_ranking = false;           ///< by alias or id; else as "anonymous" (DECISIONS 51)
  std::optional<Coins> low_balance;  ///< warn below
  struct TopUp {
    ParticipantRef bank;
    std::string currency;
    Coins up_to;  ///< coins are bought at the bank's rate up to this balance
    friend bool operator==(const TopUp&, const TopUp&) = default;
  };
  std::optional<TopUp> top_up;  ///< when the balance is below low_balance at the end of a slot
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

/// A resident asks for a funding or a withdrawal (DECISIONS 47). A withdrawal reserves the cash at
/// once. The request's id is that of its transaction.
enum class CashRequestKind : std::uint8_t { funding = 1, withdrawal };
struct RequestCash {
  ParticipantRef resident;
  CashRequestKind kind = CashRequestKind::withdrawal;
  Cash cash;
  std::string currency;
};
/// The administrator carries a request out or refuses it; its resident may take it back.
struct ResolveCashRequest {
  Digest request{};
  bool carried_out = false;
  std::string note;
};

// ── Metering and market ─────────────────────────────────────────────────────────────────────────
/// Readings are judged one by one: a bad one never rejects its neighbours (DECISIONS 19).
struct ReadingBatch {
  std::vector<SignedReading> readings;
};
/// Part of a week in local time: bit 0 of `weekdays` is Monday; from and to in minutes after local
/// midnight, 0 to 1440, `to` not included; `from` > `to` goes over midnight.
struct WeeklyWindow {
  std::uint8_t weekdays = 0x7f;
  std::uint16_t from_minute = 0;
  std::uint16_t to_minute = 1440;
  friend bool operator==(const WeeklyWindow&, const WeeklyWindow&) = default;
};
/// The part of trading criteria that goes beyond a price (thesis §2.1.1), of one side.
struct TradingRules {
  /// The price is the supplier's tariff plus this, instead of a fixed one. The price of the side
  /// is then absent.
  std::optional<Price> tariff_offset;
  std::vector<WeeklyWindow> windows;     ///< only then; empty: always
  std::vector<ParticipantRef> partners;  ///< with these only; empty: with anyone
  bool only_renewable = false;           ///< buying: nothing else
  friend bool operator==(const TradingRules&, const TradingRules&) = default;
};
enum class TradingMode : std::uint8_t {
  automatic = 1,  ///< prices by the system's own strategy (DECISIONS 45)
  criteria,       ///< by the criteria
  manual,         ///< no standing orders: explicit ones only
};
/// Standing orders of a household; count from the next slot on (DECISIONS 45). An absent price =
/// the default.
struct SetCriteria {
  ParticipantRef participant;
  bool sell_enabled = true;
  std::optional<Price> sell_price;  ///< at least; coins per kWh
  bool buy_enabled = true;
  std::optional<Price> buy_price;  ///< at most; coins per kWh
  TradingMode mode = TradingMode::criteria;
  TradingRules sell_rules{};
  TradingRules buy_rules{};
  /// Kept in the battery for the home's own use; its controller goes by it.
  Energy battery_reserve{};
};

enum class OrderSide : std::uint8_t { buy = 1, sell };
/// An explicit order for a coming slot; its id is that of its transaction. A bid reserves its coins
/// at the limit (DECISIONS 44).
struct PlaceOrder {
  ParticipantRef participant;
  OrderSide side = OrderSide::buy;
  UtcMillis slot;
  Energy energy;
  Price limit;  ///< buy: at most, sell: at least; all-in (DECISIONS 39)
  std::vector<ParticipantRef> partners;
  bool only_renewable = false;
};
/// Before gate closure only.
struct CancelOrder {
  Digest order{};
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
/// When local time's offset from UTC changes, made from tzdata outside the core (DECISIONS 49).
struct SetCalendar {
  struct Transition {
    UtcMillis at;
    std::int32_t offset_seconds = 0;  ///< local time - UTC, from then on
    friend bool operator==(const Transition&, const Transition&) = default;
  };
  std::string zone;                     ///< "Atlantic/Madeira"
  std::vector<Transition> transitions;  ///< ascending; before the first one its offset counts too
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
                 RevokeApiKey, Invite, AcceptInvitation, SetLogin, RemoveLogin, OpenSession,
                 CloseSession, RequestCash, ResolveCashRequest, SetPreferences, PlaceOrder,
                 CancelOrder, UpdateMeter, SetMeterStanding, DisputeReading, SetCalendar>;

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
