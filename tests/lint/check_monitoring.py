"""Dashboards and alerts are whole and true to the one table of metrics (monitoring/metric_table.cpp), both ways."""

import json
import re
from pathlib import Path

import yaml

import source_tree

METRIC = re.compile(r"(?<![\w:])powershare_[a-z0-9_]+")
RECORDED = re.compile(r"\b[a-z_]+:powershare_[a-z0-9_]+:[a-z0-9_]+")
SELECTOR = re.compile(r"(?<![\w:])((?:[a-z_]+:)?powershare_[a-z0-9_]+(?::[a-z0-9_]+)?)(?:\{([^}]*)\})?")
ROW = re.compile(r'\{Metric::\w+,\s*"(powershare_[a-z0-9_]+)",\s*(gauge|counter|histogram)\b')
RUNBOOK = Path("docs/runbook.md")
DRAWN_WITH_THRESHOLDS = {"stat", "gauge"}


def _table(root):
    """Every series name that the program can expose -> the metric it belongs to."""
    names = {}
    for name, kind in ROW.findall(source_tree.read(root, "monitoring/metric_table.cpp")):
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            names[name + suffix] = name
    return names


def _rules(root, folder, suffix=".yml"):
    return {path: yaml.safe_load(source_tree.read(root, path))
            for path in source_tree.files(root, {suffix}) if path.parts[:3] == ("monitoring", "prometheus", folder)}


def _line(text, what):
    place = text.find(what)
    return source_tree.line_of(text, place) if place >= 0 else 1


class Findings(list):
    def __init__(self, root):
        super().__init__()
        self.root = root

    def say(self, path, near, what):
        self.append(f"{path}:{_line(source_tree.read(self.root, path), near)}: {what}")


def _check_names(expression, known, recorded, used, say):
    for name in RECORDED.findall(expression):
        if name not in recorded:
            say(f"no rule records {name}")
    for name in METRIC.findall(RECORDED.sub("", expression)):
        if name not in known:
            say(f"the table has no metric {name}")
        else:
            used.add(known[name])


def _check_panel(panel, say):
    for field in ("title", "description"):
        if not str(panel.get(field, "")).strip():
            say(f"panel {panel.get('id')} has no {field}")
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    if not defaults.get("unit"):
        say(f"panel '{panel['title']}' has no unit")
    if panel["type"] in DRAWN_WITH_THRESHOLDS and not defaults.get("thresholds", {}).get("steps"):
        say(f"panel '{panel['title']}' has no thresholds")
    if not panel.get("targets"):
        say(f"panel '{panel['title']}' asks nothing")
    for place in (panel, *panel.get("targets", [])):
        if place.get("datasource", {}).get("uid") != "${datasource}":
            say(f"panel '{panel['title']}' does not use the variable datasource")
            break
    for target in panel.get("targets", []):
        for name, matchers in SELECTOR.findall(target["expr"]):
            if 'chain=~"$chain"' not in matchers:
                say(f"panel '{panel['title']}': {name} is not limited to $chain")
        if not target.get("legendFormat"):
            say(f"panel '{panel['title']}' has a query without legend")


def _overlaps(panels):
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            return panel
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell in taken:
                return panel
            taken[cell] = panel
    return None


def _check_dashboard(path, board, known, recorded, used, findings):
    def say(what, near=""):
        findings.say(path, near, what)

    variables = {one["name"]: one for one in board.get("templating", {}).get("list", [])}
    sources = [one for one in variables.values() if one["type"] == "datasource"]
    if [one["name"] for one in sources] != ["datasource"]:
        say("needs exactly one datasource variable, named datasource")
    for name in ("uid", "title", "description"):
        if not board.get(name):
            say(f"has no {name}")
    if board.get("editable", True):
        say("may be edited in place: the file would no longer be what is shown")
    if not any(link["type"] == "dashboards" for link in board.get("links", [])):
        say("does not link to the other dashboards")
    used_variables = set(re.findall(r"\$([a-z]+)", json.dumps(board["panels"])))
    for name in used_variables - set(variables) - {"datasource"}:
        say(f"uses ${name}, which is no variable")
    panels = board["panels"]
    numbers = [panel["id"] for panel in panels]
    if len(set(numbers)) != len(numbers):
        say("two panels have one id")
    clash = _overlaps(panels)
    if clash:
        say(f"panel '{clash['title']}' lies over another one, or beyond the edge")
    for panel in panels:
        if panel["type"] == "row":
            continue
        near = json.dumps(panel.get("title", ""), ensure_ascii=False)
        _check_panel(panel, lambda what, near=near: say(what, near))
        for target in panel.get("targets", []):
            _check_names(target["expr"], known, recorded, used, lambda what, near=near: say(what, near))


def _check_alerts(root, findings):
    runbook = source_tree.read(root, RUNBOOK)
    headings = set(re.findall(r"^### (PowerShare\w+)$", runbook, re.MULTILINE))
    alerts = {}
    for path, rules in _rules(root, "rules").items():
        for rule in (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule):
            name = rule["alert"]
            if name in alerts:
                findings.say(path, f"alert: {name}", f"{name} is defined twice")
            alerts[name] = path
            notes = rule.get("annotations", {})
            if rule.get("labels", {}).get("severity") not in ("critical", "warning", "info"):
                findings.say(path, f"alert: {name}", f"{name} has no severity")
            if not notes.get("summary"):
                findings.say(path, f"alert: {name}", f"{name} has no summary")
            if notes.get("runbook_url") != f"{RUNBOOK}#{name.lower()}" or name not in headings:
                findings.say(path, f"alert: {name}", f"{name} has no section in {RUNBOOK} that it links to")
    for name in sorted(headings - set(alerts)):
        findings.say(RUNBOOK, f"### {name}", f"no alert is called {name}")
    cases = {name: set() for name in alerts}
    for tests in _rules(root, "tests").values():
        for case in (case for test in tests["tests"] for case in test.get("alert_rule_test", [])):
            cases.get(case["alertname"], set()).add("firing" if case.get("exp_alerts") else "quiet")
    for name, tried in cases.items():
        for kind in sorted({"firing", "quiet"} - tried):
            findings.say(alerts[name], f"alert: {name}", f"{name} has no {kind} case in monitoring/prometheus/tests")


def check(root):
    root = Path(root)
    findings, known, used = Findings(root), _table(root), set()
    rules = _rules(root, "rules")
    flat = [(path, rule) for path, content in rules.items() for group in content["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for _, rule in flat if "record" in rule}
    for path, rule in flat:
        name = rule.get("record") or rule.get("alert")
        _check_names(rule["expr"], known, recorded, used,
                     lambda what, path=path, name=name: findings.say(path, name, f"{name}: {what}"))
    uids = {}
    for path in source_tree.files(root, {".json"}):
        if path.parts[:3] != ("monitoring", "grafana", "dashboards"):
            continue
        board = json.loads(source_tree.read(root, path))
        _check_dashboard(path, board, known, recorded, used, findings)
        if board.get("uid") in uids:
            findings.say(path, '"uid"', f"has the uid of {uids[board['uid']]}")
        uids[board.get("uid")] = path
    if not uids or not flat:
        findings.append("monitoring:1: no dashboards or no rules found: is this the right folder?")
    for name in sorted(set(known.values()) - used):
        findings.say("monitoring/metric_table.cpp", f'"{name}"', f"{name} is in no dashboard and no rule")
    _check_alerts(root, findings)
    return findings
