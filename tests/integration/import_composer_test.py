"""`powershare import-composer`: what stands on one chain, through the former server's API, is brought to another, once."""

import json
import pathlib
import subprocess
import tempfile

from island import BINARY, Island

KEY = "SECRET-KEY"
RESIDENTS = 30


class Chain:
    def __init__(self, island, folder, name):
        self.island = island
        self.key_file = folder / f"{name}.key"
        self.key_file.write_text(island.key + "\n")
        self.key_file.chmod(0o600)

    def ask(self, method, path, body=None, status=200):
        code, answer = self.island.request(0, method, "/api" + path, body, {"x-api-key": self.island.key})
        assert code == status, (method, path, code, answer)
        return answer

    def fill(self):
        """balances of every kind, names with umlauts, an asset without owner, and trades behind them"""
        self.make("UtilityCompany", {"utilityID": "E1", "name": "Empresa de Electricidade"}, coins=20_000_000, energy=20_000_000)
        self.make("Bank", {"bankID": "B1", "name": "Banco"}, coins=20_000_000, cash=20_000_000)
        for i in range(RESIDENTS):
            self.make("Resident", {"residentID": f"R {i}/ä", "firstName": f"João {i}", "lastName": "Silva", "email": f"r{i}@example.org"},
                      coins=f"{20 + i}.000000001", energy=3, cash=15)
        self.make("ElectricVehicle", {"evID": "V1", "type": "BEV", "brand": "Renault", "model": "Zoe", "ownerID": "R 1/ä"}, coins=5, energy=1)
        self.ask("POST", "/Coins", {"coinsID": "LOST", "value": 1.5, "ownerID": "nobody", "ownerEntity": "Resident"})
        self.ask("POST", "/EnergyToCoins", {"energyRate": 0.1629, "energyValue": 0.333, "coinsInc": "CO_R 0/ä", "coinsDec": "CO_R 1/ä",
                                            "energyInc": "EN_R 1/ä", "energyDec": "EN_R 0/ä"})

    def make(self, kind, fields, **values):
        key = next(iter(fields.values()))
        names = {"coins": ("Coins", "coinsID", "CO_", {}), "energy": ("Energy", "energyID", "EN_", {"units": "kwH"}),
                 "cash": ("Cash", "cashID", "CA_", {"currency": "EUR"})}
        for asset, value in values.items():
            model, identifier, prefix, more = names[asset]
            self.ask("POST", "/" + model, {identifier: prefix + key, "value": value, "ownerID": key, "ownerEntity": kind, **more})
            fields[asset] = prefix + key
        self.ask("POST", "/" + kind, fields)

    def lists(self):
        return {model: self.ask("GET", "/" + model) for model in ("Coins", "Energy", "Cash", "Resident", "ElectricVehicle", "Bank",
                                                                  "UtilityCompany")}


def run(*options, code=0):
    done = subprocess.run([str(BINARY), "import-composer", *map(str, options)], capture_output=True, text=True, timeout=240)
    assert done.returncode == code, (options, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def check(old, new, folder):
    target = ("--peer", new.island.peers[1]["http"], "--api-key-file", new.key_file)
    source = ("--from", old.island.peers[0]["http"], "--from-api-key-file", old.key_file)
    before = old.lists()
    count = sum(map(len, before.values()))

    dry = json.loads(run(*source, *target, "--json").stdout)
    assert (dry["new"], dry["created"], dry["apply"]) == (count, 0, False), dry
    assert [one for one in dry["warnings"] if "nobody" in one] and not dry["faults"], dry
    assert all(rows == [] for rows in new.lists().values()), "a dry run has changed something"
    text = run(*source, *target).stdout
    assert f"--apply imports {count} objects" in text and "Resident" in text, text
    print("ok: a dry run tells and changes nothing")

    # Half of it first, as after an interruption.
    new.ask("POST", "/Coins", next(row for row in before["Coins"] if row["coinsID"] == "LOST"))
    done = run(*source, *target, "--apply", "--json")
    report = json.loads(done.stdout)
    assert (report["new"], report["same"], report["created"], report["error"]) == (count - 1, 1, count - 1, None), report
    assert new.lists() == before, "the import differs from its source"
    report = json.loads(run(*source, *target, "--apply", "--json").stdout)
    assert (report["new"], report["same"], report["created"]) == (0, count, 0), report
    totals = new.island.get(0, "/v1/ledger/totals")[1]
    assert all(entry["total"] == "0" for entry in totals.values()), totals
    print("ok: everything is there, to the last place, and once")

    new.ask("PUT", "/Coins/LOST", {"value": 2, "ownerID": "nobody", "ownerEntity": "Resident"})
    old.ask("POST", "/Coins", {"coinsID": "NEW", "value": 1, "ownerID": "nobody", "ownerEntity": "Resident"})
    report = json.loads(run(*source, *target, "--apply", "--json", code=1).stdout)
    assert report["different"] == [{"model": "Coins", "id": "LOST", "fields": ["value"]}] and report["created"] == 0, report
    new.ask("GET", "/Coins/NEW", status=404)
    assert "LOST is on the chain with another value" in run(*source, *target, "--apply", code=1).stdout
    print("ok: what is there with other content stops it before anything is made")

    dump = folder / "dump"
    dump.mkdir()
    rows = [{"$class": "org.smile.energy.network.Coins", "coinsID": "D1", "value": 16.990211435900026, "ownerID": "x", "ownerEntity": "Bank"}]
    (dump / "org.smile.energy.network.Coins.json").write_text(json.dumps(rows))
    run("--from-folder", dump, *target, "--apply")
    assert new.ask("GET", "/Coins/D1")["value"] == 16.990211436
    run("--from-folder", dump, *target, "--apply")
    for bad in ([{"coinsID": "D2", "value": -1, "ownerID": "x", "ownerEntity": "Bank"}], [{"coinsID": "D3", "value": 1}], [5],
                [{**rows[0], "value": 1}, {**rows[0], "value": 2}]):
        (dump / "Coins.json").write_text(json.dumps(bad))
        report = json.loads(run("--from-folder", dump, *target, "--apply", "--json", code=1).stdout)
        assert report["faults"] and report["created"] == 0, report
    (dump / "Coins.json").write_text("{")
    run("--from-folder", dump, *target, code=1)
    print("ok: a folder of lists; what is faulty in it is named and stops it")

    wrong = folder / "wrong.key"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    assert "refuses the API key" in run(*source, *target[:2], "--api-key-file", wrong, code=1).stderr
    assert "does not answer" in run("--from", "http://127.0.0.1:1", *target, code=69).stderr
    run(*target, code=64)
    open_file = folder / "open.key"
    open_file.write_text(KEY)
    open_file.chmod(0o644)
    run(*source, *target[:2], "--api-key-file", open_file, code=78)
    print("ok: errors are told apart")


def main():
    with tempfile.TemporaryDirectory() as name, Island(["--empty"]) as old, Island(["--empty"]) as new:
        folder = pathlib.Path(name)
        source = Chain(old, folder, "old")
        source.fill()
        check(source, Chain(new, folder, "new"), folder)


if __name__ == "__main__":
    main()
