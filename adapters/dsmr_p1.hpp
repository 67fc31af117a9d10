// DSMR P1: the telegrams of smart meters in the Netherlands, Belgium, Luxembourg and Sweden
// (P1 Companion Standard 5.0.2; IEC 62056-21 mode D). A telegram is
//   /ISK5\2M550T-1012 CR LF CR LF
//   0-0:1.0.0(201130123015W) CR LF
//   1-0:1.8.1(001234.567*kWh) CR LF …
//   !E5F3 CR LF
// with a CRC-16/ARC over everything from '/' to '!'. A line that begins with '(' goes on with the
// line before it. Meters before DSMR 4 have no CRC.
#pragma once

#include <functional>
#include <string>

#include "adapters/report.hpp"

namespace powershare::adapters {

struct P1Options {
  /// Before DSMR 4 there is no CRC; what has one is checked even then.
  bool checksum_required = true;
  /// Of the meter's clock in winter, ahead of UTC; in summer an hour more (the stamp says which).
  int winter_offset_minutes = 60;
};

/// CRC-16/ARC: polynomial x^16 + x^15 + x^2 + 1, reflected, from 0.
std::uint16_t crc16_arc(std::string_view bytes);

/// Cuts telegrams out of a stream of bytes that may begin and break anywhere.
class P1Framer {
 public:
  static constexpr std::size_t max_telegram_bytes = 16'384;

  explicit P1Framer(P1Options options = {}) : options_(options) {}
  /// Calls `take` for each telegram that is complete and whole, from '/' to '!'.
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& take);
  /// Telegrams that were thrown away: damaged, without CRC, too long, or cut by the next one.
  std::uint64_t damaged() const { return damaged_; }

 private:
  void take_line(const std::function<void(std::string_view)>& take);
  bool whole(std::string_view end_line) const;

  P1Options options_;
  std::string telegram_;   ///< complete lines since '/'; empty outside a telegram
  std::string line_;       ///< the line that is being received, with its end
  bool skipping_ = false;  ///< the line was too long: until its end
  std::uint64_t damaged_ = 0;
};

/// Reads a telegram (from '/' to '!'): registers 1.8.x and 2.8.x (the total .0, or else the sum
/// of tariffs 1 to 4), power 1.7.0 less 2.7.0, and the time stamp.
/// AdapterError::malformed for a value that is none or stands twice, no_meter where there is no
/// register of electricity.
Result<Report> read_p1(std::string_view telegram, const P1Options& options = {});

}  // namespace powershare::adapters
