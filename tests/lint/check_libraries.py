"""Each room's library links only the rooms that its row of the table allows."""

import re

import rooms
import source_tree

ROOM = re.compile(r"powershare_room\(\s*(?P<name>\w+)(?P<rest>[^)]*)\)")
LINK = re.compile(r"target_link_libraries\(\s*powershare_(?P<name>\w+)(?P<rest>[^)]*)\)")


def _depends(arguments):
    words = re.sub(r"#[^\n]*", "", arguments).split()
    if "DEPENDS" not in words:
        return []
    rest = words[words.index("DEPENDS") + 1:]
    ends = [rest.index(word) for word in ("LIBRARIES", "EXCLUDE") if word in rest]
    return rest[:min(ends)] if ends else rest


def check(root):
    findings = []
    for path in source_tree.files(root):
        if path.name != "CMakeLists.txt" or source_tree.room_of(path) not in rooms.ROOMS:
            continue
        text = source_tree.read(root, path)
        linked = [(match, _depends(match["rest"])) for match in ROOM.finditer(text)]
        linked += [(match, re.findall(r"\bpowershare_(\w+)", match["rest"]))
                   for match in LINK.finditer(text)]
        for match, others in linked:
            for other in others:
                if match["name"] not in rooms.ROOMS or other not in rooms.ROOMS:
                    continue  # a helper of the room, as the generated Protobuf classes
                if other not in rooms.ROOMS[match["name"]]:
                    line = source_tree.line_of(text, match.start())
                    findings.append(f"{path}:{line}: room {match['name']} may not link {other}")
    return findings
