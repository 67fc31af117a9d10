"""Checks a Merkle audit path by itself (RFC 9162 §2.1.3.2, hashes as RFC 6962 §2.1)."""

import hashlib


def leaf(item):
    return hashlib.sha256(b"\x00" + item).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(start, index, size, path):
    """The root that `path` leads to from the leaf hash `start`, or None where its length is wrong."""
    at, last, digest = index, size - 1, start
    for sibling in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            digest = node(sibling, digest)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            digest = node(digest, sibling)
        at, last = at // 2, last // 2
    return digest if last == 0 else None
