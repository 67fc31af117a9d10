#include "ledger/rights.hpp"

#include <algorithm>

#include "ledger/access.hpp"
#include "ledger/cash_requests.hpp"
#include "ledger/criteria.hpp"
#include "ledger/parameters.hpp"

namespace powershare::ledger {
namespace {

/// The thesis's rate between coins and euros. Only the administrator's CashToCoins may differ from
/// it.
constexpr Price bank_rate = Price::from_nano(nano_per_unit);

Verdict forbidden(std::string message) {
  return Rejection{"forbidden", std::move(message)};
}
Verdict no_consent(std::string message) {
  return Rejection{"no_consent", std::move(message)};
}

/// At which price a participant sells to, and buys from, `other` now, by what it has published.
struct Published {
  std::optional<Price> sell_at_least;
  std::optional<Price> buy_at_most;
};

bool deals_with(const SideStance& side, const ParticipantRef& other) {
  if (!side.open) return false;
  const auto& partners = side.partners;
  return partners.empty() || std::find(partners.begin(), partners.end(), other) != partners.end();
}

Published published(const StateReader& state, const ParticipantRef& ref,
                    const ParticipantRef& other) {
  const auto participant = find_participant(state, ref);
  if (!participant) return {};
  if (ref.type == ParticipantType::utility_company) {
    if (!participant->supplier) return {participant->tariff, std::nullopt};
    return {participant->tariff, participant->feed_in};
  }
  const auto slot = slot_start(island_time(state), parameters(state).slot_ms);
  const Supply supply = current_supply(state);
  const Stance stance = stance_of(state, ref, slot, supply);
  Published result;
  if (deals_with(stance.sell, other)) result.sell_at_least = stance.sell.price;
  // Energy that was credited has no origin: it is not renewable to anyone.
  if (deals_with(stance.buy, other) && !stance.only_renewable) {
    result.buy_at_most = stance.buy.price;
    if (stance.pay_more_for_green && supply.supplier) {
      result.buy_at_most = smaller(stance.buy.price, supply.tariff);
    }
  }
  return result;
}

/// The rights of whoever is not the administrator; one overload per payload.
class OwnRights {
 public:
  OwnRights(const StateReader& state, const std::string& principal, std::uint32_t scopes)
      : state_(state), principal_(principal), scopes_(scopes) {}

  Verdict operator()(const AddParticipant&) const { return administrator_only(); }
  Verdict operator()(const ProvisionAsset&) const { return administrator_only(); }
  Verdict operator()(const AdjustAsset&) const { return administrator_only(); }
  Verdict operator()(const DeleteAsset&) const { return administrator_only(); }
  Verdict operator()(const RegisterMeter&) const { return administrator_only(); }
  Verdict operator()(const RetireMeter&) const { return administrator_only(); }
  Verdict operator()(const CashFundingResident&) const { return administrator_only(); }
  Verdict operator()(const CashWithdrawalResident&) const { return administrator_only(); }

  Verdict operator()(const UpdateParticipant& payload) const {
    const auto& updated = payload.participant;
    if (!owns(updated.ref)) return not_yours();
    const auto current = find_participant(state_, updated.ref);
    if (current && (current->owner != updated.owner || current->supplier != updated.supplier)) {
      return forbidden("Only the administrator changes an owner or a supplier");
    }
    return {};
  }
  Verdict operator()(const DeleteParticipant& payload) const {
    return owns(payload.ref) ? bound_only() : not_yours();
  }
  /// Delegation: an owner may let another key act for it, with no more than its own rights.
  Verdict operator()(const BindKey& payload) const {
    if (!has(Scope::own) || payload.principal != principal_) return not_yours();
    if (payload.scopes != scope_bit(Scope::own)) {
      return forbidden("An owner can hand on its own rights only");
    }
    return bound_only();
  }
  Verdict operator()(const RevokeKey& payload) const {
    if (!has(Scope::own) || !find_binding(state_, payload.key, principal_)) return not_yours();
    return bound_only();
  }

  Verdict operator()(const EnergyToCoins& payload) const {
    const bool is_seller = owns(payload.seller);
    const bool is_buyer = owns(payload.buyer);
    if (!is_seller && !is_buyer) return not_yours();
    if (!is_buyer) {
      const auto at_most = published(state_, payload.buyer, payload.seller).buy_at_most;
      if (!at_most || payload.energy_rate > *at_most) {
        return no_consent("The consumer's buying criteria do not cover this rate");
      }
    }
    if (!is_seller) {
      const auto at_least = published(state_, payload.seller, payload.buyer).sell_at_least;
      if (!at_least || payload.energy_rate < *at_least) {
        return no_consent("The producer's selling criteria do not cover this rate");
      }
    }
    return {};
  }
  Verdict operator()(const CashToCoins& payload) const {
    const bool one = owns(payload.coins_to);
    const bool other = owns(payload.coins_from);
    if (!one && !other) return not_yours();
    const auto& resident_side =
        payload.coins_to.type == ParticipantType::bank ? payload.coins_from : payload.coins_to;
    if (!owns(resident_side)) return no_consent("The resident has not signed this exchange");
    if (payload.cash_rate != bank_rate) return no_consent("The bank's published rate is 1");
    return {};
  }
  Verdict operator()(const TransferCoinsToEV& payload) const {
    if (!owns(payload.from)) return not_yours();
    if (payload.from.type != ParticipantType::electric_vehicle) return {};
    const auto vehicle = find_participant(state_, payload.from);
    if (!vehicle || vehicle->owner != payload.to.id) {
      return forbidden("Only the owner of an electric vehicle withdraws from its wallet");
    }
    return {};
  }

