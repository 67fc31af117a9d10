// The chain that the targets and their seeds belong to.
#pragma once

#include "tests/unit/ledger/ledger_fixture.hpp"

namespace powershare::fuzz {

inline const ledger::Genesis& genesis() {
  static const auto instance = [] {
    crypto::initialise();
    return ledger::test::genesis();
  }();
  return instance;
}

inline const crypto::Digest& genesis_hash() {
  static const auto instance = genesis().hash();
  return instance;
}

}  // namespace powershare::fuzz
