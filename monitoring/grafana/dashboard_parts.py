"""The parts that every dashboard is made of: variables, links, and panels with unit, thresholds and description."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CHAIN = 'chain=~"$chain"'
PEER = 'chain=~"$chain",peer=~"$peer"'
RATE = "[$__rate_interval]"

GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"


def steps(first, *later):
    """Thresholds: the colour from minus infinity, then (value, colour) pairs."""
    return [{"color": first, "value": None}, *({"color": color, "value": value} for value, color in later)]


def targets(queries, instant=False, table=False):
    made = []
    for index, (expression, legend) in enumerate(queries):
        made.append({
            "datasource": DATASOURCE, "editorMode": "code", "expr": " ".join(expression.split()),
            "legendFormat": legend, "refId": chr(ord("A") + index), "instant": instant, "range": not instant,
            **({"format": "table"} if table else {}),
        })
    return made


def panel(kind, title, description, unit, queries, width=8, height=7, thresholds=None, decimals=None, options=None,
          custom=None, instant=False, mappings=None, lowest=None, highest=None):
    """A panel without id and place; `lay_out` gives it both."""
    defaults = {"unit": unit, "color": {"mode": "thresholds" if kind in ("stat", "gauge", "state-timeline") else "palette-classic"},
                "thresholds": {"mode": "absolute", "steps": thresholds or steps(GREEN)}, "mappings": mappings or []}
    for name, value in (("decimals", decimals), ("min", lowest), ("max", highest), ("custom", custom)):
        if value is not None:
            defaults[name] = value
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "gridPos": {"w": width, "h": height}, "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": options or {}, "targets": targets(queries, instant, kind == "table")}


def stat(title, description, unit, queries, width=4, height=4, **more):
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "background",
               "graphMode": "none", "justifyMode": "auto", "textMode": "auto", "orientation": "auto"}
    return panel("stat", title, description, unit, queries, width, height, options=options, instant=True, **more)


def graph(title, description, unit, queries, width=8, height=7, stacked=False, **more):
    custom = {"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 20 if stacked else 8,
              "showPoints": "never", "spanNulls": False, "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
              "thresholdsStyle": {"mode": "line" if more.get("thresholds") else "off"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, unit, queries, width, height, options=options, custom=custom, **more)


def timeline(title, description, queries, names, width=12, height=7, thresholds=None):
    """States over time, one row per series; `names` maps a value to (text, colour)."""
    mappings = [{"type": "value", "options": {str(value): {"text": text, "color": color, "index": index}
                                              for index, (value, (text, color)) in enumerate(names.items())}}]
    return panel("state-timeline", title, description, "none", queries, width, height, mappings=mappings,
                 thresholds=thresholds, custom={"fillOpacity": 80, "lineWidth": 0},
                 options={"mergeValues": True, "showValue": "auto", "rowHeight": 0.9,
                          "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
                          "tooltip": {"mode": "single"}})


def table(title, description, unit, queries, width=24, height=7, **more):
    made = panel("table", title, description, unit, queries, width, height, instant=True,
                 options={"showHeader": True, "cellHeight": "sm"}, **more)
    hidden = {"Time": True, "__name__": True, "instance": True, "job": True}
    made["transformations"] = [{"id": "merge", "options": {}},
                               {"id": "organize", "options": {"excludeByName": hidden, "indexByName": {}, "renameByName": {
                                   f"Value #{target['refId']}": target["legendFormat"] for target in made["targets"]}}}]
    return made


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def lay_out(panels):
    """Numbers the panels and places them from left to right, row by row."""
    x = y = tallest = 0
    for number, one in enumerate(panels, 1):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        place["x"], place["y"] = x, y
        x, tallest = x + place["w"], max(tallest, place["h"])
        one["id"] = number
    return panels


def label_variable(name, label, query):
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "definition": query,
            "query": {"query": query, "refId": "StandardVariableQuery"}, "refresh": 2, "sort": 1, "multi": True,
            "includeAll": True, "allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "hide": 0, "options": [], "regex": "", "skipUrlSync": False}


def dashboard(uid, title, description, panels, peers=True):
    variables = [{"name": "datasource", "label": "Data Source", "type": "datasource", "query": "prometheus", "refresh": 1,
                  "current": {}, "hide": 0, "includeAll": False, "multi": False, "options": [], "regex": "", "skipUrlSync": False},
                 label_variable("chain", "Chain", "label_values(powershare_consensus_height, chain)")]
    if peers:
        variables.append(label_variable("peer", "Peer", 'label_values(powershare_consensus_height{chain=~"$chain"}, peer)'))
    links = [{"title": "Power Share", "type": "dashboards", "tags": ["powershare"], "asDropdown": True, "includeVars": True,
              "keepTime": True, "icon": "external link", "targetBlank": False, "tooltip": "", "url": ""}]
    alerts = {"name": "Alerts", "datasource": DATASOURCE, "enable": True, "iconColor": "red",
              "expr": 'ALERTS{alertname=~"PowerShare.+",alertstate="firing",chain=~"$chain"}', "step": "30s",
              "titleFormat": "{{alertname}}", "textFormat": "{{chain}} {{peer}}"}
    return {"uid": uid, "title": title, "description": description, "tags": ["powershare"], "editable": False,
            "graphTooltip": 1, "schemaVersion": 37, "version": 1, "refresh": "10s", "timezone": "browser",
            "time": {"from": "now-1h", "to": "now"}, "timepicker": {}, "links": links,
            "annotations": {"list": [alerts]}, "templating": {"list": variables}, "panels": lay_out(panels)}
