"""Agreed paths: no floating point, no unordered containers, no clock, no randomness of the machine."""

import re

import rooms
import source_tree

FORBIDDEN = [
    (re.compile(r"\b(double|float)\b"), "floating point in an agreed path"),
    (re.compile(r"\bstd::unordered_\w+"), "an unordered container: its order differs between peers"),
    (re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|utc_clock)\b"), "a clock"),
    (re.compile(r"\b(gettimeofday|clock_gettime|timespec_get|localtime\w*|gmtime\w*|mktime)\s*\("),
     "a clock"),
    (re.compile(r"(std::|(?<![\w.>:])::)time\s*\(|\btime\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)"), "a clock"),
    (re.compile(r"\b(random_device|mt19937(_64)?|rand|srand|random_bytes)\b\s*[({]?"),
     "randomness that is not an input"),
    (re.compile(r"\b(getenv|setlocale|std::locale)\b"), "the environment of one machine"),
]


def check(root):
    findings = []
    for path in source_tree.files(root, source_tree.CXX):
        if source_tree.room_of(path) not in rooms.PURE:
            continue
        text = source_tree.code_only(source_tree.read(root, path))
        for pattern, what in FORBIDDEN:
            for match in pattern.finditer(text):
                line = source_tree.line_of(text, match.start())
                findings.append(f"{path}:{line}: {what} ({match.group().strip()})")
    return findings
