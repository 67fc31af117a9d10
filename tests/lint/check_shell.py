"""shellcheck has nothing to say about any bash script."""

import re
import subprocess
from pathlib import Path

import source_tree


def _is_shell(root, path):
    if path.suffix == ".sh":
        return True
    if path.suffix:
        return False
    with open(root / path, "rb") as file:
        return re.match(rb"#!.*\b(ba)?sh\b", file.readline(80)) is not None


def check(root):
    root = Path(root)
    paths = [str(path) for path in source_tree.files(root) if _is_shell(root, path)]
    if not paths:
        return ["no shell script found: is this the right folder?"]
    done = subprocess.run(["shellcheck", "--external-sources", "--format=gcc", *paths], cwd=root,
                          capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines() if done.returncode != 0 else []
