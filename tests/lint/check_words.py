"""No notes of unfinished work in what is committed, and no paths of one developer's machine."""

import re

import source_tree

# Spelled in parts, so that this file passes its own check.
NOTES = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.-])/(work|root|home/[a-z]\w*)/")
SUFFIXES = {".hpp", ".cpp", ".proto", ".py", ".sh", ".cmake", ".txt", ".json", ".yaml", ".yml", ".md"}
WITHOUT_SUFFIX = {"script", ".ci"}


def check(root):
    findings = []
    for path in source_tree.files(root):
        if path.suffix not in SUFFIXES and path.parts[0] not in WITHOUT_SUFFIX:
            continue
        for number, line in enumerate(source_tree.read(root, path).splitlines(), 1):
            for pattern, what in ((NOTES, "a note of unfinished work"),
                                  (MACHINE_PATHS, "a path of one machine")):
                match = pattern.search(line)
                if match:
                    findings.append(f"{path}:{number}: {what} ({match.group()})")
    return findings
