"""Runs a real island of `powershare` processes for a test: ports of its own, a folder of its own, nothing left behind."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("POWERSHARE_BINARY", ROOT / "build/release/powershare"))
SHARED = pathlib.Path(os.environ.get("POWERSHARE_SHARED", ROOT.parent / "shared"))
COMMUNITY = SHARED / "data/community"
LONG = os.environ.get("POWERSHARE_LONG") == "1"
SKIPPED = 77


def skip(reason):
    print(f"skipped, {reason}: {pathlib.Path(sys.argv[0]).stem}")
    sys.exit(SKIPPED)


def need_community():
    if not (COMMUNITY / "load_w_15min.csv").exists():
        skip("the shared profiles are not there")


def free_ports(count):
    """The first of `count` consecutive ports on loopback that nobody listens on, below the ephemeral range."""
    base = 20000 + (os.getpid() * 37) % 10000
    while base < 32000:
        sockets = []
        try:
            for port in range(base, base + count):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            base += count
        finally:
            for probe in sockets:
                probe.close()
    raise RuntimeError("no free ports")


def wait_for(condition, seconds, what):
    """Polls until `condition()` is true; a generous bound, for failures only."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Island:
    """`with Island([...options of up...]) as island:` runs `powershare up` beside the test."""

    def __init__(self, options=(), once=False, peers=4):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="powershare-test-"))
        base = free_ports(peers * 4)
        self.command = [str(BINARY), "up", "--data", str(self.folder), "--peers", str(peers),
                        "--http-port", str(base), "--metrics-port", str(base + peers),
                        "--peer-port", str(base + 2 * peers), *options]
        if once:
            self.command += ["--once", "--json"]
        self.extra = []  # processes that the test started itself
        self.process, self.peers = None, []
        self.trust = None  # of an island with --tls: its own authority, and nobody else
        # Freed memory is scribbled on, so that whoever still uses it falls.
        self.environment = {**os.environ, "MALLOC_PERTURB_": "165"}

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def start(self):
        self.log = open(self.folder / "test.log", "w+")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env=self.environment)
        wait_for(lambda: (self.folder / "island.json").exists() or self.process.poll() is not None, 60, "island.json")
        if self.process.poll() is not None:
            raise AssertionError(f"up ended with {self.process.returncode}: {self.errors()}")
        self.json = json.loads((self.folder / "island.json").read_text())
        self.key = self.json["admin_api_key"]
        if "certificate_authority" in self.json:
            self.trust = ssl.create_default_context(cafile=self.json["certificate_authority"])
        self.peers = self.json["microgrids"][0]["peers"]
        self.chain_folder = pathlib.Path(self.peers[0]["config"]).parent.parent
        # Until `up` itself has seen all of them ready, it takes a peer that ends for a failed start.
        wait_for(lambda: " is ready: " in self.errors() or self.process.poll() is not None, 90, "all peers ready")
        assert self.process.poll() is None, f"up ended with {self.process.returncode}: {self.errors()}"
        return self

    def __exit__(self, kind, value, traceback):
        # `up` last: it waits for the peers that it sees, whoever started them.
        processes = [process for process in (*self.extra, self.process) if process]
        late = []
        for process in self.extra:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                if process is self.process and process.poll() is None:
                    process.terminate()
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                late.append(f"had to be killed: {' '.join(process.args)}")
        bad = [] if kind else late + self.bad_ends()
        if kind is not None or bad:
            print("── up ──\n" + self.errors()[-3000:])
            for peer in self.peers:
                log = pathlib.Path(peer["config"]).parent / "peer.log"
                print(f"── {peer['id']} ──\n" + (log.read_text()[-3000:] if log.exists() else "no log"))
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not bad, bad

    def bad_ends(self):
        """Ends that no test asked for: another signal than our SIGKILL, another exit code than 0 of a peer that still ran."""
        bad = [f"{process.returncode}: {' '.join(process.args)}" for process in self.extra
               if process.returncode not in (0, -signal.SIGKILL)]
        for line in self.errors().splitlines():
            if re.search(r"died \((killed by signal (?!9\))|exit code (?!0\)))|did not stop in order", line):
                bad.append(line)
        return bad

    def errors(self):
        self.log.flush()
        return (self.folder / "test.log").read_text()

    def request(self, peer, method, path, body=None, headers=None, timeout=20):
        """(status, parsed JSON or text)"""
        data = body if body is None or isinstance(body, bytes) else (
            body.encode() if isinstance(body, str) else json.dumps(body).encode())
        request = urllib.request.Request(self.peers[peer]["http"] + path, data=data, method=method,
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.trust) as response:
                return response.status, decode(response.read())
        except urllib.error.HTTPError as error:
            return error.code, decode(error.read())

    def get(self, peer, path, **more):
        return self.request(peer, "GET", path, **more)

    def post(self, peer, path, body, admin=False):
        return self.request(peer, "POST", path, body, {"x-api-key": self.key} if admin else None)

    def status(self, peer):
        try:
            code, body = self.get(peer, "/v1/status", timeout=5)
        except OSError:
            return None
        return body if code == 200 else None

    def ready(self, peer):
        try:
            return self.get(peer, "/readyz", timeout=5)[0] == 200
        except OSError:
            return False

    def data(self, peer):
        return pathlib.Path(self.peers[peer]["data"])

    def pid(self, peer):
        return int((self.data(peer) / "peer.pid").read_text())

    def kill(self, peer):
        """kill -9 of one peer, by the pid it has now."""
        pid = self.pid(peer)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid), 20, f"{self.peers[peer]['id']} gone")

    def restart(self, peer, *options, under=()):
        """Brings a peer back with the command that island.json names, behind the words of `under`."""
        with open(pathlib.Path(self.peers[peer]["config"]).parent / "peer.log", "a") as log:
            process = subprocess.Popen(
                [*under, str(BINARY), "peer", "--config", self.peers[peer]["config"], *options],
                stdout=log, stderr=log, env=self.environment)
        self.extra.append(process)
        return process

    def height(self):
        return max((s["height"] for s in map(self.status, range(len(self.peers))) if s), default=0)

    def primary(self):
        """Index of the primary that most peers name."""
        names = [s["primary"] for s in map(self.status, range(len(self.peers))) if s]
        name = max(set(names), key=names.count)
        return next(i for i, peer in enumerate(self.peers) if peer["id"] == name)

    def finish(self, seconds):
        """Waits for `up --once --json` and gives its summary."""
        try:
            output, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"up --once did not end within {seconds} s") from None
        lines = output.strip().splitlines()
        assert self.process.returncode == 0, f"exit code {self.process.returncode}, {lines[-1:]}"
        return json.loads(lines[-1])


def audit(island):
    """Of the stopped island, offline: its last line; everything else than a clean answer fails."""
    done = subprocess.run([str(BINARY), "audit", "--data", str(island.folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "audit: ok" in done.stdout, (done.returncode, done.stdout[-1000:], done.stderr[-1000:])
    return done.stdout.strip().splitlines()[-1]



def alive(pid):
    """Until its last thread is gone: a zombie whose threads still end holds its lock and its ports."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            zombie = stat.read().rsplit(")", 1)[1].split()[0] == "Z"
        return not zombie or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def decode(content):
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
