#!/usr/bin/env python3
"""deploy/k8s, offline: every overlay is rendered, typed strictly, and held to the rules of a quorum system.

Then the very template and scripts of the pods start real peers, and the probes are tried against them.
"""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import yaml  # noqa: E402

import chaos_rules  # noqa: E402
import manifest_rules  # noqa: E402
from island import BINARY, ROOT, free_ports, wait_for  # noqa: E402

K8S = ROOT / "deploy/k8s"
NEIGHBOURHOODS = ("funchal", "machico", "camara-de-lobos", "island")
TYPES = {"monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator", "external-secrets.io/v1": "@kubernetes-models/external-secrets"}


def render(folder):
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert not done.stderr.strip(), f"{folder} renders with warnings: {done.stderr}"
            return [one for one in yaml.safe_load_all(done.stdout) if one]
    print("skipped, neither kustomize nor kubectl is here: deploy.k8s")
    sys.exit(77)


def with_component(tree, overlay, component):
    path = tree / "deploy/k8s/overlays" / overlay / "kustomization.yaml"
    text = path.read_text()
    path.write_text(text.replace("  - ../../components/pod-monitor\n", f"  - ../../components/pod-monitor\n  - ../../components/{component}\n"))
    rendered = render(path.parent)
    path.write_text(text)
    return rendered


def overlays(tree):
    """name -> objects: all overlays, one with each component, and a neighbourhood made by copying."""
    found = {name: render(tree / "deploy/k8s/overlays" / name) for name in NEIGHBOURHOODS}
    found["monitoring"] = render(tree / "deploy/k8s/overlays/monitoring")
    for component in ("seven-peers", "ceremony", "external-secrets"):
        found[f"funchal with {component}"] = with_component(tree, "funchal", component)
    new = tree / "deploy/k8s/overlays/porto-moniz"
    shutil.copytree(tree / "deploy/k8s/overlays/funchal", new)
    text = (new / "kustomization.yaml").read_text()
    assert text.count("\n") <= 25, "an overlay has grown"
    (new / "kustomization.yaml").write_text(text.replace("funchal", "porto-moniz"))
    found["porto-moniz, a copy"] = render(new)
    return found


def check_rules(found):
    for name, objects in found.items():
        wrong = manifest_rules.findings(objects)
        assert not wrong, f"{name}: {wrong}"
    shapes = [sorted((one["kind"], re.sub(r"-[0-9a-z]{10}$", "", one["metadata"]["name"])) for one in found[name] if one["kind"] != "Namespace")
              for name in (*NEIGHBOURHOODS, "porto-moniz, a copy")]
    assert all(shape == shapes[0] for shape in shapes), "neighbourhoods differ in more than their names"
    assert "funchal" not in json.dumps(found["porto-moniz, a copy"]), "the copy still speaks of funchal"
    dashboards = [one for one in found["monitoring"] if one["metadata"]["name"].startswith("powershare-dashboard-")]
    shipped = {path.name for path in (ROOT / "monitoring/grafana/dashboards").glob("*.json")}
    assert {name for one in dashboards for name in one["data"]} == shipped, "not every dashboard is shipped"
    assert all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in dashboards)
    done = subprocess.run([sys.executable, "-B", str(K8S / "make_rules.py"), "--check"])
    assert done.returncode == 0


