"""Reads a closed LMDB data file by the format of LMDB 0.9 (64 bit, little-endian), without LMDB and without the product: which
page is of which type, and which records a reader finds. The judge over what a flipped bit has changed."""

import hashlib
import struct

PAGE = 4096
HEADER = 16
META_BYTES = 152  # what is used of a meta page, its header included
NO_PAGE = 2**64 - 1
BRANCH, LEAF, OVERFLOW, META = 1, 2, 4, 8
BIG_VALUE, IS_TREE = 1, 2
TYPES = ("meta", "branch", "leaf", "overflow", "free list", "unused")


class Unreadable(Exception):
    """The file contradicts its own format."""


class LmdbFile:
    """`types` has the page numbers of each of TYPES, `records` the stored bytes by (table, key), `free` the pages free to use.

    No table here has duplicate keys, so there are no sub-pages; a file that has some is Unreadable."""

    def __init__(self, content):
        self.content, self.size = content, len(content) // PAGE
        self.types = {name: [] for name in TYPES}
        self.types["meta"] = [0, 1]
        self.records, self.free, self.seen = {}, set(), {0, 1}
        metas = [self.meta(number) for number in (0, 1)]
        self.transaction, self.last_page, free_tree, main_tree = max(metas)
        for _, key, value, _ in list(self.walk(free_tree, "free list")):
            count = struct.unpack_from("<Q", value)[0] if len(value) >= 8 else NO_PAGE
            if count * 8 + 8 > len(value):
                raise Unreadable("a record of the free list is too short")
            self.free |= set(struct.unpack_from(f"<{count}Q", value, 8))
        for _, name, value, flags in list(self.walk(main_tree, "leaf")):
            if flags != IS_TREE or len(value) != 48:
                raise Unreadable("the catalogue holds something else than tables")
            for _, key, stored, _ in self.walk(self.tree(value, 0), "leaf"):
                self.records[name, key] = stored
        if self.seen & self.free:
            raise Unreadable("a page is in use and free")
        self.types["unused"] = sorted(page for page in self.free if 1 < page < self.size)

    def meta(self, number):
        at = number * PAGE
        if len(self.content) < at + META_BYTES:
            raise Unreadable("too short")
        page, _, flags = struct.unpack_from("<QHH", self.content, at)
        magic, version = struct.unpack_from("<II", self.content, at + 16)
        page_bytes = struct.unpack_from("<I", self.content, at + 40)[0]
        if (page, flags, magic, version, page_bytes) != (number, META, 0xBEEFC0DE, 1, PAGE):
            raise Unreadable(f"meta page {number}")
        last_page, transaction = struct.unpack_from("<QQ", self.content, at + 136)
        return transaction, last_page, self.tree(self.content, at + 40, PAGE, 8), self.tree(self.content, at + 88)

    @staticmethod
    def tree(content, at, pad=0, flags=0):
        """Root page of the tree whose record stands there."""
        found = struct.unpack_from("<IH", content, at)
        if found != (pad, flags):
            raise Unreadable("a tree of another kind")
        return struct.unpack_from("<Q", content, at + 40)[0]

    def claim(self, page, kind):
        if page in self.seen or not 1 < page < self.size:
            raise Unreadable(f"page {page} is used twice, or is none")
        self.seen.add(page)
        self.types[kind].append(page)

    def walk(self, root, leaf_kind):
        """(page, key, value, flags) of each record of a tree, in the order of the file."""
        waiting = [] if root == NO_PAGE else [root]
        while waiting:
            page = waiting.pop()
            if not 1 < page < self.size:
                raise Unreadable(f"page {page} is none")
            number, _, flags, lower, upper = struct.unpack_from("<QHHHH", self.content, page * PAGE)
            if number != page or flags not in (BRANCH, LEAF) or not HEADER < lower <= upper <= PAGE:
                raise Unreadable(f"page {page}")
            self.claim(page, "free list" if leaf_kind == "free list" else "branch" if flags == BRANCH else "leaf")
            for at in range(HEADER, lower, 2):
                offset = struct.unpack_from("<H", self.content, page * PAGE + at)[0]
                if not upper <= offset <= PAGE - 8:
                    raise Unreadable(f"a node of page {page}")
                low, high, node_flags, key_bytes = struct.unpack_from("<HHHH", self.content, page * PAGE + offset)
                begin = offset + 8 + key_bytes
                if begin > PAGE:
                    raise Unreadable(f"a key of page {page}")
                if flags == BRANCH:
                    waiting.append(low | high << 16 | node_flags << 32)
                    continue
                key = bytes(self.content[page * PAGE + offset + 8:page * PAGE + begin])
                yield page, key, self.value(page, begin, low | high << 16, node_flags, leaf_kind), node_flags

    def value(self, page, begin, size, flags, leaf_kind):
        if flags not in (0, BIG_VALUE, IS_TREE) or begin + (8 if flags == BIG_VALUE else size) > PAGE:
            raise Unreadable(f"a value of page {page}")
        at = page * PAGE + begin
        if flags != BIG_VALUE:
            return bytes(self.content[at:at + size])
        first = struct.unpack_from("<Q", self.content, at)[0]
        if not 1 < first < self.size:
            raise Unreadable(f"overflow page {first} is none")
        number, _, kind, count = struct.unpack_from("<QHHI", self.content, first * PAGE)
        if number != first or kind != OVERFLOW or count != (HEADER - 1 + size) // PAGE + 1:
            raise Unreadable(f"overflow page {first}")
        for overflow in range(first, first + count):
            self.claim(overflow, "free list" if leaf_kind == "free list" else "overflow")
        return bytes(self.content[first * PAGE + HEADER:first * PAGE + HEADER + size])

    def damaged_records(self):
        """Records whose checksum (storage/checksummed_record.hpp) does not hold."""
        return [(table, key) for (table, key), stored in self.records.items() if not intact(table, key, stored)]


def intact(table, key, stored):
    head = struct.pack(">I", len(table)) + table + struct.pack(">I", len(key)) + key
    return stored[:8] == hashlib.sha256(head + stored[8:]).digest()[:8]


def what_is_read(content):
    """All that a reader can tell of a file, for comparing; None where it is Unreadable."""
    try:
        file = LmdbFile(content)
    except (Unreadable, struct.error):
        return None
    return file.transaction, file.last_page, file.records, file.free
