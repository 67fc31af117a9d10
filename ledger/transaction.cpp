#include "ledger/transaction.hpp"

namespace powershare::ledger {
namespace {

/// In the order of Payload's alternatives.
constexpr std::string_view names[] = {
    "AddParticipant",
    "UpdateParticipant",
    "DeleteParticipant",
    "ProvisionAsset",
    "AdjustAsset",
    "DeleteAsset",
    "RegisterMeter",
    "RetireMeter",
    "BindKey",
    "RevokeKey",
    "EnergyToCoins",
    "CashToCoins",
    "TransferCoinsToEV",
    "CashFundingResident",
    "CashWithdrawalResident",
    "ReadingBatch",
    "SetCriteria",
    "ClockStep",
    "SetParameter",
    "AddMember",
    "RemoveMember",
    "ReplaceMemberKeys",
    "SetFeatureLevel",
    "IssueIdentity",
    "RevokeIdentity",
    "AddApiKey",
    "RevokeApiKey",
    "Invite",
    "WithdrawInvitation",
    "AcceptInvitation",
    "SetLogin",
    "RemoveLogin",
    "OpenSession",
    "CloseSession",
    "PlaceOrder",
    "CancelOrder",
    "SetCalendar",
    "SetPreferences",
    "RequestCash",
    "ResolveCashRequest",
    "UpdateMeter",
    "SetMeterStanding",
    "DisputeReading",
    "ResolveDispute",
    "SetNetwork",
    "SetSource",
    "SetShares",
    "SetTariff",
};
static_assert(std::size(names) == std::variant_size_v<Payload>);

}  // namespace

std::string_view payload_name(const Payload& payload) {
  return names[payload.index()];
}

}  // namespace powershare::ledger
