"""Every header of a room compiles alone: it includes what it needs.

A header that its own source includes first is checked by compiling that source. That holds for the
rooms that the dev preset builds, because clang builds them without a precompiled header.
"""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rooms
import source_tree

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wold-style-cast",
         "-Wnon-virtual-dtor", "-Werror"]
COMPILERS_AT_ONCE = 2
BUILT_WITHOUT_PRECOMPILED_HEADERS = {"base", "crypto", "market", "adapters", "ledger", "protocol", "storage",
                                     "net", "monitoring", "gateway"}
FIRST_INCLUDE = re.compile(r"^#include (.+)$", re.MULTILINE)


def _packages():
    """Include flags of packages that are not in the compiler's own folders."""
    done = subprocess.run(["pkg-config", "--cflags", "libsodium", "libzmq", "lmdb"],
                          capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else []


def _compile(root, path, packages):
    done = subprocess.run(
        [os.environ.get("CXX", "g++"), *FLAGS, *packages, "-I", ".", "-x", "c++", "-"], cwd=root,
        input=f'#include "{path}"\n', capture_output=True, text=True)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if ": error:" in line or ": fatal" in line]
    return f"{path}:1: does not compile alone: {(lines or [done.stderr])[0]}"


def _is_checked_by_its_source(root, path):
    source = root / Path(path).with_suffix(".cpp")
    if source_tree.room_of(path) not in BUILT_WITHOUT_PRECOMPILED_HEADERS or not source.exists():
        return False
    first = FIRST_INCLUDE.search(source.read_text(encoding="utf-8"))
    return first is not None and first.group(1) == f'"{path}"'


def check(root):
    root = Path(root)
    headers = [path for path in source_tree.files(root, {".hpp"})
               if source_tree.room_of(path) in rooms.ROOMS]
    if not headers:
        return ["no header found: is this the right folder?"]
    headers = [path for path in headers if not _is_checked_by_its_source(root, path)]
    packages = _packages()
    with ThreadPoolExecutor(COMPILERS_AT_ONCE) as pool:
        found = pool.map(lambda path: _compile(root, path, packages), headers)
    return [finding for finding in found if finding]
