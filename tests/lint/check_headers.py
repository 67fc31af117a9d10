"""Every header of a room compiles alone: it includes what it needs."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rooms
import source_tree

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wold-style-cast",
         "-Wnon-virtual-dtor", "-Werror"]
COMPILERS_AT_ONCE = 2


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


def check(root):
    root = Path(root)
    headers = [path for path in source_tree.files(root, {".hpp"})
               if source_tree.room_of(path) in rooms.ROOMS]
    if not headers:
        return ["no header found: is this the right folder?"]
    packages = _packages()
    with ThreadPoolExecutor(COMPILERS_AT_ONCE) as pool:
        found = pool.map(lambda path: _compile(root, path, packages), headers)
    return [finding for finding in found if finding]
