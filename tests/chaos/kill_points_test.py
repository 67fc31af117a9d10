"""kill -9 at the very calls that persistence is made of: each write and each fdatasync of the three databases, each step of
IDENTITY's replacement, each send, over 50 commits; and during the restart after the one before. All four peers die over and over,
each at its own points, so quorums come and go. A sample, or with POWERSHARE_LONG=1 every point.

At the end everything that was acknowledged is there, nobody has signed two things, and the ledgers audit clean."""

import collections
import os
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from disk_load import Load, all_equal, end_traced, logs, need_strace, strace  # noqa: E402
from island import LONG, Island, audit, wait_for  # noqa: E402

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
PATIENCE = 20  # seconds until a point that is not reached counts as death at rest


def points(random_source):
    every = [(kind, number) for kind, (_, _, calls) in KINDS.items() for number in range(1, calls + 1)]
    if LONG:
        random_source.shuffle(every)
        return every
    # As many of each kind, the early ones too: they lie in the restart itself.
    chosen = []
    for kind, (_, _, calls) in KINDS.items():
        share = min(calls, SAMPLE // len(KINDS))
        chosen += [(kind, number) for number in random_source.sample(range(1, calls + 1), share)]
    random_source.shuffle(chosen)
    return chosen


class Victim:
    """One peer that is started under strace again each time it has died, with the next point."""

    def __init__(self, island, peer, queue):
        self.island, self.peer, self.queue = island, peer, queue
        self.process, self.kind, self.since, self.wrong = None, None, 0.0, []

    def next(self):
        self.kind, number = self.queue.pop()
        calls, file, _ = KINDS[self.kind]
        folder = self.island.data(self.peer)
        under = strace(calls, "signal=SIGKILL", number, folder.parent, file and folder / file)
        self.process, self.since = self.island.restart(self.peer, under=under), time.monotonic()

    def look(self, table):
        """Counts a death and starts the next life; false once no points are left."""
        if self.process is not None:
            code = self.process.poll()
            if code is None and time.monotonic() - self.since < PATIENCE:
                return True
            at_rest = code is None
            if at_rest:
                end_traced(self.island, self.peer, self.process)
                code = -signal.SIGKILL
            table[self.kind]["at rest" if at_rest else "at the call"] += 1
            if code != -signal.SIGKILL:
                said = (self.island.data(self.peer).parent / "peer.log").read_text().strip().splitlines()[-1:]
                self.wrong.append((self.kind, code, said))
            self.island.extra.remove(self.process)
            self.process = None
        if not self.queue or self.wrong:
            return False
        self.next()
        return True


def run(island, queue):
    table = collections.defaultdict(collections.Counter)
    total = len(queue)
    load = Load(island)
    load.start()
    for peer in range(4):
        island.kill(peer)
    victims = [Victim(island, peer, queue) for peer in range(4)]
    begin, pause = time.monotonic(), threading.Event()
    while any([victim.look(table) for victim in victims]):
        pause.wait(0.02)
    wrong = [w for victim in victims for w in victim.wrong]
    assert not wrong, f"ended by themselves: {wrong}"
    load.stop()
    for peer in range(4):
        island.restart(peer)
    again = time.monotonic()
    wait_for(lambda: all_equal(island), 60, "all peers ready and equal")
    print(f"all four ready and equal {time.monotonic() - again:.1f} s after the last start")
    acknowledged = load.check_nothing_lost()
    wait_for(lambda: all_equal(island), 60, "all peers equal")
    evidence = logs(island).count("equivocation by")
    print(f"{'killed at':<24} {'points':>7} {'reached':>8} {'at rest':>8}")
    for kind in KINDS:
        row = table[kind]
        print(f"{kind:<24} {sum(row.values()):>7} {row['at the call']:>8} {row['at rest']:>8}")
    print(f"{total} kills in {again - begin:.0f} s, {total} restarts ok, {acknowledged} acknowledgements, "
          f"height {island.height()}, violations {evidence}")
    assert evidence == 0, "a peer signed two things"
    assert sum(row["at the call"] for row in table.values()) >= total * 0.6, "too few points were reached"


def main():
    need_strace()
    seed = int(os.environ.get("POWERSHARE_SEED", random.randrange(2**32)))
    print(f"POWERSHARE_SEED={seed}", flush=True)
    with Island(["--empty"]) as island:
        run(island, points(random.Random(seed)))
        for process in island.extra:
            process.terminate()
            assert process.wait(20) == 0, process.returncode
        print(audit(island))
    return 0


if __name__ == "__main__":
    sys.exit(main())
