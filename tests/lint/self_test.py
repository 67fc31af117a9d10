#!/usr/bin/env python3
"""A check that cannot fail proves nothing: each one must find the faults planted here, and only those.

For every check a small clean tree, on which it must be silent, and faults: files laid over the clean
tree, with the finding ("file:line") that must come of them.
"""

import contextlib
import copy
import importlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import rooms  # noqa: E402  (after the line above, so that nothing is left behind)

NOTE = "TO" "DO"
PRAGMA = "#pragma once\n"

SOURCE = {"uid": "${datasource}"}
DASHBOARD = {
    "uid": "a", "title": "A", "description": "All.", "editable": False, "links": [{"type": "dashboards"}],
    "templating": {"list": [{"name": "datasource", "type": "datasource"}, {"name": "chain", "type": "query"}]},
    "panels": [{"id": 1, "type": "stat", "title": "Height", "description": "How far.", "datasource": SOURCE,
                "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4},
                "fieldConfig": {"defaults": {"unit": "none", "thresholds": {"steps": [{"color": "green"}]}}},
                "targets": [{"expr": 'powershare_height{chain=~"$chain"}', "legendFormat": "height", "datasource": SOURCE}]}],
}
BOARD = "monitoring/grafana/dashboards/a.json"
RULES = """groups:
  - name: a
    rules:
      - record: chain:powershare_height:max
        expr: max by (chain) (powershare_height)
      - alert: PowerShareLow
        expr: chain:powershare_height:max < 1
        labels: {severity: warning}
        annotations: {summary: low, runbook_url: docs/runbook.md#powersharelow}
"""
RULE_TESTS = """tests:
  - alert_rule_test:
      - {alertname: PowerShareLow, exp_alerts: [{}]}
      - {alertname: PowerShareLow, exp_alerts: []}
"""
METRICS = '// clang-format off\n    {Metric::height, "powershare_height", gauge,\n     "How far."},\n'


def board(**panel):
    """The dashboard with a change: fields of its panel, or of itself where it has them."""
    changed = copy.deepcopy(DASHBOARD)
    for name, value in panel.items():
        (changed if name in changed else changed["panels"][0])[name] = value
    return json.dumps(changed)


CLEAN = {
    BOARD: json.dumps(DASHBOARD),
    "monitoring/metric_table.cpp": METRICS,
    "monitoring/prometheus/rules/a.yml": RULES,
    "monitoring/prometheus/tests/a.yml": RULE_TESTS,
    "docs/runbook.md": "# Runbook\n\n### PowerShareLow\n",
    "net/CMakeLists.txt": "powershare_room(net\n  DEPENDS base crypto\n  LIBRARIES a::gateway)\n",
    "base/a.hpp": PRAGMA + "#include <string>\n\nstd::string name();\n",
    "market/a.cpp": '#include "base/a.hpp"\n\n'
                    "// A double auction; floats are for boats; the time (UTC) is agreed.\n"
                    "int timeout(int runtime) { return runtime + 1'000'000; }\n"
                    'const char* text() { return "double"; }\n',
    "net/http_server.cpp": "#include <boost/beast.hpp>\n",
    "storage/a.cpp": '#include <lmdb.h>\n#include <sys/mman.h>\n\n#include "protocol/ports.hpp"\n',
    "protocol/ports.hpp": PRAGMA + '#include "base/a.hpp"\n',
    "protocol/pbft/vote.hpp": PRAGMA,
    "protocol/wire/codec.cpp": '#include "protocol/votes.pb.h"\n',
    "net/http.hpp": PRAGMA + '#include "base/a.hpp"\n',
    "net/zmq_link.hpp": PRAGMA + '#include "base/a.hpp"\n',
    "gateway/a.cpp": '#include "net/http.hpp"\n',
    "actors/a.cpp": '#include <caf/all.hpp>\n\n#include "protocol/pbft/vote.hpp"\n',
    "script/hello": '#!/usr/bin/env bash\necho "$1"\n',
    "README.md": "# One page\n\n## What it is\n\nSee [there](docs/page.md#a-part) and "
                 "[above](#what-it-is).\n\n```\n[not a link](nowhere.md)\n```\n",
    "docs/page.md": "# Page\n\n## A part\n\n[back](../README.md)\n",
    ".clang-format": "BasedOnStyle: Google\nColumnLimit: 100\n",
}


