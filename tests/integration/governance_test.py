"""The administrator's offline key governs a real chain, and what its peers certify holds without them."""

import json
import pathlib
import subprocess

from island import BINARY, Island, wait_for


FEEDER = {
    "buses.csv": "bus,x_m,y_m\nA,0,0\nB,1,0\nC,2,0\n",
    "lines.csv": "line,bus_from,bus_to,linecode,length_m\nL1,A,B,code,100\nL2,B,C,code,500\n",
    "linecodes.csv": "linecode,r1_ohm_per_km,x1_ohm_per_km,r0_ohm_per_km,x0_ohm_per_km\ncode,0.3,0.1,1,0.3\n",
    "loads.csv": "load,bus,phase,rated_kw,power_factor,profile\nNEAR,B,1,1,0.95,1\nFAR,C,1,1,0.95,2\n",
}


def run(*arguments, text=None):
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class Governance:
    def __init__(self, island):
        self.island = island
        self.url = island.peers[0]["http"]
        self.genesis = island.chain_folder / "genesis.json"
        self.key = island.chain_folder / "administrator.key"

    def govern(self, *arguments):
        return run("governance", *arguments, "--key", self.key)

    def parameter_at_once(self):
        """A parameter is in force with its block, on every peer."""
        code, output, errors = self.govern("parameter", "close_grace", "4m", "--peer", self.url)
        assert code == 0 and output.startswith("applied: "), (code, output, errors)
        for peer in range(4):
            wait_for(lambda: self.island.get(peer, "/v1/parameters")[1]["close_grace_ms"] == 240000, 20, f"peer {peer}")

    def signed_offline(self):
        """What one machine has signed another one sends; a second time it is known already."""
        file = self.island.folder / "signed.json"
        code, output, errors = self.govern("parameter", "close_grace", "3m", "--genesis", self.genesis, "--out", file)
        assert code == 0 and output.startswith("signed: "), (code, output, errors)
        assert self.island.get(0, "/v1/parameters")[1]["close_grace_ms"] == 240000
        code, output, errors = run("governance", "submit", file, "--peer", self.url, "--json")
        assert code == 0, (code, output, errors)
        answer = json.loads(output)
        assert answer["receipt"]["outcome"] == "applied" and answer["pending"] is None, answer
        assert self.island.get(0, "/v1/parameters")[1]["close_grace_ms"] == 180000

    def network_of_a_feeder(self):
        """A power flow's loss factors and a fee enter the ledger as the integers that were written, and only with the right key."""
        folder = self.island.folder / "feeder"
        folder.mkdir()
        for name, text in FEEDER.items():
            (folder / name).write_text(text)
        file = self.island.folder / "network.json"
        code, output, errors = run("network", "losses", "--feeder", folder, "--load-kw", "1", "--fee", "feeder=0.01",
                                   "--transformer-kva", "100", "--out", file)
        assert code == 0 and "3 buses, 2 lines, 2 loads" in output, (code, output, errors)
        network = json.loads(file.read_text())
        factors = {(loss["from"], loss["to"]): loss["loss_nano"] for loss in network["losses"]}
        assert set(factors) == {(3, 4), (4, 3)} and factors[3, 4] > 0 == factors[4, 3], network
        code, output, errors = self.govern("network", file, "--peer", self.url, "--json")
        assert code == 0, (code, output, errors)
        transaction = json.loads(output)["transaction"]
        code, stored = wait_for(lambda: self.stored(1, transaction), 20, "another peer has the transaction")
        payload = stored["transaction"]["payload"]
        for field in ("zones", "losses", "members"):
            assert payload[field] == network[field], (field, stored)
        (folder / "lines.csv").write_text(FEEDER["lines.csv"] + "L3,C,A,code,1\n")
        code, _, errors = run("network", "losses", "--feeder", folder, "--load-kw", "1")
        assert code == 78 and "line L3 closes a ring" in errors, (code, errors)
        code, _, errors = run("network", "losses", "--feeder", folder / "nowhere")
        assert code == 64, (code, errors)

    def stored(self, peer, transaction):
        code, answer = self.island.get(peer, f"/v1/transactions/{transaction}")
        return (code, answer) if code == 200 else None

    def refusals(self):
        """The chain's own sentence reaches whoever governs; nothing is pending afterwards."""
        code, _, errors = self.govern("remove-member", "--id", self.island.peers[1]["id"], "--peer", self.url)
        assert code == 1 and "too_few_members" in errors, (code, errors)
        code, _, errors = self.govern("feature-level", "9", "--peer", self.url)
        assert code == 1 and "bad_feature_level" in errors, (code, errors)
        # A gateway acts for the administrator, but governs nothing.
        gateway_key = pathlib.Path(self.island.peers[0]["config"]).parent / "keys/gateway.key"
        code, _, errors = run("governance", "feature-level", "3", "--peer", self.url, "--key", gateway_key)
        assert code == 1 and "forbidden" in errors, (code, errors)
        assert self.island.get(0, "/v1/members")[1]["pending"] is None

    def certificates(self):
        """The newest block is proven from the genesis alone; every lie is refused."""
        height = self.island.status(0)["height"]
        code, proof = wait_for(lambda: self.certificate(height), 20, "a certificate of the newest block")
        text = json.dumps(proof)
        code, output, errors = run("verify-certificate", "--genesis", self.genesis, "--json", text=text)
        assert code == 0, (code, output, errors)
        verified = json.loads(output)
        block = self.island.get(1, f"/v1/blocks/{height}")[1]
        assert verified["hash"] == block["hash"] and verified["signers"] >= 3, (verified, block["hash"])
        for lie, reason in ((self.fewer, "too few signers"), (self.twice, "stands twice"),
                            (self.stranger, "unknown member"), (self.forged, "does not verify")):
            wrong = json.loads(text)
            lie(wrong)
            code, output, _ = run("verify-certificate", "--genesis", self.genesis, text=json.dumps(wrong))
            assert code == 1 and reason in output, (lie.__name__, code, output)
        other = self.island.folder / "other.json"
        other.write_text(self.genesis.read_text().replace('"chain": "', '"chain": "x'))
        code, output, _ = run("verify-certificate", "--genesis", other, text=text)
        assert code == 1 and "another genesis" in output, (code, output)
        code, _, _ = run("verify-certificate", "--genesis", self.island.folder / "nowhere.json", text=text)
        assert code == 64, code

    def certificate(self, height):
        code, answer = self.island.get(0, f"/v1/blocks/{height}/certificate")
        return (code, answer) if code == 200 else None

    @staticmethod
    def fewer(proof):
        del proof["certificate"]["endorsements"][2:]

    @staticmethod
    def twice(proof):
        signers = proof["certificate"]["endorsements"]
        signers[1] = signers[0]

    @staticmethod
    def stranger(proof):
        proof["certificate"]["endorsements"][-1]["signer"] = 4

    @staticmethod
    def forged(proof):
        endorsement = proof["certificate"]["endorsements"][0]
        first = int(endorsement["signature"][:2], 16) ^ 1
        endorsement["signature"] = f"{first:02x}" + endorsement["signature"][2:]


def main():
    with Island(["--empty"]) as island:
        governance = Governance(island)
        for check in (governance.parameter_at_once, governance.signed_offline,
                      governance.network_of_a_feeder, governance.refusals, governance.certificates):
            check()
            print(f"ok: {check.__doc__}")


if __name__ == "__main__":
    main()
