"""A disk that returns an error ends the peer at once with exit code 74, whichever call it hits; one that stalls for 5 s does not, one
that stalls for 15 s does. The others go on, nothing acknowledged is lost, and the peer comes back by itself."""

import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from disk_load import Load, all_equal, end_traced, logs, need_strace, strace  # noqa: E402
from island import LONG, Island, audit, wait_for  # noqa: E402

STORAGE_ERROR = 74
CALLS = [(name, calls, f"{name}/data.mdb") for name in ("consensus", "ledger", "inbox")
         for calls in ("pwrite64", "writev,pwritev", "fdatasync")] + [("IDENTITY", "fsync", "IDENTITY.new")]


class Disk:
    """The peer that gets the bad disk: not the primary, so that the others need no view change."""

    def __init__(self, island):
        self.island, self.load = island, Load(island)
        self.load.start()

    def start(self, calls, fault, number, file):
        self.peer = (self.island.primary() + 2) % 4
        self.island.kill(self.peer)
        data = self.island.data(self.peer)
        self.process = self.island.restart(self.peer, under=strace(calls, fault, number, data.parent, data / file))

    def comes_back(self):
        """Without an option, and with all that was acknowledged."""
        self.island.extra.remove(self.process)
        self.process = self.island.restart(self.peer)
        wait_for(lambda: self.island.ready(self.peer), 60, "ready again")

    def fails(self, name, calls, file, number):
        self.start(calls, "error=EIO", number, file)
        try:
            wait_for(lambda: self.process.poll() is not None, 60, f"the end after EIO at call {number} of {calls}")
        except AssertionError:
            end_traced(self.island, self.peer, self.process)
            raise
        said = (self.island.data(self.peer).parent / "peer.log").read_text().strip().splitlines()[-1]
        assert self.process.returncode == STORAGE_ERROR, (name, calls, number, self.process.returncode, said)
        assert said.startswith("powershare: "), said
        self.comes_back()
        print(f"EIO at call {number} of {calls} on {name}: exit 74, back", flush=True)

    def stalls(self, seconds, file):
        """One fdatasync on `file` takes that long."""
        number = 12
        self.start("fdatasync", f"delay_enter={seconds}s", number, file)
        log, own_log = (self.island.data(self.peer).parent / name for name in ("strace.log", "peer.log"))
        wait_for(lambda: log.exists() and log.read_text().count("fdatasync(") >= number, 60, "the stall")
        begin, applied = time.monotonic(), len(self.load.applied)
        if seconds > 10:
            wait_for(lambda: "has not ended for more than 10 s" in own_log.read_text(), seconds + 20, "the peer's last words")
            # strace lets nobody end before the stall is over, so the words count.
            spoken = time.monotonic() - begin
            assert self.process.poll() is None, "it waited until the disk came back"
            wait_for(lambda: self.process.poll() is not None, seconds + 20, "the end after a stall")
            assert self.process.returncode == STORAGE_ERROR, self.process.returncode
            self.comes_back()
            print(f"fdatasync of {file} stalled for {seconds} s: ended by itself after {spoken:.1f} s with exit 74, back")
            return
        wait_for(lambda: "DELAYED" in log.read_text(), 60, "the end of the stall")
        meanwhile = len(self.load.applied) - applied
        assert meanwhile > 0, "nothing was applied while one peer's disk stalled"
        wait_for(lambda: self.island.ready(self.peer), 30, "ready after the stall")
        assert self.process.poll() is None, self.process.returncode
        print(f"fdatasync of {file} stalled for {seconds} s: {meanwhile} transactions were applied meanwhile, the peer went on")
        end_traced(self.island, self.peer, self.process)
        self.comes_back()


def main():
    need_strace()
    seed = int(os.environ.get("POWERSHARE_SEED", random.randrange(2**32)))
    print(f"POWERSHARE_SEED={seed}", flush=True)
    numbers = random.Random(seed)
    with Island(["--empty"]) as island:
        disk = Disk(island)
        for name, calls, file in CALLS:
            for _ in range(8 if LONG else 1):
                # IDENTITY is written at the start and then rarely.
                disk.fails(name, calls, file, 1 if name == "IDENTITY" else numbers.randint(1, 40))
        for seconds in (5, 15):
            for name in ("consensus", "ledger", "inbox") if LONG else (numbers.choice(("consensus", "ledger")),):
                disk.stalls(seconds, f"{name}/data.mdb")
        disk.load.stop()
        wait_for(lambda: all_equal(island), 60, "all peers ready and equal")
        acknowledged = disk.load.check_nothing_lost()
        wait_for(lambda: all_equal(island), 60, "all peers equal")
        assert "equivocation by" not in logs(island), "a peer signed two things"
        island.process.terminate()
        island.process.wait(40)
        for process in island.extra:
            process.wait(20)
        print(f"{acknowledged} acknowledgements, none lost; {audit(island)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