def one(path, text, line, also=None):
    """A fault: `path` gets `text`, and the check must name `path`:`line`."""
    return {**(also or {}), path: text}, f"{path}:{line}:"


FAULTS = {
    "includes": [
        one("base/a.hpp", PRAGMA + '#include "net/http.hpp"\n', 2),
        one("market/a.cpp", '\n#include "protocol/ports.hpp"\n', 2),
        one("storage/a.cpp", '#include "protocol/pbft/vote.hpp"\n', 1),
        one("gateway/a.cpp", '#include "net/zmq_link.hpp"\n', 1),
        one("gateway/a.cpp", "#include <caf/actor.hpp>\n", 1),
        one("gateway/a.cpp", '#include "actors/messages.hpp"\n', 1, {"actors/messages.hpp": PRAGMA}),
        one("storage/a.hpp", PRAGMA + "#include <lmdb.h>\n", 2),
        one("net/http.hpp", PRAGMA + "#include <boost/beast.hpp>\n", 2),
        one("net/zmq_link.cpp", "#include <boost/asio.hpp>\n", 1),
        one("ledger/a.cpp", "#include <zmq.hpp>\n", 1),
        one("net/zmq_link.hpp", PRAGMA + '#include "net/zap.hpp"\n', 2, {"net/zap.hpp": PRAGMA}),
        one("protocol/codec.cpp", '#include "protocol/votes.pb.h"\n', 1),
        one("protocol/wire/codec.hpp", PRAGMA + "#include <google/protobuf/message.h>\n", 2),
        one("base/a.hpp", PRAGMA + "#include <nlohmann/json.hpp>\n", 2),
        one("ledger/a.cpp", "#include <thread>\n", 1),
        one("ledger/a.cpp", "#include <unistd.h>\n", 1),
        one("grid/a.cpp", "#include <fstream>\n", 1),
        one("grid/a.cpp", '#include "market/network.hpp"\n', 1, {"market/network.hpp": PRAGMA}),
        one("actors/a.cpp", "#include <surprise/library.hpp>\n", 1),
        one("actors/a.cpp", '#include "messages.hpp"\n', 1),
        one("actors/a.cpp", '#include "actors/gone.hpp"\n', 1),
        one("base/b.hpp", "int twice(int);\n", 1),
    ],
    "libraries": [
        one("net/CMakeLists.txt", "powershare_room(net\n  DEPENDS base ledger\n  LIBRARIES x)\n", 1),
        one("market/CMakeLists.txt", "powershare_room(market DEPENDS base)\n\n"
            "target_link_libraries(powershare_market PRIVATE powershare_storage)\n", 3),
    ],
    "purity": [
        one("market/a.cpp", "\ndouble price = 1;\n", 2),
        one("ledger/a.hpp", "/* a\ncomment */ float energy;\n", 2),
        one("protocol/pbft/a.cpp", "std::unordered_map<int, int> votes;\n", 1),
        one("protocol/a.cpp", "auto now = std::chrono::system_clock::now();\n", 1),
        one("protocol/a.cpp", "auto now = std::chrono::steady_clock::now();\n", 1),
        one("ledger/a.cpp", "auto now = std::time(nullptr);\n", 1),
        one("ledger/a.cpp", "auto now = time(0);\n", 1),
        one("market/a.cpp", "std::mt19937 generator;\n", 1),
    ],
    "monitoring": [
        one(BOARD, board(description=""), 1),
        one(BOARD, board(fieldConfig={"defaults": {"thresholds": {"steps": [1]}}}), 1),
        one(BOARD, board(fieldConfig={"defaults": {"unit": "none"}}), 1),
        one(BOARD, board(datasource={"uid": "prometheus"}), 1),
        one(BOARD, board(gridPos={"x": 1, "y": 0, "w": 24, "h": 4}), 1),
        one(BOARD, board(editable=True), 1),
        one(BOARD, board(links=[]), 1),
        one(BOARD, board(templating={"list": [{"name": "chain", "type": "query"}]}), 1),
        one(BOARD, board(targets=[{"expr": "powershare_height", "legendFormat": "x", "datasource": SOURCE}]), 1),
        one(BOARD, board(targets=[{"expr": 'powershare_depth{chain=~"$chain"}', "legendFormat": "x", "datasource": SOURCE}]), 1),
        one(BOARD, board(targets=[{"expr": 'chain:powershare_gone:max{chain=~"$chain"}', "legendFormat": "x", "datasource": SOURCE}]), 1),
        one("monitoring/grafana/dashboards/b.json", board(), 1),
        one("monitoring/metric_table.cpp", METRICS + '    {Metric::depth, "powershare_depth", gauge, "Unused."},\n', 4),
        one("monitoring/prometheus/rules/a.yml", RULES.replace("{severity: warning}", "{}"), 6),
        one("monitoring/prometheus/rules/a.yml", RULES.replace("powershare_height)", "powershare_width)"), 4),
        one("monitoring/prometheus/rules/a.yml", RULES.replace("#powersharelow", "#elsewhere"), 6),
        one("monitoring/prometheus/rules/a.yml", RULES, 6, {"monitoring/prometheus/tests/a.yml": "tests:\n"
            "  - alert_rule_test: [{alertname: PowerShareLow, exp_alerts: [{}]}]\n"}),
        one("docs/runbook.md", "# Runbook\n\n### PowerShareLow\n\n### PowerShareGone\n", 5),
    ],
    "words": [
        one("net/a.cpp", f"int x;\n// {NOTE}: later\n", 2),
        one("script/hello", f"#!/usr/bin/env bash\n# {NOTE} say hello\n", 2),
        one("docs/page.md", "Look in /" "work/main for it.\n", 1),
    ],
    "lengths": [one("market/a.cpp", "int a;\n" * (rooms.MAX_LINES + 1), 1)],
    "links": [
        one("README.md", "# Page\n\n[gone](docs/gone.md)\n", 3),
        one("docs/page.md", "## A part\n[up](README.md)\n", 2),
        one("docs/page.md", "## A part\n[no such heading](../README.md#nowhere)\n", 2),
    ],
    "format": [one("net/a.cpp", "int  twice( int x ){return 2*x;}\n", 1)],
    "shell": [one("script/hello", "#!/usr/bin/env bash\n\necho $1\n", 3)],
    "headers": [
        one("base/b.hpp", PRAGMA + "inline std::string greeting() { return {}; }\n", 1),
        one("net/zmq_link.hpp", PRAGMA + "struct Link { void send(Frame); };\n", 1),
    ],
}


def run(check, tree):
    """The findings of `check` on a temporary folder that holds `tree`."""
    with tempfile.TemporaryDirectory(prefix="powershare-lint-") as folder:
        for name, text in tree.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            return check(Path(folder))


def main(names):
    failures = 0
    here = Path(__file__).parent
    checks = sorted(path.stem.removeprefix("check_") for path in here.glob("check_*.py"))
    for name in names or checks:
        check = importlib.import_module(f"check_{name}").check
        faults = FAULTS.get(name, [])
        if not faults:
            print(f"lint.{name}: no fault is planted for it")
            failures += 1
        silent = run(check, CLEAN)
        if silent:
            print(f"lint.{name}: complains of a clean tree: {silent}")
            failures += 1
        for planted, expected in faults:
            findings = run(check, {**CLEAN, **planted})
            if len(findings) != 1 or not findings[0].startswith(expected):
                print(f"lint.{name}: planted a fault at {expected} and got {findings}")
                failures += 1
        print(f"lint.{name}: {len(faults)} planted faults tried")
    return 1 if failures else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main(sys.argv[1:]))