  Verdict operator()(const ReadingBatch& payload) const {
    if (has(Scope::gateway)) return {};
    if (!has(Scope::own)) return not_yours();
    for (const auto& entry : payload.readings) {
      const auto meter = find_meter(state_, entry.reading.meter);
      if (!meter || !controls_at(*meter, entry.reading.start)) {
        return forbidden("An owner submits readings of its own meters only");
      }
    }
    return {};
  }
  Verdict operator()(const SetCriteria& payload) const { return own_only(payload.participant); }
  Verdict operator()(const ClockStep&) const {
    return has(Scope::feeder) ? Verdict{} : forbidden("Only the feeder's key steps the clock");
  }
  Verdict operator()(const SetParameter&) const {
    return has(Scope::governance) ? Verdict{} : forbidden("Only a governance key sets parameters");
  }
  Verdict operator()(const AddMember&) const { return governance_only(); }
  Verdict operator()(const RemoveMember&) const { return governance_only(); }
  Verdict operator()(const ReplaceMemberKeys&) const { return governance_only(); }
  Verdict operator()(const SetFeatureLevel&) const { return governance_only(); }

  Verdict operator()(const IssueIdentity&) const { return administrator_only(); }
  Verdict operator()(const RevokeIdentity&) const { return administrator_only(); }
  Verdict operator()(const AddApiKey&) const { return administrator_only(); }
  Verdict operator()(const RevokeApiKey&) const { return administrator_only(); }

  Verdict operator()(const Invite& payload) const { return own_keys(payload.participant); }
  Verdict operator()(const WithdrawInvitation& payload) const {
    const auto invitation = find_invitation(state_, payload.invitation);
    return invitation && is_principal(invitation->participant) ? Verdict{} : not_yours();
  }
  Verdict operator()(const AcceptInvitation&) const {
    if (has(Passing::invitation)) return {};
    return forbidden("Only the invitation's own key accepts it");
  }
  Verdict operator()(const SetLogin& payload) const { return own_keys(payload.participant); }
  Verdict operator()(const RemoveLogin& payload) const { return own_keys(payload.participant); }
  Verdict operator()(const OpenSession& payload) const {
    if (!has(Passing::refresh)) return own_keys(payload.participant);
    return principal_ == to_text(payload.participant) ? Verdict{} : not_yours();
  }
  Verdict operator()(const CloseSession& payload) const {
    return is_principal(payload.participant) ? Verdict{} : not_yours();
  }
  Verdict operator()(const PlaceOrder& payload) const { return own_only(payload.participant); }
  Verdict operator()(const CancelOrder& payload) const { return own_only(payload.participant); }
  Verdict operator()(const SetCalendar&) const {
    return has(Scope::governance) ? Verdict{} : administrator_only();
  }
  Verdict operator()(const SetPreferences& payload) const { return own_only(payload.participant); }
  Verdict operator()(const RequestCash& payload) const { return own_only(payload.participant); }
  /// Its owner may take a request back.
  Verdict operator()(const ResolveCashRequest& payload) const {
    if (payload.approved) return administrator_only();
    const auto request = find_cash_request(state_, payload.request);
    return request ? own_only(request->request.participant) : not_yours();
  }
  Verdict operator()(const UpdateMeter&) const { return administrator_only(); }
  Verdict operator()(const SetMeterStanding&) const { return administrator_only(); }
  Verdict operator()(const DisputeReading& payload) const {
    const auto meter = find_meter(state_, payload.meter);
    if (!meter) return not_yours();
    // Whoever has moved out still has bills for the time before.
    bool own = owns(meter->owner);
    for (const auto& former : meter->former) own = own || owns(former.owner);
    return own ? Verdict{} : not_yours();
  }
  Verdict operator()(const ResolveDispute&) const { return administrator_only(); }
  Verdict operator()(const SetNetwork&) const { return governance_only(); }
  Verdict operator()(const SetShares&) const { return governance_only(); }
  Verdict operator()(const SetSource&) const { return administrator_only(); }
  Verdict operator()(const SetTariff& payload) const {
    return owns({ParticipantType::utility_company, payload.utility}) ? Verdict{} : not_yours();
  }

