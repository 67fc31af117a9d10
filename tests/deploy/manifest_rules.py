"""What must hold of rendered manifests, beyond their types. Each rule takes the objects of one overlay and yields what is wrong."""

KNOWN = {
    "v1": {"Namespace", "ServiceAccount", "ConfigMap", "Service"},
    "apps/v1": {"StatefulSet"},
    "batch/v1": {"Job"},
    "policy/v1": {"PodDisruptionBudget"},
    "networking.k8s.io/v1": {"NetworkPolicy"},
    "rbac.authorization.k8s.io/v1": {"Role", "RoleBinding"},
    "monitoring.coreos.com/v1": {"PodMonitor", "PrometheusRule"},
    "external-secrets.io/v1": {"ExternalSecret"},
}
IDENTITY = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
MADE_BY_THE_CEREMONY = {("ConfigMap", "genesis"), ("Secret", "peer-keys"), ("ConfigMap", "administrator")}
PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
APPLIED_ANNOTATION_BYTES = 262144  # of `kubectl apply`, with the whole object in it


def of_kind(objects, kind):
    return [one for one in objects if one["kind"] == kind]


def only(objects, kind, name=None):
    found = [one for one in of_kind(objects, kind) if name in (None, one["metadata"]["name"])]
    return found[0] if len(found) == 1 else None


def pods(objects):
    return [(one, one["spec"]["template"]) for one in objects if one["kind"] in ("StatefulSet", "Job")]


def containers(template):
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def matches(selector, labels):
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", selector).items())


def api_versions(objects):
    for one in objects:
        if one["kind"] not in KNOWN.get(one["apiVersion"], ()):
            yield f"{one['apiVersion']} {one['kind']} is not one that is known and current"


