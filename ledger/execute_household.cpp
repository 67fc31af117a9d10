// A household's preferences and its cash requests.
#include "ledger/execution.hpp"

namespace powershare::ledger {

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const SetPreferences&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const RequestCash&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

Verdict execute(Overlay&, const BlockContext&, const Transaction&, const ResolveCashRequest&) {
  return Rejection{"not_available", "NOT WRITTEN YET"};
}

}  // namespace powershare::ledger
