// Invitations, log-ins and sessions.
#include "ledger/execution.hpp"

namespace powershare::ledger {

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const Invite&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const WithdrawInvitation&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const AcceptInvitation&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const SetLogin&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const RemoveLogin&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const OpenSession&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const CloseSession&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

}  // namespace powershare::ledger
