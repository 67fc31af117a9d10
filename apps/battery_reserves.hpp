// What simulated homes wish of the ledger for their batteries.
#pragma once

#include "apps/commands.hpp"
#include "apps/profiles.hpp"
#include "apps/up_folder.hpp"

namespace powershare::apps {

/// For each home with a battery the criterion that nothing is sold while less than the reserve of
/// the options is in it; once, on a new chain, so that households may change it. Nothing without
/// batteries or a reserve. AppError::failed where the chain refuses.
Result<void> wish_battery_reserves(const UpOptions& options, const UpFolder& folder,
                                   const Profiles* profiles);

}  // namespace powershare::apps
