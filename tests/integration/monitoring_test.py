#!/usr/bin/env python3
"""A real Prometheus beside a real island: every query of every panel and every rule returns data.

Prints each panel with what its queries returned; with POWERSHARE_DASHBOARD_PROOF=FILE also as a page of Markdown.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import yaml

from island import ROOT, Island, free_ports, skip, wait_for

MONITORING = ROOT / "monitoring"
SELECTOR = re.compile(r"(?<![\w:])((?:[a-z_]+:)?powershare_[a-z0-9_]+(?::[a-z0-9_]+)?|up)\b(\{[^}]*\})?")
WINDOW = "10s"  # what Grafana would put for $__rate_interval
VARIABLES = {"$__rate_interval": WINDOW, "$chain": ".+", "$peer": ".+"}

# Selectors of alerts that have no series before something has gone wrong in a way that this test does not provoke.
NOT_PROVOKED = {
    'powershare_gateway_requests_total{status=~"5..",route!="/readyz"}': "no request has failed yet",
}


class Prometheus:
    def __init__(self, island):
        self.port = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(MONITORING / "beside_island.py"), "--data", str(island.folder), "--port", str(self.port),
             "--grafana-port", str(self.port + 1), "--interval", "1s"])

    def __enter__(self):
        wait_for(lambda: self.answers() or self.process.poll() is not None, 60, "Prometheus ready")
        assert self.process.poll() is None, f"monitoring ended with {self.process.returncode}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def answers(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def get(self, path, **query):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as response:
            content = json.load(response)
        assert content["status"] == "success", content
        return content["data"]

    def values(self, expression, instant=True):
        """The last value of each series that the query returns, figures only."""
        now = time.time()
        if instant:
            rows = self.get("query", query=expression, time=now)["result"]
            points = [row["value"] for row in rows]
        else:
            rows = self.get("query_range", query=expression, start=now - 30, end=now, step=5)["result"]
            points = [row["values"][-1] for row in rows]
        return [value for value in (float(point[1]) for point in points) if not math.isnan(value)]


def substituted(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def queries():
    """(where, expression, instant) of all panels, recorded series and selectors of alerts."""
    found = []
    for path in sorted((MONITORING / "grafana/dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                where = (board["title"], panel["title"], target["legendFormat"], panel["fieldConfig"]["defaults"]["unit"])
                found.append((where, substituted(target["expr"]), target["instant"]))
    for rule in rules():
        if "record" in rule:
            found.append((("Recorded", rule["record"], "", ""), rule["record"], True))
        else:
            for name, matchers in SELECTOR.findall(rule["expr"]):
                if name + matchers not in NOT_PROVOKED:
                    found.append((("Alert", rule["alert"], name + matchers, ""), name + matchers, True))
    return found


def rules():
    return [rule for path in sorted((MONITORING / "prometheus/rules").glob("*.yml"))
            for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def provoke(island):
    """What must have happened once for its series to exist: refused readings, a view change, a restart."""
    victim = island.primary()
    door = (victim + 1) % len(island.peers)
    meter = sorted((island.chain_folder / "meters").iterdir())[0].stem

    def refused(name):  # for the first slot of the built-in day
        reading = {"meter": name, "seq": 1, "start": "2021-06-21T05:00:00Z", "seconds": 900, "imported_kwh": 0.1,
                   "exported_kwh": 0, "produced_kwh": 0}
        status, body = island.post(door, "/etms/readings", reading, admin=True)
        assert status == 200, (status, body)
        return body["rejected"][0]["reason"]

    assert refused("nobody") == "unknown_meter"
    # A second device speaks as a meter whose first reading is in the ledger.
    wait_for(lambda: island.height() > 40, 60, "the first slots are settled")
    assert refused(meter) == "conflict"
    island.kill(victim)
    wait_for(lambda: any(status and status["view"] > 0 for status in map(island.status, range(len(island.peers)))), 60, "a view change")
    return victim


def show(rows):
    boards = {}
    for (board, panel, legend, unit), expression, values in rows:
        boards.setdefault(board, []).append((panel, legend, unit, len(values), values[0]))
    for board, panels in boards.items():
        print(f"── {board}")
        for panel, legend, unit, count, first in panels:
            print(f"   {panel} [{legend}]: {first:.6g} {unit} ({count} series)")
    page = os.environ.get("POWERSHARE_DASHBOARD_PROOF")
    if not page:
        return
    lines = ["# What every panel showed", "",
             "Made by `tests/integration/monitoring_test.py` with `POWERSHARE_DASHBOARD_PROOF=docs/dashboards.md`: a real Prometheus beside a real",
             "island of four peers, soon after its start, in which the primary was killed once. One line per query: its first series' last value.", ""]
    for board, panels in boards.items():
        if board in ("Alert", "Recorded"):
            continue
        lines += [f"## {board}", "", "| panel | series | value | unit | number of series |", "|---|---|---|---|---|"]
        lines += [f"| {panel} | `{legend}` | {first:.6g} | {unit} | {count} |" for panel, legend, unit, count, first in panels] + [""]
    open(page, "w").write("\n".join(lines))


def check_rules(prometheus):
    def unhealthy():
        groups = prometheus.get("rules")["groups"]
        assert sum(len(group["rules"]) for group in groups) == len(rules()), "not all rules are loaded"
        return [rule for group in groups for rule in group["rules"] if rule["health"] != "ok"]

    wait_for(lambda: not unhealthy(), 30, "every rule evaluated")
    for rule in rules():
        prometheus.values(rule["expr"])  # an error fails the request


def check_metrics_page(island):
    """promtool's opinion of names, help and types of a real peer."""
    with urllib.request.urlopen(island.peers[0]["metrics"], timeout=20) as response:
        page = response.read()
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def main():
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    with Island(["--speed", "1800", "--tls"]) as island, Prometheus(island) as prometheus:
        check_metrics_page(island)
        wait_for(lambda: prometheus.values('sum(up{job="powershare"})') == [4.0], 30, "Prometheus reaches all four peers")
        victim = provoke(island)
        wait_for(lambda: prometheus.values('sum(up{job="powershare"})') == [3.0], 30, "Prometheus misses the dead peer")
        island.restart(victim)
        wait_for(lambda: island.ready(victim), 60, "the killed peer is ready again")

        open_queries, answered = queries(), []
        assert len(open_queries) > 150, len(open_queries)
        total = len(open_queries)
        deadline = time.monotonic() + 45
        while open_queries and time.monotonic() < deadline:
            still = []
            for where, expression, instant in open_queries:
                values = prometheus.values(expression, instant)
                (answered if values else still).append((where, expression, values or instant))
            open_queries = still
            if open_queries:
                time.sleep(1)  # until the next scrape
        dead = [f"{where}: {expression}" for where, expression, _ in open_queries]
        assert not dead, "no data for\n" + "\n".join(dead)
        assert len(answered) == total
        check_rules(prometheus)
        for variable in ("chain", "peer"):
            names = prometheus.get(f"label/{variable}/values", **{"match[]": "powershare_consensus_height"})
            assert len(names) == {"chain": 1, "peer": 4}[variable], names
        # A query that asks for nothing that exists is noticed.
        assert not prometheus.values("powershare_no_such_metric", False)
        show(answered)
        print(f"{total} queries of panels and rules returned data")


if __name__ == "__main__":
    main()
