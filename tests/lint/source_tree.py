"""Which files there are, and their text without comments and literals."""

import os
import re
import subprocess
from pathlib import Path

SKIPPED_FOLDERS = {"build", "node_modules", ".git", ".cache", "__pycache__"}
CXX = {".hpp", ".cpp"}


def _known_to_git(root):
    """What git tracks or would track; None where there is no git, or it does not trust the folder."""
    if not (root / ".git").exists():
        return None
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True)
    return [Path(name) for name in done.stdout.splitlines()] if done.returncode == 0 else None


def files(root, suffixes=None):
    """Paths below `root`, relative to it, sorted; what git ignores is left out where there is git."""
    root = Path(root)
    found = _known_to_git(root)
    if found is None:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            found += [Path(folder, name).relative_to(root) for name in names]
    return sorted(path for path in set(found)
                  if (suffixes is None or path.suffix in suffixes) and (root / path).is_file())


def room_of(path):
    """The room that a source file of the product belongs to, or None (tests, scripts, documents)."""
    return path.parts[0] if len(path.parts) > 1 else None


def read(root, path):
    return (Path(root) / path).read_text(encoding="utf-8")


_SKIP = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\ \n]{0,16})\(.*?\)(?P=mark)"'
    r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def code_only(text):
    """C++ text with comments and literals blanked; line numbers stay."""
    return _SKIP.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
