// The layout of a page of an LMDB 0.9 data file (64 bit, little-endian), read with every offset
// checked. No LMDB here. docs/formats-storage.md describes it byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace powershare::storage {

inline constexpr std::uint64_t no_page = ~std::uint64_t{0};
inline constexpr std::size_t page_header_bytes = 16;
inline constexpr std::size_t node_header_bytes = 8;
inline constexpr std::size_t tree_record_bytes = 48;
inline constexpr std::size_t meta_bytes = page_header_bytes + 136;
/// LMDB's own limit for the depth of a tree (its cursor stack).
inline constexpr unsigned maximum_tree_depth = 32;

std::uint64_t little_endian(ByteView bytes, std::size_t offset, std::size_t count);

/// MDB_db: what is known of one tree.
struct TreeRecord {
  std::uint32_t pad = 0;
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = no_page;
};

/// `bytes` holds tree_record_bytes at `offset`.
TreeRecord read_tree_record(ByteView bytes, std::size_t offset);

/// A meta page: page 0 or 1, written in turn.
struct MetaPage {
  std::uint64_t page_bytes = 0;
  TreeRecord free_tree;
  TreeRecord main_tree;
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
};

/// Nothing unless header, magic number, version, page size and flags are those of a meta page
/// `number`.
std::optional<MetaPage> read_meta_page(ByteView page, std::uint64_t number);

enum class PageKind { branch, leaf };

/// One node of a branch or leaf page; views into the page.
struct Node {
  ByteView key;
  std::uint16_t flags = 0;           ///< leaf only
  std::uint64_t child = no_page;     ///< branch only
  std::uint64_t value_bytes = 0;     ///< leaf only
  ByteView inline_value;             ///< leaf without overflow
  std::uint64_t overflow = no_page;  ///< leaf with overflow: its first page
};

inline constexpr std::uint16_t node_has_overflow = 0x01;
inline constexpr std::uint16_t node_is_tree = 0x02;

struct TreePage {
  PageKind kind = PageKind::leaf;
  std::vector<Node> nodes;
};

/// Nothing unless `page` is a branch or leaf page with this number whose nodes fill it exactly as
/// its header says.
std::optional<TreePage> read_tree_page(ByteView page, std::uint64_t number);

/// Pages that an overflow value of `value_bytes` needs.
std::uint64_t overflow_pages_for(std::uint64_t value_bytes, std::uint64_t page_bytes);
/// The count of pages in the header of the overflow page `number`, or nothing when it is none.
std::optional<std::uint64_t> read_overflow_header(ByteView page, std::uint64_t number);

}  // namespace powershare::storage
