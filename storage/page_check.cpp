#include "storage/page_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "storage/checksummed_record.hpp"
#include "storage/file.hpp"
#include "storage/lmdb_page.hpp"

namespace powershare::storage {
namespace {

/// Reads whole pages with pread: a short file is an answer here, not a signal.
class PageFile {
 public:
  explicit PageFile(const std::filesystem::path& file)
      : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) error_ = errno;
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~PageFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PageFile(const PageFile&) = delete;
  PageFile& operator=(const PageFile&) = delete;

  /// False past the end of the file, and after an error.
  bool read(std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > size_ || out.size() > size_ - offset) return false;
    std::size_t done = 0;
    while (error_ == 0 && done < out.size()) {
      const auto count = ::pread(descriptor_, out.data() + done, out.size() - done,
                                 static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) error_ = errno;
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return error_ == 0;
  }
  std::uint64_t size() const { return size_; }
  /// The errno of the first read that failed, or 0.
  int error() const { return error_; }

 private:
  int descriptor_;
  int error_ = 0;
  std::uint64_t size_ = 0;
};

std::uint64_t as_commit_number(ByteView payload) {
  Decoder in(payload);
  const auto number = in.u64();
  return in.finished() ? number : 0;
}

class Checker {
 public:
  Checker(PageFile& file, bool verify_records) : file_(file), verify_records_(verify_records) {}

  PageReport run() {
    if (const auto meta = newest_meta()) check(*meta);
    return std::move(report_);
  }

 private:
  enum class Role { free_list, catalogue, table };

  /// One tree under examination.
  struct Tree {
    Role role;
    std::string table;  ///< empty but for Role::table
    TreeRecord declared;
    TreeRecord found;  ///< counts only
  };

  struct Bounds {
    std::optional<Bytes> from;   ///< every key is at or above it
    std::optional<Bytes> below;  ///< every key is below it
  };

  void damage(const std::string& table, ByteView key, std::string what) {
    ++report_.damage_count;
    if (report_.damages.size() < maximum_reported_damages) {
      // A damaged name is not fit to be printed.
      report_.damages.push_back(
          {is_plain_name(table) ? table : to_hex(as_bytes(table)), to_hex(key), std::move(what)});
    }
  }
  void damage(std::string what) { damage({}, {}, std::move(what)); }

  std::optional<MetaPage> newest_meta();
  void check_former_meta(const MetaPage& newest, const MetaPage& former);
  void check(const MetaPage& meta);
  void check_tree(Tree& tree);
  void walk(Tree& tree, std::uint64_t page, unsigned depth, const Bounds& bounds);
  void walk_branch(Tree& tree, const TreePage& page, unsigned depth, const Bounds& bounds);
  void walk_leaf(Tree& tree, const TreePage& page, const Bounds& bounds);
  void check_entry(Tree& tree, const Node& node);
  void check_record(const Tree& tree, const Node& node, ByteView stored);
  void check_free_pages(ByteView key, ByteView value);
  void check_catalogue_entry(const Node& node);
  bool claim(std::uint64_t page, const std::string& table);
  /// The value of a leaf node, from its overflow pages where it has them; those are claimed and
  /// counted.
  bool load_value(Tree& tree, const Node& node, Bytes& value);
  bool keys_in_order(const Tree& tree, const TreePage& page, const Bounds& bounds) const;
  static bool key_less(Role role, ByteView left, ByteView right);
  /// A lookup that claims and reports nothing, for the tree of the former meta page.
  std::optional<Bytes> find(const TreeRecord& tree, ByteView key);

