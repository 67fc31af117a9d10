"""Fields of Chaos Mesh's experiments as their documentation names them: there are no types to check them with."""

COMMON = {"mode", "value", "selector", "duration"}
FIELDS = {
    "PodChaos": ({"action", "gracePeriod", "containerNames"}, {"pod-kill", "pod-failure", "container-kill"}),
    "NetworkChaos": ({"action", "direction", "target", "delay", "loss", "duplicate", "corrupt", "bandwidth", "externalTargets", "device"},
                     {"partition", "delay", "loss", "duplicate", "corrupt", "bandwidth"}),
    "IOChaos": ({"action", "volumePath", "path", "methods", "delay", "errno", "attr", "mistake", "percent", "containerNames"},
                {"latency", "fault", "attrOverride", "mistake"}),
    "TimeChaos": ({"timeOffset", "clockIds", "containerNames"}, None),
}
MODES = {"one", "all", "fixed", "fixed-percent", "random-max-percent"}
NEEDED = {"delay": "delay", "latency": "delay", "fault": "errno"}


def findings(objects):
    for one in objects:
        where, spec = f"{one['kind']} {one['metadata']['name']}", one["spec"]
        fields, actions = FIELDS[one["kind"]]
        if one["apiVersion"] != "chaos-mesh.org/v1alpha1":
            yield f"{where}: {one['apiVersion']}"
        for name in set(spec) - fields - COMMON:
            yield f"{where} has no field {name}"
        if spec["mode"] not in MODES or (actions and spec["action"] not in actions):
            yield f"{where}: mode or action is not one that is known"
        needed = NEEDED.get(spec.get("action"))
        if needed and needed not in spec:
            yield f"{where} lacks {needed}"
        if one["kind"] != "PodChaos" and "duration" not in spec:
            yield f"{where} never ends"
        if not spec["selector"].get("namespaces") or not spec["selector"].get("labelSelectors"):
            yield f"{where} hits more than one neighbourhood's peers"
        if one["metadata"].get("annotations", {}).get("power-share/status") != "never run here":
            yield f"{where} does not say that it has never run"
