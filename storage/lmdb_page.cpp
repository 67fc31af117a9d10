#include "storage/lmdb_page.hpp"

#include <bit>

#include "base/assert.hpp"

namespace powershare::storage {
namespace {

static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8,
              "LMDB's files are in the machine's own layout");

constexpr std::uint64_t flag_branch = 0x01;
constexpr std::uint64_t flag_leaf = 0x02;
constexpr std::uint64_t flag_overflow = 0x04;
constexpr std::uint64_t flag_meta = 0x08;
constexpr std::uint64_t magic = 0xBEEFC0DE;
constexpr std::uint64_t data_version = 1;
constexpr std::uint16_t integer_keys = 0x08;

constexpr std::size_t even(std::size_t size) {
  return (size + 1) & ~std::size_t{1};
}

bool is_page_size(std::uint64_t bytes) {
  return bytes >= 512 && bytes <= 32'768 && std::has_single_bit(bytes);
}

/// Header fields common to all pages.
std::uint64_t page_number(ByteView page) {
  return little_endian(page, 0, 8);
}
std::uint64_t page_flags(ByteView page) {
  return little_endian(page, 10, 2);
}

/// Reads the node at `offset` and adds its size to `filled`; nothing when it does not lie inside
/// the page.
std::optional<Node> read_node(ByteView page, std::size_t offset, PageKind kind,
                              std::size_t& filled) {
  if (offset + node_header_bytes > page.size()) return std::nullopt;
  const auto low = little_endian(page, offset, 4);
  const auto flags = static_cast<std::uint16_t>(little_endian(page, offset + 4, 2));
  const auto key_bytes = static_cast<std::size_t>(little_endian(page, offset + 6, 2));
  const auto data_at = offset + node_header_bytes + key_bytes;
  if (data_at > page.size()) return std::nullopt;
  Node node;
  node.key = page.subspan(offset + node_header_bytes, key_bytes);
  std::size_t data_bytes = 0;
  if (kind == PageKind::branch) {
    node.child = low | std::uint64_t{flags} << 32;
  } else {
    node.flags = flags;
    node.value_bytes = low;
    const bool has_overflow = (flags & node_has_overflow) != 0;
    data_bytes = has_overflow ? 8 : static_cast<std::size_t>(low);
    if (data_bytes > page.size() - data_at) return std::nullopt;
    if (has_overflow) {
      node.overflow = little_endian(page, data_at, 8);
    } else {
      node.inline_value = page.subspan(data_at, data_bytes);
    }
  }
  filled += even(node_header_bytes + key_bytes + data_bytes);
  return node;
}

}  // namespace

std::uint64_t little_endian(ByteView bytes, std::size_t offset, std::size_t count) {
  PS_ASSERT(count <= 8 && offset <= bytes.size() && count <= bytes.size() - offset);
  std::uint64_t value = 0;
  for (std::size_t i = count; i > 0; --i) value = value << 8 | bytes[offset + i - 1];
  return value;
}

TreeRecord read_tree_record(ByteView bytes, std::size_t offset) {
  TreeRecord tree;
  tree.pad = static_cast<std::uint32_t>(little_endian(bytes, offset, 4));
  tree.flags = static_cast<std::uint16_t>(little_endian(bytes, offset + 4, 2));
  tree.depth = static_cast<std::uint16_t>(little_endian(bytes, offset + 6, 2));
  tree.branch_pages = little_endian(bytes, offset + 8, 8);
  tree.leaf_pages = little_endian(bytes, offset + 16, 8);
  tree.overflow_pages = little_endian(bytes, offset + 24, 8);
  tree.entries = little_endian(bytes, offset + 32, 8);
  tree.root = little_endian(bytes, offset + 40, 8);
  return tree;
}

std::optional<MetaPage> read_meta_page(ByteView page, std::uint64_t number) {
  if (page.size() < meta_bytes || page_number(page) != number || page_flags(page) != flag_meta ||
      little_endian(page, 16, 4) != magic || little_endian(page, 20, 4) != data_version) {
    return std::nullopt;
  }
  // At 24 an address and at 32 the map's size, which the opener sets itself.
  MetaPage meta;
  meta.free_tree = read_tree_record(page, 40);
  meta.main_tree = read_tree_record(page, 88);
  meta.last_page = little_endian(page, 136, 8);
  meta.transaction = little_endian(page, 144, 8);
  meta.page_bytes = meta.free_tree.pad;  // LMDB keeps the page size there
  const bool sound = is_page_size(meta.page_bytes) && meta.free_tree.flags == integer_keys &&
                     meta.main_tree.flags == 0 && meta.main_tree.pad == 0 && meta.last_page >= 1;
  if (!sound) return std::nullopt;
  return meta;
}

std::optional<TreePage> read_tree_page(ByteView page, std::uint64_t number) {
  const auto flags = page_flags(page);
  if (page_number(page) != number || (flags != flag_branch && flags != flag_leaf)) {
    return std::nullopt;
  }
  const auto lower = static_cast<std::size_t>(little_endian(page, 12, 2));
  // A page size of 32 KiB still fits; LMDB has no larger ones.
  const auto upper = static_cast<std::size_t>(little_endian(page, 14, 2));
  if (lower <= page_header_bytes || lower % 2 != 0 || lower > upper || upper > page.size()) {
    return std::nullopt;
  }
  TreePage result;
  result.kind = flags == flag_branch ? PageKind::branch : PageKind::leaf;
  std::size_t filled = 0;
  for (std::size_t at = page_header_bytes; at < lower; at += 2) {
    const auto offset = static_cast<std::size_t>(little_endian(page, at, 2));
    if (offset < upper) return std::nullopt;
    auto node = read_node(page, offset, result.kind, filled);
    if (!node) return std::nullopt;
    result.nodes.push_back(*node);
  }
  // LMDB keeps the nodes packed at the end of the page; a wrong size would shift its neighbours on
  // the next write.
  if (filled != page.size() - upper) return std::nullopt;
  return result;
}

std::uint64_t overflow_pages_for(std::uint64_t value_bytes, std::uint64_t page_bytes) {
  return (page_header_bytes - 1 + value_bytes) / page_bytes + 1;
}

std::optional<std::uint64_t> read_overflow_header(ByteView page, std::uint64_t number) {
  if (page_number(page) != number || page_flags(page) != flag_overflow) return std::nullopt;
  return little_endian(page, 12, 4);
}

}  // namespace powershare::storage
