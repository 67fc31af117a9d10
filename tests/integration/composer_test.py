"""A real island under the clients of the former server: the recorded exchanges, and the course of a day with every step at another peer."""

import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from io import BytesIO
from urllib.parse import quote

from island import SHARED, Island, skip, wait_for

EXAMPLES = SHARED / "composer-examples"
KEY = "SECRET-KEY"
OPTIONS = ["--empty", "--api-key", KEY]
NETWORK = "org.smile.energy.network"
SYSTEM = "org.hyperledger.composer.system"


def replay(island, recording, add_key=False):
    """The recorded answers, but for the deviations that the recordings name."""
    with tempfile.TemporaryDirectory() as folder:
        file = EXAMPLES / recording
        if add_key:  # recorded on a server without keys, which ours never is
            lines = [json.loads(line) for line in file.read_text(encoding="utf8").splitlines()]
            for line in lines:
                line["request"]["headers"]["x-api-key"] = KEY
            file = pathlib.Path(folder) / recording
            file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
        done = subprocess.run([sys.executable, str(EXAMPLES / "replay.py"), "--base", island.peers[0]["http"],
                               "--skip-deviations", str(file)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{recording}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
        return f"{recording}: {done.stdout.strip().splitlines()[-1]}"


def reference(kind, name):
    return f"resource:{NETWORK}.{kind}#{name}"


class Day:
    """COMPOSER-REST §11, each request at the next peer. `asked` waits until that peer has what the one before has done."""

    def __init__(self, island):
        self.island = island
        self.turn = 0
        self.height = 0

    def ask(self, method, path, body=None, status=200, peer=None, headers=None):
        peer = self.turn % 4 if peer is None else peer
        self.turn += 1
        wait_for(lambda: (self.island.status(peer) or {"height": -1})["height"] >= self.height, 30,
                 f"peer {peer} at height {self.height}")
        code, answer = self.island.request(peer, method, "/api" + path, body, {"x-api-key": KEY, **(headers or {})})
        assert code == status, (method, path, peer, code, answer)
        if method != "GET":
            self.height = self.island.status(peer)["height"]
        return answer

    def value(self, path):
        return self.ask("GET", path)["value"]

    def expect(self, path, value):
        found = self.value(path)
        assert abs(found - value) < 1e-9, (path, found, value)

    def make(self, kind, key, amounts, **fields):
        assets = {"coins": ("Coins", "coinsID", "CO_", {}), "energy": ("Energy", "energyID", "EN_", {"units": "kwH"}),
                  "cash": ("Cash", "cashID", "CA_", {"currency": "EUR"})}
        owner = {}
        for asset, amount in amounts.items():
            model, id_field, prefix, more = assets[asset]
            self.ask("POST", "/" + model, {id_field: prefix + key, "value": amount, "ownerID": key, "ownerEntity": kind, **more})
            owner[asset] = prefix + key
        self.ask("POST", "/" + kind, {**fields, **owner})

    def register(self):
        """an administrator registers everybody"""
        self.make("Bank", "B1", {"coins": "20000000", "cash": "20000000"}, bankID="B1", name="Bank")
        self.make("UtilityCompany", "E1", {"coins": "20000000", "energy": "20000000"}, utilityID="E1", name="EEM")
        for name in ("R1", "R2"):
            self.make("Resident", name, {"coins": "20", "energy": "3", "cash": "15"}, residentID=name,
                      firstName="First " + name, lastName="Last", email=name + "@example.org")
        self.make("ElectricVehicle", "V1", {"coins": "100", "energy": "30"}, evID="V1", type="BEV", brand="Renault",
                  model="Zoe", ownerID="R1")
        for peer in range(4):
            names = [row["firstName"] for row in self.ask("GET", "/Resident", peer=peer)]
            assert names == ["First R1", "First R2"], (peer, names)
        row = self.ask("GET", "/Resident/R1")
        assert row["coins"] == reference("Coins", "CO_R1") and row["buyRate"] == 0.1629, row

    def names_stay_off_the_ledger(self):
        """no block of any peer holds a name or an e-mail address"""
        head = self.island.status(0)["height"]
        for height in range(1, head + 1):
            text = json.dumps(self.island.get(0, f"/v1/blocks/{height}")[1])
            assert "First R" not in text and "example.org" not in text, height

    def meter(self):
        """ETMS credits energy, trades it and is told when there is too little"""
        self.ask("GET", "/system/ping")
        body = {"energyID": "EN_R1", "units": "kwH", "value": 3.25, "ownerID": "R1", "ownerEntity": "Resident"}
        self.ask("PUT", "/Energy/EN_R1", body)
        trade = {"energyRate": 0.1629, "energyValue": 0.5, "coinsInc": reference("Coins", "CO_R1"),
                 "coinsDec": reference("Coins", "CO_R2"), "energyInc": reference("Energy", "EN_R2"),
                 "energyDec": reference("Energy", "EN_R1")}
        answer = self.ask("POST", "/EnergyToCoins", trade)
        assert re.fullmatch("[0-9a-f]{64}", answer["transactionId"]), answer
        self.trade = answer["transactionId"]
        error = self.ask("POST", "/EnergyToCoins", {**trade, "energyValue": 14}, status=500)
        assert error["error"]["message"] == "Insufficient energy in producer account", error
        for path, value in (("/Energy/EN_R1", 2.75), ("/Energy/EN_R2", 3.5), ("/Coins/CO_R1", 20.08145), ("/Coins/CO_R2", 19.91855)):
            for _ in range(4):
                self.expect(path, value)
        for peer in range(4):
            read = self.ask("GET", "/EnergyToCoins/" + self.trade, peer=peer)
            assert read["energyValue"] == 0.5 and read["timestamp"].endswith("Z"), read

    def wallet(self):
        """the Android app reads wallets, looks for trades and buys coins"""
        where = {"where": {"and": [{"coinsInc": reference("Coins", "CO_R1")}, {"timestamp": {"gte": "2019-10-01T00:00:00.000Z"}}]}}
        found = self.ask("GET", "/EnergyToCoins?filter=" + quote(json.dumps(where)))
        assert [trade["transactionId"] for trade in found] == [self.trade], found
        self.ask("POST", "/CashToCoins", {"cashRate": 1, "cashValue": "5", "coinsInc": "CO_R1", "coinsDec": "CO_B1",
                                          "cashInc": "CA_B1", "cashDec": "CA_R1"})
        self.ask("POST", "/TransferCoinsToEV", {"coinsValue": 2, "coinsInc": "CO_V1", "coinsDec": "CO_R1"})
        self.ask("POST", "/CashFundingResident", {"cashValue": 10, "cashInc": "CA_R1"})
        self.ask("POST", "/CashWithdrawalResident", {"cashValue": 4, "cashDec": "CA_R1"})
        self.expect("/Coins/CO_R1", 23.08145)
        self.expect("/Cash/CA_R1", 16)
        self.expect("/Coins/CO_V1", 102)
        self.expect("/Cash/CA_B1", 20000005)

    def historian(self):
        """the historian is the same at every peer and has no record of what failed"""
        lists = [self.ask("GET", "/system/historian", peer=peer) for peer in range(4)]
        assert all(records == lists[0] for records in lists), "the historians differ"
        ids = [record["transactionId"] for record in lists[0]]
        assert ids == sorted(ids) and len(set(ids)) == len(ids), ids
        counts = {}
        for record in lists[0]:
            name = record["transactionType"].rsplit(".", 1)[1]
            counts[name] = counts.get(name, 0) + 1
        assert counts == {"StartBusinessNetwork": 1, "AddParticipant": 6, "IssueIdentity": 1, "ActivateCurrentIdentity": 1,
                          "AddAsset": 12, "UpdateAsset": 1, "EnergyToCoins": 1, "CashToCoins": 1, "TransferCoinsToEV": 1,
                          "CashFundingResident": 1, "CashWithdrawalResident": 1}, counts
        for record in lists[0]:
            assert self.ask("GET", "/system/historian/" + quote(record["transactionId"])) == record

    def every_answer_counts(self):
        """of changes at the same time at all peers, each that was answered with 200 counts"""
        def fund(i):
            code, answer = self.island.request(i % 4, "POST", "/api/CashFundingResident", {"cashValue": 1, "cashInc": "CA_R2"}, {"x-api-key": KEY})
            return code == 200
        before = self.value("/Cash/CA_R2")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answered = sum(pool.map(fund, range(40)))
        assert answered == 40, answered
        self.height = max(self.island.status(peer)["height"] for peer in range(4))
        self.expect("/Cash/CA_R2", before + answered)

    def once_only(self):
        """a repeated Idempotency-Key, at another peer, has the first effect"""
        body = {"cashValue": 1, "cashInc": "CA_R2"}
        before = self.value("/Cash/CA_R2")
        ids = {self.ask("POST", "/CashFundingResident", body, headers={"idempotency-key": "composer-1"})["transactionId"] for _ in range(4)}
        assert len(ids) == 1, ids
        self.expect("/Cash/CA_R2", before + 1)
        error = self.ask("POST", "/Coins", {"coinsID": "CO_R1", "value": 1, "ownerID": "R1", "ownerEntity": "Resident"}, status=500)
        assert error["error"]["message"] == "Failed to add object with ID 'CO_R1' as the object already exists", error

    def identities(self):
        """an identity is issued at one peer, seen and revoked at others"""
        code, card = self.island.request(0, "POST", "/api/system/identities/issue",
                                         {"participant": f"{NETWORK}.Resident#R1", "userID": "r1user"}, {"x-api-key": KEY})
        assert code == 200, (code, card)
        self.height = self.island.status(0)["height"]
        listed = [i for i in self.ask("GET", "/system/identities") if i["name"] == "r1user"]
        assert len(listed) == 1 and listed[0]["state"] == "ISSUED", listed
        self.ask("POST", f"/system/identities/{listed[0]['identityId']}/revoke", {}, status=204)
        again = self.ask("POST", f"/system/identities/{listed[0]['identityId']}/revoke", {}, status=500)
        assert again["error"]["message"] == "The specified identity has already been revoked", again

    def keys(self):
        """no key but the administrator's opens /api, and the explorer is open"""
        for headers in ({}, {"x-api-key": "secret-key"}, {"x-api-key": ""}, {"authorization": "Bearer " + KEY}):
            for method, path in (("GET", "/api/Coins"), ("POST", "/api/Coins"), ("DELETE", "/api/Coins/CO_R1"), ("GET", "/nope")):
                answer = self.island.request(1, method, path, "{bad" if method == "POST" else None, headers)
                assert answer == (401, "Unauthorized"), (method, path, headers, answer)
        for path in ("/explorer/", "/explorer/swagger.json", "/status"):
            assert self.island.get(2, path)[0] == 200, path

    def restart(self):
        """a peer that was killed shows the same after its restart, names included"""
        before = self.ask("GET", "/Resident/R1", peer=3)
        self.island.kill(3)
        self.ask("PUT", "/Coins/CO_R2", {"value": 42, "ownerID": "R2", "ownerEntity": "Resident"}, peer=0)
        self.island.restart(3)
        wait_for(lambda: self.island.ready(3), 60, "the restarted peer ready")
        assert self.ask("GET", "/Resident/R1", peer=3) == before
        assert self.ask("GET", "/Coins/CO_R2", peer=3)["value"] == 42

    def delete(self):
        """a resident goes with its assets, its trades stay readable"""
        self.ask("PUT", "/Resident/R2", {"firstName": "New", "lastName": "Name", "email": "n@example.org", "buyRate": 0.17,
                                         "sellRate": 0.16, "coins": reference("Coins", "CO_R2"),
                                         "cash": reference("Cash", "CA_R2"), "energy": reference("Energy", "EN_R2")})
        assert self.ask("GET", "/Resident/R2")["firstName"] == "New"
        for path in ("/Resident/R2", "/Coins/CO_R2", "/Energy/EN_R2", "/Cash/CA_R2"):
            self.ask("DELETE", path, status=204)
        for peer in range(4):
            self.ask("GET", "/Coins/CO_R2", status=404, peer=peer)
            self.ask("GET", "/EnergyToCoins/" + self.trade, peer=peer)
        totals = self.island.get(0, "/v1/ledger/totals")[1]
        assert all(entry["total"] == "0" for entry in totals.values()), totals


def card_opens():
    """A card is a zip archive that other programs read."""
    with Island(OPTIONS) as island:
        day = Day(island)
        day.make("Resident", "R1", {"coins": 1, "energy": 1, "cash": 1}, residentID="R1", firstName="F", lastName="L", email="e")
        request = urllib.request.Request(island.peers[0]["http"] + "/api/system/identities/issue", method="POST",
                                         data=json.dumps({"participant": f"{NETWORK}.Resident#R1", "userID": "u1"}).encode(),
                                         headers={"x-api-key": KEY, "content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as response:
            archive = zipfile.ZipFile(BytesIO(response.read()))
        assert archive.testzip() is None and json.loads(archive.read("metadata.json"))["userName"] == "u1"


def main():
    if not (EXAMPLES / "replay.py").exists():
        skip("the recorded exchanges are not there")
    with Island(OPTIONS) as island:
        print(replay(island, "08-scenario.jsonl"))
    with Island(OPTIONS) as island:
        print(replay(island, "02-apikey.jsonl"))
    with Island([*OPTIONS, "--composer-namespaces", "always"]) as island:
        print(replay(island, "03-namespaces-always.jsonl", add_key=True))
    with Island(OPTIONS) as island:
        day = Day(island)
        for check in (day.register, day.names_stay_off_the_ledger, day.meter, day.wallet, day.historian, day.every_answer_counts,
                      day.once_only, day.identities, day.keys, day.restart, day.delete):
            check()
            print(f"ok: {check.__doc__}")
    card_opens()
    print("ok: a card opens")


if __name__ == "__main__":
    main()