def planted(objects):
    """(what, changed objects): faults that the rules must find."""
    def changed(change):
        copied = copy.deepcopy(objects)
        change(copied, manifest_rules.only(copied, "StatefulSet", "peer")["spec"])
        return copied

    def main(spec):
        return spec["template"]["spec"]["containers"][0]

    def budget(all_of_them):
        return manifest_rules.only(all_of_them, "PodDisruptionBudget")["spec"]

    yield "two away", changed(lambda o, s: budget(o).update(maxUnavailable=2))
    yield "three peers", changed(lambda o, s: s.update(replicas=3))
    yield "in order", changed(lambda o, s: s.update(podManagementPolicy="OrderedReady"))
    yield "root", changed(lambda o, s: s["template"]["spec"]["securityContext"].update(runAsUser=0))
    yield "writable root", changed(lambda o, s: main(s)["securityContext"].update(readOnlyRootFilesystem=False))
    yield "capability", changed(lambda o, s: main(s)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]))
    yield "host path", changed(lambda o, s: s["template"]["spec"]["volumes"].append({"name": "x", "hostPath": {"path": "/"}}))
    yield "no limit", changed(lambda o, s: main(s)["resources"]["limits"].update(memory="2Gi"))
    yield "liveness asks for quorum", changed(lambda o, s: main(s)["livenessProbe"]["httpGet"].update(path="/readyz"))
    yield "no readiness", changed(lambda o, s: main(s).pop("readinessProbe"))
    yield "shared machine", changed(lambda o, s: s["template"]["spec"].pop("affinity"))
    yield "wrong selector", changed(lambda o, s: manifest_rules.only(o, "Service", "door")["spec"]["selector"].update({"app.kubernetes.io/component": "gateway"}))
    yield "selector with version", changed(lambda o, s: s["selector"]["matchLabels"].update({"app.kubernetes.io/version": "1"}))
    yield "not headless", changed(lambda o, s: manifest_rules.only(o, "Service", "peers")["spec"].pop("clusterIP"))
    yield "latest", changed(lambda o, s: main(s).update(image="powershare:latest"))
    yield "shared disk", changed(lambda o, s: s["volumeClaimTemplates"][0]["spec"].update(accessModes=["ReadWriteMany"]))
    yield "missing volume", changed(lambda o, s: main(s)["volumeMounts"].append({"name": "gone", "mountPath": "/gone"}))
    yield "open door", changed(lambda o, s: manifest_rules.only(o, "NetworkPolicy", "door")["spec"]["ingress"][0].pop("from"))
    yield "nothing denied", changed(lambda o, s: o.remove(manifest_rules.only(o, "NetworkPolicy", "default-deny")))
    yield "old version", changed(lambda o, s: manifest_rules.only(o, "PodDisruptionBudget").update(apiVersion="policy/v1beta1"))
    yield "other port", changed(lambda o, s: main(s)["ports"][0].update(containerPort=8081))
    yield "secret", changed(lambda o, s: o.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "power-share-funchal"}}))


