"""SIGTERM to all four peers in the middle of their work, again and again: each stops with exit code 0, and comes back.

Transactions, event streams, scrapes and the view changes of the hand-over are under way when the signals come. Freed memory is
scribbled on (MALLOC_PERTURB_), so that whoever still uses it falls."""

import os
import pathlib
import random
import signal
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from island import LONG, Island, alive, audit, wait_for  # noqa: E402

ROUNDS = 60 if LONG else 8


class Load:
    """Threads that keep every peer busy until they are told to end; what a dying peer refuses does not matter."""

    def __init__(self, island, number):
        self.island, self.number, self.applied = island, number, 0
        self.end = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(action, peer), daemon=True)
                        for peer in range(4) for action in (self.post, self.listen, self.scrape)]
        for thread in self.threads:
            thread.start()

    def run(self, action, peer):
        count = 0
        while not self.end.is_set():
            count += 1
            try:
                action(peer, count)
            except (OSError, ValueError):  # http.client's errors on half an answer are one or the other
                self.end.wait(0.02)
            except Exception as error:
                if type(error).__module__ != "http.client":
                    raise

    def post(self, peer, count):
        name = f"R{self.number}-{peer}-{count}"
        code, _ = self.island.request(peer, "POST", "/v1/participants", {"type": "Resident", "id": name}, {
            "x-api-key": self.island.key, "Idempotency-Key": name}, timeout=5)
        self.applied += code == 200

    def listen(self, peer, _):
        with urllib.request.urlopen(self.island.peers[peer]["http"] + "/v1/events", timeout=5) as stream:
            while not self.end.is_set() and stream.read(1):
                pass

    def scrape(self, peer, _):
        with urllib.request.urlopen(self.island.peers[peer]["metrics"], timeout=5) as answer:
            answer.read()
        self.end.wait(0.05)

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join(15)
        assert not any(thread.is_alive() for thread in self.threads)


def stop_all(island, order, stagger):
    """Exit codes of the peers that this test started itself; `up` tells of its own at the end."""
    pids = [island.pid(peer) for peer in range(4)]
    for peer in order:
        os.kill(pids[peer], signal.SIGTERM)
        if stagger:
            time.sleep(random.random() * 0.2)
    for pid in pids:
        wait_for(lambda: not alive(pid), 20, f"process {pid} gone after SIGTERM")
    codes = [process.wait() for process in island.extra]
    island.extra = []
    assert all(code == 0 for code in codes), codes


def main():
    seed = int(os.environ.get("POWERSHARE_SEED", random.randrange(2**32)))
    print(f"POWERSHARE_SEED={seed}", flush=True)
    random.seed(seed)
    with Island(["--empty"]) as island:
        for number in range(ROUNDS):
            load = Load(island, number)
            wait_for(lambda: load.applied >= 20, 60, "transactions under way")
            order = random.sample(range(4), 4)
            # All at once in every other round: then the hand-over of each reaches the others while they stop.
            stop_all(island, order, stagger=number % 2 == 1)
            load.stop()
            for peer in range(4):
                island.restart(peer)
            wait_for(lambda: all(island.ready(peer) for peer in range(4)), 60, "all ready again")
        stop_all(island, range(4), stagger=False)
        print(f"{4 * ROUNDS + 4} orderly stops; {audit(island)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
