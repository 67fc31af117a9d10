// Payloads to Protobuf.
#include "protocol/wire/payload_codec.hpp"

#include "transaction.pb.h"

namespace powershare::wire {
namespace {

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

void fill(Participant& out, const ledger::AssetReferences& assets) {
  out.set_energy_asset(assets.energy);
  out.set_coins_asset(assets.coins);
  out.set_cash_asset(assets.cash);
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
  out.set_id(payload.id);
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

void fill(SealedKey& out, const ledger::SealedKey& sealed) {
  out.set_salt(text_of(sealed.salt));
  out.set_memory_kib(sealed.memory_kib);
  out.set_passes(sealed.passes);
  out.set_box(std::string(as_text(sealed.box)));
}

void fill(WeeklyWindow& out, const ledger::WeeklyWindow& window) {
  out.set_weekdays(window.weekdays);
  out.set_from_minute(window.from_minute);
  out.set_to_minute(window.to_minute);
}

void fill(NetworkZone& out, const ledger::NetworkZone& zone) {
  out.set_id(zone.id);
  if (zone.parent) out.set_parent(*zone.parent);
  for (const auto& fee : zone.fees) {
    auto& entry = *out.add_fees();
    entry.set_per_kwh(fee.per_kwh.nano());
    entry.set_tariff_ppm(fee.tariff_ppm);
    for (const auto& window : fee.windows) fill(*entry.add_windows(), window);
  }
  out.set_loss_nano(zone.loss_nano);
  if (zone.max_export) out.set_max_export(zone.max_export->nano());
  if (zone.max_import) out.set_max_import(zone.max_import->nano());
}

void fill(SideRules& out, const ledger::SideRules& rules) {
  if (rules.tariff_offset) out.set_tariff_offset(rules.tariff_offset->nano());
  for (const auto& window : rules.windows) fill(*out.add_windows(), window);
  for (const auto& partner : rules.partners) fill(*out.add_partners(), partner);
}

/// One overload per payload.
struct PayloadEncoder {
  TransactionBody& body;

  void operator()(const ledger::AddParticipant& payload) const {
    fill(*body.mutable_add_participant(), payload.participant);
    fill(*body.mutable_add_participant(), payload.assets);
  }
  void operator()(const ledger::UpdateParticipant& payload) const {
    fill(*body.mutable_update_participant(), payload.participant);
    fill(*body.mutable_update_participant(), payload.assets);
  }
  void operator()(const ledger::DeleteParticipant& payload) const {
    fill(*body.mutable_delete_participant(), payload.ref);
  }
  void operator()(const ledger::ProvisionAsset& payload) const {
    fill_asset(*body.mutable_provision_asset(), payload);
    body.mutable_provision_asset()->set_balance(payload.balance_nano);
    body.mutable_provision_asset()->set_units(payload.units);
  }
  void operator()(const ledger::AdjustAsset& payload) const {
    fill_asset(*body.mutable_adjust_asset(), payload);
    auto& out = *body.mutable_adjust_asset();
    out.set_balance(payload.balance_nano);
    out.set_units(payload.units);
    if (payload.new_owner) fill(*out.mutable_new_owner(), *payload.new_owner);
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
    out.set_coins_inc(payload.coins_inc);
    out.set_coins_dec(payload.coins_dec);
    out.set_energy_inc(payload.energy_inc);
    out.set_energy_dec(payload.energy_dec);
  }
  void operator()(const ledger::CashToCoins& payload) const {
    auto& out = *body.mutable_cash_to_coins();
    out.set_cash_rate(payload.cash_rate.nano());
    out.set_cash(payload.cash.nano());
    out.set_currency(payload.currency);
    fill(*out.mutable_coins_to(), payload.coins_to);
    fill(*out.mutable_coins_from(), payload.coins_from);
    out.set_coins_inc(payload.coins_inc);
    out.set_coins_dec(payload.coins_dec);
    out.set_cash_inc(payload.cash_inc);
    out.set_cash_dec(payload.cash_dec);
  }
  void operator()(const ledger::TransferCoinsToEV& payload) const {
    auto& out = *body.mutable_transfer_coins_to_ev();
    out.set_coins(payload.coins.nano());
    fill(*out.mutable_from(), payload.from);
    fill(*out.mutable_to(), payload.to);
    out.set_coins_inc(payload.coins_inc);
    out.set_coins_dec(payload.coins_dec);
  }
  void operator()(const ledger::CashFundingResident& payload) const {
    fill_cash(*body.mutable_cash_funding_resident(), payload);
    body.mutable_cash_funding_resident()->set_asset(payload.cash_inc);
  }
  void operator()(const ledger::CashWithdrawalResident& payload) const {
    fill_cash(*body.mutable_cash_withdrawal_resident(), payload);
    body.mutable_cash_withdrawal_resident()->set_asset(payload.cash_dec);
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
    if (!payload.sell_rules.empty()) fill(*out.mutable_sell_rules(), payload.sell_rules);
    if (!payload.buy_rules.empty()) fill(*out.mutable_buy_rules(), payload.buy_rules);
    out.set_automatic(payload.automatic);
    out.set_battery_reserve(payload.battery_reserve.nano());
    out.set_only_renewable(payload.only_renewable);
    out.set_pay_more_for_green(payload.pay_more_for_green);
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
  void operator()(const ledger::IssueIdentity& payload) const {
    auto& out = *body.mutable_issue_identity();
    out.set_identity(text_of(payload.identity));
    out.set_name(payload.name);
    fill(*out.mutable_participant(), payload.participant);
    out.set_secret_hash(text_of(payload.secret_hash));
    out.set_certificate(payload.certificate);
  }
  void operator()(const ledger::RevokeIdentity& payload) const {
    body.mutable_revoke_identity()->set_identity(text_of(payload.identity));
  }
  void operator()(const ledger::AddApiKey& payload) const {
    auto& out = *body.mutable_add_api_key();
    out.set_hash(text_of(payload.hash));
    out.set_role(static_cast<std::uint32_t>(payload.role));
    out.set_label(payload.label);
    out.set_max_requests_per_second(payload.max_requests_per_second);
    out.set_expires_ms(payload.expires.value);
  }
  void operator()(const ledger::RevokeApiKey& payload) const {
    body.mutable_revoke_api_key()->set_hash(text_of(payload.hash));
  }
  void operator()(const ledger::Invite& payload) const {
    auto& out = *body.mutable_invite();
    out.set_invitation(text_of(payload.invitation));
    fill(*out.mutable_participant(), payload.participant);
    out.set_expires_ms(payload.expires.value);
  }
  void operator()(const ledger::WithdrawInvitation& payload) const {
    body.mutable_withdraw_invitation()->set_invitation(text_of(payload.invitation));
  }
  void operator()(const ledger::AcceptInvitation& payload) const {
    auto& out = *body.mutable_accept_invitation();
    out.set_key(text_of(payload.key));
    if (payload.login != crypto::Digest{}) out.set_login(text_of(payload.login));
    if (!payload.sealed.empty()) fill(*out.mutable_sealed(), payload.sealed);
  }
  void operator()(const ledger::SetLogin& payload) const {
    auto& out = *body.mutable_set_login();
    fill(*out.mutable_participant(), payload.participant);
    out.set_login(text_of(payload.login));
    out.set_key(text_of(payload.key));
    fill(*out.mutable_sealed(), payload.sealed);
  }
  void operator()(const ledger::RemoveLogin& payload) const {
    fill(*body.mutable_remove_login()->mutable_participant(), payload.participant);
    body.mutable_remove_login()->set_login(text_of(payload.login));
  }
  void operator()(const ledger::OpenSession& payload) const {
    auto& out = *body.mutable_open_session();
    fill(*out.mutable_participant(), payload.participant);
    out.set_session(text_of(payload.session));
    out.set_refresh(text_of(payload.refresh));
    out.set_expires_ms(payload.expires.value);
    out.set_refresh_expires_ms(payload.refresh_expires.value);
  }
  void operator()(const ledger::CloseSession& payload) const {
    auto& out = *body.mutable_close_session();
    fill(*out.mutable_participant(), payload.participant);
    if (payload.session != crypto::PublicKey{}) out.set_session(text_of(payload.session));
  }
  void operator()(const ledger::PlaceOrder& payload) const {
    auto& out = *body.mutable_place_order();
    fill(*out.mutable_participant(), payload.participant);
    out.set_side(static_cast<std::uint32_t>(payload.side));
    out.set_first_slot_ms(payload.first_slot.value);
    out.set_slots(payload.slots);
    out.set_energy(payload.energy.nano());
    out.set_limit(payload.limit.nano());
    for (const auto& partner : payload.partners) fill(*out.add_partners(), partner);
    out.set_only_renewable(payload.only_renewable);
  }
  void operator()(const ledger::CancelOrder& payload) const {
    fill(*body.mutable_cancel_order()->mutable_participant(), payload.participant);
    body.mutable_cancel_order()->set_order(text_of(payload.order));
  }
  void operator()(const ledger::SetCalendar& payload) const {
    auto& out = *body.mutable_set_calendar();
    out.set_zone(payload.zone);
    for (const auto& offset : payload.offsets) {
      auto& entry = *out.add_offsets();
      entry.set_from_ms(offset.from.value);
      entry.set_minutes(offset.minutes);
    }
  }
  void operator()(const ledger::SetNetwork& payload) const {
    auto& out = *body.mutable_set_network();
    for (const auto& zone : payload.zones) fill(*out.add_zones(), zone);
    for (const auto& member : payload.members) {
      auto& entry = *out.add_members();
      fill(*entry.mutable_participant(), member.participant);
      entry.set_zone(member.zone);
    }
    for (const auto& loss : payload.losses) {
      auto& entry = *out.add_losses();
      entry.set_from(loss.from);
      entry.set_to(loss.to);
      entry.set_loss_nano(loss.loss_nano);
    }
  }
  void operator()(const ledger::SetSource& payload) const {
    body.mutable_set_source()->set_meter(payload.meter.text());
    body.mutable_set_source()->set_source(static_cast<std::uint32_t>(payload.source));
  }
  void operator()(const ledger::SetShares& payload) const {
    auto& out = *body.mutable_set_shares();
    out.set_from_ms(payload.from.value);
    for (const auto& share : payload.shares) {
      auto& entry = *out.add_shares();
      fill(*entry.mutable_participant(), share.participant);
      entry.set_share_nano(share.share_nano);
    }
    for (const auto& pair : payload.pairs) {
      auto& entry = *out.add_pairs();
      fill(*entry.mutable_producer(), pair.producer);
      fill(*entry.mutable_consumer(), pair.consumer);
      entry.set_share_nano(pair.share_nano);
    }
    if (payload.price) out.set_price(payload.price->nano());
  }
  void operator()(const ledger::SetTariff& payload) const {
    auto& out = *body.mutable_set_tariff();
    out.set_utility(payload.utility.text());
    out.set_from_ms(payload.from.value);
    for (const auto& band : payload.bands) {
      auto& entry = *out.add_bands();
      entry.set_name(band.name);
      entry.set_price(band.price.nano());
      entry.set_feed_in(band.feed_in.nano());
      for (const auto& window : band.windows) fill(*entry.add_windows(), window);
    }
    for (const auto& part : payload.mix) {
      auto& entry = *out.add_mix();
      entry.set_source(static_cast<std::uint32_t>(part.source));
      entry.set_ppm(part.ppm);
    }
  }
  void operator()(const ledger::SetPreferences& payload) const {
    auto& out = *body.mutable_set_preferences();
    fill(*out.mutable_participant(), payload.participant);
    out.set_ranking(static_cast<std::uint32_t>(payload.ranking));
    out.set_low_balance(payload.low_balance.nano());
    out.set_top_up_below(payload.top_up_below.nano());
    out.set_top_up_amount(payload.top_up_amount.nano());
  }
  void operator()(const ledger::RequestCash& payload) const {
    auto& out = *body.mutable_request_cash();
    fill(*out.mutable_participant(), payload.participant);
    out.set_withdrawal(payload.withdrawal);
    out.set_cash(payload.cash.nano());
    out.set_currency(payload.currency);
  }
  void operator()(const ledger::ResolveCashRequest& payload) const {
    body.mutable_resolve_cash_request()->set_request(text_of(payload.request));
    body.mutable_resolve_cash_request()->set_approved(payload.approved);
  }
  void operator()(const ledger::UpdateMeter& payload) const {
    auto& out = *body.mutable_update_meter();
    out.set_meter(payload.meter.text());
    if (payload.owner) fill(*out.mutable_owner(), *payload.owner);
    if (payload.public_key) out.set_public_key(text_of(*payload.public_key));
    if (payload.plant_watts) out.set_plant_watts(*payload.plant_watts);
    if (payload.cpe) out.set_cpe(*payload.cpe);
  }
  void operator()(const ledger::SetMeterStanding& payload) const {
    body.mutable_set_meter_standing()->set_meter(payload.meter.text());
    body.mutable_set_meter_standing()->set_standing(static_cast<std::uint32_t>(payload.standing));
  }
  void operator()(const ledger::DisputeReading& payload) const {
    auto& out = *body.mutable_dispute_reading();
    out.set_meter(payload.meter.text());
    out.set_sequence(payload.sequence);
    out.set_reason(static_cast<std::uint32_t>(payload.reason));
  }
  void operator()(const ledger::ResolveDispute& payload) const {
    auto& out = *body.mutable_resolve_dispute();
    out.set_meter(payload.meter.text());
    out.set_sequence(payload.sequence);
    out.set_upheld(payload.upheld);
  }
};

}  // namespace

void fill_payload(TransactionBody& body, const ledger::Payload& payload) {
  std::visit(PayloadEncoder{body}, payload);
}

}  // namespace powershare::wire