 private:
  template <class Bit>
  bool has(Bit bit) const {
    return (scopes_ & scope_bit(bit)) != 0;
  }
  /// The participant itself acts, not the owner of a vehicle.
  bool is_principal(const ParticipantRef& ref) const {
    return has(Scope::own) && principal_ == to_text(ref);
  }
  /// Whoever holds a session's token for a while must not gain a key that lasts.
  Verdict bound_only() const {
    if (!has(Passing::session)) return {};
    return forbidden("A session does not decide about keys; a key that is bound has to sign");
  }
  Verdict own_keys(const ParticipantRef& ref) const {
    return is_principal(ref) ? bound_only() : not_yours();
  }
  bool controls_at(const MeterRecord& meter, UtcMillis start) const {
    const auto slot = slot_start(start, parameters(state_).slot_ms);
    return controls(state_, principal_, meter.owner_at(slot));
  }
  bool owns(const ParticipantRef& ref) const {
    return has(Scope::own) && controls(state_, principal_, ref);
  }
  Verdict own_only(const ParticipantRef& ref) const { return owns(ref) ? Verdict{} : not_yours(); }
  Verdict governance_only() const {
    return has(Scope::governance) ? Verdict{} : forbidden("Only a governance key may do this");
  }
  static Verdict administrator_only() { return forbidden("Only the administrator may do this"); }
  static Verdict not_yours() { return forbidden("This key may not act for the account's owner"); }

  const StateReader& state_;
  const std::string& principal_;
  std::uint32_t scopes_;
};

/// What a person does with a key that nobody else has: not even the administrator logs in as
/// somebody, or sets their password.
bool is_personal(const Payload& payload) {
  return std::holds_alternative<AcceptInvitation>(payload) ||
         std::holds_alternative<SetLogin>(payload) || std::holds_alternative<OpenSession>(payload);
}

bool changes_epoch(const Payload& payload) {
  return std::holds_alternative<AddMember>(payload) ||
         std::holds_alternative<RemoveMember>(payload) ||
         std::holds_alternative<ReplaceMemberKeys>(payload) ||
         std::holds_alternative<SetFeatureLevel>(payload);
}

/// Rights that the administrator's scope alone does not give.
Verdict check_beyond_administrator(const StateReader& state, const Transaction& transaction,
                                   std::uint32_t scopes) {
  const bool governs = (scopes & scope_bit(Scope::governance)) != 0;
  if (const auto* bind = std::get_if<BindKey>(&transaction.payload)) {
    if (!governs && bind->scopes != scope_bit(Scope::own)) {
      return forbidden("Only a governance key gives rights beyond an owner's");
    }
  } else if (const auto* revoke = std::get_if<RevokeKey>(&transaction.payload)) {
    for (const auto& binding : bindings_of(state, revoke->key)) {
      if (!governs && binding.scopes != scope_bit(Scope::own)) {
        return forbidden("Only a governance key takes rights beyond an owner's");
      }
    }
  } else if (std::holds_alternative<ClockStep>(transaction.payload) ||
             std::holds_alternative<SetParameter>(transaction.payload) ||
             std::holds_alternative<SetNetwork>(transaction.payload) ||
             std::holds_alternative<SetShares>(transaction.payload) ||
             changes_epoch(transaction.payload) || is_personal(transaction.payload)) {
    return std::visit(OwnRights(state, transaction.principal, scopes), transaction.payload);
  }
  return {};
}

}  // namespace

std::uint32_t authority(const StateReader& state, const PublicKey& signer,
                        std::string_view principal, UtcMillis now) {
  if (const auto binding = find_binding(state, signer, principal)) return binding->scopes;
  const auto open = [&](const auto& record, UtcMillis expires) {
    return principal == to_text(record->participant) && expires > now;
  };
  if (const auto session = find_session(state, signer)) {
    if (open(session, session->expires)) return scope_bit(Scope::own) | scope_bit(Passing::session);
  } else if (const auto refreshed = find_session_to_refresh(state, signer)) {
    if (open(refreshed, refreshed->refresh_expires)) return scope_bit(Passing::refresh);
  } else if (const auto invitation = find_invitation(state, signer)) {
    if (open(invitation, invitation->expires)) return scope_bit(Passing::invitation);
  }
  for (const auto& binding : bindings_of(state, signer)) {
    if (binding.has(Scope::administrator)) return scope_bit(Scope::administrator);
  }
  return 0;
}

bool controls(const StateReader& state, std::string_view principal,
              const ParticipantRef& participant) {
  if (principal == to_text(participant)) return true;
  if (participant.type != ParticipantType::electric_vehicle) return false;
  const auto vehicle = find_participant(state, participant);
  return vehicle && vehicle->owner &&
         principal == to_text(ParticipantRef{ParticipantType::resident, *vehicle->owner});
}

Verdict check_rights(const StateReader& state, const Transaction& transaction,
                     std::uint32_t scopes) {
  const bool about_keys = std::holds_alternative<BindKey>(transaction.payload) ||
                          std::holds_alternative<RevokeKey>(transaction.payload);
  const bool governs_keys = about_keys && (scopes & scope_bit(Scope::governance)) != 0;
  if (governs_keys || (scopes & scope_bit(Scope::administrator)) != 0) {
    return check_beyond_administrator(state, transaction, scopes);
  }
  return std::visit(OwnRights(state, transaction.principal, scopes), transaction.payload);
}

}  // namespace powershare::ledger