def names(objects):
    seen = set()
    for one in objects:
        key = (one["kind"], one["metadata"]["name"])
        if key in seen:
            yield f"two objects are {key}"
        seen.add(key)
        if one["kind"] != "Namespace" and not one["metadata"].get("namespace"):
            yield f"{key} is in no namespace"
    if len({one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"}) > 1:
        yield "objects of more than one namespace"


def selectors(objects):
    """What selects is never what an upgrade changes."""
    for kind in ("StatefulSet", "Service", "PodDisruptionBudget"):
        for one in of_kind(objects, kind):
            selector = one["spec"].get("selector", {})
            chosen = set(selector.get("matchLabels", selector))
            if chosen != IDENTITY:
                yield f"{kind} {one['metadata']['name']} selects by {sorted(chosen)}"
            peer = only(objects, "StatefulSet", "peer")
            if peer and not matches(selector, peer["spec"]["template"]["metadata"]["labels"]):
                yield f"{kind} {one['metadata']['name']} selects no peer"


def restricted(objects):
    """The restricted Pod Security Standard, and what goes beyond it."""
    for owner, template in pods(objects):
        where, spec = owner["metadata"]["name"], template["spec"]
        pod = spec.get("securityContext", {})
        if not pod.get("runAsNonRoot") or pod.get("runAsUser", 0) < 1000:
            yield f"{where} may run as root"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{where} has no seccomp profile"
        if spec.get("automountServiceAccountToken", True) and owner["kind"] != "Job":
            yield f"{where} has a token for the API server"
        if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{where} shares namespaces with its machine"
        for volume in spec.get("volumes", []):
            if not {"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim"} & set(volume):
                yield f"{where} mounts {volume}"
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{where}: volume {volume['name']} has no limit"
        for one in containers(template):
            context = one.get("securityContext", {})
            if context.get("allowPrivilegeEscalation", True) or context.get("privileged"):
                yield f"{where}/{one['name']} may gain privileges"
            if not context.get("readOnlyRootFilesystem"):
                yield f"{where}/{one['name']} may write to its root"
            if context.get("capabilities", {}) != {"drop": ["ALL"]}:
                yield f"{where}/{one['name']} keeps capabilities"
            resources = one.get("resources", {})
            if not resources.get("limits") or resources.get("requests") != resources["limits"]:
                yield f"{where}/{one['name']}: requests are not limits"
            if one["image"].endswith(":latest") or ":" not in one["image"].rsplit("/", 1)[-1]:
                yield f"{where}/{one['name']}: {one['image']} is no fixed version"
    for one in of_kind(objects, "Namespace"):
        if one["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield "the namespace lets other pods in"


def quorum(objects):
    peer = only(objects, "StatefulSet", "peer")
    if peer is None:
        return
    spec, template = peer["spec"], peer["spec"]["template"]
    labels, members = template["metadata"]["labels"], spec["replicas"]
    faulty = (members - 1) // 3
    if members < 4:
        yield f"{members} peers bear no fault"
    budget = only(objects, "PodDisruptionBudget")
    if budget is None or budget["spec"].get("maxUnavailable") != faulty:
        yield f"with {members} peers exactly {faulty} may be away on purpose"
    if spec.get("podManagementPolicy") != "Parallel":
        yield "peers start one after the other: the first is never ready"
    if spec.get("minReadySeconds", 0) < 10:
        yield "a rollout does not wait"
    if spec["template"]["spec"].get("terminationGracePeriodSeconds", 0) < 15:
        yield "an orderly stop needs 10 s, and the door's Service a moment before it"
    affinity = template["spec"].get("affinity", {}).get("podAntiAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution", [])
    if not any(one["topologyKey"] == "kubernetes.io/hostname" and matches(one["labelSelector"], labels) and one["labelSelector"] for one in affinity):
        yield "two peers may share a machine"
    spread = template["spec"].get("topologySpreadConstraints", [])
    if not any(one["topologyKey"] == "topology.kubernetes.io/zone" and one["labelSelector"] and matches(one["labelSelector"], labels) for one in spread):
        yield "peers are not spread over zones"
    retention = spec.get("persistentVolumeClaimRetentionPolicy", {})
    if retention != {"whenDeleted": "Retain", "whenScaled": "Retain"}:
        yield "disks go away with their pods"
    for claim in spec.get("volumeClaimTemplates", []):
        if claim["spec"]["accessModes"] != ["ReadWriteOncePod"]:
            yield "two pods may hold one disk"


def probes(objects):
    peer = only(objects, "StatefulSet", "peer")
    if peer is None:
        return
    main = peer["spec"]["template"]["spec"]["containers"][0]
    for name, path in PROBES.items():
        got = main.get(name, {}).get("httpGet", {})
        if (got.get("path"), got.get("port")) != (path, "http"):
            yield f"{name} does not ask {path}"
    startup = main.get("startupProbe", {})
    if startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3) < 300:
        yield "a long start is killed"


def services(objects):
    peer = only(objects, "StatefulSet", "peer")
    if peer is None:
        return
    ports = {port["name"] for port in peer["spec"]["template"]["spec"]["containers"][0]["ports"]}
    headless = only(objects, "Service", peer["spec"]["serviceName"])
    if headless is None or headless["spec"].get("clusterIP") != "None" or not headless["spec"].get("publishNotReadyAddresses"):
        yield "no headless Service names peers that are not ready yet"
    doors = [one for one in of_kind(objects, "Service") if one["spec"].get("clusterIP") != "None"]
    if len(doors) != 1 or doors[0]["spec"].get("publishNotReadyAddresses"):
        yield "clients need one Service, with ready peers only"
    for one in of_kind(objects, "Service"):
        for port in one["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"Service {one['metadata']['name']}: no container port {port['targetPort']}"


def volumes(objects):
    """Every mount has its volume, every volume its source, every reference its object."""
    there = {(one["kind"], one["metadata"]["name"]) for one in objects} | MADE_BY_THE_CEREMONY
    for owner, template in pods(objects):
        spec = template["spec"]
        known = {volume["name"] for volume in spec.get("volumes", [])}
        known |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
        for one in containers(template):
            for mount in one.get("volumeMounts", []):
                if mount["name"] not in known:
                    yield f"{one['name']} mounts {mount['name']}, which is no volume"
            for source in one.get("envFrom", []):
                if ("ConfigMap", source["configMapRef"]["name"]) not in there:
                    yield f"no ConfigMap {source['configMapRef']['name']}"
        for volume in spec.get("volumes", []):
            for kind, field, name in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                if field in volume and (kind, volume[field][name]) not in there:
                    yield f"no {kind} {volume[field][name]}"
        if ("ServiceAccount", spec.get("serviceAccountName")) not in there:
            yield f"no ServiceAccount {spec.get('serviceAccountName')}"
    for one in of_kind(objects, "Secret"):
        yield f"Secret {one['metadata']['name']} stands in the repository"


def network(objects):
    policies = of_kind(objects, "NetworkPolicy")
    peer = only(objects, "StatefulSet", "peer")
    if peer is None:
        return
    denied = [one for one in policies if one["spec"]["podSelector"] == {} and not one["spec"].get("ingress") and not one["spec"].get("egress")]
    if len(denied) != 1 or set(denied[0]["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
        yield "not everything is denied first"
    labels = peer["spec"]["template"]["metadata"]["labels"]
    opened = set()
    for one in policies:
        if one in denied or not matches(one["spec"]["podSelector"], labels):
            continue
        for rule in one["spec"].get("ingress", []):
            if not rule.get("from"):
                yield f"NetworkPolicy {one['metadata']['name']} lets everybody in"
            opened |= {port["port"] for port in rule["ports"]}
    ports = {port["name"] for port in peer["spec"]["template"]["spec"]["containers"][0]["ports"]}
    if opened != ports:
        yield f"policies open {sorted(opened)}, the peer listens on {sorted(ports)}"


def configuration(objects):
    """The ports of peer.yaml are the pod's."""
    peer = only(objects, "StatefulSet", "peer")
    if peer is None:
        return
    ports = {port["name"]: port["containerPort"] for port in peer["spec"]["template"]["spec"]["containers"][0]["ports"]}
    texts = [one["data"]["peer.yaml.in"] for one in of_kind(objects, "ConfigMap") if "peer.yaml.in" in one.get("data", {})]
    if len(texts) != 1:
        yield "there is no one configuration of a peer"
        return
    for wanted in (f"http: {{address: 0.0.0.0, port: {ports['http']}}}", f"metrics: {{address: 0.0.0.0, port: {ports['metrics']}}}",
                   f'transport: {{control: "tcp://0.0.0.0:{ports["control"]}", bulk: "tcp://0.0.0.0:{ports["bulk"]}"}}'):
        if wanted not in texts[0]:
            yield f"peer.yaml.in lacks {wanted}"
    if texts[0].count("  - {peer: @CHAIN@-") < peer["spec"]["replicas"]:
        yield "peer.yaml.in names fewer peers than there are"


def monitoring(objects):
    peer = only(objects, "StatefulSet", "peer")
    for one in of_kind(objects, "PodMonitor"):
        ports = {port["name"] for port in peer["spec"]["template"]["spec"]["containers"][0]["ports"]}
        for endpoint in one["spec"]["podMetricsEndpoints"]:
            if endpoint["port"] not in ports or not endpoint.get("honorLabels"):
                yield "the PodMonitor scrapes no port of the peer, or overwrites its labels"
        if not matches(one["spec"]["selector"], peer["spec"]["template"]["metadata"]["labels"]):
            yield "the PodMonitor selects no peer"
    for one in of_kind(objects, "ConfigMap"):
        if sum(map(len, one.get("data", {}).values())) * 1.25 > APPLIED_ANNOTATION_BYTES:
            yield f"ConfigMap {one['metadata']['name']} is too large to be applied"


ALL = (api_versions, names, selectors, restricted, quorum, probes, services, volumes, network, configuration, monitoring)


def findings(objects):
    return [f"{rule.__name__}: {what}" for rule in ALL for what in rule(objects)]
