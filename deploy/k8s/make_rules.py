#!/usr/bin/env python3
"""make_rules.py [--check]: wraps monitoring/prometheus/rules into the PrometheusRule of overlays/monitoring; --check compares."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = HERE.parents[1] / "monitoring/prometheus/rules"
TARGET = HERE / "overlays/monitoring/prometheusrule.yaml"
HEAD = """# Made by deploy/k8s/make_rules.py of monitoring/prometheus/rules.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: powershare
  labels:
    # kube-prometheus-stack looks at rules with its own release label only.
    release: kube-prometheus-stack
    app.kubernetes.io/name: power-share
    app.kubernetes.io/component: monitoring
spec:
  groups:
"""


def text():
    made = HEAD
    for path in sorted(RULES.glob("*.yml"), reverse=True):  # recorded series before alerts
        groups = path.read_text(encoding="utf-8").split("groups:\n", 1)[1]
        made += "".join(f"  {line}" if line.strip() else line for line in groups.splitlines(keepends=True))
    return made


def main(arguments):
    if arguments != ["--check"]:
        TARGET.write_text(text(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text():
        print(f"{TARGET} is not what make_rules.py makes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
