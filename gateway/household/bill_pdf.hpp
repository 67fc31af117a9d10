// A bill as PDF, A4, font embedded. Equal bills give equal bytes on all peers: the only date in the
// document's description is the bill's own.
#pragma once

#include <string>

#include "gateway/household/bill_text.hpp"

namespace powershare::gateway::household {

/// `local` turns the bill's times into its household's. Takes some hundredths of a second. Empty
/// where there is no memory for it.
std::string bill_pdf(const BillDocument& bill, const LocalTime& local, Language language);

}  // namespace powershare::gateway::household
