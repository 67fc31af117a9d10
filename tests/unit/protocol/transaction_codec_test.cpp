#include <doctest/doctest.h>

#include "crypto/error.hpp"
#include "ledger/access.hpp"
#include "ledger/error.hpp"
#include "ledger/validity.hpp"
#include "market/clearing.hpp"
#include "protocol/wire/transaction_codec.hpp"

using namespace powershare;
using namespace powershare::ledger;

namespace {

constexpr auto level = known_feature_level;
const Digest genesis_hash = crypto::sha256(as_bytes("a chain"));

crypto::KeyPair signer() {
  crypto::Seed seed{};
  seed.fill(7);
  return crypto::KeyPair::from_seed(seed);
}

ParticipantRef ref(const char* text) {
  return parse_participant_ref(text).value();
}

Transaction transaction(Payload payload) {
  Transaction result;
  result.genesis = genesis_hash;
  result.principal = "Resident:S\xc3\xa3o 1";
  result.idempotency_key = {0, 1, 0xff};
  result.expires = {1'700'000'000'000};
  result.payload = std::move(payload);
  return result;
}

Bytes encoded(Payload payload) {
  return wire::encode_and_sign(transaction(std::move(payload)), signer());
}

SignedReading reading(const char* meter, std::uint64_t sequence) {
  SignedReading result;
  result.reading.meter = MeterId::parse(meter).value();
  result.reading.sequence = sequence;
  result.reading.start = {1'571'616'000'000};
  result.reading.seconds = 900;
  result.reading.imported = Energy::from_nano(1);
  result.reading.exported = Energy::from_nano(-2);
  result.reading.produced = Energy::from_nano(3);
  return result;
}

Member member() {
  Member result;
  result.peer = PeerId::parse("peer-4").value();
  result.consensus_key.fill(1);
  result.gateway_key.fill(2);
  result.transport_key.fill(3);
  return result;
}

/// One of each payload, with optional fields both there and absent.
std::vector<Payload> payloads() {
  const auto home = ref("Resident:H01");
  Participant car;
  car.ref = ref("ElectricVehicle:V1");
  car.owner = home.id;
  car.vehicle_type = VehicleType::scooter;
  car.brand = "B";
  car.model = "M";
  car.profile.fill(9);
  Participant company;
  company.ref = ref("UtilityCompany:E1");
  company.name = "EEM";
  company.supplier = true;
  company.tariff = Price::from_nano(1);
  company.feed_in = Price::from_nano(2);
  RegisterMeter meter;
  meter.meter = MeterId::parse("M1").value();
  meter.owner = home;
  auto charger = meter;
  charger.public_key = signer().public_key();
  charger.parent = meter.meter;
  charger.kind = MeterKind::charger;
  charger.plant_watts = 11'000;
  charger.cpe = "PT1";
  auto full = reading("M1", 2);
  full.reading.battery = Energy::from_nano(0);
  full.reading.corrects = 1;
  full.signature = Signature{};
  return {AddParticipant{car},
          UpdateParticipant{company},
          DeleteParticipant{home},
          ProvisionAsset{home, AssetClass::cash, "EUR", 5},
          AdjustAsset{home, AssetClass::energy, "", 0},
          DeleteAsset{home, AssetClass::coins, ""},
          meter,
          charger,
          RetireMeter{meter.meter},
          BindKey{signer().public_key(), "gateway:peer-0", 31},
          RevokeKey{signer().public_key()},
          EnergyToCoins{Price::from_nano(0), Energy::from_nano(2), home, car.ref},
          CashToCoins{Price::from_nano(1), Cash::from_nano(2), "EUR", home, ref("Bank:B1")},
          TransferCoinsToEV{Coins::from_nano(3), home, car.ref},
          CashFundingResident{Cash::from_nano(4), "EUR", home},
          CashWithdrawalResident{Cash::from_nano(5), "USD", home},
          ReadingBatch{{reading("M1", 1), full}},
          SetCriteria{home, false, Price::from_nano(0), true, std::nullopt},
          ClockStep{{1'571'616'000'000}},
          SetParameter{"close_grace", "1m"},
          AddMember{member(), "tcp://10.0.0.5:7400", ""},
          RemoveMember{member().peer},
          ReplaceMemberKeys{member()},
          SetFeatureLevel{3}};
}

/// One of each payload that has begun with level 3, or has a field since.
std::vector<Payload> payloads_of_third_level() {
  const auto home = ref("Resident:H01");
  Participant resident;
  resident.ref = home;
  AdjustAsset adjust{home, AssetClass::energy, "", 7, "EN_1", "kWh"};
  adjust.new_owner = ref("Resident:H02");
  IssueIdentity identity;
  identity.identity.fill(1);
  identity.name = "r1user";
  identity.participant = home;
  identity.certificate = "PEM";
  AddApiKey key;
  key.hash.fill(2);
  key.role = Role::auditor;
  key.label = "phone";
  key.max_requests_per_second = 5;
  key.expires = {1'571'616'000'000};
  EnergyToCoins trade{Price::from_nano(0), Energy::from_nano(2), home, ref("Resident:H02")};
  trade.energy_dec = "EN_1";
  CashToCoins exchange{Price::from_nano(1), Cash::from_nano(2), "EUR", home, ref("Bank:B1")};
  exchange.coins_inc = "CO_1";
  const auto m1 = MeterId::parse("M1").value();
  return {AddParticipant{resident, {"EN_1", "CO_1", "CA_1"}},
          UpdateParticipant{resident, {"", "CO_1", ""}},
          ProvisionAsset{home, AssetClass::cash, "EUR", 5, "CA_1"},
          adjust,
          DeleteAsset{home, AssetClass::coins, "", "CO_1"},
          trade,
          exchange,
          TransferCoinsToEV{Coins::from_nano(3), home, ref("ElectricVehicle:V1"), "CO_V", "CO_1"},
          CashFundingResident{Cash::from_nano(4), "EUR", home, "CA_1"},
          CashWithdrawalResident{Cash::from_nano(5), "USD", home, "CA_1"},
          identity,
          RevokeIdentity{identity.identity},
          key,
          RevokeApiKey{key.hash},
          UpdateMeter{m1, ref("Resident:H02"), signer().public_key(), 4'500, "PT2"},
          UpdateMeter{m1, {}, {}, {}, ""},
          SetMeterStanding{m1, MeterStanding::quarantined},
          DisputeReading{m1, 7, DisputeReason::not_mine},
          ResolveDispute{m1, 7, true}};
}

/// What households decide: who acts for them, and how they trade.
std::vector<Payload> payloads_of_households() {
  const auto home = ref("Resident:H01");
  const auto other = ref("Resident:H02");
  const auto key = signer().public_key();
  const UtcMillis soon{1'571'616'000'000};
  Digest digest{};
  digest.fill(7);
  SealedKey sealed;
  sealed.salt.fill(3);
  sealed.memory_kib = min_seal_memory_kib;
  sealed.passes = 2;
  sealed.box = Bytes(sealed_box_bytes, 5);
  SetCriteria rules{home, true, std::nullopt, true, Price::from_nano(9)};
  rules.sell_rules.tariff_offset = Price::from_nano(-4);
  rules.sell_rules.windows = {{0b0011111, 60, 600}, {0b1100000, 1'380, 120}};
  rules.buy_rules.partners = {other};
  rules.battery_reserve = Energy::from_nano(11);
  rules.only_renewable = true;
  rules.pay_more_for_green = true;
  SetCriteria automatic{home, true, {}, true, {}};
  automatic.automatic = true;
  PlaceOrder order;
  order.participant = home;
  order.side = OrderSide::buy;
  order.first_slot = soon;
  order.slots = 4;
  order.energy = Energy::from_nano(12);
  order.limit = Price::from_nano(13);
  order.partners = {other};
  order.only_renewable = true;
  return {rules,
          automatic,
          Invite{key, home, soon},
          WithdrawInvitation{key},
          AcceptInvitation{key, digest, sealed},
          AcceptInvitation{key, {}, {}},
          SetLogin{home, digest, key, sealed},
          RemoveLogin{home, digest},
          OpenSession{home, key, PublicKey{1}, soon, {soon.value + 1}},
          CloseSession{home, key},
          CloseSession{home, {}},
          order,
          CancelOrder{home, digest},
          SetCalendar{"Atlantic/Madeira", {{{0}, -68}, {soon, 60}}},
          SetPreferences{home, RankingDisplay::named, Coins::from_nano(1), Coins::from_nano(2),
                         Coins::from_nano(3)},
          RequestCash{home, true, Cash::from_nano(4), "EUR"},
          ResolveCashRequest{digest, true}};
}

std::vector<Payload> payloads_of_fourth_level() {
  NetworkZone feeder{"feeder", 0, {{Price::from_nano(5), 50'000, {{127, 420, 0}}}, {}}, 7, {}, {}};
  feeder.max_export = Energy{};
  feeder.max_import = Energy::from_nano(9);
  const ParticipantRef home{ParticipantType::resident, ParticipantId::parse("H01").value()};
  const ParticipantRef other{ParticipantType::resident, ParticipantId::parse("H02").value()};
  const SetShares shares{{900'000},
                         {{home, 400'000'000}, {other, 600'000'000}},
                         {{home, other, 7}, {other, home, 1'000'000'000}},
                         Price::from_nano(3)};
  const SetTariff tariff{
      ParticipantId::parse("EEM").value(),
      {900'000},
      {{"peak", Price::from_nano(5), Price::from_nano(2), {{31, 540, 630}, {31, 1'080, 1'230}}},
       {"rest", Price::from_nano(3), {}, {}}},
      {{EnergySource::hydro, 250'000}, {EnergySource::thermal, 750'000}}};
  return {SetNetwork{},
          SetNetwork{{NetworkZone{"island", {}, {}, 0, {}, {}}, feeder},
                     {{home, 1}},
                     {{0, 1, 1'000'000'000}, {1, 1, 3}}},
          SetSource{MeterId::parse("W1").value(), EnergySource::wind},
          SetShares{},
          shares,
          SetTariff{tariff.utility, {}, {}, {}},
          tariff};
}

std::error_code error_of(ByteView bytes) {
  const auto result = wire::decode_transaction(bytes, genesis_hash, level);
  return result ? std::error_code() : result.error().code();
}

void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_field(Bytes& out, std::uint32_t number, const Bytes& content) {
  append_varint(out, number << 3 | 2);
  append_varint(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
}

/// A transaction around a body that this test wrote by hand.
Bytes signed_body(const Bytes& body) {
  const auto key = signer();
  return wire::assemble(body, key.public_key(),
                        key.sign(wire::transaction_statement(genesis_hash, body)));
}

}  // namespace

TEST_CASE("every payload survives the wire") {
  std::vector<bool> seen(std::variant_size_v<Payload>);
  auto all = payloads();
  for (auto& payload : payloads_of_third_level()) all.push_back(std::move(payload));
  for (auto& payload : payloads_of_households()) all.push_back(std::move(payload));
  for (auto& payload : payloads_of_fourth_level()) all.push_back(std::move(payload));
  for (const auto& payload : all) {
    CAPTURE(payload_name(payload));
    seen[payload.index()] = true;
    const auto bytes = encoded(payload);
    const auto decoded = wire::decode_transaction(bytes, genesis_hash, level);
    REQUIRE_MESSAGE(decoded.ok(), decoded.error().detail());
    CHECK(decoded->id == crypto::sha256(bytes));
    CHECK(decoded->genesis == genesis_hash);
    CHECK(decoded->principal == "Resident:S\xc3\xa3o 1");
    CHECK(decoded->idempotency_key == Bytes{0, 1, 0xff});
    CHECK(decoded->expires.value == 1'700'000'000'000);
    CHECK(decoded->signer == signer().public_key());
    CHECK(decoded->payload.index() == payload.index());
    // The encoder writes every field, so equal bytes are equal payloads.
    CHECK(wire::encode_body(*decoded) == wire::encode_body(transaction(payload)));
    CHECK(wire::decode_verified_transaction(bytes, genesis_hash, level)->id == decoded->id);
  }
  for (const bool one : seen) CHECK(one);
}

TEST_CASE("fields are what they were, not only their bytes") {
  const auto all = payloads();
  const auto readings = wire::decode_transaction(encoded(all[16]), genesis_hash, level);
  CHECK(std::get<ReadingBatch>(readings->payload).readings ==
        std::get<ReadingBatch>(all[16]).readings);
  const auto added = wire::decode_transaction(encoded(all[0]), genesis_hash, level);
  CHECK(std::get<AddParticipant>(added->payload).participant ==
        std::get<AddParticipant>(all[0]).participant);
  const auto criteria = wire::decode_transaction(encoded(all[17]), genesis_hash, level);
  CHECK(std::get<SetCriteria>(criteria->payload).sell_price == Price::from_nano(0));
  CHECK_FALSE(std::get<SetCriteria>(criteria->payload).buy_price.has_value());
}

TEST_CASE("a changed byte anywhere is refused") {
  const auto bytes = encoded(
      TransferCoinsToEV{Coins::from_nano(3), ref("Resident:H01"), ref("ElectricVehicle:V1")});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= 0x40;
    CAPTURE(i);
    CHECK(error_of(damaged));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(error_of(ByteView(bytes).first(size)) == LedgerError::malformed);
  }
}

TEST_CASE("an envelope has one encoding: nobody on the way changes an id") {
  const auto bytes = encoded(ClockStep{{5}});
  auto longer = bytes;
  append_field(longer, 15, {1});
  CHECK(error_of(longer) == LedgerError::malformed);
  auto repeated = bytes;
  append_field(repeated, 2, Bytes(32, 1));
  CHECK(error_of(repeated) == LedgerError::malformed);
}

TEST_CASE("fields that this version does not know are refused, however deep") {
  auto body = wire::encode_body(transaction(ClockStep{{5}}));
  REQUIRE_FALSE(error_of(signed_body(body)));
  append_field(body, 100, {1});
  CHECK(error_of(signed_body(body)) == LedgerError::malformed);
  Bytes deeper = wire::encode_body(transaction(SetParameter{"close_grace", "1m"}));
  Bytes inner;
  append_field(inner, 9, {1});
  append_field(deeper, 34, inner);  // merged into the set_parameter that is there
  CHECK(error_of(signed_body(deeper)) == LedgerError::malformed);
}

TEST_CASE("another chain's transaction, another key's signature and a signed lie are refused") {
  const auto bytes = encoded(ClockStep{{5}});
  const auto other_chain = crypto::sha256(as_bytes("another chain"));
  CHECK(wire::decode_transaction(bytes, other_chain, level).error().code() ==
        LedgerError::malformed);
  const auto body = wire::encode_body(transaction(ClockStep{{5}}));
  const auto other = crypto::KeyPair::generate();
  const auto forged = wire::assemble(body, signer().public_key(),
                                     other.sign(wire::transaction_statement(genesis_hash, body)));
  CHECK(error_of(forged) == CryptoError::bad_signature);
  CHECK(wire::decode_verified_transaction(forged, genesis_hash, level).ok());
}

TEST_CASE("limits hold before anything is built") {
  CHECK(error_of(Bytes(max_transaction_bytes + 1, 0)) == LedgerError::malformed);
  ReadingBatch batch;
  batch.readings.assign(max_readings_per_batch, reading("M1", 1));
  CHECK_FALSE(error_of(encoded(batch)));
  batch.readings.push_back(reading("M1", 1));
  CHECK(error_of(encoded(batch)) == LedgerError::malformed);
  CHECK(error_of(encoded(ReadingBatch{})) == LedgerError::malformed);

  // Half a million empty readings in one megabyte, in two pieces of the same field.
  Bytes many;
  for (int i = 0; i < 3'000; ++i) append_field(many, 1, {});
  auto body = wire::encode_body(transaction(ReadingBatch{}));
  append_field(body, 31, many);
  CHECK(wire::decode_transaction(signed_body(body), genesis_hash, level).ok());
  append_field(body, 31, many);
  CHECK(error_of(signed_body(body)) == LedgerError::malformed);

  auto long_key = transaction(ClockStep{{5}});
  long_key.idempotency_key.assign(65, 1);
  CHECK(error_of(wire::encode_and_sign(long_key, signer())) == LedgerError::malformed);
  long_key.idempotency_key.clear();
  CHECK(error_of(wire::encode_and_sign(long_key, signer())) == LedgerError::malformed);
}

TEST_CASE("fields outside their limits are refused") {
  const auto home = ref("Resident:H01"), other = ref("Resident:H02");
  const Payload wrong[] = {
      EnergyToCoins{Price::from_nano(1), Energy::from_nano(0), home, other},
      EnergyToCoins{Price::from_nano(1), Energy::from_nano(-1), home, other},
      EnergyToCoins{Price::from_nano(-1), Energy::from_nano(1), home, other},
      CashFundingResident{Cash::from_nano(1), "eur", home},
      TransferCoinsToEV{Coins::from_nano(max_amount_nano + 1), home, other},
      ProvisionAsset{home, AssetClass::coins, "", -1},
      ProvisionAsset{home, AssetClass::coins, "EUR", 1},
      ProvisionAsset{home, static_cast<AssetClass>(9), "", 1},
      DeleteParticipant{{static_cast<ParticipantType>(5), home.id}},
      DeleteParticipant{{ParticipantType::resident, {}}},
      BindKey{signer().public_key(), "nobody", 1},
      BindKey{signer().public_key(), "administrator", 32},
      BindKey{signer().public_key(), "administrator", 0},
      RetireMeter{},
      SetCriteria{home, true, Price::from_nano(-1), true, {}},
      SetParameter{"close_grace", "soon"},
  };
  for (const auto& payload : wrong) {
    CAPTURE(payload_name(payload));
    CHECK(error_of(encoded(payload)) == LedgerError::malformed);
  }
  auto nameless = transaction(ClockStep{{5}});
  nameless.principal = "someone";
  CHECK(error_of(wire::encode_and_sign(nameless, signer())) == LedgerError::malformed);
  auto not_text = ref("Resident:H01");
  Participant strange;
  strange.ref = not_text;
  strange.name = "\xff\xfe";
  CHECK(error_of(encoded(AddParticipant{strange})) == LedgerError::malformed);
}

TEST_CASE("a backup checks expiry against the batch's time before it prepares") {
  const auto bytes = encoded(ClockStep{{5}});
  CHECK(wire::stateless_check(bytes, {1'699'999'999'999}, genesis_hash, level).ok());
  CHECK(wire::stateless_check(bytes, {1'700'000'000'000}, genesis_hash, level).error().code() ==
        LedgerError::expired);
}

TEST_CASE("below feature level 2 a membership transaction is what it is to an older program") {
  const auto refusal = [](ByteView bytes, std::uint32_t feature_level) {
    const auto result = wire::decode_transaction(bytes, genesis_hash, feature_level);
    return result ? std::string() : result.error().detail();
  };
  // What an older program says of a field that it does not know.
  auto unknown = wire::encode_body(transaction(RetireMeter{MeterId::parse("M1").value()}));
  append_field(unknown, 99, {});
  const auto as_unknown = refusal(signed_body(unknown), 1);
  REQUIRE(as_unknown == "the transaction has unknown fields");
  for (const auto& payload : payloads()) {
    const auto bytes = encoded(payload);
    const bool newer = std::holds_alternative<AddMember>(payload) ||
                       std::holds_alternative<RemoveMember>(payload) ||
                       std::holds_alternative<ReplaceMemberKeys>(payload);
    CAPTURE(payload_name(payload));
    CHECK(refusal(bytes, 1) == (newer ? as_unknown : ""));
    CHECK(refusal(bytes, 2).empty());
    CHECK(wire::stateless_check(bytes, {1'699'999'999'999}, genesis_hash, 1).ok() == !newer);
    CHECK(wire::decode_transaction(bytes, genesis_hash, 2)->feature_level == (newer ? 2 : 1));
  }
  // Of two payloads Protobuf keeps the last: the first is no less unknown to an older program.
  auto hidden = wire::encode_body(transaction(RemoveMember{member().peer}));
  Bytes retire;
  append_field(retire, 1, to_bytes("M1"));
  append_field(hidden, 23, retire);
  CHECK(refusal(signed_body(hidden), 1) == as_unknown);
  const auto last = wire::decode_transaction(signed_body(hidden), genesis_hash, 2);
  REQUIRE(last.ok());
  CHECK(std::holds_alternative<RetireMeter>(last->payload));
  CHECK(last->feature_level == 2);
}

TEST_CASE("level 4 adds the network of a chain, sources, shares and tariffs by the hour") {
  for (const auto& payload : payloads_of_fourth_level()) {
    const auto bytes = encoded(payload);
    const auto decoded = wire::decode_transaction(bytes, genesis_hash, 4);
    REQUIRE(decoded.ok());
    CHECK(decoded->feature_level == 4);
    CHECK(std::visit(
        [&](const auto& before) {
          using T = std::decay_t<decltype(before)>;
          if constexpr (std::is_same_v<T, SetNetwork> || std::is_same_v<T, SetSource> ||
                        std::is_same_v<T, SetShares> || std::is_same_v<T, SetTariff>) {
            return std::get<T>(decoded->payload) == before;
          } else {
            return false;
          }
        },
        payload));
    CHECK(wire::decode_transaction(bytes, genesis_hash, 3).error().detail() ==
          "the transaction has unknown fields");
  }
  SetNetwork wrong;
  wrong.zones.push_back({"island", 0, {}, 0, {}, {}});
  const auto refused = wire::decode_transaction(encoded(wrong), genesis_hash, 4);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().detail() ==
        "a zone's parent stands before it, and only the first has none");
}

TEST_CASE("below level 4 a newer rule of clearing is refused as any unknown rule is") {
  const auto read = [](const std::string& rule, std::uint32_t at) {
    return wire::decode_transaction(encoded(SetParameter{"clearing_rule", rule}), genesis_hash, at);
  };
  const auto unknown = read("nobody's", 3);
  REQUIRE(!unknown.ok());
  CHECK(unknown.error().detail() ==
        "clearing_rule: pay_as_clear, pay_as_bid, mid_market or thesis");
  for (const auto* wrong : {"nobody's", ""}) {
    CHECK(read(wrong, 4).error().detail() == "clearing_rule: one of " + market::rule_list());
  }
  const auto early = read("optimal", 3);
  REQUIRE(!early.ok());
  CHECK(early.error().code() == unknown.error().code());
  CHECK(early.error().detail() == unknown.error().detail());
  const auto first = read("thesis", 1);
  REQUIRE(first.ok());
  CHECK(first->feature_level == 1);
  const auto newer = read("optimal", 4);
  REQUIRE(newer.ok());
  CHECK(std::get<SetParameter>(newer->payload).value == "optimal");
  CHECK(newer->feature_level == 4);
}

TEST_CASE("level 3 adds payloads, fields of older payloads, and who a gateway acts for") {
  auto newer = payloads_of_third_level();
  for (auto& payload : payloads_of_households()) newer.push_back(std::move(payload));
  for (const auto& payload : newer) {
    CAPTURE(payload_name(payload));
    const auto bytes = encoded(payload);
    const auto decoded = wire::decode_transaction(bytes, genesis_hash, 3);
    REQUIRE(decoded.ok());
    CHECK(decoded->feature_level == 3);
    CHECK(encoded(decoded->payload) == bytes);
    CHECK(wire::decode_transaction(bytes, genesis_hash, 2).error().detail() ==
          "the transaction has unknown fields");
  }
  auto by_key = transaction(RetireMeter{MeterId::parse("M1").value()});
  by_key.initiator = "api-key:console";
  const auto bytes = wire::encode_and_sign(by_key, signer());
  CHECK_FALSE(wire::decode_transaction(bytes, genesis_hash, 2).ok());
  const auto decoded = wire::decode_transaction(bytes, genesis_hash, 3);
  REQUIRE(decoded.ok());
  CHECK(decoded->initiator == "api-key:console");
  by_key.initiator.assign(97, 'x');
  CHECK_FALSE(
      wire::decode_transaction(wire::encode_and_sign(by_key, signer()), genesis_hash, 3).ok());
}

TEST_CASE("keys and names of members are checked before a batch is prepared") {
  const auto refused = [](const Member& member) {
    return error_of(encoded(AddMember{member, "", ""})) == LedgerError::malformed;
  };
  auto wrong = member();
  CHECK_FALSE(refused(wrong));
  wrong.gateway_key = wrong.consensus_key;
  CHECK(refused(wrong));
  wrong = member();
  wrong.peer = {};
  CHECK(refused(wrong));
  wrong = member();
  wrong.transport_key = {};
  CHECK(refused(wrong));
  CHECK(error_of(encoded(SetFeatureLevel{1})) == LedgerError::malformed);
  CHECK(error_of(encoded(AddMember{member(), "tcp://", ""})) == LedgerError::malformed);
  CHECK(error_of(encoded(AddMember{member(), "tcp://a:1" + std::string(300, 'a'), ""})) ==
        LedgerError::malformed);
}
