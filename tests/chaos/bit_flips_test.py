"""Bits flip on the disk of a peer, in every type of page of each of its databases and in IDENTITY, while the island works: the peer
finds it when it starts and repairs itself from the others, or it did no harm. Without IDENTITY it says so and waits for an operator.

What is harmless is not left to the product: a reader of its own (lmdb_file.py) must find the same records as before the flip.
Never does a peer show a block that the others do not have, nor sign two things. Meters keep what is not in the ledger and bring
it again, as they must: what was acknowledged by a peer whose inbox was damaged is in the ledger at the end.

`bit_flips_test.py consensus/leaf` flips in these pages only."""

import collections
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from disk_load import METERS, Load, all_equal, logs, now, shifted  # noqa: E402
from island import BINARY, LONG, Island, alive, audit, wait_for  # noqa: E402
from lmdb_file import META_BYTES, PAGE, TYPES, LmdbFile, what_is_read  # noqa: E402

ENVIRONMENTS = ("consensus", "ledger", "inbox")
# Readings are small: an inbox has no overflow pages.
KINDS = [(name, kind) for name in ENVIRONMENTS for kind in TYPES if (name, kind) != ("inbox", "overflow")]
ROUNDS = 16 if LONG else 2
DAMAGED_DATA = 65


class Meters(Load):
    """Half of the meters are read once a second, of all in one request; the others when a test wants an inbox that is full."""

    def meter(self):
        number = 0
        while not self.halt.is_set():
            number += 1
            for attempt in range(1000):
                if self.halt.is_set() or self.bring(range(METERS // 2), number, number, (number + attempt) % 4):
                    break
            self.halt.wait(1)

    def bring(self, meters, first, last, peer):
        """The readings `first` to `last` of each of the meters in one request; true when the peer took it."""
        names = [f"M{meter}" for meter in meters]
        readings = [{"meter": name, "seq": number, "start": shifted(self.active_from[name], number - 1), "seconds": 1,
                     "imported_kwh": 0.001, "exported_kwh": 0} for name in names for number in range(first, last + 1)]
        code, answer = self.ask(peer, "POST", "/etms/readings", readings, headers={"x-api-key": self.island.key}, timeout=20)
        if code != 200:
            return False
        self.refused += answer["rejected"]
        self.read.update({name: max(last, self.read.get(name, 0)) for name in names})
        return True

    def burst(self, peer):
        """Ten readings of each of the other meters in one request to one peer."""
        first = self.read.get(f"M{METERS - 1}", 0) + 1
        wait_for(lambda: shifted(self.active_from[f"M{METERS - 1}"], first + 9) <= now(), 60, "the time of the readings")
        assert self.bring(range(METERS // 2, METERS), first, first + 9, peer), "a burst of readings"
        return first + 9

    def fill_log(self, peer):
        """A batch of many pages has just been ordered."""
        last = self.burst(peer)
        wait_for(lambda: self.through(peer).get(f"M{METERS - 1}") == last, 20, "a burst in the ledger")

    def fill_inbox(self, peer):
        """An inbox of many pages: the others are too few to order anything until let_go()."""
        others = [other for other in range(4) if other != peer][:2]
        self.stopped = [self.island.pid(other) for other in others]
        for pid in self.stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            self.burst(peer)
        except BaseException:
            self.let_go()
            raise

    def let_go(self):
        for pid in self.stopped:
            os.kill(pid, signal.SIGCONT)

    def through(self, peer):
        """Up to which number each meter's readings are in this peer's ledger; empty while it does not answer."""
        code, answer = self.ask(peer, "GET", "/v1/meters?limit=100", timeout=5)
        return {item["meter"]: item["in_ledger_through"] for item in answer["items"]} if code == 200 else {}

    def missing(self):
        """Meters with acknowledged readings that are not in the ledger, with what is."""
        for peer in range(4):
            through = self.through(peer)
            if through:
                return {name: through[name] for name, number in list(self.read.items()) if through[name] < number}
        return self.read

    def bring_again(self):
        """As meters do, what does not get into the ledger goes to other peers. Gives how many readings only the meters still had."""
        again = 0
        for attempt in range(40):
            end = time.monotonic() + 5
            while time.monotonic() < end:
                if not self.missing():
                    return again
                time.sleep(0.1)
            for name, through in self.missing().items():
                again += self.accepted(int(name[1:]), through + 1, self.read[name], attempt % 4)
        raise AssertionError(f"meters wait for the ledger in vain: {self.missing()}")

    def accepted(self, meter, first, last, peer):
        readings = [{"meter": f"M{meter}", "seq": number, "start": shifted(self.active_from[f"M{meter}"], number - 1),
                     "seconds": 1, "imported_kwh": 0.001, "exported_kwh": 0} for number in range(first, last + 1)]
        code, answer = self.ask(peer, "POST", "/etms/readings", readings, headers={"x-api-key": self.island.key}, timeout=20)
        if code == 200:
            self.refused += answer["rejected"]
        return answer["accepted"] if code == 200 else 0


class Watcher(threading.Thread):
    """Asks a peer for its head from its first breath on: whatever it shows, the others must have as well."""

    def __init__(self, island, peer):
        super().__init__(daemon=True)
        self.island, self.peer, self.shown, self.halt = island, peer, {}, threading.Event()

    def run(self):
        while not self.halt.wait(0.02):
            status = self.island.status(self.peer)
            if status and status["height"] > 0:
                self.shown[status["height"]] = status["head"]

    def check(self):
        self.halt.set()
        self.join(20)
        assert self.shown, "the peer never showed anything"
        other = (self.peer + 1) % 4
        heights = sorted(self.shown)
        for height in {*heights[:5], *heights[-5:]}:
            wait_for(lambda: self.island.height() >= height, 20, "the others at that height")
            code, block = wait_for(lambda: self.block(other, height), 20, f"block {height}")
            assert block["hash"] == self.shown[height], f"a block that nobody else has at {height}"

    def block(self, peer, height):
        code, block = self.island.get(peer, f"/v1/blocks/{height}")
        return (code, block) if code == 200 else None


def used_bits(content, page, kind):
    """Those of a page that say something: of a meta page the beginning, of a tree's page not the gap between offsets and nodes."""
    if kind in ("overflow", "unused"):
        return range(PAGE * 8)
    lower, upper = struct.unpack_from("<HH", content, page * PAGE + 12)
    used = range(META_BYTES) if kind == "meta" else [*range(lower), *range(upper, PAGE)]
    return [byte * 8 + bit for byte in used for bit in range(8)]


class Flips:
    def __init__(self, island, load, seed):
        self.island, self.load, self.seed = island, load, seed
        self.table = collections.defaultdict(collections.Counter)

    def log_of(self, peer):
        return (self.island.data(peer).parent / "peer.log").read_text()

    def flip(self, name, kind, number):
        """One page of one type; false where the file had none of that type just then."""
        chosen = random.Random(f"{self.seed}/{name}/{kind}/{number}")
        peer = chosen.randrange(4)
        if name == "inbox":
            self.load.fill_inbox(peer)
        elif (name, kind) == ("consensus", "overflow"):
            self.load.fill_log(peer)
        self.island.kill(peer)
        if name == "inbox":
            self.load.let_go()
        file = self.island.data(peer) / name / "data.mdb"
        before = bytearray(file.read_bytes())
        pages = LmdbFile(before).types[kind]
        harmful = False
        if pages:
            page = chosen.choice(pages)
            # One bit is the hardest to find.
            bits = chosen.sample(used_bits(before, page, kind), 1 if number % 2 == 0 else 8)
            after = bytearray(before)
            for bit in bits:
                after[page * PAGE + bit // 8] ^= 1 << bit % 8
            file.write_bytes(after)
            harmful = what_is_read(before) != what_is_read(after)
        place = f"peer {peer}, {name}, {kind} page " + (f"{page}, bits {bits}" if pages else "missing")
        try:
            found = self.start(peer)
        except AssertionError as error:
            raise AssertionError(f"{place}: {error}") from error
        if name == "inbox":
            self.table[name, kind]["brought again"] += self.load.bring_again()
        if not pages:
            return False
        assert found or not harmful, f"{place}: not found, although a reader finds other records"
        row = self.table[name, kind]
        row["injected"] += 1
        row["detected"] += found
        row["repaired"] += found
        row["harmless"] += not found
        return True

    def start(self, peer, *options, recovering=False):
        """Until it is one of the island's peers again; true when it has reported damage."""
        before = len(self.log_of(peer))

        def said(text):
            return text in self.log_of(peer)[before:]
        watcher = Watcher(self.island, peer)
        target = self.island.height()
        process = self.island.restart(peer, *options)
        watcher.start()
        wait_for(lambda: process.poll() is not None or self.is_back(peer, target), 120, "the peer is back")
        assert process.poll() is None, f"it ended with {process.returncode}: {self.log_of(peer).splitlines()[-1:]}"
        if recovering or said("the consensus log is lost"):
            wait_for(lambda: said("recovered: votes again"), 120, "it votes again")
        watcher.check()
        return said("warning storage:")

    def is_back(self, peer, target):
        status = self.island.status(peer)
        return status and status["ready"] and status["height"] >= target

    def flip_identity(self, number):
        """Refused with one sentence as often as it is tried; back with --recover, voting for nothing that it may have voted on."""
        chosen = random.Random(f"{self.seed}/IDENTITY/{number}")
        peer = chosen.randrange(4)
        self.island.kill(peer)
        file = self.island.data(peer) / "IDENTITY"
        content = bytearray(file.read_bytes())
        bit = chosen.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        file.write_bytes(content)
        for _ in range(2):
            done = subprocess.run([str(BINARY), "peer", "--config", self.island.peers[peer]["config"]], capture_output=True,
                                  text=True, timeout=30)
            assert done.returncode == DAMAGED_DATA and len(done.stderr.strip().splitlines()) == 1, (bit, done)
        self.start(peer, "--recover", recovering=True)
        row = self.table["IDENTITY", "file"]
        row["injected"] += 1
        row["detected"] += 1
        row["repaired"] += 1

    def show(self):
        columns = ("injected", "detected", "repaired", "harmless", "brought again")
        print(f"{'place':<22}" + "".join(f"{column:>14}" for column in columns))
        for place in [*KINDS, ("IDENTITY", "file")]:
            row = self.table[place]
            print(f"{place[0] + ', ' + place[1]:<22}" + "".join(f"{row[column]:>14}" for column in columns))
        total = sum(self.table.values(), collections.Counter())
        print(f"{'in all':<22}" + "".join(f"{total[column]:>14}" for column in columns))


def stop(island):
    pids = [island.pid(peer) for peer in range(4)]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        wait_for(lambda: not alive(pid), 20, f"process {pid} gone after SIGTERM")


def check_files(island):
    """Every record of every database of every peer, by the other reader."""
    records = 0
    for peer in range(4):
        for name in ENVIRONMENTS:
            file = LmdbFile((island.data(peer) / name / "data.mdb").read_bytes())
            assert not file.damaged_records(), (peer, name, file.damaged_records()[:3])
            records += len(file.records)
    return records


def main():
    seed = int(os.environ.get("POWERSHARE_SEED", random.randrange(2**32)))
    command = f"POWERSHARE_SEED={seed} {'POWERSHARE_LONG=1 ' if LONG else ''}python3 tests/chaos/bit_flips_test.py"
    print(command, flush=True)
    only = sys.argv[1] if len(sys.argv) > 1 else None
    with Island(["--empty"]) as island:
        load = Meters(island)
        load.start()
        flips = Flips(island, load, seed)
        for name, kind in KINDS:
            for number in range(ROUNDS if only in (None, f"{name}/{kind}") else 0):
                begin = time.monotonic()
                # Which pages a file has at the moment of the kill is chance; the records of a database never are.
                wait_for(lambda: flips.flip(name, kind, number), 180, f"a {kind} page in {name}")
                print(f"{name}, {kind} {number}: {time.monotonic() - begin:.1f} s", flush=True)
        for number in range(ROUNDS if only in (None, "IDENTITY") else 0):
            flips.flip_identity(number)
        load.stop()
        again = load.bring_again()
        wait_for(lambda: all_equal(island), 60, "all peers ready and equal")
        acknowledged = load.check_nothing_lost()
        wait_for(lambda: all_equal(island), 60, "all peers equal")
        assert "equivocation by" not in logs(island), "a peer signed two things"
        flips.show()
        print(f"{acknowledged} acknowledgements, none lost ({again} brought again at the end), height {island.height()}; again: {command}")
        stop(island)
        print(f"{check_files(island)} records intact; {audit(island)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
