// Explicit orders and the calendar.
#include "ledger/execution.hpp"

namespace powershare::ledger {

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const PlaceOrder&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const CancelOrder&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const SetCalendar&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

}  // namespace powershare::ledger
