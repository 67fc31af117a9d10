// A picture as somebody's camera or program wrote it, made into one that is safe to show: decoded,
// scaled down, and encoded anew, so that nothing of it survives but colours.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "ledger/profile.hpp"

namespace powershare::gateway::household {

inline constexpr std::size_t max_picture_file_bytes = 2 * 1024 * 1024;  ///< as it is sent
/// Of what is decoded, looked at before anything is: 24 MB of colours at most.
inline constexpr std::uint32_t max_picture_side = 4'096;
inline constexpr std::uint64_t max_picture_pixels = 8 * 1024 * 1024;
/// Scans of a progressive JPEG; programs write about ten, and each costs the whole picture.
inline constexpr int max_picture_scans = 32;
inline constexpr std::uint32_t picture_side = 256;  ///< of what comes out, at most

/// A JPEG of at most ledger::max_picture_bytes and picture_side in both directions, without
/// metadata, from a PNG or JPEG; what is transparent is white. Takes up to a few tenths of a
/// second. GatewayError::bad_parameter with one sentence for anything else, damaged files too;
/// GatewayError::too_large for too many bytes or pixels.
Result<Bytes> plain_picture(ByteView file);

}  // namespace powershare::gateway::household
