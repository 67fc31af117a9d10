// Payloads from Protobuf.
#include "protocol/wire/payload_codec.hpp"

#include "ledger/error.hpp"
#include "transaction.pb.h"

namespace powershare::wire {
namespace {

using ledger::Payload;

/// Reads fields; after the first fault ok() is false and the values mean nothing.
class PayloadDecoder {
 public:
  bool ok() const { return fault_.empty(); }
  const std::string& fault() const { return fault_; }

  Payload payload(const TransactionBody& body) {
    switch (body.payload_case()) {
      case TransactionBody::kAddParticipant:
        return ledger::AddParticipant{participant(body.add_participant()),
                                      assets(body.add_participant())};
      case TransactionBody::kUpdateParticipant:
        return ledger::UpdateParticipant{participant(body.update_participant()),
                                         assets(body.update_participant())};
      case TransactionBody::kDeleteParticipant:
        return ledger::DeleteParticipant{ref(body.delete_participant())};
      case TransactionBody::kProvisionAsset: {
        const auto& in = body.provision_asset();
        if (in.has_new_owner()) fail("only an adjustment has a new owner");
        return ledger::ProvisionAsset{ref(in.owner()), asset(in), in.currency(),
                                      in.balance(),    in.id(),   in.units()};
      }
      case TransactionBody::kAdjustAsset: {
        const auto& in = body.adjust_asset();
        ledger::AdjustAsset out{ref(in.owner()), asset(in), in.currency(),
                                in.balance(),    in.id(),   in.units()};
        if (in.has_new_owner()) out.new_owner = ref(in.new_owner());
        return out;
      }
      case TransactionBody::kDeleteAsset: {
        const auto& in = body.delete_asset();
        if (in.balance() != 0 || !in.units().empty() || in.has_new_owner()) {
          fail("a deletion has no balance");
        }
        return ledger::DeleteAsset{ref(in.owner()), asset(in), in.currency(), in.id()};
      }
      case TransactionBody::kRegisterMeter:
        return meter(body.register_meter());
      case TransactionBody::kRetireMeter:
        return ledger::RetireMeter{id<MeterId>(body.retire_meter().meter())};
      case TransactionBody::kBindKey: {
        const auto& in = body.bind_key();
        return ledger::BindKey{array<32>(in.key()), in.principal(), in.scopes()};
      }
      case TransactionBody::kRevokeKey:
        return ledger::RevokeKey{array<32>(body.revoke_key().key())};
      case TransactionBody::kEnergyToCoins: {
        const auto& in = body.energy_to_coins();
        return ledger::EnergyToCoins{Price::from_nano(in.energy_rate()),
                                     Energy::from_nano(in.energy()),
                                     ref(in.seller()),
                                     ref(in.buyer()),
                                     in.coins_inc(),
                                     in.coins_dec(),
                                     in.energy_inc(),
                                     in.energy_dec()};
      }
      case TransactionBody::kCashToCoins: {
        const auto& in = body.cash_to_coins();
        return ledger::CashToCoins{Price::from_nano(in.cash_rate()),
                                   Cash::from_nano(in.cash()),
                                   in.currency(),
                                   ref(in.coins_to()),
                                   ref(in.coins_from()),
                                   in.coins_inc(),
                                   in.coins_dec(),
                                   in.cash_inc(),
                                   in.cash_dec()};
      }
      case TransactionBody::kTransferCoinsToEv: {
        const auto& in = body.transfer_coins_to_ev();
        return ledger::TransferCoinsToEV{Coins::from_nano(in.coins()), ref(in.from()), ref(in.to()),
                                         in.coins_inc(), in.coins_dec()};
      }
      case TransactionBody::kCashFundingResident: {
        const auto& in = body.cash_funding_resident();
        return ledger::CashFundingResident{Cash::from_nano(in.cash()), in.currency(),
                                           ref(in.resident()), in.asset()};
      }
      case TransactionBody::kCashWithdrawalResident: {
        const auto& in = body.cash_withdrawal_resident();
        return ledger::CashWithdrawalResident{Cash::from_nano(in.cash()), in.currency(),
                                              ref(in.resident()), in.asset()};
      }
      case TransactionBody::kReadingBatch:
        return readings(body.reading_batch());
      case TransactionBody::kSetCriteria:
        return criteria(body.set_criteria());
      case TransactionBody::kClockStep:
        return ledger::ClockStep{{body.clock_step().to_ms()}};
      case TransactionBody::kSetParameter:
        return ledger::SetParameter{body.set_parameter().name(), body.set_parameter().value()};
      case TransactionBody::kAddMember: {
        const auto& in = body.add_member();
        return ledger::AddMember{member(in.member()), in.control_endpoint(), in.bulk_endpoint()};
      }
      case TransactionBody::kRemoveMember:
        return ledger::RemoveMember{id<PeerId>(body.remove_member().peer())};
      case TransactionBody::kReplaceMemberKeys:
        return ledger::ReplaceMemberKeys{member(body.replace_member_keys())};
      case TransactionBody::kSetFeatureLevel:
        return ledger::SetFeatureLevel{body.set_feature_level().level()};
      case TransactionBody::kIssueIdentity: {
        const auto& in = body.issue_identity();
        return ledger::IssueIdentity{array<32>(in.identity()), in.name(), ref(in.participant()),
                                     array<32>(in.secret_hash()), in.certificate()};
      }
      case TransactionBody::kRevokeIdentity:
        return ledger::RevokeIdentity{array<32>(body.revoke_identity().identity())};
      case TransactionBody::kAddApiKey:
        return api_key(body.add_api_key());
      case TransactionBody::kRevokeApiKey:
        return ledger::RevokeApiKey{array<32>(body.revoke_api_key().hash())};
      case TransactionBody::kInvite: {
        const auto& in = body.invite();
        return ledger::Invite{array<32>(in.invitation()), ref(in.participant()), {in.expires_ms()}};
      }
      case TransactionBody::kWithdrawInvitation:
        return ledger::WithdrawInvitation{array<32>(body.withdraw_invitation().invitation())};
      case TransactionBody::kAcceptInvitation: {
        const auto& in = body.accept_invitation();
        return ledger::AcceptInvitation{array<32>(in.key()), array_or_zero<32>(in.login()),
                                        sealed(in.sealed())};
      }
      case TransactionBody::kSetLogin: {
        const auto& in = body.set_login();
        return ledger::SetLogin{ref(in.participant()), array<32>(in.login()), array<32>(in.key()),
                                sealed(in.sealed())};
      }
      case TransactionBody::kRemoveLogin:
        return ledger::RemoveLogin{ref(body.remove_login().participant()),
                                   array<32>(body.remove_login().login())};
      case TransactionBody::kOpenSession: {
        const auto& in = body.open_session();
        return ledger::OpenSession{ref(in.participant()),
                                   array<32>(in.session()),
                                   array<32>(in.refresh()),
                                   {in.expires_ms()},
                                   {in.refresh_expires_ms()}};
      }
      case TransactionBody::kCloseSession:
        return ledger::CloseSession{ref(body.close_session().participant()),
                                    array_or_zero<32>(body.close_session().session())};
      case TransactionBody::kPlaceOrder:
        return order(body.place_order());
      case TransactionBody::kCancelOrder:
        return ledger::CancelOrder{ref(body.cancel_order().participant()),
                                   array<32>(body.cancel_order().order())};
      case TransactionBody::kSetCalendar:
        return calendar(body.set_calendar());
      case TransactionBody::kSetNetwork:
        return network(body.set_network());
      case TransactionBody::kSetSource:
        return ledger::SetSource{id<MeterId>(body.set_source().meter()),
                                 number<ledger::EnergySource>(body.set_source().source())};
      case TransactionBody::kSetShares:
        return shares(body.set_shares());
      case TransactionBody::kSetTariff:
        return tariff(body.set_tariff());
      case TransactionBody::kSetPreferences: {
        const auto& in = body.set_preferences();
        return ledger::SetPreferences{
            ref(in.participant()), number<ledger::RankingDisplay>(in.ranking()),
            Coins::from_nano(in.low_balance()), Coins::from_nano(in.top_up_below()),
            Coins::from_nano(in.top_up_amount())};
      }
      case TransactionBody::kRequestCash: {
        const auto& in = body.request_cash();
        return ledger::RequestCash{ref(in.participant()), in.withdrawal(),
                                   Cash::from_nano(in.cash()), in.currency()};
      }
      case TransactionBody::kResolveCashRequest:
        return ledger::ResolveCashRequest{array<32>(body.resolve_cash_request().request()),
                                          body.resolve_cash_request().approved()};
      case TransactionBody::kUpdateMeter:
        return meter(body.update_meter());
      case TransactionBody::kSetMeterStanding:
        return ledger::SetMeterStanding{
            id<MeterId>(body.set_meter_standing().meter()),
            number<ledger::MeterStanding>(body.set_meter_standing().standing())};
      case TransactionBody::kDisputeReading: {
        const auto& in = body.dispute_reading();
        return ledger::DisputeReading{id<MeterId>(in.meter()), in.sequence(),
                                      number<ledger::DisputeReason>(in.reason())};
      }
      case TransactionBody::kResolveDispute: {
        const auto& in = body.resolve_dispute();
        return ledger::ResolveDispute{id<MeterId>(in.meter()), in.sequence(), in.upheld()};
      }
      case TransactionBody::PAYLOAD_NOT_SET:
        break;
    }
    fail("a transaction without a known payload");
    return {};
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> array(const std::string& bytes) {
    std::array<std::uint8_t, N> result{};
    if (!copy_exactly(bytes, result)) fail(wrong_length);
    return result;
  }

 private:
  void fail(const char* what) {
    if (fault_.empty()) fault_ = what;
  }

  template <class Id>
  Id id(const std::string& text) {
    auto parsed = Id::parse(text);
    if (parsed) return *std::move(parsed);
    fail("not a valid id");
    return {};
  }

  /// Which numbers an enum has is for check_payload; here they only must fit.
  template <class Enum>
  Enum number(std::uint32_t value) {
    if (value > 0xff) fail("unknown number of an enumeration");
    return static_cast<Enum>(static_cast<std::uint8_t>(value));
  }

  ledger::ParticipantRef ref(const ParticipantRef& in) {
    return {number<ledger::ParticipantType>(in.type()), id<ParticipantId>(in.id())};
  }

  static ledger::AssetReferences assets(const Participant& in) {
    return {in.energy_asset(), in.coins_asset(), in.cash_asset()};
  }

  ledger::AssetClass asset(const AssetBalance& in) {
    return number<ledger::AssetClass>(in.asset());
  }

  ledger::Participant participant(const Participant& in) {
    ledger::Participant out;
    out.ref = ref(in.ref());
    out.buy_rate = Price::from_nano(in.buy_rate());
    out.sell_rate = Price::from_nano(in.sell_rate());
    if (in.has_owner()) out.owner = id<ParticipantId>(in.owner());
    out.vehicle_type = number<ledger::VehicleType>(in.vehicle_type());
    out.brand = in.brand();
    out.model = in.model();
    out.name = in.name();
    out.supplier = in.supplier();
    out.tariff = Price::from_nano(in.tariff());
    out.feed_in = Price::from_nano(in.feed_in());
    if (!in.profile().empty()) out.profile = array<32>(in.profile());
    return out;
  }

  ledger::Member member(const Member& in) {
    return {id<PeerId>(in.peer()), array<32>(in.consensus_key()), array<32>(in.gateway_key()),
            array<32>(in.transport_key())};
  }

  Payload meter(const RegisterMeter& in) {
    ledger::RegisterMeter out;
    out.meter = id<MeterId>(in.meter());
    out.owner = ref(in.owner());
    if (in.has_public_key()) out.public_key = array<32>(in.public_key());
    if (in.has_parent()) out.parent = id<MeterId>(in.parent());
    out.kind = number<ledger::MeterKind>(in.kind());
    out.plant_watts = in.plant_watts();
    out.cpe = in.cpe();
    return out;
  }

  Payload readings(const ReadingBatch& in) {
    ledger::ReadingBatch out;
    out.readings.reserve(static_cast<std::size_t>(in.readings_size()));
    for (const auto& entry : in.readings()) {
      ledger::SignedReading reading;
      // A meter id that is none is judged with its reading (as unknown), not with the batch.
      if (auto name = MeterId::parse(entry.meter())) reading.reading.meter = *std::move(name);
      reading.reading.sequence = entry.sequence();
      reading.reading.start = {entry.start_ms()};
      reading.reading.seconds = entry.seconds();
      reading.reading.imported = Energy::from_nano(entry.imported());
      reading.reading.exported = Energy::from_nano(entry.exported());
      reading.reading.produced = Energy::from_nano(entry.produced());
      if (entry.has_battery()) reading.reading.battery = Energy::from_nano(entry.battery());
      if (entry.has_corrects()) reading.reading.corrects = entry.corrects();
      if (entry.has_signature()) reading.signature = array<64>(entry.signature());
      out.readings.push_back(std::move(reading));
    }
    return out;
  }

  Payload criteria(const SetCriteria& in) {
    ledger::SetCriteria out;
    out.participant = ref(in.participant());
    out.sell_enabled = in.sell_enabled();
    if (in.has_sell_price()) out.sell_price = Price::from_nano(in.sell_price());
    out.buy_enabled = in.buy_enabled();
    if (in.has_buy_price()) out.buy_price = Price::from_nano(in.buy_price());
    out.sell_rules = rules(in.sell_rules());
    out.buy_rules = rules(in.buy_rules());
    out.automatic = in.automatic();
    out.battery_reserve = Energy::from_nano(in.battery_reserve());
    out.only_renewable = in.only_renewable();
    out.pay_more_for_green = in.pay_more_for_green();
    return out;
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> array_or_zero(const std::string& bytes) {
    return bytes.empty() ? std::array<std::uint8_t, N>{} : array<N>(bytes);
  }

  template <class Small>
  Small small(std::int64_t value) {
    if (!std::in_range<Small>(value)) fail("a number out of its range");
    return static_cast<Small>(value);
  }

  ledger::SealedKey sealed(const SealedKey& in) {
    if (in.box().empty() && in.salt().empty()) return {};
    return {array<16>(in.salt()), in.memory_kib(), in.passes(), to_bytes(as_bytes(in.box()))};
  }

  ledger::SideRules rules(const SideRules& in) {
    ledger::SideRules out;
    if (in.has_tariff_offset()) out.tariff_offset = Price::from_nano(in.tariff_offset());
    for (const auto& each : in.windows()) out.windows.push_back(window(each));
    for (const auto& partner : in.partners()) out.partners.push_back(ref(partner));
    return out;
  }

  ledger::WeeklyWindow window(const WeeklyWindow& in) {
    return {small<std::uint8_t>(in.weekdays()), small<std::uint16_t>(in.from_minute()),
            small<std::uint16_t>(in.to_minute())};
  }

  ledger::NetworkZone zone(const NetworkZone& in) {
    ledger::NetworkZone out;
    out.id = in.id();
    if (in.has_parent()) out.parent = in.parent();
    for (const auto& fee : in.fees()) {
      out.fees.push_back({Price::from_nano(fee.per_kwh()), fee.tariff_ppm(), {}});
      for (const auto& each : fee.windows()) out.fees.back().windows.push_back(window(each));
    }
    out.loss_nano = in.loss_nano();
    if (in.has_max_export()) out.max_export = Energy::from_nano(in.max_export());
    if (in.has_max_import()) out.max_import = Energy::from_nano(in.max_import());
    return out;
  }

  Payload network(const SetNetwork& in) {
    ledger::SetNetwork out;
    for (const auto& each : in.zones()) out.zones.push_back(zone(each));
    for (const auto& each : in.members()) {
      out.members.push_back({ref(each.participant()), each.zone()});
    }
    for (const auto& each : in.losses()) {
      out.losses.push_back({each.from(), each.to(), each.loss_nano()});
    }
    return out;
  }

  Payload shares(const SetShares& in) {
    ledger::SetShares out;
    out.from = {in.from_ms()};
    for (const auto& each : in.shares()) {
      out.shares.push_back({ref(each.participant()), each.share_nano()});
    }
    for (const auto& each : in.pairs()) {
      out.pairs.push_back({ref(each.producer()), ref(each.consumer()), each.share_nano()});
    }
    if (in.has_price()) out.price = Price::from_nano(in.price());
    return out;
  }

  Payload tariff(const SetTariff& in) {
    ledger::SetTariff out;
    out.utility = id<ParticipantId>(in.utility());
    out.from = {in.from_ms()};
    for (const auto& each : in.bands()) {
      out.bands.push_back(
          {each.name(), Price::from_nano(each.price()), Price::from_nano(each.feed_in()), {}});
      for (const auto& hours : each.windows()) out.bands.back().windows.push_back(window(hours));
    }
    for (const auto& each : in.mix()) {
      out.mix.push_back({number<ledger::EnergySource>(each.source()), each.ppm()});
    }
    return out;
  }

  Payload order(const PlaceOrder& in) {
    ledger::PlaceOrder out;
    out.participant = ref(in.participant());
    out.side = number<ledger::OrderSide>(in.side());
    out.first_slot = {in.first_slot_ms()};
    out.slots = small<std::uint16_t>(in.slots());
    out.energy = Energy::from_nano(in.energy());
    out.limit = Price::from_nano(in.limit());
    for (const auto& partner : in.partners()) out.partners.push_back(ref(partner));
    out.only_renewable = in.only_renewable();
    return out;
  }

  Payload calendar(const SetCalendar& in) {
    ledger::SetCalendar out;
    out.zone = in.zone();
    for (const auto& offset : in.offsets()) {
      out.offsets.push_back({{offset.from_ms()}, small<std::int16_t>(offset.minutes())});
    }
    return out;
  }

  Payload meter(const UpdateMeter& in) {
    ledger::UpdateMeter out;
    out.meter = id<MeterId>(in.meter());
    if (in.has_owner()) out.owner = ref(in.owner());
    if (in.has_public_key()) out.public_key = array<32>(in.public_key());
    if (in.has_plant_watts()) out.plant_watts = in.plant_watts();
    if (in.has_cpe()) out.cpe = in.cpe();
    return out;
  }

  Payload api_key(const AddApiKey& in) {
    ledger::AddApiKey out;
    out.hash = array<32>(in.hash());
    out.role = number<ledger::Role>(in.role());
    out.label = in.label();
    out.max_requests_per_second = in.max_requests_per_second();
    out.expires = {in.expires_ms()};
    return out;
  }

  std::string fault_;
};

}  // namespace

Result<ledger::Payload> read_payload(const TransactionBody& body) {
  PayloadDecoder in;
  auto payload = in.payload(body);
  if (!in.ok()) return Error{LedgerError::malformed, in.fault()};
  return payload;
}

}  // namespace powershare::wire
