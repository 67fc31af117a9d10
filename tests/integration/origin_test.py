"""Certificates of origin on a real island: switched on by governance, conserved on every peer, and what a slot proves holds offline."""

import json
import subprocess

from island import BINARY, Island, audit, wait_for
from decimal import Decimal


def run(*arguments, text=None):
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class Origin:
    def __init__(self, island):
        self.island = island
        self.url = island.peers[0]["http"]
        self.genesis = island.chain_folder / "genesis.json"

    def must(self, path, peer=0):
        code, answer = self.island.request(peer, "GET", path, headers={"x-api-key": self.island.key})
        assert code == 200, (path, code, answer)
        return answer

    def govern(self, *arguments):
        return run("governance", *arguments, "--key", self.island.chain_folder / "administrator.key", "--peer", self.url)

    def switched_on(self):
        """Governance switches certificates on, then rewards, which need them; slots become final at once."""
        code, _, errors = self.govern("parameter", "rewards", "solarcoin,nrgcoin")
        assert code == 1 and "origin must be on" in errors, (code, errors)
        for name, value in (("final_after", "0s"), ("clearing_rule", "optimal"), ("origin", "on"), ("rewards", "solarcoin,nrgcoin")):
            code, output, errors = self.govern("parameter", name, value)
            assert code == 0, (name, code, output, errors)
        parameters = self.must("/v1/parameters")
        assert parameters["origin"] == "on" and parameters["rewards"] == "solarcoin,nrgcoin", parameters
        meter = next(each["meter"] for each in self.must("/v1/meters")["items"] if Decimal(each["plant_kw"]) > 0)
        code, _, errors = self.govern("source", meter, "coal")
        assert code == 64 and "solar, wind, hydro" in errors, (code, errors)
        code, output, errors = self.govern("source", meter, "wind")
        assert code == 0, (code, output, errors)

    def shares(self):
        """Shares and a tariff by the hour are set for a slot to come, and not for one that has begun."""
        utility = self.must("/v1/tariffs")["items"][0]["utility"]
        homes = sorted(each["type"] + ":" + each["id"] for each in self.must("/v1/participants")["items"] if each["type"] == "Resident")[:2]
        shares = {"type": "SetShares", "shares": [{"participant": home, "share": "0.5"} for home in homes]}
        tariff = {"type": "SetTariff", "utility": utility, "bands": [{"name": "always", "price": "0.2", "feed_in": "0.01"}],
                  "mix": [{"source": "hydro", "ppm": 300000}, {"source": "thermal", "ppm": 700000}]}
        file = self.island.folder / "proposal.json"
        for what, proposal in (("shares", shares), ("tariff", tariff)):
            for start, good in (("2100-01-01T00:00:00Z", True), ("2000-01-01T00:00:00Z", False)):
                file.write_text(json.dumps({**proposal, "from": start}))
                code, output, errors = self.govern(what, file)
                assert (code == 0) == good and (good or "bad_slot" in errors), (what, start, code, output, errors)
        assert self.must("/v1/shares")["items"][-1]["shares"][0] == {"participant": homes[0], "share": "0.5"}

    def certified(self):
        totals = self.must("/v1/origin")
        return totals if Decimal(totals["nrgcoin"]["minted"]) > 0 else None

    def conserved(self):
        """What is issued is held, claimed or expired, to the nano-unit; NRGcoins are minted for what neighbours bought."""
        totals = wait_for(self.certified, 120, "energy with a certificate was sold")
        assert totals["on"] and totals["conserved"], totals
        for source in totals["sources"]:
            issued, *parts = (Decimal(source[field + "_kwh"]) for field in ("issued", "held", "claimed", "expired"))
            assert issued == sum(parts), source
        coins = {field: Decimal(totals["nrgcoin"][field]) for field in ("minted", "burned", "held")}
        assert coins["held"] == coins["minted"] - coins["burned"], coins
        bills = self.must("/v1/bills")
        assert any(bill["renewable_share"] not in (None, "0") for bill in bills["items"]), bills["items"][:2]

    def slot_with_trades(self):
        slots = self.must("/v1/slots?limit=20")["items"]
        return next((slot["start"] for slot in slots if slot["traded_kwh"] != "0" and slot["rule"] == "optimal"), None)

    def proven(self, start):
        """The allocation of the slot and the certificate of the block that it names."""
        code, allocation = self.island.request(1, "GET", f"/v1/slots/{start}/allocation", headers={"x-api-key": self.island.key})
        if code != 200:
            return None
        code, certificate = wait_for(lambda: self.certificate(allocation["height"]), 30, "a certificate of the block")
        return allocation, certificate

    def certificate(self, height):
        code, answer = self.island.get(0, f"/v1/blocks/{height}/certificate")
        return (code, answer) if code == 200 else None

    def allocated(self):
        """Who was given which energy is proven from the genesis alone; a changed entry is refused."""
        start = wait_for(self.slot_with_trades, 60, "a slot with trades by rule optimal")
        allocation, certificate = wait_for(lambda: self.proven(start), 60, "the allocation")
        file = self.island.folder / "certificate.json"
        file.write_text(json.dumps(certificate))
        arguments = ("verify-allocation", "--genesis", self.genesis, "--certificate", file)
        code, output, errors = run(*arguments, "--json", text=json.dumps(allocation))
        assert code == 0, (code, output, errors)
        assert json.loads(output)["entries"] == allocation["size"] > 1, output
        allocation["entries"][0]["sold_kwh"] = "99"
        code, output, _ = run(*arguments, text=json.dumps(allocation))
        assert code == 1 and "is not in the vector" in output, (code, output)
        code, certificate = self.island.request(2, "GET", f"/v1/slots/{start}/certificate", headers={"x-api-key": self.island.key})
        assert code == 200, certificate
        code, output, errors = run("market", "check", "--json", text=json.dumps(certificate))
        assert code == 0 and json.loads(output)["gap"] == "0", (code, output, errors)
        certificate["clearing"]["trades"].pop()
        code, output, errors = run("market", "check", text=json.dumps(certificate))
        assert code == 1 and "refused" in output, (code, output, errors)


def main():
    with Island() as island:
        origin = Origin(island)
        for check in (origin.switched_on, origin.shares, origin.conserved, origin.allocated):
            check()
            print(f"ok: {check.__doc__}", flush=True)
        island.process.terminate()
        island.process.wait(40)
        print(audit(island))
        code, output, _ = run("audit", "--data", island.folder)
        assert code == 0 and "certificates of solar: " in output and "certificates of wind: " in output, output[-800:]


if __name__ == "__main__":
    main()
