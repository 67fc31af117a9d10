"""Peers that stop, come back, lose their folder or find it damaged, old or foreign: the island goes on, nobody contradicts
itself, all catch up, and an operator is needed only where IDENTITY is lost."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import traceback
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from island import BINARY, Island, alive, audit, wait_for  # noqa: E402

DAMAGED, UNAVAILABLE, FOREIGN = 65, 69, 78


class Chain:
    """An island without households, which each check makes grow by a block per transaction."""

    def __init__(self, island):
        self.island = island
        self.count = 0

    def grow(self, blocks=1, peer=0):
        for _ in range(blocks):
            self.count += 1
            participant = {"type": "Resident", "id": f"R{self.count}"}
            code, answer = self.island.request(peer, "POST", "/v1/participants", participant, {
                "x-api-key": self.island.key, "Idempotency-Key": f"grow-{self.count}"}, timeout=40)
            assert code == 200, (code, answer)

    def same(self, seconds=40):
        """All peers ready, at one height, with one head, and no evidence of anybody's double vote."""
        def all_equal():
            found = [self.island.status(peer) for peer in range(4)]
            return all(s and s["ready"] for s in found) and len({(s["height"], s["head"], s["state_root"]) for s in found}) == 1
        try:
            wait_for(all_equal, seconds, "all peers equal")
        except AssertionError:
            for peer in range(4):
                status = self.island.status(peer)
                print(status and {k: status[k] for k in ("peer", "view", "height", "ready", "not_ready", "syncing")})
            raise
        assert self.equivocations() == 0

    def equivocations(self):
        total = 0.0
        for peer in self.island.peers:
            for line in urllib.request.urlopen(peer["metrics"], timeout=10).read().decode().splitlines():
                if line.startswith("powershare_consensus_equivocations_total{"):
                    total += float(line.rsplit(" ", 1)[1])
        return total

    # What is needed to treat one peer badly.

    def pid(self, peer):
        return self.island.pid(peer)

    def data(self, peer):
        return self.island.data(peer)

    def try_to_start(self, peer, *options, seconds=30):
        """A start that must fail: (exit code, what it says)."""
        done = subprocess.run([str(BINARY), "peer", "--config", self.island.peers[peer]["config"], *options],
                              capture_output=True, text=True, timeout=seconds)
        return done.returncode, done.stderr

    def start(self, peer, *options):
        return self.island.restart(peer, *options)

    def other_than_primary(self):
        return (self.island.primary() + 2) % 4

    # The checks.

    def check_1_stopped_primary(self):
        """SIGSTOP of the primary: the others choose a new one and go on; it catches up after SIGCONT."""
        self.grow(5)
        primary = self.island.primary()
        pid = self.pid(primary)
        os.kill(pid, signal.SIGSTOP)
        try:
            self.grow(5, peer=(primary + 1) % 4)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.grow(5, peer=(primary + 2) % 4)
        self.same()

    def check_2_stopped_backup(self):
        """A backup that stands still, while a request comes in through it."""
        backup = self.other_than_primary()
        pid = self.pid(backup)
        os.kill(pid, signal.SIGSTOP)
        try:
            self.grow(20, peer=(backup + 1) % 4)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.grow(2, peer=backup)
        self.same()

    def check_3_same_folder_twice(self):
        code, said = self.try_to_start(1)
        assert code == UNAVAILABLE and len(said.strip().splitlines()) == 1, (code, said)
        self.grow(2, peer=1)
        self.same()

    def check_4_long_away(self):
        """A peer that missed hundreds of blocks, more than the others' message logs hold."""
        away = self.other_than_primary()
        self.island.kill(away)
        target = self.island.height() + 330
        while self.island.height() < target:
            self.grow(20, peer=(away + 1) % 4)
        self.start(away)
        self.same(60)
        self.grow(2, peer=away)
        self.same()

    def check_5_wiped_folder(self):
        """An empty folder of a peer that the others know is a lost disk, or one not mounted: never begun anew by itself."""
        for peer in (self.other_than_primary(), self.island.primary()):
            self.island.kill(peer)
            shutil.rmtree(self.data(peer))
            self.grow(3, peer=(peer + 1) % 4)
            for _ in range(2):  # the second start finds what the first one left, and is no wiser
                code, said = self.try_to_start(peer)
                assert code == DAMAGED and "--recover" in said.strip().splitlines()[-1], (code, said)
            self.comes_back(peer, "--recover", silent_first=True)

    def check_6_lost_log(self):
        """Gone while IDENTITY is there: the peer comes back as recovering, by itself."""
        self.repaired("consensus", shutil.rmtree, silent_first=True)

    def check_7_truncated_ledger(self):
        self.repaired("ledger", lambda folder: os.truncate(folder / "data.mdb", 20_000))

    def check_8_scribbled_ledger(self):
        def scribble(folder):
            with open(folder / "data.mdb", "r+b") as file:
                size = file.seek(0, os.SEEK_END)
                for offset in range(8192, size, 4096):
                    file.seek(offset + 1000)
                    file.write(b"\xa5" * 64)
        self.repaired("ledger", scribble)

    def check_9_truncated_log(self):
        self.repaired("consensus", lambda folder: os.truncate(folder / "data.mdb", 12_000), silent_first=True)

    def check_91_empty_inbox_file(self):
        self.repaired("inbox", lambda folder: os.truncate(folder / "data.mdb", 0))

    def check_92_lost_identity(self):
        """Without IDENTITY nothing says how far the peer may have voted: refused until an operator says --recover."""
        for damage in (lambda file: file.unlink(), flip_a_bit):
            peer = self.other_than_primary()
            self.island.kill(peer)
            damage(self.data(peer) / "IDENTITY")
            self.grow(3, peer=(peer + 1) % 4)
            code, said = self.try_to_start(peer)
            assert code == DAMAGED and len(said.strip().splitlines()) == 1, (code, said)
            self.comes_back(peer, "--recover", silent_first=True)

    def check_93_older_copies(self):
        """An older copy of the log alone contradicts IDENTITY; of the whole folder, the votes that the others hold."""
        for name in ("consensus", "ledger", "."):
            peer = self.other_than_primary()
            folder, copy = self.data(peer) / name, self.data(peer).parent / "copy"
            self.island.kill(peer)
            shutil.copytree(folder, copy)
            self.comes_back(peer)
            self.grow(70, peer=peer)
            self.same()
            self.island.kill(peer)
            shutil.rmtree(folder)
            copy.rename(folder)
            self.grow(3, peer=(peer + 1) % 4)
            self.comes_back(peer, silent_first=name != "ledger")

    def check_94_foreign_files(self):
        """Another peer's folder, another peer's environment, another chain's folder: refused, nothing is changed."""
        peer = self.other_than_primary()
        other = next(p for p in range(4) if p not in (peer, self.island.primary()))
        own, kept = self.data(peer), self.data(peer).parent / "kept"
        for victim in (peer, other):
            self.island.kill(victim)
        own.rename(kept)
        shutil.copytree(self.data(other), own)
        self.refused_as_foreign(peer, "belongs to peer")
        shutil.rmtree(own)
        for name in ("consensus", "ledger", "inbox"):
            shutil.copytree(kept, own)
            shutil.rmtree(own / name)
            shutil.copytree(self.data(other) / name, own / name)
            self.refused_as_foreign(peer, f"the folder {name} belongs to another peer")
            shutil.rmtree(own)
        with Island(["--empty"]) as stranger:
            stranger.kill(peer)
            shutil.copytree(stranger.data(peer), own)
        self.refused_as_foreign(peer, "another genesis")
        shutil.rmtree(own)
        kept.rename(own)
        self.start(other)
        wait_for(lambda: self.island.ready(other), 60, "the other one ready")
        self.comes_back(peer)

    def refused_as_foreign(self, peer, why):
        code, said = self.try_to_start(peer)
        assert code == FOREIGN and why in said and len(said.strip().splitlines()) == 1, (code, said)

    def check_95_no_quorum(self):
        """Two of four away: transactions wait and are told so, readings are taken; both come through later."""
        island = self.island
        for path, body in (("/v1/participants", {"type": "UtilityCompany", "id": "EEM", "supplier": True}),
                           ("/v1/participants", {"type": "Resident", "id": "R0"}),
                           ("/v1/meters", {"meter": "M0", "owner": "Resident:R0"})):
            code, answer = island.post(0, path, body, admin=True)
            assert code == 200, (code, answer)
        start = island.get(0, "/v1/meters")[1]["items"][0]["active_from"]
        wait_for(lambda: island.get(3, "/v1/meters")[1]["items"], 20, "the meter at peer 3")
        for peer in (1, 2):
            island.kill(peer)
        reading = {"meter": "M0", "seq": 1, "start": start, "seconds": 60, "imported_kwh": 0.1, "exported_kwh": 0}
        code, answer = island.post(3, "/etms/readings", reading, admin=True)
        assert code == 200 and answer["accepted"] == 1, (code, answer)
        code, answer = island.request(0, "POST", "/v1/participants", {"type": "Resident", "id": "Waits"}, {
            "x-api-key": island.key, "Idempotency-Key": "waits"}, timeout=40)
        assert code == 503 and answer["error"]["transaction"], (code, answer)
        assert island.get(0, "/v1/participants")[0] == 200 and island.get(3, "/livez")[0] == 200
        island.kill(3)  # with the reading in its inbox
        for peer in (1, 2, 3):
            self.start(peer)
        wait_for(lambda: all(island.ready(peer) for peer in range(4)), 60, "all ready again")
        code, answer = island.request(1, "POST", "/v1/participants", {"type": "Resident", "id": "Waits"}, {
            "x-api-key": island.key, "Idempotency-Key": "waits"}, timeout=40)
        assert code == 200 and answer["receipt"]["outcome"] == "applied", (code, answer)
        for peer in range(4):
            wait_for(lambda: island.get(peer, "/v1/meters")[1]["items"][0]["in_ledger_through"] == 1, 60,
                     f"the acknowledged reading at peer {peer}")
        self.same(60)

    def repaired(self, environment, damage, silent_first=False):
        """The peer finds the damage at its start, says so, sets the files aside, and fetches from the others what it lacks."""
        peer = self.other_than_primary()
        self.island.kill(peer)
        damage(self.data(peer) / environment)
        self.grow(3, peer=(peer + 1) % 4)
        found = self.log_of(peer).count("warning storage:")
        self.comes_back(peer, silent_first=silent_first)
        assert self.log_of(peer).count("warning storage:") == found + 1, "the damage was not reported"

    def comes_back(self, peer, *options, silent_first=False):
        """It catches up with the others; with `silent_first` it has voted for nothing before it says that it has recovered."""
        recovered = self.log_of(peer).count("recovered: votes again")
        self.start(peer, *options)
        self.grow(3, peer=(peer + 1) % 4)
        self.same(60)
        assert (self.log_of(peer).count("recovered: votes again") > recovered) == silent_first, "recovering or not"
        self.grow(2, peer=peer)
        self.same()

    def log_of(self, peer):
        return (self.data(peer).parent / "peer.log").read_text()


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def stop_all(chain):
    """SIGTERM to every peer: each stops orderly."""
    pids = [chain.pid(peer) for peer in range(4)]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        wait_for(lambda: not alive(pid), 15, f"process {pid} gone after SIGTERM")


def main():
    failed = []
    with Island(["--empty"]) as island:
        chain = Chain(island)
        for name in sys.argv[1:] or sorted(n for n in dir(chain) if n.startswith("check_")):
            begin = time.monotonic()
            try:
                getattr(chain, name)()
            except Exception:
                failed.append(name)
                print(f"FAILED {name}\n{traceback.format_exc()[-1800:]}", flush=True)
                break
            print(f"ok {name} {time.monotonic() - begin:.1f} s, height {island.height()}", flush=True)
        assert not failed, failed
        stop_all(chain)
        print(audit(island))
    return 0


if __name__ == "__main__":
    sys.exit(main())
