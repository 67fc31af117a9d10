#!/usr/bin/env python3
"""deploy/Containerfile: a dry run everywhere; built and run where buildah, root and POWERSHARE_LONG (or POWERSHARE_IMAGE) are.

The dry run compares the image's packages with the program, configures the very files that the builder would get, and
tries the health check. The real build makes the last stage on a base of debootstrap (POWERSHARE_BASE names one that is
there already), with the program that is built here, and starts a peer in it: no root, read-only root file system.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from island import BINARY, ROOT  # noqa: E402

ALWAYS_THERE = {"libc6", "libgcc-s1", "libstdc++6"}  # what everything else depends on
# Whom a webhook's certificate is checked against; the font of a bill's pages.
BESIDE = {"ca-certificates", "fonts-dejavu-core"}


def instructions():
    text = (ROOT / "deploy/Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def stage(name):
    """The instructions of one stage."""
    found, inside = [], False
    for word, rest in instructions():
        if word == "FROM":
            inside = rest.endswith(f" AS {name}")
        elif inside:
            found.append((word, rest))
    assert found, f"no stage {name}"
    return found


def packages(name):
    installs = [re.search(r"--no-install-recommends([^&]*)", rest) for word, rest in stage(name) if word == "RUN"]
    return set(" ".join(match.group(1) for match in installs if match).split())


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed_packages():
    """The packages of the libraries that the program itself names."""
    libraries = re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", str(BINARY)))
    places = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", str(BINARY)), re.MULTILINE))
    found = set()
    for library in libraries:
        if library in places:
            path = pathlib.Path(places[library]).resolve()
            for name in (str(path), str(path).removeprefix("/usr")):
                done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
                if done.returncode == 0:
                    found.add(done.stdout.split(":", 1)[0])
                    break
            else:
                raise AssertionError(f"no package has {path}")
    return found - ALWAYS_THERE


def context(target):
    """What the builder gets: the files that .containerignore lets through."""
    lines = [line for line in (ROOT / ".containerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*" and all(line.startswith("!") for line in lines[1:]), "everything is left out first"
    for pattern in (line[1:] for line in lines[1:]):
        found = list(ROOT.glob(pattern))
        # The application's pages are there once script/web has built them.
        assert found or pattern == "web/dist", f".containerignore names {pattern}, which is not there"
        for path in found:
            place = target / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if path.is_dir() else shutil.copy)(path, place)


def check_contents():
    assert (ROOT / ".containerignore").read_bytes() == (ROOT / ".dockerignore").read_bytes()
    assert packages("runtime") == needed_packages() | BESIDE, \
        f"too many: {packages('runtime') - needed_packages() - BESIDE}, missing: {needed_packages() - packages('runtime')}"
    known = set(output(str(ROOT / "script/bootstrap"), "--list").split())
    assert packages("build") <= known, packages("build") - known
    words = dict(stage("runtime"))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", words["USER"]), words["USER"]
    assert words["ENTRYPOINT"] == '["/usr/bin/powershare"]' and words["STOPSIGNAL"] == "SIGTERM"
    assert any("sbom.txt" in rest for word, rest in stage("runtime") if word == "RUN")
    user = (ROOT / "deploy/k8s/base/statefulset.yaml").read_text()
    assert f"runAsUser: {words['USER'].split(':')[0]}\n" in user, "the manifests run another user"


def check_build_files(folder):
    """The builder's files configure, and lack nothing that the program is made of."""
    context(folder)
    build = next(rest for word, rest in stage("build") if word == "RUN" and rest.startswith("cmake"))
    configure = build.split("&&")[0].split()
    done = subprocess.run(configure, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    # What is generated is made in earnest, what is compiled is not.
    for what in (["powershare_web_source"], ["-n", "powershare"]):
        done = subprocess.run(["ninja", "-C", "build/release", *what], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]


def health_command():
    return json.loads(re.search(r"CMD (\[.*\])", dict(stage("runtime"))["HEALTHCHECK"]).group(1))


def check_health_command():
    answers = [200, 503]

    class Livez(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers[0] if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Livez)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [part.replace("/127.0.0.1/8080", f"/127.0.0.1/{server.server_port}") for part in health_command()]
    assert str(server.server_port) in command[-1]
    assert subprocess.run(command).returncode == 0, "healthy is not seen"
    answers[0] = 503
    assert subprocess.run(command).returncode != 0, "503 passes as healthy"
    server.shutdown()
    server.server_close()
    assert subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0, "nobody there passes as healthy"


def real_build(folder):
    """The last stage, built with buildah in a chroot; the folder of its root file system, still mounted."""
    base = os.environ.get("POWERSHARE_BASE")
    if not base:
        base = folder / "base"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(base)], check=True, stdout=subprocess.DEVNULL)
    buildah = ["buildah", "--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]

    def run(*arguments):
        done = subprocess.run([*buildah, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()

    scratch = run("from", "scratch")
    run("add", scratch, str(base), "/")
    run("commit", "--rm", scratch, "localhost/base:slim")
    here = folder / "context"
    here.mkdir()
    shutil.copy(ROOT / "LICENSE", here)
    subprocess.run(["strip", "--strip-unneeded", "-o", str(here / "powershare"), str(BINARY)], check=True)
    lines = ["FROM localhost/base:slim"]
    lines += [f"{word} {rest}".replace("--from=build /out/powershare", "powershare") for word, rest in stage("runtime")]
    (here / "Containerfile").write_text("\n".join(lines) + "\n")
    run("build", "--format", "docker", "--isolation", "chroot", "--volume", "/etc/apt:/etc/apt:ro", "-t", "localhost/powershare:test", str(here))
    size = json.loads(run("inspect", "--type", "image", "localhost/powershare:test"))
    assert size["Docker"]["config"]["User"] == dict(stage("runtime"))["USER"]
    return pathlib.Path(run("mount", run("from", "localhost/powershare:test"))), lambda: run("rm", "--all")


RUN_READ_ONLY = """
set -eu
mount --bind "$ROOT_FS" "$ROOT_FS"; mount -o remount,bind,ro "$ROOT_FS"
mount -t tmpfs -o uid=65532,gid=65532,mode=0700 none "$ROOT_FS/var/lib/powershare"
mount -t tmpfs -o uid=65532,gid=65532,mode=0700 none "$ROOT_FS/run/powershare"
mount -t proc none "$ROOT_FS/proc"; mount --bind /dev "$ROOT_FS/dev"
inside() { chroot --userspec=65532:65532 "$ROOT_FS" "$@"; }
ip link set lo up
if inside /usr/bin/touch /usr/bin/x 2>/dev/null; then echo "the root can be written to" >&2; exit 1; fi
inside /bin/sh -c 'cd /var/lib/powershare && powershare keys --folder admin --administrator >admin.pub && members=
  for n in 0 1 2 3; do powershare keys --folder keys-$n --peer p-$n >$n.json; members="$members --member $n.json"; done 2>/dev/null
  powershare genesis --chain image --administrator admin.pub $members --out genesis.json
  cat >/run/powershare/peer.yaml <<END
peer: p-0
genesis: /var/lib/powershare/genesis.json
keys: /var/lib/powershare/keys-0
data: /var/lib/powershare/data
http: {address: 0.0.0.0, port: 8080}
metrics: {address: 0.0.0.0, port: 9464}
transport: {control: "tcp://0.0.0.0:7400", bulk: "tcp://0.0.0.0:7401"}
peers: []
END'
(exec chroot --userspec=65532:65532 "$ROOT_FS" /usr/bin/powershare peer --config /run/powershare/peer.yaml) &
peer=$!
for try in $(seq 1 100); do
  if inside /bin/bash -c "$HEALTH" 2>/dev/null; then healthy=yes; break; fi
  sleep 0.2
done
test "${healthy:-}" = yes
kill -TERM "$peer"
wait "$peer"
"""


def build_and_run():
    with tempfile.TemporaryDirectory(prefix="powershare-image-") as name:
        root, clean = real_build(pathlib.Path(name))
        try:
            sbom = (root / "usr/share/powershare/sbom.txt").read_text().splitlines()
            assert len(sbom) > 80 and any(line.startswith("libsodium23 ") for line in sbom)
            done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "bash", "-c", RUN_READ_ONLY], capture_output=True, text=True,
                                  env={**os.environ, "ROOT_FS": str(root), "HEALTH": health_command()[-1]}, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
            size = int(output("du", "--summarize", "--block-size=1M", str(root)).split()[0])
        finally:
            clean()
    print(f"built and run: {size} MiB, {len(sbom)} packages, no root, read-only root file system, stopped in order")


def main():
    check_contents()
    with tempfile.TemporaryDirectory(prefix="powershare-context-") as name:
        check_build_files(pathlib.Path(name))
    check_health_command()
    print("dry run: packages, build files and health check hold")
    reasons = [what for what, there in (("buildah is not installed", shutil.which("buildah")), ("not root", os.geteuid() == 0),
                                        ("POWERSHARE_LONG is not set", "1" in (os.environ.get("POWERSHARE_LONG"), os.environ.get("POWERSHARE_IMAGE"))))
               if not there]
    if reasons:
        print(f"skipped, {' and '.join(reasons)}: build of the image")
    else:
        build_and_run()


if __name__ == "__main__":
    main()
