#!/usr/bin/env python3
"""embed.py DIST OUTPUT.cpp: the built web application as C++ for gateway/web_assets.hpp.

Writes OUTPUT only where something has changed. Without DIST there are no assets.
"""

import hashlib
import sys
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
COMPRESSED = {".gz": "gzip", ".br": "brotli"}


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Source:
    def __init__(self):
        self.blocks = []
        self.symbols = []

    def blob(self, path):
        """The name and size of the file's bytes, as they will stand in the program."""
        name = f"powershare_web_{len(self.symbols)}"
        size = path.stat().st_size
        self.symbols.append(name)
        # The assembler reads the file; a compiler cache sees by the hash that it is another one.
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.blocks.append(
            f'// {digest}\n__asm__(".section .rodata\\n.balign 16\\n{name}:\\n"\n'
            f'        ".incbin " {literal(chr(34) + str(path) + chr(34))} "\\n.previous\\n");\n'
            f"extern \"C\" const char {name}[];\n")
        return f"std::string_view({name}, {size})"


def assets_of(dist, source):
    rows = []
    for path in sorted(p for p in dist.rglob("*") if p.is_file() and p.suffix not in COMPRESSED):
        if path.suffix not in TYPES:
            sys.exit(f"embed.py: {path} is of a kind that nobody has named a content type for")
        url = "/" + path.relative_to(dist).as_posix()
        blobs = {"gzip": '""', "brotli": '""'}
        content = source.blob(path)
        for suffix, kind in COMPRESSED.items():
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                blobs[kind] = source.blob(beside)
        etag = '"' + hashlib.sha256(path.read_bytes()).hexdigest()[:32] + '"'
        hashed = "true" if url.startswith("/assets/") else "false"
        rows.append((url, f"    {{{literal(url)}, {literal(TYPES[path.suffix])}, {literal(etag)}, {hashed},\n"
                          f"     {content},\n     {blobs['gzip']},\n     {blobs['brotli']}}},\n"))
    return [text for _, text in sorted(rows)]


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    dist, output = Path(arguments[0]).resolve(), Path(arguments[1])
    source = Source()
    rows = assets_of(dist, source) if (dist / "index.html").exists() else []
    table = ("constexpr powershare::gateway::WebAsset assets[] = {\n" + "".join(rows) + "};\n") if rows else ""
    text = ("// Made by web/embed.py.\n#include \"gateway/web_assets.hpp\"\n\n" + "".join(source.blocks) +
            "\nnamespace {\n" + table + "}  // namespace\n\n"
            "std::span<const powershare::gateway::WebAsset> powershare::gateway::web_assets() {\n"
            f"  return {'assets' if rows else '{}'};\n}}\n")
    if not output.exists() or output.read_text() != text:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
