"""Runs a real island of `powershare` processes for a test: ports of its own, a folder of its own, nothing left behind."""

import json
import os
import pathlib
import shutil
import signal
import socket
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

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def start(self):
        self.log = open(self.folder / "test.log", "w+")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        wait_for(lambda: (self.folder / "island.json").exists() or self.process.poll() is not None, 60, "island.json")
        if self.process.poll() is not None:
            raise AssertionError(f"up ended with {self.process.returncode}: {self.errors()}")
        self.json = json.loads((self.folder / "island.json").read_text())
        self.key = self.json["admin_api_key"]
        self.peers = self.json["microgrids"][0]["peers"]
        self.chain_folder = pathlib.Path(self.peers[0]["config"]).parent.parent
        wait_for(lambda: all(self.ready(p) for p in range(len(self.peers))) or self.process.poll() is not None,
                 90, "all peers ready")
        return self

    def __exit__(self, kind, value, traceback):
        processes = [process for process in (self.process, *self.extra) if process]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if kind is not None:
            print("── up ──\n" + self.errors()[-3000:])
            for peer in self.peers:
                log = pathlib.Path(peer["config"]).parent / "peer.log"
                print(f"── {peer['id']} ──\n" + (log.read_text()[-3000:] if log.exists() else "no log"))
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

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
            with urllib.request.urlopen(request, timeout=timeout) as response:
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

    def kill(self, peer):
        """kill -9 of one peer, by the pid it has now."""
        data = pathlib.Path(self.peers[peer]["data"])
        pid = int((data / "peer.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid), 20, f"{self.peers[peer]['id']} gone")

    def restart(self, peer):
        """Brings a peer back with the command that island.json names."""
        log = open(pathlib.Path(self.peers[peer]["config"]).parent / "peer.log", "a")
        self.extra.append(subprocess.Popen([str(BINARY), "peer", "--config", self.peers[peer]["config"]],
                                           stdout=log, stderr=log))
        log.close()

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



def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def decode(content):
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
