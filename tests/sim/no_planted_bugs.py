#!/usr/bin/env python3
"""The planted bugs are in the mutant build and in nothing that is shipped (DECISIONS 36).

no_planted_bugs.py HEADER MUTANT BINARY...: looks for the names of HEADER's bugs, and of the switch,
in each BINARY's symbols, strings and debug information. In MUTANT all of them must be found, or the
search would prove nothing.
"""

import pathlib
import re
import sys

SWITCH = ["planted", "planted_bug", "POWERSHARE_PLANTED_BUGS"]


def names_in(header):
    body = re.search(r"enum class Bug[^{]*\{(.*?)\};", header, re.DOTALL).group(1)
    body = re.sub(r"//.*", "", body)
    return [name for name in re.findall(r"\w+", body) if name != "none"]


def stands_alone(name, content):
    """The name as a word, or inside a mangled symbol, where its length stands before it."""
    word, at = name.encode(), -1
    while (at := content.find(word, at + 1)) >= 0:
        before, after = content[max(0, at - 3):at], content[at + len(word):at + len(word) + 1]
        whole = not re.search(rb"[A-Za-z0-9_]$", before) and not re.match(rb"[A-Za-z0-9_]", after)
        if whole or before.endswith(str(len(word)).encode()):
            return True
    return False


def found(names, content):
    return [name for name in names if stands_alone(name, content)]


def main(header_path, mutant_path, *binary_paths):
    names = names_in(pathlib.Path(header_path).read_text(encoding="utf-8"))
    if len(names) < 12:
        return f"only {len(names)} bugs in {header_path}"
    missing = set(names) - set(found(names, pathlib.Path(mutant_path).read_bytes()))
    if missing:
        return f"not even in the mutant build: {', '.join(sorted(missing))}"
    for path in binary_paths:
        there = found(names + SWITCH, pathlib.Path(path).read_bytes())
        if there:
            return f"{path} holds {', '.join(there)}"
        print(f"{path}: none of {len(names)} planted bugs")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
