"""No file grows past rooms.MAX_LINES; the longest are shown, so that one sees them grow."""

import rooms
import source_tree

SUFFIXES = {".hpp", ".cpp", ".proto", ".py"}


def check(root):
    lengths = []
    for path in source_tree.files(root):
        if path.suffix in SUFFIXES or path.parts[0] == "script":
            lengths.append((source_tree.read(root, path).count("\n"), path))
    lengths.sort(key=lambda pair: (-pair[0], pair[1]))
    print("longest files:")
    for count, path in lengths[:8]:
        print(f"{count:6} {path}")
    return [f"{path}:1: {count} lines, more than {rooms.MAX_LINES}: split it"
            for count, path in lengths if count > rooms.MAX_LINES]
