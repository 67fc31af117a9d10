"""A day of 100 meters arrives at once while live readings go on: these do not wait, and all are in the ledger once. Live watts."""

import datetime
import json
import shutil
import signal
import statistics
import sys
import threading
import time

from island import Island, audit, wait_for

UTC = datetime.timezone.utc
METERS, SLOTS = 100, 96
QUARTER = datetime.timedelta(minutes=15)


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def backdated(island):
    """The island's chain anew, as if it had begun 26 hours ago, with 100 metered homes and one that reports now."""
    island.process.send_signal(signal.SIGTERM)
    island.process.wait(60)
    path = island.chain_folder / "genesis.json"
    genesis = json.loads(path.read_text())
    created = datetime.datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=26)
    genesis["created"] = text_of(created)
    registry = [{"type": "AddParticipant", "participant": "UtilityCompany:EEM", "supplier": True,
                 "tariff_coins_per_kwh": "0.1629"}]
    for name in ["live"] + [f"h{k}" for k in range(METERS)]:
        registry.append({"type": "AddParticipant", "participant": f"Resident:{name}"})
        registry.append({"type": "RegisterMeter", "meter": name, "owner": f"Resident:{name}"})
    genesis["registry"] = registry
    path.write_text(json.dumps(genesis, indent=2) + "\n")
    for peer in range(4):
        shutil.rmtree(island.data(peer))
        island.restart(peer)
    wait_for(lambda: all(island.ready(peer) for peer in range(4)), 60, "four peers of the older chain")
    return created


def day_of_all(created):
    """Meter by meter, as boxes that were cut off for a day would bring it; no two figures alike."""
    return [{"meter": f"h{k}", "seq": slot + 1, "start": text_of(created + slot * QUARTER), "seconds": 900,
             "imported_kwh": round(0.1 + k / 1000 + slot / 100000, 9), "exported_kwh": 0}
            for k in range(METERS) for slot in range(SLOTS)]


class Live:
    """One meter with readings of one second, each awaited in the ledger."""

    def __init__(self, island):
        self.island = island
        self.sequence = 0
        self.start = datetime.datetime.now(UTC).replace(microsecond=0) - datetime.timedelta(minutes=4)

    def through(self):
        return self.island.get(1, "/v1/meters?owner=Resident:live")[1]["items"][0]["in_ledger_through"]

    def one(self):
        """Seconds from the post to the ledger of another peer."""
        self.sequence += 1
        self.start += datetime.timedelta(seconds=1)
        reading = {"meter": "live", "seq": self.sequence, "start": text_of(self.start), "seconds": 1,
                   "imported_kwh": 0.0001 + self.sequence / 10**7, "exported_kwh": 0}
        begin = time.monotonic()
        code, answer = self.island.post(0, "/etms/readings", reading, admin=True)
        assert code == 200 and answer["accepted"] == 1, (code, answer)
        while self.through() < self.sequence:
            assert time.monotonic() - begin < 60, "a live reading is not in the ledger"
            time.sleep(0.01)
        return time.monotonic() - begin


def in_ledger(island):
    items = island.get(0, "/v1/meters?limit=1000")[1]["items"]
    return sum(item["in_ledger_through"] for item in items if item["meter"] != "live")


def main():
    with Island(["--empty"]) as island:
        created = backdated(island)
        live = Live(island)
        before = [live.one() for _ in range(10)]
        body = day_of_all(created)
        answer = {}

        def send():
            answer["result"] = island.post(0, "/etms/readings", body, admin=True)
            answer["seconds"] = time.monotonic() - begin

        begin = time.monotonic()
        sender = threading.Thread(target=send)
        sender.start()
        during, total = [], None
        while total is None:
            during.append(live.one())
            if in_ledger(island) == METERS * SLOTS:
                total = time.monotonic() - begin
            assert time.monotonic() - begin < 120, f"{in_ledger(island)} of {METERS * SLOTS} readings are in the ledger"
        sender.join()
        code, result = answer["result"]
        assert code == 200 and result["accepted"] == METERS * SLOTS and not result["rejected"], (code, str(result)[:500])

        # In the order in which they came, a live reading would wait for all that stood before it.
        middle = statistics.median(during)
        assert len(during) >= 4, during
        assert middle < total / 3, (middle, total, during)

        # Once each, however often it is sent.
        code, again = island.post(0, "/etms/readings", body, admin=True)
        assert code == 200 and again["duplicates"] == METERS * SLOTS and again["accepted"] == 0, (code, str(again)[:500])
        readings = island.get(0, "/v1/meters/h7/readings?limit=1000&from=" + text_of(created))[1]["items"]
        assert [reading["seq"] for reading in readings] == list(range(1, SLOTS + 1)), len(readings)
        assert {tuple(reading["flags"]) for reading in readings} == {("unsigned",)}
        # What the slots say is what was sent, late as it came.
        sent = sum(round(reading["imported_kwh"] * 10**9) for reading in body[:: SLOTS])

        def first_slot():
            code, slot = island.get(0, f"/v1/slots/{text_of(created)}")
            return code == 200 and round(float(slot["imported_kwh"]) * 10**9) == sent

        wait_for(first_slot, 60, "the first slot of the backlog, cleared again")
        # Live watts told to one peer are known to the others, and to no block.
        code, told = island.post(0, "/etms/live", {"meter": "live", "watts_import": 230.4, "soc": None}, admin=True)
        assert code == 200 and told["accepted"] == 1, (code, told)

        def heard(peer):
            code, shown = island.get(peer, "/etms/live?meter=live")
            return code == 200 and shown["last"] and shown["last"]["watts_import"] == 230

        wait_for(lambda: all(heard(peer) for peer in range(4)), 20, "all four peers know the live power")
        for process in island.extra:
            process.terminate()
        for process in island.extra:
            process.wait(40)
        print(f"{METERS * SLOTS} old readings answered in {answer['seconds']:.2f} s and in the ledger in {total:.2f} s; "
              f"live ones in {1000 * statistics.median(before):.0f} ms before, {1000 * middle:.0f} ms (at most "
              f"{1000 * max(during):.0f}) meanwhile; {audit(island)}")


if __name__ == "__main__":
    sys.exit(main())
