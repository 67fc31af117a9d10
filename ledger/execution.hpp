// The effect of one transaction that its signer may submit.
#pragma once

#include "ledger/block_context.hpp"
#include "ledger/overlay.hpp"
#include "ledger/rights.hpp"

namespace powershare::ledger {

/// Executes the payload on `state`, an overlay of its own: on a rejection the caller drops it.
/// `scopes` are the signer's for the transaction's principal; rights have been checked. Fills
/// `readings` for a ReadingBatch.
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                std::uint32_t scopes, std::vector<ReadingResult>& readings);

// The parts of execute(), by subject.
Verdict execute(Overlay& state, const BlockContext& context, const AddParticipant& payload);
Verdict execute(Overlay& state, const BlockContext&, const UpdateParticipant& payload);
Verdict execute(Overlay& state, const BlockContext& context, const DeleteParticipant& payload);
Verdict execute(Overlay& state, const ProvisionAsset& payload);
Verdict execute(Overlay& state, const AdjustAsset& payload);
Verdict execute(Overlay& state, const DeleteAsset& payload);
Verdict execute(Overlay& state, const BlockContext& context, const RegisterMeter& payload);
Verdict execute(Overlay& state, const BlockContext& context, const RetireMeter& payload);
Verdict execute(Overlay& state, const BlockContext& context, const SetCriteria& payload);
Verdict execute(Overlay& state, const BindKey& payload);
/// `principal` empty: all bindings of the key; else only the one to it.
Verdict execute(Overlay& state, const RevokeKey& payload, std::string_view principal);
Verdict execute(Overlay& state, const EnergyToCoins& payload);
Verdict execute(Overlay& state, const CashToCoins& payload);
Verdict execute(Overlay& state, const TransferCoinsToEV& payload);
Verdict execute(Overlay& state, const CashFundingResident& payload);
Verdict execute(Overlay& state, const CashWithdrawalResident& payload);
Verdict execute(Overlay& state, const BlockContext& context, const ClockStep& payload);
Verdict execute(Overlay& state, const SetParameter& payload);
Verdict execute(Overlay& state, const SetNetwork& payload);
Verdict execute(Overlay& state, const BlockContext& context, const SetSource& payload);
Verdict execute(Overlay& state, const BlockContext& context, const SetShares& payload);
Verdict execute(Overlay& state, const BlockContext& context, const SetTariff& payload);
Verdict execute(Overlay& state, const BlockContext& context, const AddMember& payload);
Verdict execute(Overlay& state, const BlockContext& context, const RemoveMember& payload);
Verdict execute(Overlay& state, const BlockContext& context, const ReplaceMemberKeys& payload);
Verdict execute(Overlay& state, const BlockContext& context, const SetFeatureLevel& payload);

Verdict execute(Overlay& state, const IssueIdentity& payload);
Verdict execute(Overlay& state, const RevokeIdentity& payload);
Verdict execute(Overlay& state, const BlockContext& context, const AddApiKey& payload);
Verdict execute(Overlay& state, const RevokeApiKey& payload);

Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const Invite& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const WithdrawInvitation& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const AcceptInvitation& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const SetLogin& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const RemoveLogin& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const OpenSession& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const CloseSession& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const PlaceOrder& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const CancelOrder& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const SetCalendar& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const SetPreferences& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const RequestCash& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const ResolveCashRequest& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const UpdateMeter& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const SetMeterStanding& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const DisputeReading& payload);
Verdict execute(Overlay& state, const BlockContext& context, const Transaction& transaction,
                const ResolveDispute& payload);

/// The verdict of a failed booking: "insufficient_balance", "overflow" or "invariant".
Verdict rejected(const Error& error);

}  // namespace powershare::ledger