  PageFile& file_;
  bool verify_records_;
  PageReport report_;
  std::vector<bool> claimed_;
  std::uint64_t last_transaction_ = 0;
  std::vector<Tree> tables_;
};

std::optional<MetaPage> Checker::newest_meta() {
  Bytes page(meta_bytes);
  if (!file_.read(0, page)) {
    damage("the file is empty or cut off in its first page");
    return std::nullopt;
  }
  const auto first = read_meta_page(page, 0);
  if (!first) {
    damage("the first meta page is damaged");
    return std::nullopt;
  }
  if (!file_.read(first->page_bytes, page)) {
    damage("the file is cut off in its second page");
    return std::nullopt;
  }
  const auto second = read_meta_page(page, 1);
  if (!second || second->page_bytes != first->page_bytes) {
    damage("the second meta page is damaged");
    return std::nullopt;
  }
  // Transaction t is written to page t mod 2, so the two numbers follow one another.
  const bool second_newer = second->transaction > first->transaction;
  const auto& newest = second_newer ? *second : *first;
  const auto& former = second_newer ? *first : *second;
  const bool untouched = newest.transaction == 0;
  if (!untouched && (former.transaction != newest.transaction - 1 ||
                     newest.transaction % 2 != (second_newer ? 1u : 0u))) {
    damage("the meta pages' transaction numbers do not follow one another");
    return std::nullopt;
  }
  report_.page_bytes = newest.page_bytes;
  check_former_meta(newest, former);
  return newest;
}

// LMDB overwrites no page of its last two transactions, so that the tree of the former meta page is
// whole too. Were its transaction number flipped down from the true newest one, its own records
// would still tell.
void Checker::check_former_meta(const MetaPage& newest, const MetaPage& former) {
  const auto catalogue = find(former.main_tree, as_bytes(environment_table));
  if (!catalogue || catalogue->size() != tree_record_bytes) return;
  const auto key = as_bytes(commit_number_key);
  const auto stored = find(read_tree_record(*catalogue, 0), key);
  if (!stored) return;
  const auto payload = open_record(environment_table, key, *stored);
  if (payload && as_commit_number(*payload) > newest.transaction) {
    damage("the newest meta page is damaged: a later commit is in the file");
  }
}

std::optional<Bytes> Checker::find(const TreeRecord& tree, ByteView key) {
  auto number = tree.root;
  Bytes buffer(report_.page_bytes);
  for (unsigned depth = 0; depth < maximum_tree_depth; ++depth) {
    if (number >= no_page / report_.page_bytes ||
        !file_.read(number * report_.page_bytes, buffer)) {
      return std::nullopt;
    }
    const auto page = read_tree_page(buffer, number);
    if (!page) return std::nullopt;
    if (page->kind == PageKind::leaf) {
      for (const auto& node : page->nodes) {
        if (equal(node.key, key)) return to_bytes(node.inline_value);
      }
      return std::nullopt;
    }
    number = page->nodes.front().child;
    for (std::size_t i = 1; i < page->nodes.size() && !less(key, page->nodes[i].key); ++i) {
      number = page->nodes[i].child;
    }
  }
  return std::nullopt;
}

void Checker::check(const MetaPage& meta) {
  report_.pages = meta.last_page + 1;
  if (meta.last_page > file_.size() / meta.page_bytes + (std::uint64_t{1} << 20)) {
    // Pages given back before they were ever written may lie past the end of the file, but never
    // that many.
    damage("the last page lies far behind the end of the file");
    return;
  }
  claimed_.assign(report_.pages, false);
  claimed_[0] = claimed_[1] = true;
  last_transaction_ = meta.transaction;
  Tree free_list{Role::free_list, {}, meta.free_tree, {}};
  check_tree(free_list);
  Tree catalogue{Role::catalogue, {}, meta.main_tree, {}};
  check_tree(catalogue);
  for (auto& table : tables_) check_tree(table);
  if (report_.commit_number != meta.transaction && report_.whole()) {
    damage("the meta page is not of the last commit");
  }
  const auto lost = std::count(claimed_.begin(), claimed_.end(), false);
  if (lost != 0) damage(std::to_string(lost) + " pages are neither in use nor free");
}

void Checker::check_tree(Tree& tree) {
  const auto& declared = tree.declared;
  if (declared.root == no_page) {
    if (declared.depth != 0) damage(tree.table, {}, "an empty tree has a depth");
  } else {
    walk(tree, declared.root, 1, {});
  }
  const auto& found = tree.found;
  if (found.branch_pages != declared.branch_pages || found.leaf_pages != declared.leaf_pages ||
      found.overflow_pages != declared.overflow_pages || found.entries != declared.entries) {
    damage(tree.table, {}, "the tree does not hold as many pages or records as it says");
  }
}

bool Checker::claim(std::uint64_t page, const std::string& table) {
  if (page >= claimed_.size() || claimed_[page]) {
    damage(
        table, {},
        "page " + std::to_string(page) + (page < claimed_.size() ? " is used twice" : " is none"));
    return false;
  }
  claimed_[page] = true;
  return true;
}

void Checker::walk(Tree& tree, std::uint64_t number, unsigned depth, const Bounds& bounds) {
  if (depth > maximum_tree_depth || !claim(number, tree.table)) return;
  Bytes buffer(report_.page_bytes);
  if (!file_.read(number * report_.page_bytes, buffer)) {
    damage(tree.table, {}, "page " + std::to_string(number) + " lies behind the end of the file");
    return;
  }
  const auto page = read_tree_page(buffer, number);
  if (!page) {
    damage(tree.table, {}, "page " + std::to_string(number) + " is damaged");
    return;
  }
  if ((page->kind == PageKind::leaf) != (depth == tree.declared.depth) ||
      !keys_in_order(tree, *page, bounds)) {
    damage(tree.table, {}, "page " + std::to_string(number) + " is not in order");
    return;
  }
  if (page->kind == PageKind::branch) {
    ++tree.found.branch_pages;
    walk_branch(tree, *page, depth, bounds);
  } else {
    ++tree.found.leaf_pages;
    walk_leaf(tree, *page, bounds);
  }
}

bool Checker::key_less(Role role, ByteView left, ByteView right) {
  // The free list's keys are transaction numbers in the machine's layout.
  if (role == Role::free_list) return little_endian(left, 0, 8) < little_endian(right, 0, 8);
  return less(left, right);
}

bool Checker::keys_in_order(const Tree& tree, const TreePage& page, const Bounds& bounds) const {
  // The first key of a branch page is never looked at: it stands for everything below the second.
  const std::size_t first = page.kind == PageKind::branch ? 1 : 0;
  for (std::size_t i = first; i < page.nodes.size(); ++i) {
    const auto key = page.nodes[i].key;
    if (tree.role == Role::free_list && key.size() != 8) return false;
    if (key.empty() || key.size() > maximum_key_bytes) return false;
    if (i > first && !key_less(tree.role, page.nodes[i - 1].key, key)) return false;
    if (bounds.from && key_less(tree.role, key, *bounds.from)) return false;
    if (bounds.below && !key_less(tree.role, key, *bounds.below)) return false;
  }
  return true;
}

void Checker::walk_branch(Tree& tree, const TreePage& page, unsigned depth, const Bounds& bounds) {
  for (std::size_t i = 0; i < page.nodes.size(); ++i) {
    Bounds inner = bounds;
    if (i > 0) inner.from = to_bytes(page.nodes[i].key);
    if (i + 1 < page.nodes.size()) inner.below = to_bytes(page.nodes[i + 1].key);
    walk(tree, page.nodes[i].child, depth + 1, inner);
  }
}

void Checker::walk_leaf(Tree& tree, const TreePage& page, const Bounds&) {
  for (const auto& node : page.nodes) {
    ++tree.found.entries;
    check_entry(tree, node);
  }
}

void Checker::check_entry(Tree& tree, const Node& node) {
  const std::uint16_t allowed = tree.role == Role::catalogue ? node_is_tree : node_has_overflow;
  const bool must = tree.role == Role::catalogue;
  if ((node.flags & ~allowed) != 0 || (must && node.flags != allowed)) {
    damage(tree.table, node.key, "the record's flags are damaged");
    return;
  }
  if (tree.role == Role::catalogue) {
    check_catalogue_entry(node);
    return;
  }
  const bool has_overflow = (node.flags & node_has_overflow) != 0;
  Bytes loaded;
  if (has_overflow && !load_value(tree, node, loaded)) return;
  const auto value = has_overflow ? ByteView(loaded) : node.inline_value;
  if (tree.role == Role::free_list) {
    check_free_pages(node.key, value);
  } else {
    check_record(tree, node, value);
  }
}

bool Checker::load_value(Tree& tree, const Node& node, Bytes& value) {
  const auto needed = overflow_pages_for(node.value_bytes, report_.page_bytes);
  Bytes first(report_.page_bytes);
  std::optional<std::uint64_t> pages;
  if (node.overflow < claimed_.size() && file_.read(node.overflow * report_.page_bytes, first)) {
    pages = read_overflow_header(first, node.overflow);
  }
  if (!pages || *pages < needed || *pages > claimed_.size()) {
    damage(tree.table, node.key, "the record's overflow page is damaged");
    return false;
  }
  for (std::uint64_t i = 0; i < *pages; ++i) {
    if (!claim(node.overflow + i, tree.table)) return false;
  }
  tree.found.overflow_pages += *pages;
  // Even where checksums are left to the reads, every page must be inside the file: LMDB would map
  // it.
  value.resize(node.value_bytes);
  if (!file_.read(node.overflow * report_.page_bytes + page_header_bytes, value)) {
    damage(tree.table, node.key, "the record lies behind the end of the file");
    return false;
  }
  return true;
}

void Checker::check_record(const Tree& tree, const Node& node, ByteView stored) {
  ++report_.records;
  const bool own = tree.table == environment_table;
  if (!verify_records_ && !own) return;
  const auto payload = open_record(tree.table, node.key, stored);
  if (!payload) {
    damage(tree.table, node.key, "checksum does not match");
  } else if (own && equal(node.key, as_bytes(commit_number_key))) {
    report_.commit_number = as_commit_number(*payload);
  } else if (own && equal(node.key, as_bytes(label_key))) {
    report_.label = to_bytes(*payload);
  }
}

// A free list's value: a count, then so many page numbers, from the highest down.
void Checker::check_free_pages(ByteView key, ByteView value) {
  const auto count = value.size() >= 8 ? little_endian(value, 0, 8) : no_page;
  const bool sound = value.size() % 8 == 0 && count < value.size() / 8 &&
                     little_endian(key, 0, 8) <= last_transaction_;
  if (!sound) {
    damage("a record of the free list is damaged");
    return;
  }
  report_.free_pages += count;
  auto above = no_page;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const auto page = little_endian(value, i * 8, 8);
    if (page >= above || !claim(page, {})) {
      damage("the free list names a page that is in use");
      return;
    }
    above = page;
  }
}

void Checker::check_catalogue_entry(const Node& node) {
  const auto table = std::string(as_text(node.key));
  const bool sound = node.inline_value.size() == tree_record_bytes &&
                     node.key.size() <= maximum_table_name_bytes &&
                     tables_.size() <= maximum_tables;
  const auto declared = sound ? read_tree_record(node.inline_value, 0) : TreeRecord{};
  if (!sound || declared.flags != 0 || declared.pad != 0) {
    damage("the catalogue's entry for table " + to_hex(node.key) + " is damaged");
    return;
  }
  tables_.push_back({Role::table, table, declared, {}});
}

}  // namespace

std::string Damage::text() const {
  std::string place;
  if (!table.empty()) place = "table " + table;
  if (!key_hex.empty()) place += (place.empty() ? "key " : ", key ") + key_hex;
  return place.empty() ? what : place + ": " + what;
}

Result<PageReport> check_pages(const std::filesystem::path& data_file, bool verify_records) {
  PageFile file(data_file);
  auto report = Checker(file, verify_records).run();
  if (file.error() != 0) return system_error(file.error(), "reading " + data_file.string());
  return report;
}

}  // namespace powershare::storage
