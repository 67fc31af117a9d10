#include "protocol/wire/payload_codec.hpp"

#include "ledger/error.hpp"
#include "transaction.pb.h"

namespace powershare::wire {
namespace {

using ledger::Payload;

// ── To Protobuf ─────────────────────────────────────────────────────────────────────────────────

void fill(ParticipantRef& out, const ledger::ParticipantRef& ref) {
  out.set_type(static_cast<std::uint32_t>(ref.type));
  out.set_id(ref.id.text());
}

void fill(Participant& out, const ledger::Participant& participant) {
  fill(*out.mutable_ref(), participant.ref);
  out.set_buy_rate(participant.buy_rate.nano());
  out.set_sell_rate(participant.sell_rate.nano());
  if (participant.owner) out.set_owner(participant.owner->text());
  out.set_vehicle_type(static_cast<std::uint32_t>(participant.vehicle_type));
  out.set_brand(participant.brand);
  out.set_model(participant.model);
  out.set_name(participant.name);
  out.set_supplier(participant.supplier);
  out.set_tariff(participant.tariff.nano());
  out.set_feed_in(participant.feed_in.nano());
  out.set_profile(text_of(participant.profile));
}

void fill(SignedReading& out, const ledger::SignedReading& entry) {
  const auto& reading = entry.reading;
  out.set_meter(reading.meter.text());
  out.set_sequence(reading.sequence);
  out.set_start_ms(reading.start.value);
  out.set_seconds(reading.seconds);
  out.set_imported(reading.imported.nano());
  out.set_exported(reading.exported.nano());
  out.set_produced(reading.produced.nano());
  if (reading.battery) out.set_battery(reading.battery->nano());
  if (reading.corrects) out.set_corrects(*reading.corrects);
  if (entry.signature) out.set_signature(text_of(*entry.signature));
}

template <class AssetPayload>
void fill_asset(AssetBalance& out, const AssetPayload& payload) {
  fill(*out.mutable_owner(), payload.owner);
  out.set_asset(static_cast<std::uint32_t>(payload.asset));
  out.set_currency(payload.currency);
}

template <class CashPayload>
void fill_cash(ResidentCash& out, const CashPayload& payload) {
  out.set_cash(payload.cash.nano());
  out.set_currency(payload.currency);
  fill(*out.mutable_resident(), payload.resident);
}

void fill(Member& out, const ledger::Member& member) {
  out.set_peer(member.peer.text());
  out.set_consensus_key(text_of(member.consensus_key));
  out.set_gateway_key(text_of(member.gateway_key));
  out.set_transport_key(text_of(member.transport_key));
}

/// One overload per payload.
struct PayloadEncoder {
  TransactionBody& body;

  void operator()(const ledger::AddParticipant& payload) const {
    fill(*body.mutable_add_participant(), payload.participant);
  }
  void operator()(const ledger::UpdateParticipant& payload) const {
    fill(*body.mutable_update_participant(), payload.participant);
  }
  void operator()(const ledger::DeleteParticipant& payload) const {
    fill(*body.mutable_delete_participant(), payload.ref);
  }
  void operator()(const ledger::ProvisionAsset& payload) const {
    fill_asset(*body.mutable_provision_asset(), payload);
    body.mutable_provision_asset()->set_balance(payload.balance_nano);
  }
  void operator()(const ledger::AdjustAsset& payload) const {
    fill_asset(*body.mutable_adjust_asset(), payload);
    body.mutable_adjust_asset()->set_balance(payload.balance_nano);
  }
  void operator()(const ledger::DeleteAsset& payload) const {
    fill_asset(*body.mutable_delete_asset(), payload);
  }
  void operator()(const ledger::RegisterMeter& payload) const {
    auto& out = *body.mutable_register_meter();
    out.set_meter(payload.meter.text());
    fill(*out.mutable_owner(), payload.owner);
    if (payload.public_key) out.set_public_key(text_of(*payload.public_key));
    if (payload.parent) out.set_parent(payload.parent->text());
    out.set_kind(static_cast<std::uint32_t>(payload.kind));
    out.set_plant_watts(payload.plant_watts);
    out.set_cpe(payload.cpe);
  }
  void operator()(const ledger::RetireMeter& payload) const {
    body.mutable_retire_meter()->set_meter(payload.meter.text());
  }
  void operator()(const ledger::BindKey& payload) const {
    auto& out = *body.mutable_bind_key();
    out.set_key(text_of(payload.key));
    out.set_principal(payload.principal);
    out.set_scopes(payload.scopes);
  }
  void operator()(const ledger::RevokeKey& payload) const {
    body.mutable_revoke_key()->set_key(text_of(payload.key));
  }
  void operator()(const ledger::EnergyToCoins& payload) const {
    auto& out = *body.mutable_energy_to_coins();
    out.set_energy_rate(payload.energy_rate.nano());
    out.set_energy(payload.energy.nano());
    fill(*out.mutable_seller(), payload.seller);
    fill(*out.mutable_buyer(), payload.buyer);
  }
  void operator()(const ledger::CashToCoins& payload) const {
    auto& out = *body.mutable_cash_to_coins();
    out.set_cash_rate(payload.cash_rate.nano());
    out.set_cash(payload.cash.nano());
    out.set_currency(payload.currency);
    fill(*out.mutable_coins_to(), payload.coins_to);
    fill(*out.mutable_coins_from(), payload.coins_from);
  }
  void operator()(const ledger::TransferCoinsToEV& payload) const {
    auto& out = *body.mutable_transfer_coins_to_ev();
    out.set_coins(payload.coins.nano());
    fill(*out.mutable_from(), payload.from);
    fill(*out.mutable_to(), payload.to);
  }
  void operator()(const ledger::CashFundingResident& payload) const {
    fill_cash(*body.mutable_cash_funding_resident(), payload);
  }
  void operator()(const ledger::CashWithdrawalResident& payload) const {
    fill_cash(*body.mutable_cash_withdrawal_resident(), payload);
  }
  void operator()(const ledger::ReadingBatch& payload) const {
    auto& out = *body.mutable_reading_batch();
    for (const auto& reading : payload.readings) fill(*out.add_readings(), reading);
  }
  void operator()(const ledger::SetCriteria& payload) const {
    auto& out = *body.mutable_set_criteria();
    fill(*out.mutable_participant(), payload.participant);
    out.set_sell_enabled(payload.sell_enabled);
    if (payload.sell_price) out.set_sell_price(payload.sell_price->nano());
    out.set_buy_enabled(payload.buy_enabled);
    if (payload.buy_price) out.set_buy_price(payload.buy_price->nano());
  }
  void operator()(const ledger::ClockStep& payload) const {
    body.mutable_clock_step()->set_to_ms(payload.to.value);
  }
  void operator()(const ledger::SetParameter& payload) const {
    body.mutable_set_parameter()->set_name(payload.name);
    body.mutable_set_parameter()->set_value(payload.value);
  }
  void operator()(const ledger::AddMember& payload) const {
    auto& out = *body.mutable_add_member();
    fill(*out.mutable_member(), payload.member);
    out.set_control_endpoint(payload.control_endpoint);
    out.set_bulk_endpoint(payload.bulk_endpoint);
  }
  void operator()(const ledger::RemoveMember& payload) const {
    body.mutable_remove_member()->set_peer(payload.peer.text());
  }
  void operator()(const ledger::ReplaceMemberKeys& payload) const {
    fill(*body.mutable_replace_member_keys(), payload.member);
  }
  void operator()(const ledger::SetFeatureLevel& payload) const {
    body.mutable_set_feature_level()->set_level(payload.level);
  }
};

// ── From Protobuf ───────────────────────────────────────────────────────────────────────────────

/// Reads fields; after the first fault ok() is false and the values mean nothing.
class PayloadDecoder {
 public:
  bool ok() const { return fault_.empty(); }
  const std::string& fault() const { return fault_; }

