"""kill -9 at the very calls that persistence is made of: each write and each fdatasync of the three databases, each step of
IDENTITY's replacement, each send, over 50 commits; and during the restart after the one before. One peer dies over and over, then the
next one, so that the others go on and every call is reached soon; now and then all four die with it, as when the power fails.

A sample, or with POWERSHARE_LONG=1 every point; `kill_points_test.py 1500` takes as many of all points as fit into 1,500 seconds, in the
order that the seed gives. At the end everything that was acknowledged is there, nobody has signed two things, and the ledgers audit clean."""

import collections
import math
import os
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from disk_load import Load, all_equal, end_traced, logs, need_strace, strace  # noqa: E402
from island import LONG, Island, alive, audit, wait_for  # noqa: E402

# Kind: system calls, file below the data folder, calls of one peer in 50 commits (measured, and rounded up).
KINDS = {
    "consensus: page write": ("pwrite64", "consensus/data.mdb", 600),
    "consensus: pages write": ("writev,pwritev", "consensus/data.mdb", 160),
    "consensus: fdatasync": ("fdatasync", "consensus/data.mdb", 150),
    "ledger: page write": ("pwrite64", "ledger/data.mdb", 450),
    "ledger: pages write": ("writev,pwritev", "ledger/data.mdb", 290),
    "ledger: fdatasync": ("fdatasync", "ledger/data.mdb", 100),
    "inbox: page write": ("pwrite64", "inbox/data.mdb", 120),
    "inbox: pages write": ("writev,pwritev", "inbox/data.mdb", 60),
    "inbox: fdatasync": ("fdatasync", "inbox/data.mdb", 60),
    "IDENTITY: write": ("write,fsync", "IDENTITY.new", 6),
    "IDENTITY: rename": ("rename,renameat,renameat2", "IDENTITY.new", 3),
    "send": ("sendto,sendmsg", None, 600),
}
SAMPLE = 48
IN_A_ROW = 12  # points of one peer until it is the next one's turn
ALL_AT_ONCE = 8  # with every so many points all four die
ENOUGH = 1000  # blocks of one life: a point that was not reached by then counts as death at rest (one write takes in several blocks)


def points(random_source, everything):
    if everything:
        chosen = [(kind, number) for kind, (_, _, calls) in KINDS.items() for number in range(1, calls + 1)]
    else:
        # As many of each kind, the early ones too: they lie in the restart itself.
        chosen = []
        for kind, (_, _, calls) in KINDS.items():
            share = min(calls, SAMPLE // len(KINDS))
            chosen += [(kind, number) for number in random_source.sample(range(1, calls + 1), share)]
    random_source.shuffle(chosen)
    return chosen


class Deaths:
    """Peers that are started under strace again each time they have died, with the next point."""

    def __init__(self, island):
        self.island = island
        self.table = collections.defaultdict(collections.Counter)
        self.restarts, self.begin = 0, time.monotonic()

    def restart(self, peer, under=()):
        self.restarts += 1
        return self.island.restart(peer, under=under)

    def die(self, peer, kind, number):
        """One life of a peer, up to this point or until it is at rest."""
        calls, file, _ = KINDS[kind]
        folder = self.island.data(peer)
        process = self.restart(peer, strace(calls, "signal=SIGKILL", number, folder.parent, file and folder / file))
        begin, pause = self.island.height(), threading.Event()
        looked = start = time.monotonic()
        # Progress is what counts, not time: neighbours on the machine change that. The bound is for failures only.
        while process.poll() is None and time.monotonic() < start + 180:
            pause.wait(0.01)
            if time.monotonic() > looked + 0.5:
                status, looked = self.island.status(peer), time.monotonic()
                if status and status["height"] > begin + ENOUGH:
                    break
        at_rest = process.poll() is None
        if at_rest:
            end_traced(self.island, peer, process)
        said = (folder.parent / "peer.log").read_text().strip().splitlines()[-1:]
        assert at_rest or process.returncode == -signal.SIGKILL, (kind, number, process.returncode, said)
        self.island.extra.remove(process)
        self.table[kind]["at rest" if at_rest else "at the call"] += 1

    def all_die(self, peer):
        """The others follow the one that has just died."""
        others = [other for other in range(4) if other != peer]
        pids = [self.island.pid(other) for other in others]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_for(lambda: not alive(pid), 20, f"process {pid} gone")
        again = {other: self.restart(other) for other in others}
        for other, process in again.items():
            wait_for(lambda: self.island.pid(other) == process.pid, 60, "its note of its process")
        self.table["all four"]["at the call"] += 1

    def run(self, queue, seconds):
        for begin in range(0, len(queue), IN_A_ROW):
            if time.monotonic() > self.begin + seconds:
                break
            peer = begin // IN_A_ROW % 4
            self.island.kill(peer)
            for count, (kind, number) in enumerate(queue[begin:begin + IN_A_ROW], begin + 1):
                self.die(peer, kind, number)
                if count % ALL_AT_ONCE == 0:
                    self.all_die(peer)
                if count % 100 == 0:
                    print(f"{count} of {len(queue)} points, {time.monotonic() - self.begin:.0f} s", flush=True)
            self.restart(peer)
            wait_for(lambda: self.island.ready(peer), 60, f"peer {peer} is ready")


def run(island, queue, limit):
    load = Load(island)
    load.start()
    deaths = Deaths(island)
    begin = time.monotonic()
    deaths.run(queue, limit)
    seconds = time.monotonic() - begin
    load.stop()
    wait_for(lambda: all_equal(island), 60, "all peers ready and equal")
    acknowledged = load.check_nothing_lost()
    wait_for(lambda: all_equal(island), 60, "all peers equal")
    evidence = logs(island).count("equivocation by")
    print(f"{'killed at':<24} {'points':>7} {'reached':>8} {'at rest':>8}")
    for kind in KINDS:
        row = deaths.table[kind]
        print(f"{kind:<24} {sum(row.values()):>7} {row['at the call']:>8} {row['at rest']:>8}")
    tried = sum(sum(deaths.table[kind].values()) for kind in KINDS)
    reached = sum(deaths.table[kind]["at the call"] for kind in KINDS)
    print(f"{tried} of {len(queue)} points in {seconds:.0f} s, {reached} reached, all four killed {deaths.table['all four']['at the call']} times, "
          f"{deaths.restarts} restarts ok, {acknowledged} acknowledgements, none lost, height {island.height()}, violations {evidence}")
    assert evidence == 0, "a peer signed two things"
    assert reached >= tried * 0.8, "too few points were reached"


def main():
    need_strace()
    seed = int(os.environ.get("POWERSHARE_SEED", random.randrange(2**32)))
    print(f"POWERSHARE_SEED={seed}", flush=True)
    with Island(["--empty"]) as island:
        limit = float(sys.argv[1]) if len(sys.argv) > 1 else math.inf
        run(island, points(random.Random(seed), LONG or limit < math.inf), limit)
        for process in [process for process in island.extra if process.poll() is None]:
            process.terminate()
            assert process.wait(20) == 0, process.returncode
        print(audit(island))
    return 0


if __name__ == "__main__":
    sys.exit(main())
