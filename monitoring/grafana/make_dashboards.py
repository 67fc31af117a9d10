#!/usr/bin/env python3
"""make_dashboards.py [--check]: writes dashboards/*.json from their descriptions; --check only says whether they are current."""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import dashboards_of_the_chain as chain  # noqa: E402
import dashboards_of_the_grid as grid  # noqa: E402

ALL = {"island": grid.island, "microgrid": grid.microgrid, "consensus": chain.consensus, "market": grid.market,
       "metering": grid.metering, "power": grid.power, "peer": chain.peer, "chaos": chain.chaos}


def text(make):
    return json.dumps(make(), indent=1, ensure_ascii=False) + "\n"


def main(arguments):
    folder = Path(__file__).parent / "dashboards"
    stale = []
    for name, make in ALL.items():
        path = folder / f"{name}.json"
        if arguments == ["--check"]:
            if not path.exists() or path.read_text(encoding="utf-8") != text(make):
                stale.append(path.name)
        else:
            path.write_text(text(make), encoding="utf-8")
    stale += [path.name for path in folder.glob("*.json") if path.stem not in ALL]
    for name in stale:
        print(f"dashboards/{name} is not what make_dashboards.py makes")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
