// Payloads of feature level 3 whose execution is being written: taken away piece by piece.
#include "ledger/execution.hpp"

namespace powershare::ledger {
namespace {
Verdict pending() {
  return Rejection{"pending", "This is being written"};
}
}  // namespace

Verdict execute(Overlay&, const BlockContext&, const UpdateMeter&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const SetMeterStanding&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const DisputeReading&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const SetCalendar&) {
  return pending();
}
Verdict execute(Overlay&, const IssueIdentity&) {
  return pending();
}
Verdict execute(Overlay&, const RevokeIdentity&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const AddApiKey&) {
  return pending();
}
Verdict execute(Overlay&, const RevokeApiKey&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Invite&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const AcceptInvitation&) {
  return pending();
}
Verdict execute(Overlay&, const SetLogin&) {
  return pending();
}
Verdict execute(Overlay&, const RemoveLogin&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const OpenSession&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const CloseSession&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const RequestCash&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const ResolveCashRequest&) {
  return pending();
}
Verdict execute(Overlay&, const SetPreferences&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const PlaceOrder&) {
  return pending();
}
Verdict execute(Overlay&, const BlockContext&, const Transaction&, const CancelOrder&) {
  return pending();
}

}  // namespace powershare::ledger
