"""Every #include obeys the table of rooms, and third-party headers stay where they belong."""

import re
from fnmatch import fnmatch
from pathlib import Path

import rooms
import source_tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<open>[<"])(?P<name>[^>"\n]+)[>"]', re.MULTILINE)


def _third_party(name):
    for pattern, places in rooms.THIRD_PARTY.items():
        if re.fullmatch(pattern, name):
            return places
    return None


def _judge(root, path, name, quoted):
    """What is wrong with file `path` including `name`, or None."""
    room = source_tree.room_of(path)
    places = _third_party(name)
    if places is not None:
        allowed = any(fnmatch(str(path), place) for place in places)
        return None if allowed else f"<{name}> may be included only by {', '.join(places)}"
    if quoted:
        other = name.split("/")[0]
        if other not in rooms.ROOMS:
            return f'"{name}" is not a path from the root of the repository'
        if not (Path(root) / name).is_file():
            return f'"{name}" does not exist'
        if other != room and other not in rooms.ROOMS[room]:
            return f'room {room} may not include room {other} ("{name}")'
        private = rooms.PRIVATE_HEADERS.get(name)
        if private and not any(fnmatch(str(path), place) for place in private):
            return f'"{name}" may be included only by {", ".join(private)}'
        narrow = rooms.NARROW.get((room, other))
        if narrow and not any(fnmatch(name, pattern) for pattern in narrow):
            return f'room {room} may see only {", ".join(narrow)} of room {other}, not "{name}"'
        return None
    if re.fullmatch(r"[a-z0-9_]+", name):
        if room in rooms.WITHOUT_IO and name in rooms.IMPURE_STANDARD:
            return f"<{name}> has no place in pure room {room}"
        return None
    if re.fullmatch(rooms.SYSTEM_HEADER, name):
        return None if room in rooms.SYSTEM_ROOMS else f"<{name}> has no place in pure room {room}"
    return f"<{name}> is in no table of tests/lint/rooms.py: say there who may include it"


def check(root):
    findings = []
    for path in source_tree.files(root, source_tree.CXX):
        if source_tree.room_of(path) not in rooms.ROOMS:
            continue
        text = source_tree.read(root, path)
        if path.suffix == ".hpp" and "#pragma once" not in text:
            findings.append(f"{path}:1: no #pragma once")
        for match in INCLUDE.finditer(text):
            wrong = _judge(root, path, match["name"], match["open"] == '"')
            if wrong:
                findings.append(f"{path}:{source_tree.line_of(text, match.start())}: {wrong}")
    return findings
