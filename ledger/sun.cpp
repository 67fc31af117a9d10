// The formulas are the low-precision ones of the Astronomical Almanac (sun's ecliptic longitude to
// 0.01 degrees) and a sine table with a step of one degree.
#include "ledger/sun.hpp"

#include <array>
#include <cstdlib>

#include "base/quantities.hpp"
#include "ledger/error.hpp"

namespace powershare::ledger {
namespace {

constexpr std::int64_t one = 1'000'000;  ///< 1 as sines and cosines are written here
constexpr std::int64_t degree = 1'000;   ///< angles are in thousandths of a degree
constexpr std::int64_t full_circle = 360 * degree;

constexpr std::array<std::int64_t, 91> sines{
    0,        17'452,  34'899,  52'336,  69'756,  87'156,  104'528, 121'869, 139'173, 156'434,
    173'648,  190'809, 207'912, 224'951, 241'922, 258'819, 275'637, 292'372, 309'017, 325'568,
    342'020,  358'368, 374'607, 390'731, 406'737, 422'618, 438'371, 453'990, 469'472, 484'810,
    500'000,  515'038, 529'919, 544'639, 559'193, 573'576, 587'785, 601'815, 615'661, 629'320,
    642'788,  656'059, 669'131, 681'998, 694'658, 707'107, 719'340, 731'354, 743'145, 754'710,
    766'044,  777'146, 788'011, 798'636, 809'017, 819'152, 829'038, 838'671, 848'048, 857'167,
    866'025,  874'620, 882'948, 891'007, 898'794, 906'308, 913'545, 920'505, 927'184, 933'580,
    939'693,  945'519, 951'057, 956'305, 961'262, 965'926, 970'296, 974'370, 978'148, 981'627,
    984'808,  987'688, 990'268, 992'546, 994'522, 996'195, 997'564, 998'630, 999'391, 999'848,
    1'000'000};

std::int64_t wrapped(std::int64_t angle) {
  angle %= full_circle;
  return angle < 0 ? angle + full_circle : angle;
}

std::int64_t sine_of_quadrant(std::int64_t angle) {
  const auto at = static_cast<std::size_t>(angle / degree);
  if (at == 90) return one;
  return sines[at] + (sines[at + 1] - sines[at]) * (angle % degree) / degree;
}

std::int64_t sine(std::int64_t angle) {
  angle = wrapped(angle);
  if (angle <= 90 * degree) return sine_of_quadrant(angle);
  if (angle <= 180 * degree) return sine_of_quadrant(180 * degree - angle);
  if (angle <= 270 * degree) return -sine_of_quadrant(angle - 180 * degree);
  return -sine_of_quadrant(full_circle - angle);
}

std::int64_t cosine(std::int64_t angle) {
  return sine(angle + 90 * degree);
}

/// Between -90 and 90 degrees.
std::int64_t arc_sine(std::int64_t value) {
  const std::int64_t size = std::abs(value);
  std::int64_t low = 0;
  std::int64_t high = 90 * degree;
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    if (sine_of_quadrant(middle) <= size) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return value < 0 ? -low : low;
}

/// a + b × days, where b is in billionths of a degree a day.
std::int64_t linear(std::int64_t at_epoch, std::int64_t per_day, std::int64_t since_ms) {
  // Thousandths of a degree = billionths / 1e6.
  __extension__ using Wide = __int128;
  return at_epoch + static_cast<std::int64_t>(static_cast<Wide>(per_day) * since_ms /
                                              (Wide{millis_per_day} * 1'000'000));
}

std::int32_t parsed_degrees(std::string_view text, std::int64_t most, bool& good) {
  const auto nano = parse_nano_exact(text);
  constexpr std::int64_t step = nano_per_unit / degree;
  good = good && nano && *nano % step == 0 && std::abs(*nano / step) <= most * degree;
  return good ? static_cast<std::int32_t>(*nano / step) : 0;
}

}  // namespace

std::string to_text(const Site& site) {
  constexpr std::int64_t step = nano_per_unit / degree;
  return format_nano(site.latitude * step) + "," + format_nano(site.longitude * step);
}

Result<Site> parse_site(std::string_view text) {
  const auto comma = text.find(',');
  bool good = comma != std::string_view::npos;
  Site site;
  if (good) site.latitude = parsed_degrees(text.substr(0, comma), 90, good);
  if (good) site.longitude = parsed_degrees(text.substr(comma + 1), 180, good);
  if (good) return site;
  return Error{LedgerError::malformed, "latitude,longitude in degrees, as 32.7,-16.9"};
}

std::int32_t sun_elevation(UtcMillis time, const Site& site) {
  constexpr std::int64_t j2000_ms = 946'728'000'000;  // 2000-01-01T12:00:00Z
  const std::int64_t since_ms = time.value - j2000_ms;
  const std::int64_t mean_longitude = wrapped(linear(280'460, 985'647'400, since_ms));
  const std::int64_t anomaly = wrapped(linear(357'528, 985'600'300, since_ms));
  const std::int64_t longitude =
      mean_longitude + (1'915 * sine(anomaly) + 20 * sine(2 * anomaly)) / one;
  constexpr std::int64_t obliquity = 23'439;
  const std::int64_t sine_declination = sine(obliquity) * sine(longitude) / one;
  const std::int64_t declination = arc_sine(sine_declination);
  // Apparent minus mean solar time: of the orbit's eccentricity, then of the axis's tilt.
  const std::int64_t equation_of_time =
      mean_longitude - longitude + 2'466 * sine(2 * longitude) / one;
  const std::int64_t day_ms = ((time.value % millis_per_day) + millis_per_day) % millis_per_day;
  const std::int64_t hour_angle =
      day_ms * full_circle / millis_per_day - 180 * degree + site.longitude + equation_of_time;
  const std::int64_t value =
      (sine(site.latitude) * sine_declination +
       cosine(site.latitude) * cosine(declination) / one * cosine(hour_angle)) /
      one;
  return static_cast<std::int32_t>(arc_sine(value > one ? one : value < -one ? -one : value));
}

}  // namespace powershare::ledger
