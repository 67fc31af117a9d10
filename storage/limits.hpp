// All limits of room storage, with their arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace powershare::storage {

/// LMDB's own bound for a key; an empty key does not exist either.
inline constexpr std::size_t maximum_key_bytes = 511;
inline constexpr std::size_t maximum_value_bytes = std::size_t{256} << 20;
inline constexpr std::size_t maximum_table_name_bytes = 64;
/// Tables that a caller may create in one environment.
inline constexpr unsigned maximum_tables = 64;
/// Snapshots open at once in one environment; one more waits for `reader_wait_ms` and is then
/// refused.
inline constexpr unsigned maximum_readers = 500;
inline constexpr std::int64_t reader_wait_ms = 5'000;
/// How long growing the map waits for open snapshots to end.
inline constexpr std::int64_t grow_wait_ms = 2'000;

inline constexpr std::uint64_t initial_map_bytes = std::uint64_t{16} << 30;
inline constexpr std::uint64_t maximum_map_bytes = std::uint64_t{4} << 40;
/// A commit is refused with no_space while the file system has less than this left: a disk that
/// fills up in the middle of a commit gives short writes, which cannot be told from a broken
/// device.
inline constexpr std::uint64_t minimum_free_bytes = std::uint64_t{8} << 20;
/// A commit that took longer is a storage error (docs/failure-table.md).
inline constexpr std::int64_t commit_stall_ms = 10'000;

/// How far the reservation in IDENTITY runs ahead of the sequence asked for (DECISIONS 13).
inline constexpr std::uint64_t reservation_ahead = 1'000;
/// What one verification reports at most; the rest is counted only.
inline constexpr std::size_t maximum_reported_damages = 100;

static_assert(initial_map_bytes <= maximum_map_bytes);

}  // namespace powershare::storage
