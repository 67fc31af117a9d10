"""One peer's disk fills up: it says so, lives on, serves reads, and the other three go on; with space again it catches up."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

from island import BINARY, Island, skip, wait_for

DISK_BYTES = 48 * 1024 * 1024
INSIDE = "POWERSHARE_TEST_PRIVATE_MOUNTS"


def enter_private_mounts():
    """Starts this test again in a mount namespace of its own: what it mounts there nobody else sees."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("mount"):
        skip("it needs root, unshare and mount")
    tried = subprocess.run(["unshare", "-m", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True)
    if tried.returncode != 0:
        skip("mounts are not allowed here")
    os.execvpe("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv],
               {**os.environ, INSIDE: "1"})


class FullDisk:
    """Peer 3 of the island on a small disk of its own."""

    def __init__(self, island):
        self.island = island
        self.data = pathlib.Path(island.peers[3]["data"])
        self.count = 0

    def move_to_small_disk(self):
        self.island.kill(3)
        kept = self.data.parent / "kept"
        self.data.rename(kept)
        self.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(self.data)], check=True)
        shutil.copytree(kept, self.data, dirs_exist_ok=True)
        shutil.rmtree(kept)

    def move_back(self):
        """So that the island's folder is whole when it is audited."""
        kept = self.data.parent / "kept"
        shutil.copytree(self.data, kept)
        subprocess.run(["umount", str(self.data)], check=True)
        self.data.rmdir()
        kept.rename(self.data)

    def fill(self):
        with open(self.data / "ballast", "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
            except OSError:
                pass
            try:
                while True:
                    ballast.write(bytes(512))
            except OSError:
                pass

    def grow(self, peer=0):
        self.count += 1
        code, answer = self.island.request(peer, "POST", "/v1/participants", {"type": "Resident", "id": f"R{self.count}"}, {
            "x-api-key": self.island.key, "Idempotency-Key": f"grow-{self.count}"}, timeout=40)
        assert code == 200, (code, answer)

    def add_meter(self):
        for path, body in (("/v1/participants", {"type": "UtilityCompany", "id": "EEM", "supplier": True}),
                           ("/v1/participants", {"type": "Resident", "id": "R0"}),
                           ("/v1/meters", {"meter": "M0", "owner": "Resident:R0"})):
            code, answer = self.island.post(0, path, body, admin=True)
            assert code == 200, (code, answer)
        self.start = self.island.get(0, "/v1/meters")[1]["items"][0]["active_from"]

    def reading(self):
        return {"meter": "M0", "seq": 1, "start": self.start, "seconds": 60, "imported_kwh": 0.1, "exported_kwh": 0}

    def not_ready(self):
        code, answer = self.island.get(3, "/readyz", timeout=5)
        return answer if code == 503 else None


def run(island):
    disk = FullDisk(island)
    disk.add_meter()
    disk.move_to_small_disk()
    island.restart(3)
    peer = island.extra[-1]
    wait_for(lambda: island.ready(3), 30, "ready on the small disk")
    disk.grow()
    disk.fill()

    def full():
        disk.grow()
        disk.fill()  # whatever the databases freed
        return disk.not_ready()
    answer = wait_for(full, 60, "not ready on a full disk")
    assert any(word in str(answer).lower() for word in ("space", "disk", "full")), answer
    print("not ready:", answer["error"]["message"])

    for _ in range(30):  # the other three go on
        disk.grow()
    assert peer.poll() is None, f"the peer ended with {peer.returncode}"
    assert island.get(3, "/livez")[0] == 200
    for path in ("/v1/status", "/v1/blocks?limit=5", "/v1/participants", "/v1/ledger/totals"):
        assert island.get(3, path)[0] == 200, path
    code, answer = island.request(3, "POST", "/v1/participants", {"type": "Resident", "id": "Full"},
                                  {"x-api-key": island.key})
    assert code == 503, (code, answer)
    code, answer = island.post(3, "/etms/readings", disk.reading(), admin=True)
    assert code == 503, (code, answer)  # never acknowledged without being durable
    assert all(island.ready(other) for other in range(3))
    assert disk.not_ready(), "ready on a disk that is still full"

    (disk.data / "ballast").unlink()
    begin = time.monotonic()
    wait_for(lambda: island.ready(3), 15, "ready within 15 s of space")
    print(f"ready {time.monotonic() - begin:.1f} s after space")
    disk.grow(peer=3)
    code, answer = island.post(3, "/etms/readings", disk.reading(), admin=True)
    assert code == 200 and answer["accepted"] == 1, (code, answer)

    def equal():
        found = [island.status(p) for p in range(4)]
        return all(found) and len({(s["height"], s["head"], s["state_root"]) for s in found}) == 1
    wait_for(equal, 30, "all peers equal")
    return disk


def main():
    enter_private_mounts()
    with Island(["--empty"]) as island:
        disk = FullDisk(island)
        try:
            run(island)
            island.process.terminate()
            island.process.wait(40)
            for process in island.extra:
                process.terminate()
                assert process.wait(15) == 0, process.returncode
            disk.move_back()
        finally:
            for process in island.extra:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            if os.path.ismount(disk.data):
                subprocess.run(["umount", "-l", str(disk.data)], check=False)
        done = subprocess.run([str(BINARY), "audit", "--data", str(island.folder)], capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0 and "audit: ok" in done.stdout, (done.stdout[-800:], done.stderr[-800:])
        print(done.stdout.strip().splitlines()[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
