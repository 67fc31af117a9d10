"""clang-format would change nothing."""

import re
import subprocess

import source_tree


def check(root):
    paths = [str(path) for path in source_tree.files(root, source_tree.CXX)]
    findings = []
    for first in range(0, len(paths), 50):
        done = subprocess.run(["clang-format", "--dry-run", "--style=file", "--ferror-limit=1",
                               *paths[first:first + 50]], cwd=root, capture_output=True, text=True)
        for match in re.finditer(r"^(\S+?):(\d+):\d+: (?:warning|error): code should be", done.stderr,
                                 re.MULTILINE):
            findings.append(f"{match[1]}:{match[2]}: not as clang-format writes it")
        if done.returncode != 0 and not findings:
            findings.append(done.stderr.strip())
    return findings
