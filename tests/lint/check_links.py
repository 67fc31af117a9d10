"""Every relative link in a Markdown page leads to a file, and every #anchor to a heading."""

import os
import re
from pathlib import Path

import source_tree

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def _without_fences(text):
    return FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def _anchors(text):
    """The anchors that the usual Markdown viewers make from headings."""
    result = set()
    for heading in HEADING.findall(_without_fences(text)):
        plain = re.sub(r"[`*]", "", heading).lower()
        result.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return result


def check(root):
    root = Path(root)
    findings = []
    for path in source_tree.files(root, {".md"}):
        text = _without_fences(source_tree.read(root, path))
        for match in LINK.finditer(text):
            target = match.group(1)
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            place = path if not name else Path(os.path.normpath(path.parent / name))
            where = f"{path}:{source_tree.line_of(text, match.start())}"
            if not (root / place).exists():
                findings.append(f"{where}: link to {target}, which does not exist")
            elif anchor and anchor not in _anchors(source_tree.read(root, place)):
                findings.append(f"{where}: link to {target}, whose page has no such heading")
    return findings
