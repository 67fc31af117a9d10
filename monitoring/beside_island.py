#!/usr/bin/env python3
"""Runs Prometheus, and Grafana where it is installed, beside the island of a data folder, for as long as that island runs.

`script/run --monitoring` starts it. Everything it writes is in DATA/monitoring.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent


def say(text):
    print(f"monitoring: {text}", file=sys.stderr, flush=True)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z"
    except OSError:
        return False


def island(data):
    """What island.json says, or None while there is none that is whole."""
    try:
        return json.loads((data / "island.json").read_text())
    except (OSError, ValueError):
        return None


def peers_of(content):
    chains = [*content["microgrids"], *([content["island"]] if content.get("island") else [])]
    return [(chain["id"], peer) for chain in chains for peer in chain["peers"]]


def pid_of(peer):
    """The pid that the peer has now: it may have been started again since island.json was written."""
    try:
        return int((Path(peer["data"]) / "peer.pid").read_text())
    except (OSError, ValueError):
        return peer["pid"]


def runs(content):
    return content is not None and any(alive(pid_of(peer)) for _, peer in peers_of(content))


def refuse_taken(port, program):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            say(f"port {port} for {program} is taken")
            sys.exit(69)


def write_configuration(folder, content, interval):
    """A copy of prometheus.yml with this island's peers and interval."""
    (folder / "targets").mkdir(parents=True, exist_ok=True)
    entries = [{"targets": [urlsplit(peer["metrics"]).netloc], "labels": {"chain": chain, "peer": peer["id"]}}
               for chain, peer in peers_of(content)]
    (folder / "targets/island.json").write_text(json.dumps(entries, indent=1))
    text = (HERE / "prometheus/prometheus.yml").read_text()
    text = text.replace("rules/*.yml", str(HERE / "prometheus/rules/*.yml"))
    text = text.replace("_interval: 5s", f"_interval: {interval}")
    (folder / "prometheus.yml").write_text(text)


def start_prometheus(folder, port):
    refuse_taken(port, "Prometheus")
    with open(folder / "prometheus.log", "a") as log:
        return subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'prometheus'}",
             f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=7d"], stdout=log, stderr=log)


def start_grafana(folder, port, prometheus_port):
    program = shutil.which("grafana-server")
    if program is None:
        say("Grafana is not installed; the dashboards are in monitoring/grafana/dashboards")
        return []
    refuse_taken(port, "Grafana")
    settings = {"PROMETHEUS_URL": f"http://127.0.0.1:{prometheus_port}",
                "POWERSHARE_DASHBOARDS": str(HERE / "grafana/dashboards"),
                "GF_PATHS_PROVISIONING": str(HERE / "grafana/provisioning"), "GF_PATHS_DATA": str(folder / "grafana"),
                "GF_SERVER_HTTP_ADDR": "127.0.0.1", "GF_SERVER_HTTP_PORT": str(port),
                "GF_AUTH_ANONYMOUS_ENABLED": "true", "GF_ANALYTICS_REPORTING_ENABLED": "false"}
    with open(folder / "grafana.log", "a") as log:
        say(f"Grafana at http://127.0.0.1:{port}")
        return [subprocess.Popen([program, "--homepath", "/usr/share/grafana"], stdout=log, stderr=log,
                                 env={**os.environ, **settings})]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the island's data folder")
    parser.add_argument("--port", type=int, default=9090, help="of Prometheus [9090]")
    parser.add_argument("--grafana-port", type=int, default=3000, help="of Grafana [3000]")
    parser.add_argument("--interval", default="5s", help="between scrapes [5s]")
    parser.add_argument("--starter", type=int, help="pid of what starts the island: gives up when it ends without one")
    options = parser.parse_args()
    if shutil.which("prometheus") is None:
        say("Prometheus is not installed (script/bootstrap does that)")
        return 69
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    data = options.data.resolve()
    while not runs(island(data)):
        if options.starter and not alive(options.starter) and not runs(island(data)):
            return 0
        time.sleep(0.2)
    folder = data / "monitoring"
    write_configuration(folder, island(data), options.interval)
    programs = []
    try:
        programs.append(start_prometheus(folder, options.port))
        say(f"Prometheus at http://127.0.0.1:{options.port}")
        programs += start_grafana(folder, options.grafana_port, options.port)
        while runs(island(data)) or (options.starter and alive(options.starter)):
            if programs[0].poll() is not None:
                say(f"Prometheus has ended with {programs[0].returncode}, see {folder / 'prometheus.log'}")
                return 70
            time.sleep(1)
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