def check_types(found):
    """Every object as a constant of its type, for the TypeScript compiler: unknown and missing fields are errors."""
    folder = pathlib.Path(os.environ.get("POWERSHARE_TYPES", ROOT / "build/manifest-types"))
    folder.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).parent
    for name in ("package.json", "package-lock.json"):
        if not (folder / name).exists() or (folder / name).read_bytes() != (here / name).read_bytes():
            shutil.copy(here / name, folder / name)
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
    if shutil.which("npm") is None:
        print("skipped, npm is not installed: strict types of manifests")
        return
    if not (folder / "node_modules").exists():
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
            print("skipped, npm cannot fetch kubernetes-models: strict types of manifests")
            return

    def compile_with(objects):
        lines = []
        for number, one in enumerate(objects):
            package = TYPES.get(one["apiVersion"], "kubernetes-models")
            lines.append(f"import type {{I{one['kind']} as T{number}}} from '{package}/{one['apiVersion']}/{one['kind']}';")
            lines.append(f"export const m{number}: T{number} = {json.dumps(one)};")
        (folder / "manifests.ts").write_text("\n".join(lines) + "\n")
        return subprocess.run(["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022",
                               "--types", "", "manifests.ts"], cwd=folder, capture_output=True, text=True)

    objects = [one for some in found.values() for one in some]
    done = compile_with(objects)
    assert done.returncode == 0, done.stdout[:3000] + done.stderr[:1000]
    for kind, break_it in (("StatefulSet", lambda one: one["spec"].update(replica=4)),
                           ("Service", lambda one: one["spec"]["ports"][0].update(port="80")),
                           ("NetworkPolicy", lambda one: one["spec"].update(podSelectors={})),
                           ("PodMonitor", lambda one: one["spec"].update(podMetricEndpoints=[]))):
        broken = copy.deepcopy(manifest_rules.of_kind(objects, kind)[0])
        break_it(broken)
        assert compile_with([broken]).returncode != 0, f"a broken {kind} passes as typed"
    print(f"{len(objects)} objects typed strictly")


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def check_pods(found):
    """The ceremony and the init container make what a real peer starts with; the probes say what they should."""
    objects = found["machico"]
    config = next(one["data"] for one in objects if "peer.yaml.in" in one.get("data", {}))
    chain = next(one["data"] for one in objects if "CHAIN" in one.get("data", {}))
    probes = manifest_rules.only(objects, "StatefulSet", "peer")["spec"]["template"]["spec"]["containers"][0]
    live, ready = (probes[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe"))
    running = []
    with tempfile.TemporaryDirectory(prefix="powershare-pods-") as name:
        folder = pathlib.Path(name)
        public = subprocess.run([BINARY, "keys", "--folder", folder / "admin", "--administrator"], capture_output=True, text=True, check=True).stdout
        (folder / "administrator.pub").write_text(public)
        ceremony = {**os.environ, "CHAIN": chain["CHAIN"], "OUT": str(folder / "out"), "POWERSHARE": str(BINARY), "ADMINISTRATOR": str(folder / "administrator.pub")}
        script = next(one["data"]["ceremony.sh"] for one in found["funchal with ceremony"] if "ceremony.sh" in one.get("data", {}))
        subprocess.run(["sh", "-c", script], env=ceremony, check=True, capture_output=True)
        again = subprocess.run(["sh", "-c", script], env=ceremony, capture_output=True)
        assert again.returncode == 73, "a second ceremony made a second chain"
        for file, text in config.items():
            (folder / file).write_text(text)
        base = free_ports(16)
        try:
            for number in range(4):
                run = folder / f"run-{number}"
                run.mkdir()
                pod = {**os.environ, **chain, "POD_NAME": f"peer-{number}", "CONFIG": str(folder), "SECRET": str(folder / "out/peer-keys"), "RUN": str(run)}
                for _ in range(2):  # an init container may run again
                    subprocess.run(["sh", str(folder / "prepare.sh")], env=pod, check=True)
                assert (run / "keys/consensus.key").stat().st_mode & 0o777 == 0o400
                # Only places differ from the pod's: loopback instead of names, ports and folders of this test.
                text = (run / "peer.yaml").read_text()
                assert f"peer: {chain['CHAIN']}-{number}\n" in text and "@" not in text and "administrator_key" not in text, text
                for member in range(7):
                    for port in (7400, 7401):
                        text = text.replace(f"tcp://peer-{member}.peers:{port}", f"tcp://127.0.0.1:{base + 2 * member + port - 7400}")
                for port in (7400, 7401):
                    text = text.replace(f"tcp://0.0.0.0:{port}", f"tcp://127.0.0.1:{base + 2 * number + port - 7400}")
                text = text.replace("0.0.0.0", "127.0.0.1").replace("port: 8080", f"port: {base + 8 + number}").replace("port: 9464", f"port: {base + 12 + number}")
                text = text.replace("/genesis/", f"{folder}/out/").replace("/var/lib/powershare", str(run))
                (run / "peer.yaml").write_text(text)

            def start(number):
                with open(folder / f"{number}.log", "w") as log:
                    running.append(subprocess.Popen([BINARY, "peer", "--config", folder / f"run-{number}/peer.yaml"], stdout=log, stderr=log))

            def ask(number, path):
                return answer(f"http://127.0.0.1:{base + 8 + number}{path}")

            start(0)
            wait_for(lambda: ask(0, live) == 200 or running[0].poll() is not None, 60, "alive without a quorum")
            assert running[0].poll() is None, (folder / "0.log").read_text()
            assert ask(0, ready) == 503, "ready without having caught up"
            for number in (1, 2, 3):
                start(number)
            wait_for(lambda: all(ask(number, ready) == 200 for number in range(4)), 60, "all ready")
            for process in running[1:]:
                process.terminate()
            assert [process.wait(30) for process in running[1:]] == [0, 0, 0], "a stop by SIGTERM is orderly"
            assert ask(0, live) == 200 and ask(0, ready) == 200, "without a quorum a peer stays alive, and ready once it had caught up"
            running[0].terminate()
            assert running[0].wait(30) == 0
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()
    print("probes tried on peers that started with the pods' own configuration")


def main():
    with tempfile.TemporaryDirectory(prefix="powershare-k8s-") as name:
        tree = pathlib.Path(name)
        shutil.copytree(K8S, tree / "deploy/k8s")
        shutil.copytree(ROOT / "monitoring/grafana/dashboards", tree / "monitoring/grafana/dashboards")
        found = overlays(tree)
        experiments = render(tree / "deploy/k8s/chaos")
    check_rules(found)
    count = 0
    for what, objects in planted(found["funchal"]):
        assert manifest_rules.findings(objects), f"a planted fault is not found: {what}"
        count += 1
    wrong = list(chaos_rules.findings(experiments))
    assert not wrong, wrong
    experiments[0]["spec"]["actions"] = "pod-kill"
    assert list(chaos_rules.findings(experiments)), "a planted fault in an experiment is not found"
    print(f"{len(found)} overlays hold to the rules, {count + 1} planted faults found; {len(experiments)} experiments checked, never run here")
    check_types(found)
    check_pods(found)


if __name__ == "__main__":
    main()
