// Meters: changes, quarantine, disputes.
#include "ledger/execution.hpp"

namespace powershare::ledger {

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const UpdateMeter&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const SetMeterStanding&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const DisputeReading&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const ResolveDispute&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

}  // namespace powershare::ledger
