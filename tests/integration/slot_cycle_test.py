"""The whole cycle of a slot over four peers: orders committed at the gate, deviations, a quarantined meter, late and corrected
readings, two tariffs, and a peer that is killed in between. Everybody's bill adds up to its coins, at every peer alike."""

import base64
import datetime
import hashlib
import json
import shutil
import signal
import sys

import ed25519
from island import Island, audit, wait_for

START = datetime.datetime(2021, 6, 21, 10, tzinfo=datetime.timezone.utc)
QUARTER = datetime.timedelta(minutes=15)
GATE = datetime.timedelta(minutes=5)
HOMES = ("A", "B", "C")
SEEDS = {name: hashlib.sha256(b"slot cycle " + name.encode()).digest() for name in (*HOMES, "feeder")}
COINS = 100


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def slot(k):
    return START + k * QUARTER


def nano(text):
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole) * 10**9 + int(part.ljust(9, "0"))
    return -value if text.startswith("-") else value


class Cycle:
    def __init__(self, island):
        self.island = island
        self.sequence = dict.fromkeys(HOMES, 0)
        self.up = [0, 1, 2, 3]

    def begin(self):
        """The island's chain anew: simulated time, three homes with keys of their own, days of finality shortened to two hours."""
        island = self.island
        island.process.send_signal(signal.SIGTERM)
        island.process.wait(60)
        path = island.chain_folder / "genesis.json"
        genesis = json.loads(path.read_text())
        genesis.update(simulated=True, simulated_start=text_of(START), feeder_key=ed25519.public_key(SEEDS["feeder"]).hex())
        genesis["parameters"].update(final_after_ms=2 * 3600 * 1000, plausibility="off")
        registry = [entry for entry in genesis["registry"] if entry["type"] == "BindKey"]  # the peers' doors
        registry += [{"type": "AddParticipant", "participant": "UtilityCompany:EEM", "supplier": True, "tariff_coins_per_kwh": "0.16",
                      "feed_in_coins_per_kwh": "0.05"}]
        for name in HOMES:
            owner = "Resident:" + name
            registry += [{"type": "AddParticipant", "participant": owner, "sell_rate_coins_per_kwh": "0.10"},
                         {"type": "ProvisionAsset", "owner": owner, "asset": "coins", "balance": str(COINS)},
                         {"type": "RegisterMeter", "meter": name, "owner": owner},
                         {"type": "BindKey", "key": ed25519.public_key(SEEDS[name]).hex(), "principal": owner, "scopes": ["own"]}]
        genesis["registry"] = registry
        path.write_text(json.dumps(genesis, indent=2) + "\n")
        for peer in range(4):
            shutil.rmtree(island.data(peer))
            island.restart(peer)
        wait_for(lambda: all(island.ready(peer) for peer in range(4)), 60, "four peers of the new chain")

    # Asking.

    def must(self, method, path, body=None, admin=False, peer=0):
        headers = {"x-api-key": self.island.key} if admin else None
        for _ in range(100):
            code, answer = self.island.request(peer, method, path, body, headers)
            if code != 503:
                break
            wait_for(lambda: self.island.ready(peer), 30, f"peer {peer} ready")
        assert code == 200, (method, path, body, code, str(answer)[:600])
        return answer

    def sign(self, name, principal, payload):
        prepared = self.must("POST", "/v1/transactions/prepare", {"principal": principal, "payload": payload})
        signature = ed25519.sign(SEEDS[name], base64.b64decode(prepared["statement"])).hex()
        return self.must("POST", "/v1/transactions", {"body": prepared["body"], "public_key": ed25519.public_key(SEEDS[name]).hex(),
                                                      "signature": signature})

    def administer(self, payload):
        return self.must("POST", "/v1/transactions", payload, admin=True)

    def step(self, moment):
        self.sign("feeder", "feeder", {"type": "ClockStep", "to": text_of(moment)})

    def order(self, name, side, energy, limit, first, slots):
        return self.sign(name, "Resident:" + name, {
            "type": "PlaceOrder", "participant": "Resident:" + name, "side": side, "first_slot": text_of(slot(first)),
            "slots": slots, "energy_kwh": energy, "limit": limit})["transaction"]

    def read(self, k, corrects=None, **net):
        """What meters say of slot k: kWh, exported below 0."""
        body = []
        for name, kwh in net.items():
            self.sequence[name] += 1
            body.append({"meter": name, "seq": self.sequence[name], "start": text_of(slot(k)), "seconds": 900,
                         "imported_kwh": max(kwh, 0), "exported_kwh": max(-kwh, 0), **({"corrects": corrects} if corrects else {})})
        answer = self.must("POST", "/etms/readings", body, admin=True)
        assert answer["accepted"] == len(body), answer

    def closed(self, k, missing=0):
        def found():
            code, row = self.island.get(0, "/v1/slots/" + text_of(slot(k)))
            return row if code == 200 and row["state"] in ("provisional", "final") and row["missing_meters"] == missing else None
        return wait_for(found, 30, f"slot {k} is settled")

    def balance(self, account):
        items = self.must("GET", "/v1/accounts?limit=1000", admin=True)["items"]
        return sum(nano(row["balance"]) for row in items if row["id"] == account)

    def trades(self, k):
        return self.must("GET", f"/v1/trades?from={text_of(slot(k))}&to={text_of(slot(k + 1))}&limit=1000", admin=True)["items"]

    def tariff(self, coins):
        self.administer({"type": "UpdateParticipant", "participant": {"type": "UtilityCompany", "id": "EEM", "supplier": True,
                                                                      "tariff": coins, "feed_in": "0.05"}})

    # The cycle.

    def commit(self):
        """At the gate of slot 1 orders are committed at the middle of their limits, and the buyer's coins held at its own."""
        self.order("A", "buy", "1", "0.15", 1, 4)
        self.order("B", "sell", "1", "0.10", 1, 4)
        self.step(slot(1) - GATE)
        wait_for(lambda: self.balance("escrow/Resident:A/CO") == nano("0.15"), 30, "A's coins are held")

    def keep_and_fall_short(self):
        """Slot 0 without orders; slot 1: B delivers 0.4 of 1 kWh, and C has 0.5 to sell."""
        self.read(0, A=0.2, B=-0.3, C=0)
        self.step(slot(1))
        self.closed(0)
        self.step(slot(2) - GATE)
        self.read(1, A=1, B=-0.4, C=-0.5)
        self.step(slot(2))
        self.closed(1)
        committed = [trade for trade in self.trades(1) if trade["forward"]]
        assert [(trade["buyer"], trade["energy_kwh"], trade["price"]) for trade in committed] == [("Resident:A", "1", "0.125")], committed
        covers = [trade for trade in self.trades(1) if trade["buyer"] == "Resident:B"]
        assert {trade["venue"] for trade in covers} == {"local", "utility"}, covers
        assert sum(nano(trade["energy_kwh"]) for trade in covers) == nano("0.6"), covers
        for trade in covers:
            paid = nano(trade["amount"]) + nano(trade["buyer_margin"])
            spot = next(nano(each["price"]) for each in covers if each["venue"] == "local")
            assert paid * 10**10 >= 11 * spot * nano(trade["energy_kwh"]), trade

    def quarantine_without_a_peer(self):
        """Slot 2 with a dearer tariff, B's meter in quarantine, and one peer gone."""
        self.tariff("0.18")
        self.must("POST", "/v1/meters/B/standing", {"standing": "quarantined"}, admin=True)
        victim = next(peer for peer in (3, 2) if peer != self.island.primary())
        self.island.kill(victim)
        self.victim = victim
        self.step(slot(3) - GATE)
        self.read(2, A=1, B=-1, C=0.3)
        self.step(slot(3))
        self.closed(2)
        assert [trade["energy_kwh"] for trade in self.trades(2) if trade["buyer"] == "Resident:B"] == ["1"], self.trades(2)

    def late(self):
        """Slot 4 is settled without A's readings: all it has bought is unused, until they come. A reading of slot 1 is corrected."""
        self.must("POST", "/v1/meters/B/standing", {"standing": "trusted"}, admin=True)
        self.tariff("0.14")
        # B was in quarantine at the gate of slot 3: nothing is committed for that one.
        self.step(slot(4) - GATE)
        self.read(3, B=-1, C=0.2)
        self.step(slot(4) + GATE)
        self.closed(3, missing=1)
        self.step(slot(5) - GATE)
        self.read(4, B=-1, C=0)
        self.step(slot(5) + GATE)
        self.closed(4, missing=1)
        unused = [trade for trade in self.trades(4) if trade["seller"] == "Resident:A"]
        assert sum(nano(trade["energy_kwh"]) for trade in unused) == nano("1"), unused
        self.read(4, A=0.7)
        self.read(3, A=0.1)
        self.read(1, corrects=2, A=0.9)
        self.closed(4)
        self.closed(3)
        unused = [trade for trade in self.trades(4) if trade["seller"] == "Resident:A"]
        assert sum(nano(trade["energy_kwh"]) for trade in unused) == nano("0.3"), unused
        wait_for(lambda: any(trade["seller"] == "Resident:A" for trade in self.trades(1)), 30, "slot 1 is cleared again")

    def finish(self):
        """The peer that was away catches up; all slots become final; every bill is what moved in the wallet."""
        self.island.restart(self.victim)
        wait_for(lambda: self.island.ready(self.victim), 60, "the killed peer is back")
        self.step(slot(5) + datetime.timedelta(hours=3))
        self.step(slot(6) + datetime.timedelta(hours=3))
        wait_for(lambda: self.must("GET", "/v1/slots/" + text_of(slot(4)))["state"] == "final", 30, "slot 4 is final")
        height = self.island.height()
        for peer in range(4):
            wait_for(lambda: (self.island.status(peer) or {"height": -1})["height"] >= height, 30, f"height {height} at {peer}")
        path = f"/v1/bills?from={text_of(slot(0))}&to={text_of(slot(20))}"
        answers = [(self.must("GET", path, admin=True, peer=peer)["items"], self.must("GET", f"/v1/blocks/{height}", peer=peer)["hash"])
                   for peer in range(4)]
        assert all(answer == answers[0] for answer in answers[1:]), answers
        spent = 0
        for bill in answers[0][0]:
            line = lambda name: nano(bill[name]["amount_coins"])
            cost = nano(bill["cost_coins"])
            assert cost == (line("bought") - line("sold") + line("from_utility") - line("to_utility") + line("deviations")
                            + nano(bill["fees_coins"]) + nano(bill["losses_coins"])), bill
            name = bill["participant"]
            if name.startswith("Resident:"):
                assert self.balance(f"participant/{name}/CO") == COINS * 10**9 - cost, (name, bill)
                spent += cost
        supplier = self.balance("participant/UtilityCompany:EEM/CO") + self.balance("utility_credit/UtilityCompany:EEM/CO")
        margins = self.balance("deviation/CO")
        assert margins > 0 and supplier + margins == spent, (supplier, margins, spent)
        assert self.balance("escrow/Resident:A/CO") == 0
        totals = self.must("GET", "/v1/ledger/totals", admin=True)
        assert nano(totals["CO"]["total"]) == nano(totals["EN"]["total"]) == 0, totals
        return margins


def main():
    with Island(["--empty"]) as island:
        cycle = Cycle(island)
        cycle.begin()
        cycle.commit()
        cycle.keep_and_fall_short()
        cycle.quarantine_without_a_peer()
        cycle.late()
        margins = cycle.finish()
        for process in island.extra:
            process.terminate()
        for process in island.extra:
            process.wait(40)
        print(f"margins of {margins} nano-coins; {audit(island)}")


if __name__ == "__main__":
    sys.exit(main())