  Payload payload(const TransactionBody& body) {
    switch (body.payload_case()) {
      case TransactionBody::kAddParticipant:
        return ledger::AddParticipant{participant(body.add_participant())};
      case TransactionBody::kUpdateParticipant:
        return ledger::UpdateParticipant{participant(body.update_participant())};
      case TransactionBody::kDeleteParticipant:
        return ledger::DeleteParticipant{ref(body.delete_participant())};
      case TransactionBody::kProvisionAsset: {
        const auto& in = body.provision_asset();
        return ledger::ProvisionAsset{ref(in.owner()), asset(in), in.currency(), in.balance()};
      }
      case TransactionBody::kAdjustAsset: {
        const auto& in = body.adjust_asset();
        return ledger::AdjustAsset{ref(in.owner()), asset(in), in.currency(), in.balance()};
      }
      case TransactionBody::kDeleteAsset: {
        const auto& in = body.delete_asset();
        if (in.balance() != 0) fail("a deletion has no balance");
        return ledger::DeleteAsset{ref(in.owner()), asset(in), in.currency()};
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
                                     Energy::from_nano(in.energy()), ref(in.seller()),
                                     ref(in.buyer())};
      }
      case TransactionBody::kCashToCoins: {
        const auto& in = body.cash_to_coins();
        return ledger::CashToCoins{Price::from_nano(in.cash_rate()), Cash::from_nano(in.cash()),
                                   in.currency(), ref(in.coins_to()), ref(in.coins_from())};
      }
      case TransactionBody::kTransferCoinsToEv: {
        const auto& in = body.transfer_coins_to_ev();
        return ledger::TransferCoinsToEV{Coins::from_nano(in.coins()), ref(in.from()),
                                         ref(in.to())};
      }
      case TransactionBody::kCashFundingResident: {
        const auto& in = body.cash_funding_resident();
        return ledger::CashFundingResident{Cash::from_nano(in.cash()), in.currency(),
                                           ref(in.resident())};
      }
      case TransactionBody::kCashWithdrawalResident: {
        const auto& in = body.cash_withdrawal_resident();
        return ledger::CashWithdrawalResident{Cash::from_nano(in.cash()), in.currency(),
                                              ref(in.resident())};
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
    return out;
  }

  std::string fault_;
};

}  // namespace

void fill_payload(TransactionBody& body, const ledger::Payload& payload) {
  std::visit(PayloadEncoder{body}, payload);
}

Result<ledger::Payload> read_payload(const TransactionBody& body) {
  PayloadDecoder in;
  auto payload = in.payload(body);
  if (!in.ok()) return Error{LedgerError::malformed, in.fault()};
  return payload;
}

}  // namespace powershare::wire
