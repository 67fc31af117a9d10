#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <random>

#include "ledger/cash_requests.hpp"
#include "ledger/movements.hpp"
#include "ledger/parameters.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"
#include "tests/unit/ledger/memory_history.hpp"

using namespace powershare;
using namespace powershare::ledger;
using namespace powershare::ledger::test;

namespace {

/// Draws transactions whose fields are often sensible, often at an edge and often absurd.
class Driver {
 public:
  explicit Driver(std::uint64_t seed) : random_(seed) {}

  bool chance(std::uint64_t one_in) { return random_() % one_in == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[random_() % choices.size()];
  }

  std::int64_t quantity() {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    static const std::vector<std::int64_t> edges{0,
                                                 1,
                                                 -1,
                                                 most,
                                                 -most,
                                                 most - 1,
                                                 std::numeric_limits<std::int64_t>::min(),
                                                 1'000'000'000 * nano_per_unit};
    if (chance(8)) return one_of(edges);
    return static_cast<std::int64_t>(random_() % (5 * nano_per_unit));
  }
  ParticipantRef who() {
    static const std::vector<ParticipantRef> people{h01,
                                                    h02,
                                                    vehicle,
                                                    bank,
                                                    utility,
                                                    ref("Resident:N1"),
                                                    ref("UtilityCompany:N2"),
                                                    ref("ElectricVehicle:\xc3\xa9")};
    return one_of(people);
  }
  MeterId meter() { return MeterId::parse("M" + std::to_string(1 + random_() % 12)).value(); }
  AssetClass asset() { return static_cast<AssetClass>(1 + random_() % 3); }
  std::string currency() { return one_of<std::string>({"EUR", "EUR", "USD", "eur", ""}); }
  std::optional<Price> maybe_price() {
    if (chance(2)) return std::nullopt;
    return Price::from_nano(quantity());
  }
  Member member() {
    Member result;
    result.peer = PeerId::parse("peer-" + std::to_string(random_() % 8)).value();
    result.consensus_key = key(static_cast<std::uint8_t>(random_() % 256)).public_key();
    result.gateway_key = key(static_cast<std::uint8_t>(random_() % 256)).public_key();
    result.transport_key.fill(static_cast<std::uint8_t>(random_() % 256));
    return result;
  }
  PublicKey public_key() { return key(one_of(signers)).public_key(); }
  std::string principal() {
    return one_of<std::string>({"administrator", "governance", "feeder", "gateway:peer-0",
                                to_text(h01), to_text(h02), to_text(who())});
  }

  Participant any_participant() {
    auto result = participant(who());
    result.buy_rate = Price::from_nano(quantity());
    result.sell_rate = Price::from_nano(quantity());
    if (chance(2)) result.owner = who().id;
    result.supplier = chance(2);
    result.tariff = Price::from_nano(quantity());
    if (chance(4)) result.feed_in = Price::from_nano(quantity());
    return result;
  }

  ReadingBatch readings() {
    ReadingBatch result;
    for (auto left = 1 + random_() % 5; left > 0; --left) {
      SignedReading entry;
      auto& reading = entry.reading;
      reading.meter = meter();
      reading.sequence = chance(10) ? random_() : random_() % 40;
      reading.start = {island_ms_ / 900'000 * 900'000 -
                       static_cast<std::int64_t>(random_() % 4) * 900'000};
      if (chance(20)) reading.start.value = quantity();
      reading.seconds = one_of<std::uint32_t>({900, 900, 900, 60, 1800, 0, 0xffffffff});
      reading.imported = Energy::from_nano(chance(2) ? 0 : quantity());
      reading.exported = Energy::from_nano(chance(2) ? 0 : quantity());
      reading.produced = Energy::from_nano(chance(2) ? 0 : quantity());
      if (chance(6)) reading.corrects = random_() % 40;
      if (chance(6)) reading.battery = Energy::from_nano(quantity());
      if (chance(8)) entry.signature = Signature{};
      result.readings.push_back(entry);
    }
    return result;
  }

  Payload payload() {
    switch (random_() % 38) {
      case 0:
        return AddParticipant{any_participant(), {asset_id(), asset_id(), asset_id()}};
      case 1:
        return UpdateParticipant{any_participant(), {asset_id(), "", asset_id()}};
      case 2:
        if (!chance(8)) return readings();
        return DeleteParticipant{who()};
      case 3:
        return ProvisionAsset{who(), asset(), currency(), quantity(), asset_id()};
      case 4: {
        AdjustAsset result{who(), asset(), currency(), quantity(), asset_id()};
        if (chance(2)) result.new_owner = who();
        return result;
      }
      case 5:
        return DeleteAsset{who(), asset(), currency(), asset_id()};
      case 6: {
        RegisterMeter result;
        result.meter = meter();
        result.owner = who();
        if (chance(3)) result.parent = meter();
        if (chance(3)) result.public_key = public_key();
        result.kind = static_cast<MeterKind>(1 + random_() % 4);
        result.plant_watts = chance(2) ? 0 : quantity();
        return result;
      }
      case 7:
        if (!chance(8)) return readings();
        return RetireMeter{meter()};
      case 8:
        return BindKey{public_key(), principal(), static_cast<std::uint32_t>(random_() % 40)};
      case 9:
        return RevokeKey{public_key()};
      case 10:
        return EnergyToCoins{Price::from_nano(quantity()),
                             Energy::from_nano(quantity()),
                             who(),
                             who(),
                             asset_id(),
                             asset_id(),
                             asset_id(),
                             asset_id()};
      case 11:
        return CashToCoins{Price::from_nano(quantity()), Cash::from_nano(quantity()), currency(),
                           who(), who()};
      case 12:
        return TransferCoinsToEV{Coins::from_nano(quantity()), who(), who(), asset_id(),
                                 asset_id()};
      case 13:
        return CashFundingResident{Cash::from_nano(quantity()), currency(), who()};
      case 14:
        return CashWithdrawalResident{Cash::from_nano(quantity()), currency(), who()};
      case 15:
        return criteria();
      case 16: {
        island_ms_ += static_cast<std::int64_t>(random_() % 4) * 450'000;
        return ClockStep{{chance(10) ? quantity() : island_ms_}};
      }
      case 17:
        return SetParameter{
            one_of<std::string>({"close_grace", "final_after", "silent_meter", "future_reading",
                                 "credit_limit", "clearing_rule", "slot", "x", "plausibility",
                                 "site", "signed_readings_only", "gate_closure",
                                 "deviation_margin"}),
            one_of<std::string>({"0s", "1m", "30m", "2h", "5", "pay_as_bid", "thesis",
                                 "pay_as_clear", "mid_market", "-1", "alarm", "quarantine", "off",
                                 "32.7,-16.9", "", "true", "false", "0.25"})};
      case 18:
        return AddMember{member(), "", chance(2) ? "" : "tcp://127.0.0.1:7401"};
      case 19:
        if (chance(2)) return SetFeatureLevel{static_cast<std::uint32_t>(random_() % 6)};
        if (chance(2)) return ReplaceMemberKeys{member()};
        return RemoveMember{member().peer};
      case 20: {
        IssueIdentity result;
        result.identity[0] = static_cast<std::uint8_t>(random_() % 8);
        result.name = one_of<std::string>({"a", "b", ""});
        result.participant = who();
        if (chance(2)) return RevokeIdentity{result.identity};
        return result;
      }
      case 21: {
        AddApiKey result;
        result.hash[0] = static_cast<std::uint8_t>(random_() % 8);
        result.label = one_of<std::string>({"a", "b", ""});
        result.role = static_cast<Role>(random_() % 8);
        if (chance(3)) result.expires = {quantity()};
        if (chance(3)) return RevokeApiKey{result.hash};
        return result;
      }
      case 22:
        return order();
      case 23: {
        CancelOrder result{who(), {}};
        if (!placed.empty()) {
          const auto& [participant, id] = placed[random_() % placed.size()];
          result = {participant, id};
        }
        return result;
      }
      case 24: {
        if (!chance(6)) return order();
        if (chance(2)) return network();
        if (chance(2)) return market_setting();
        SetCalendar result{"Test/Zone", {}};
        for (auto left = random_() % 4; left > 0; --left) {
          result.offsets.push_back({{chance(4) ? quantity() : island_ms_ + quantity() / 1'000},
                                    static_cast<std::int16_t>(random_() % 2'600 - 1'300)});
        }
        return result;
      }
      case 25:
        return access();
      case 26:
        return SetPreferences{who(), static_cast<RankingDisplay>(random_() % 5),
                              Coins::from_nano(quantity()), Coins::from_nano(quantity()),
                              Coins::from_nano(quantity())};
      case 27:
        return RequestCash{who(), chance(2), Cash::from_nano(quantity()), currency()};
      case 28: {
        ResolveCashRequest result;
        result.approved = chance(2);
        if (!requests.empty()) result.request = one_of(requests);
        return result;
      }
      case 29: {
        UpdateMeter result;
        result.meter = meter();
        if (chance(2)) result.owner = who();
        if (chance(3)) result.public_key = public_key();
        if (chance(3)) result.plant_watts = quantity();
        return result;
      }
      case 30:
        return SetMeterStanding{meter(), static_cast<MeterStanding>(random_() % 4)};
      case 31:
        return DisputeReading{meter(), random_() % 40, static_cast<DisputeReason>(random_() % 6)};
      case 32:
        return ResolveDispute{meter(), random_() % 40, chance(2)};
      default:
        return readings();
    }
  }
  std::vector<Digest> requests;  ///< open ones, as whoever resolves them knows

  std::vector<ParticipantRef> partners() {
    std::vector<ParticipantRef> result;
    for (auto left = random_() % 4; left > 2; --left) result.push_back(who());
    return result;
  }
  SideRules rules() {
    SideRules result;
    if (chance(4)) result.tariff_offset = Price::from_nano(quantity() / 2 - nano_per_unit);
    if (chance(3)) {
      result.windows.push_back({static_cast<std::uint8_t>(random_() % 130),
                                static_cast<std::uint16_t>(random_() % 1'500),
                                static_cast<std::uint16_t>(random_() % 1'500)});
    }
    if (chance(3)) result.partners = partners();
    return result;
  }
  SetCriteria criteria() {
    SetCriteria result{who(), chance(2), maybe_price(), chance(2), maybe_price()};
    if (chance(3)) return result;
    result.sell_rules = rules();
    result.buy_rules = rules();
    result.automatic = chance(4);
    result.battery_reserve = Energy::from_nano(chance(2) ? 0 : quantity());
    result.only_renewable = chance(4);
    result.pay_more_for_green = chance(3);
    return result;
  }
  PlaceOrder order() {
    PlaceOrder result;
    result.participant = chance(2) ? h01 : who();
    result.side = chance(20) ? static_cast<OrderSide>(random_() % 4)
                             : static_cast<OrderSide>(1 + random_() % 2);
    result.first_slot = {island_ms_ / 900'000 * 900'000 +
                         static_cast<std::int64_t>(random_() % 4) * 900'000};
    if (chance(20)) result.first_slot.value = quantity();
    result.slots = static_cast<std::uint16_t>(chance(8) ? random_() : 1 + random_() % 4);
    result.energy = Energy::from_nano(quantity());
    result.limit = Price::from_nano(quantity() / (chance(2) ? 1 : 16));
    result.partners = partners();
    result.only_renewable = result.side == OrderSide::buy && chance(3);
    return result;
  }
  std::vector<std::pair<ParticipantRef, Digest>> placed;  ///< some of what was applied
  /// A tree of levels for both homes; now and then one that contradicts itself.
  Payload network() {
    SetNetwork result;
    const auto zones = static_cast<std::uint32_t>(random_() % 4);
    for (std::uint32_t i = 0; i < zones; ++i) {
      NetworkZone zone{"Z" + std::to_string(i), {}, {}, 0, {}, {}};
      if (i > 0 || chance(20)) zone.parent = static_cast<std::uint32_t>(random_() % (i + 1));
      zone.loss_nano = static_cast<std::int64_t>(random_() % 1'000'000'002);
      zone.fees.push_back({Price::from_nano(quantity() / (chance(2) ? 1 : 16)),
                           static_cast<std::uint32_t>(random_() % 1'100'000),
                           {}});
      if (chance(3)) zone.max_export = Energy::from_nano(quantity());
      result.zones.push_back(zone);
      if (chance(2))
        result.losses.push_back({i, i, static_cast<std::int64_t>(random_() % 1'000'000'000)});
    }
    for (const auto& home : {h01, h02}) {
      result.members.push_back({home, static_cast<std::uint32_t>(random_() % 4)});
    }
    return result;
  }
  /// Sources, shares, tariffs and what the certificates hang on; now and then wrong.
  Payload market_setting() {
    const UtcMillis from{slot_start({island_ms_}, 15 * millis_per_minute).value +
                         static_cast<std::int64_t>(random_() % 4) * 15 * millis_per_minute};
    const auto share = [&] { return static_cast<std::int64_t>(random_() % 600'000'000); };
    switch (random_() % 5) {
      case 0:
        return SetSource{MeterId::parse(chance(5) ? "M9" : "M1").value(),
                         static_cast<EnergySource>(1 + random_() % 6)};
      case 1:
        return SetShares{from, {{h01, share()}, {h02, share()}}, {{h01, h02, share()}}, {}};
      case 2:
        return SetTariff{utility.id, from, {{"day", Price::from_nano(quantity()), {}, {}}}, {}};
      case 3:
        return SetParameter{"origin", chance(3) ? "off" : "on"};
      default:
        return SetParameter{"rewards", chance(2) ? "none" : "solarcoin,nrgcoin"};
    }
  }
  /// Of a few keys and names, so that they meet; among them keys that are bound elsewhere.
  Payload access() {
    const auto any_key = [&] {
      return chance(6) ? public_key()
                       : key(people_keys.at(random_() % people_keys.size())).public_key();
    };
    const auto soon = [&] {
      return UtcMillis{now_ms_ + static_cast<std::int64_t>(random_() % 3'000'000)};
    };
    const Digest login{static_cast<std::uint8_t>(random_() % 4)};
    const SealedKey sealed{{}, 8 * 1024, 1, Bytes(chance(8) ? 71 : 72, 1)};
    switch (random_() % 8) {
      case 0:
        return Invite{any_key(), who(), soon()};
      case 1:
        return WithdrawInvitation{any_key()};
      case 2:
        return chance(2) ? AcceptInvitation{any_key(), login, sealed}
                         : AcceptInvitation{any_key(), {}, {}};
      case 3:
        return SetLogin{who(), login, any_key(), sealed};
      case 4:
        return RemoveLogin{who(), login};
      case 5:
        return CloseSession{who(), chance(4) ? PublicKey{} : any_key()};
      default:
        return OpenSession{who(), any_key(), any_key(), soon(), soon()};
    }
  }

  std::string asset_id() {
    if (chance(2)) return {};
    return one_of<std::string>({"purse", "CO_H01", "EN_H02", "CA_B1", "x"});
  }

  Bytes transaction(const Chain& chain) {
    Transaction body;
    body.genesis = chance(50) ? Digest{} : chain.hash;
    body.principal = chance(40) ? "" : principal();
    body.idempotency_key = to_bytes(std::to_string(random_() % 5000));
    if (chance(40)) body.idempotency_key.clear();
    body.expires = {chance(20) ? quantity() : chain.time.value + 600'000};
    now_ms_ = chain.time.value;
    body.payload = payload();
    auto signer = one_of(signers);
    if (std::holds_alternative<ClockStep>(body.payload)) {
      signer = feeder;
      body.principal = "feeder";
    } else if (!chance(3)) {
      signer = administrator;
    }
    if (chance(6)) {
      signer = one_of(people_keys);
      body.principal = to_text(chance(2) ? h01 : h02);
    }
    auto bytes = wire::encode_and_sign(body, key(signer));
    if (chance(30) && !bytes.empty()) {
      bytes[random_() % bytes.size()] ^= static_cast<std::uint8_t>(1U << random_() % 8);
    }
    return bytes;
  }

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

 private:
  std::mt19937_64 random_;
  std::int64_t island_ms_ = created.value;
  std::int64_t now_ms_ = created.value;
  std::vector<std::uint8_t> people_keys{11, 12, 70, 71, 72, 73, 74, 75};
  std::vector<std::uint8_t> signers{administrator, administrator, 11, 12, gateway_0, stranger};
};

/// Statements made of rows of movements say what the accounts hold, whatever the period.
void check_statements(const Chain& chain, const MapHistory& history, UtcMillis middle) {
  constexpr std::size_t no_bound = 1'000'000'000;
  constexpr UtcMillis end{std::numeric_limits<std::int64_t>::max()};
  const auto& state = chain.machine.state();
  for (const auto& who : {h01, h02, vehicle, bank, utility, ref("Resident:N1")}) {
    const auto first = query_movement_totals(state, history, who, {}, middle, no_bound);
    const auto second = query_movement_totals(state, history, who, middle, end, no_bound);
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    REQUIRE(first->size() == second->size());
    for (std::size_t i = 0; i < first->size(); ++i) {
      const auto& later = (*second)[i];
      CAPTURE(to_text(who));
      CAPTURE(later.asset);
      CHECK((*first)[i].closing_nano == later.opening_nano);
      for (const auto* statement : {&(*first)[i], &later}) {
        auto sum = statement->opening_nano;
        for (const auto& total : statement->totals) sum += total.in_nano - total.out_nano;
        CHECK(sum == statement->closing_nano);
      }
      const auto account_class =
          later.asset == asset_due ? AccountClass::claim : AccountClass::participant;
      CHECK(later.closing_nano == balance(state, {account_class, who, later.name, later.asset}));
    }
  }
}

/// What has come of arbitrary transactions: that they were worth the while.
struct Tally {
  std::size_t applied = 0;
  std::size_t readings = 0;
  std::size_t ordered = 0;
  std::uint64_t epochs = 0;
};

void run_chain(std::uint64_t seed, Tally& tally) {
  CAPTURE(seed);
  Driver driver(seed);
  auto start = genesis();
  start.consensus = {2, 4};
  if (seed % 2 == 0) start.feature_level = 4;  // else it is raised to it, or not
  for (const auto& [name, owner] : {std::pair("M1", h01), std::pair("M2", h02)}) {
    RegisterMeter meter;
    meter.meter = MeterId::parse(name).value();
    meter.owner = owner;
    start.registry.push_back(meter);
  }
  Chain chain(start);
  Chain replica(start);
  std::string alarm;  // the newest, for the report of a failure
  MapHistory history;
  UtcMillis middle;
  for (int height = 0; height < 400; ++height) {
    std::vector<Bytes> transactions;
    for (auto left = driver.draw(12); left > 0; --left) {
      transactions.push_back(driver.transaction(chain));
    }
    if (driver.chance(100)) chain.time.value += 3'600'000;
    const auto block = chain.apply(transactions);
    history.keep(block.history);
    driver.requests.clear();
    for_each_cash_request(chain.machine.state(), std::nullopt, [&](const CashRequest& request) {
      driver.requests.push_back(request.id);
      return true;
    });
    for (std::size_t i = 0; i < block.receipts.size(); ++i) {
      const auto& receipt = block.receipts[i];
      const auto decoded =
          wire::transaction_decoder(chain.hash)(transactions[i], known_feature_level);
      const auto* order = decoded ? std::get_if<PlaceOrder>(&decoded->payload) : nullptr;
      if (order != nullptr && receipt.outcome == Outcome::applied) {
        ++tally.ordered;
        driver.placed.emplace_back(order->participant, receipt.transaction);
      }
      tally.applied += receipt.outcome == Outcome::applied ? 1 : 0;
      for (const auto& reading : receipt.readings) {
        tally.readings += reading.kind == ReadingResult::Kind::accepted ? 1 : 0;
      }
      const auto type = decoded ? std::string(payload_name(decoded->payload)) : std::string("?");
      INFO(type << ": " << receipt.message << ", height " << height);
      CHECK(receipt.code != "invariant");
    }
    for (const auto& event : block.events) {
      if (event.kind == Event::Kind::alarm) alarm = event.detail;
    }
    CAPTURE(alarm);
    const auto sound = chain.machine.check_invariants();
    REQUIRE_MESSAGE(sound.ok(), sound.error().detail());
    const auto again = replica.machine.apply(
        {block.header.epoch, block.header.sequence, block.header.time, block.transactions});
    REQUIRE(again.header == block.header);
    REQUIRE(check_members(current_epoch(chain.machine.state()).members).ok());
    if (height == 150) middle = island_time(chain.machine.state());
    if (height % 100 == 99) {
      check_statements(chain, history, middle);
      auto restored =
          StateMachine::restore(chain.machine.genesis(), wire::transaction_decoder(chain.hash),
                                chain.machine.head(), records(chain.machine));
      REQUIRE(restored.ok());
      replica.machine = *std::move(restored);
    }
  }
  tally.epochs += current_epoch_number(chain.machine.state());
}

}  // namespace

TEST_CASE(
    "apply survives arbitrary transactions, keeps its invariants and replays to the same bytes") {
  // POWERSHARE_TEST_SEED runs a seed again that an earlier run has printed.
  const char* given = std::getenv("POWERSHARE_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  Tally tally;
  // A chain whose administrator has lost its key early comes to little: so it is several.
  for (std::uint64_t chain = 0; chain < 4; ++chain) run_chain(seed + chain, tally);
  CHECK(tally.applied > 400);
  CHECK(tally.readings > 0);
  CHECK(tally.ordered > 0);
  CHECK(tally.epochs > 0);
}
