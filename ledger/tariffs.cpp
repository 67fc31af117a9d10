#include "ledger/tariffs.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "ledger/error.hpp"
#include "ledger/records.hpp"
#include "ledger/validity.hpp"
#include "ledger/versions.hpp"

namespace powershare::ledger {
namespace {

constexpr std::int64_t max_price_nano = 1'000 * nano_per_unit;
constexpr std::uint32_t whole_ppm = 1'000'000;

Error malformed(std::string detail) {
  return {LedgerError::malformed, std::move(detail)};
}

Bytes prefix(const ParticipantId& utility) {
  return state_key::Builder(StateTable::tariff).text(utility.text()).take();
}

Result<void> check_band(const TariffBand& band) {
  if (band.name.empty() || !is_label(band.name, TariffLimits::max_name_bytes)) {
    return malformed("a band of a tariff has a name of 1 to 64 bytes");
  }
  for (const Price price : {band.price, band.feed_in}) {
    if (price.is_negative() || price.nano() > max_price_nano) {
      return malformed("a tariff must be between 0 and 1000 coins per kWh");
    }
  }
  if (band.feed_in > band.price) return malformed("a utility pays no more than it asks");
  if (band.windows.size() > TariffLimits::max_windows) return malformed("at most 16 windows");
  return check_windows(band.windows);
}

}  // namespace

Result<void> check_tariff(const SetTariff& tariff) {
  if (tariff.utility.empty()) return malformed("a tariff of no utility");
  if (tariff.from.value < 0) return malformed("a tariff begins before 1970");
  if (tariff.bands.size() > TariffLimits::max_bands)
    return malformed("a tariff has at most 8 bands");
  for (std::size_t i = 0; i < tariff.bands.size(); ++i) {
    if (auto valid = check_band(tariff.bands[i]); !valid) return valid;
    for (std::size_t k = 0; k < i; ++k) {
      if (tariff.bands[k].name == tariff.bands[i].name) return malformed("a band is named twice");
    }
  }
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < tariff.mix.size(); ++i) {
    const MixPart& part = tariff.mix[i];
    if (to_text(part.source) == "unknown") return malformed("a mix names no source");
    if (i > 0 && part.source <= tariff.mix[i - 1].source) {
      return malformed("a mix stands by source, each once");
    }
    all += part.ppm;
  }
  if (!tariff.mix.empty() && all != whole_ppm) {
    return malformed("the parts of a mix are not 1000000 together");
  }
  return {};
}

std::optional<SetTariff> find_tariff(const StateReader& state, const ParticipantId& utility,
                                     UtcMillis slot) {
  const auto value = version_at(state, prefix(utility), slot);
  if (!value) return std::nullopt;
  Decoder in(*value);
  auto tariff = decode_tariff(in);
  PS_ASSERT(in.finished());  // our own record
  return tariff;
}

bool put_tariff(Overlay& state, const SetTariff& tariff, UtcMillis oldest_needed) {
  const Bytes key = prefix(tariff.utility);
  if (forget_versions(state, key, oldest_needed) >= TariffLimits::max_versions) return false;
  put_version(state, key, tariff.from, encoded(tariff));
  return true;
}

const TariffBand* band_at(const SetTariff& tariff, const LocalTime& time) {
  const auto at =
      std::find_if(tariff.bands.begin(), tariff.bands.end(),
                   [&](const TariffBand& band) { return in_windows(band.windows, time); });
  return at == tariff.bands.end() ? nullptr : &*at;
}

}  // namespace powershare::ledger
