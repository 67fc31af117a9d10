#include "ledger/market_payloads.hpp"

#include <array>

namespace powershare::ledger {
namespace {

/// By value, from 1.
constexpr std::array<std::string_view, 5> names = {"solar", "wind", "hydro", "thermal", "other"};

}  // namespace

std::string_view to_text(EnergySource source) {
  const auto position = static_cast<std::size_t>(source) - 1;
  return position < names.size() ? names[position] : "unknown";
}

std::optional<EnergySource> energy_source(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<EnergySource>(i + 1);
  }
  return std::nullopt;
}

}  // namespace powershare::ledger
