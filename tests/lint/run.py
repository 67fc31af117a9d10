#!/usr/bin/env python3
"""run.py CHECK [ROOT]: runs one check over the repository (or the folder ROOT); exit 1 on findings.

Each check is a module check_CHECK.py with a function check(root) -> list of "file:line: what".
"""

import importlib
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    root = Path(arguments[1] if len(arguments) == 2 else Path(__file__).parents[2]).resolve()
    started = time.monotonic()
    findings = importlib.import_module(f"check_{arguments[0]}").check(root)
    for finding in findings:
        print(finding)
    print(f"lint.{arguments[0]}: {len(findings)} findings in {time.monotonic() - started:.1f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
