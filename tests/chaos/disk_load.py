"""What the tests of the disk share: a load whose acknowledgements are kept and looked for later, and peers under strace."""

import datetime
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from island import alive, skip, wait_for  # noqa: E402

METERS = 24


def need_strace():
    """Leaves the test where strace is missing or may not trace."""
    tried = shutil.which("strace") and subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True)
    if not tried or tried.returncode != 0:
        skip("it needs strace, and the right to trace")


def strace(calls, fault, when, folder, path=None):
    """The words that put a process under strace with one fault; `when` counts the calls of each thread."""
    words = ["strace", "-f", "-o", str(folder / "strace.log"), "-e", f"trace={calls}", "-e", "signal=none",
             "-e", f"inject={calls}:{fault}:when={when}"]
    return [*words, "-P", str(path)] if path else words


def end_traced(island, peer, process):
    """Ends a peer under strace by SIGKILL: strace itself would only let go of it."""
    try:
        pid = island.pid(peer)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid), 20, "the traced peer gone")
    except (OSError, ValueError):
        pass
    process.wait(20)


class Load:
    """Posts transactions and readings to one peer after the other, as clients do that go on to the next when one fails."""

    def __init__(self, island):
        self.island = island
        self.applied = {}  # idempotency key -> transaction id, acknowledged as applied
        self.read = {}  # meter -> highest acknowledged number
        self.refused = []  # readings that a peer rejected: there should be none
        self.halt = threading.Event()
        self.threads = []
        self.register()

    def register(self):
        for path, body in (("/v1/participants", {"type": "UtilityCompany", "id": "EEM", "supplier": True}),
                           ("/v1/participants", {"type": "Resident", "id": "R0"}),
                           *(("/v1/meters", {"meter": f"M{i}", "owner": "Resident:R0"}) for i in range(METERS))):
            code, answer = self.island.post(0, path, body, admin=True)
            assert code == 200, (code, answer)
        self.active_from = {meter["meter"]: meter["active_from"]
                            for meter in self.island.get(0, "/v1/meters?limit=100")[1]["items"]}
        assert len(self.active_from) == METERS, self.active_from
        wait_for(lambda: all(len(self.island.get(peer, "/v1/meters?limit=100")[1]["items"]) == METERS for peer in range(4)),
                 30, "the meters at every peer")

    def start(self):
        self.threads = [threading.Thread(target=action, daemon=True) for action in (self.transact, self.transact, self.meter)]
        for number, thread in enumerate(self.threads):
            thread.name = str(number)
            thread.start()

    def stop(self):
        self.halt.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)

    def ask(self, peer, *request, **more):
        try:
            return self.island.request(peer, *request, **more)
        except (OSError, http.client.HTTPException):
            self.halt.wait(0.05)
            return None, None

    def transact(self):
        count = 0
        while not self.halt.is_set():
            count += 1
            self.transact_once(f"T{threading.current_thread().name}-{count}", count % 4, 3)

    def transact_once(self, name, peer, timeout=40):
        code, answer = self.ask(peer, "POST", "/v1/participants", {"type": "Resident", "id": name},
                                headers={"x-api-key": self.island.key, "Idempotency-Key": name}, timeout=timeout)
        if code == 200 and answer["receipt"]["outcome"] == "applied":
            self.applied[name] = answer["receipt"]["transaction"]
        return code

    def meter(self):
        count = 0
        while not self.halt.is_set():
            meter, number = f"M{count % METERS}", count // METERS + 1
            # However long the test runs: a meter that is ahead of the clock is refused.
            while shifted(self.active_from[meter], number) > now() and not self.halt.is_set():
                self.halt.wait(0.2)
            for attempt in range(1000):
                if self.halt.is_set() or self.read_once(meter, number, (count + attempt) % 4):
                    break
            count += 1
            self.halt.wait(0.01)

    def read_once(self, meter, number, peer):
        """The reading of second `number`; true when it was acknowledged."""
        reading = {"meter": meter, "seq": number, "start": shifted(self.active_from[meter], number - 1), "seconds": 1,
                   "imported_kwh": 0.001, "exported_kwh": 0}
        code, answer = self.ask(peer, "POST", "/etms/readings", reading, headers={"x-api-key": self.island.key}, timeout=3)
        if code != 200:
            return False
        if answer["rejected"]:
            self.refused.append((reading, answer))
            return True
        self.read[meter] = number
        return True

    def check_nothing_lost(self):
        """Each acknowledgement against what the peers hold now; gives how many there were."""
        assert not self.refused, self.refused[:3]
        for count, (name, transaction) in enumerate(sorted(self.applied.items())):
            code, answer = self.island.get(count % 4, f"/v1/transactions/{transaction}")
            assert code == 200, f"acknowledged transaction {name} is lost: {code} {answer}"

        def missing():
            for peer in range(4):
                items = self.island.get(peer, "/v1/meters?limit=100")[1]["items"]
                through = {item["meter"]: item["in_ledger_through"] for item in items}
                yield from ((peer, meter, through[meter], number) for meter, number in self.read.items()
                            if through[meter] < number)
        wait_for(lambda: not any(missing()), 60, f"acknowledged readings in the ledger, missing {list(missing())[:5]}")
        return len(self.applied) + sum(self.read.values())


def shifted(time, seconds):
    """An ISO 8601 time of the API some seconds later."""
    return api_time(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) + datetime.timedelta(seconds=seconds))


def now():
    return api_time(datetime.datetime.now(datetime.timezone.utc))


def api_time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"


def all_equal(island):
    found = [island.status(peer) for peer in range(4)]
    return all(s and s["ready"] for s in found) and len({(s["height"], s["head"], s["state_root"]) for s in found}) == 1


def logs(island):
    return "".join((island.data(peer).parent / "peer.log").read_text() for peer in range(4))
