"""Multi-user mode and WebSocket events of the former server: each API key acts as the participant of the card that it has
imported, the ledger says what that participant may do, and events tell of what has been committed."""

import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile

from island import Island, decode, wait_for
from websocket import Refused, WebSocket

KEY = "SECRET-KEY"
NETWORK = "org.smile.energy.network"


def reference(kind, name):
    return f"resource:{NETWORK}.{kind}#{name}"


def form(content):
    """A form with the card in its field, as browsers send it."""
    boundary = "----boundary7MA4YWxkTrZu0gW"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="card"; filename="a.card"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


class Users:
    def __init__(self, island):
        self.island = island
        self.cards = {}

    def raw(self, key, method, path, body=None, headers=None, peer=0):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.island.peers[peer]["http"] + "/api" + path, data=data, method=method, headers={
            "x-api-key": key, "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, key, method, path, body=None, status=200, message=None, **more):
        code, content = self.raw(key, method, path, body, **more)
        answer = decode(content)
        assert code == status, (key, method, path, code, answer)
        if message is not None:
            assert answer["error"]["message"] == message, (method, path, answer)
        return answer

    def refused(self, key, method, path, verb, resource, body=None, who="Resident#R1"):
        answer = self.ask(key, method, path, body, status=500)
        assert answer["error"]["name"] == "AccessException", answer
        wanted = f"Participant '{NETWORK}.{who}' does not have '{verb}' access to resource '{resource}"
        assert answer["error"]["message"].startswith(wanted), answer

    def set_up(self):
        """the administrator, who needs no card, registers everybody and hands out cards"""
        for name, kind in (("R1", "Resident"), ("R2", "Resident"), ("E1", "UtilityCompany")):
            self.ask(KEY, "POST", "/Coins", {"coinsID": "CO_" + name, "value": 20, "ownerID": name, "ownerEntity": kind})
            self.ask(KEY, "POST", "/Energy", {"energyID": "EN_" + name, "units": "kwH", "value": 3, "ownerID": name, "ownerEntity": kind})
        for name in ("R1", "R2"):
            self.ask(KEY, "POST", "/Cash", {"cashID": "CA_" + name, "currency": "EUR", "value": 15, "ownerID": name, "ownerEntity": "Resident"})
            self.ask(KEY, "POST", "/Resident", {"residentID": name, "firstName": "First " + name, "lastName": "L", "email": "e",
                                                "coins": "CO_" + name, "cash": "CA_" + name, "energy": "EN_" + name})
        self.ask(KEY, "POST", "/UtilityCompany", {"utilityID": "E1", "name": "EEM", "coins": "CO_E1", "energy": "EN_E1"})
        for user, name in (("alice", "R1"), ("bob", "R2")):
            code, answer = self.island.request(0, "POST", "/v1/transactions", {
                "type": "AddApiKey", "hash": hashlib.sha256(user.encode()).hexdigest(), "role": "meter", "label": user}, {"x-api-key": KEY})
            assert code == 200, answer
            code, self.cards[user] = self.raw(KEY, "POST", "/system/identities/issue", {
                "participant": f"{NETWORK}.Resident#{name}", "userID": user})
            assert code == 200, self.cards[user]

    def import_card(self, user, content=None, query="", status=204):
        body, kind = form(content or self.cards[user])
        return self.ask(user, "POST", "/wallet/import" + query, body, status=status, headers={"Content-Type": kind})

    def empty_wallet(self):
        """without a card a key can do nothing"""
        assert self.ask("alice", "GET", "/wallet") == []
        for method, path, body in (("GET", "/Coins", None), ("GET", "/system/ping", None), ("POST", "/Coins", {})):
            self.ask("alice", method, path, body, status=500, message="A business network card has not been specified")
        self.ask("alice", "GET", "/Coins", status=404, headers={"X-Composer-Card": "none"},
                 message='The business network card "none" does not exist')
        self.ask("nobody", "GET", "/wallet", status=401)

    def forged_cards(self):
        """a card with another secret, another user or no card at all is refused"""
        archive = zipfile.ZipFile(io.BytesIO(self.cards["alice"]))
        files = {name: archive.read(name) for name in archive.namelist()}

        def card(compression=zipfile.ZIP_STORED, **changes):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", compression) as made:
                made.writestr("metadata.json", json.dumps({**json.loads(files["metadata.json"]), **changes}))
            return out.getvalue()
        for changes in ({"enrollmentSecret": "0" * 32}, {"userName": "bob"}, {"userName": "nobody"}):
            self.import_card("alice", card(**changes), status=500)
        for bad in (card(enrollmentSecret=""), card(userName=5), card(zipfile.ZIP_DEFLATED), b"no zip", b"PK\x03\x04" + b"\0" * 200,
                    self.cards["alice"][:-30], self.cards["alice"][:60] + b"x" + self.cards["alice"][61:]):
            self.import_card("alice", bad, status=400)
        self.ask("alice", "POST", "/wallet/import", b"{}", status=400)
        assert self.ask("alice", "GET", "/wallet") == []

    def wallets(self):
        """cards are imported, listed, chosen and forgotten, each in its own wallet"""
        self.import_card("alice")
        self.import_card("alice", query="?name=second%20card")
        self.import_card("alice", query="?name=second%20card", status=500)
        self.import_card("bob")
        name = "alice@smile-energy-network"
        assert self.ask("alice", "GET", "/wallet") == [{"name": name, "default": True}, {"name": "second card", "default": False}]
        self.ask("alice", "POST", "/wallet/second%20card/setDefault", {}, status=204)
        assert self.ask("alice", "GET", "/wallet/second%20card") == {"name": "second card", "default": True}
        self.ask("alice", "HEAD", "/wallet/second%20card", status=204)
        self.ask("alice", "DELETE", "/wallet/second%20card", status=204)
        self.ask("alice", "GET", "/wallet/second%20card", status=404)
        self.ask("alice", "GET", "/Coins", status=500)  # no default any more
        self.ask("alice", "POST", f"/wallet/{name}/setDefault", {}, status=204)
        self.ask("bob", "GET", f"/wallet/{name}", status=404)
        self.ask("alice", "GET", f"/wallet/{name}/export", status=500)
        assert self.ask("alice", "GET", "/system/ping")["participant"] == f"{NETWORK}.Resident#R1"
        assert self.ask(KEY, "GET", "/system/ping")["participant"].endswith("NetworkAdmin#admin")
        kept = (self.island.data(0) / "composer-wallets.json")
        assert kept.stat().st_mode & 0o777 == 0o600, oct(kept.stat().st_mode)
        secret = json.loads(zipfile.ZipFile(io.BytesIO(self.cards["alice"])).read("metadata.json"))["enrollmentSecret"]
        for word in (secret, '"alice"', '"bob"'):
            assert word not in kept.read_text(), word

    def reads(self):
        """a participant sees who there is, and of balances, trades and the historian its own only"""
        self.trade = self.ask(KEY, "POST", "/EnergyToCoins", self.trade_of("E1", "R2"))["transactionId"]
        residents = {row["residentID"]: row["firstName"] for row in self.ask("alice", "GET", "/Resident")}
        assert residents == {"R1": "First R1", "R2": ""}, residents
        assert [row["coinsID"] for row in self.ask("alice", "GET", "/Coins")] == ["CO_R1"]
        self.ask("alice", "GET", "/Coins/CO_R2", status=404, message='Unknown "Coins" id "CO_R2".')
        other = self.ask("alice", "GET", "/Resident/R2?filter=%7B%22include%22:%22resolve%22%7D")
        assert other["coins"] == reference("Coins", "CO_R2") and other["email"] == "", other
        own = self.ask("alice", "GET", "/Resident/R1?filter=%7B%22include%22:%22resolve%22%7D")
        assert own["coins"]["value"] == 20, own
        assert self.ask("alice", "GET", "/EnergyToCoins") == [] and self.ask("alice", "GET", "/system/historian") == []
        self.ask("alice", "GET", "/EnergyToCoins/" + self.trade, status=404)
        self.ask("alice", "GET", "/system/historian/" + self.trade, status=404)
        assert [row["name"] for row in self.ask("alice", "GET", "/system/identities")] == ["alice"]
        assert [row["transactionId"] for row in self.ask("bob", "GET", "/EnergyToCoins")] == [self.trade]
        assert len(self.ask(KEY, "GET", "/Coins")) == 3
        assert [row["coinsID"] for row in self.ask("bob", "GET", "/queries/selectCoins")] == ["CO_R2"]

    @staticmethod
    def trade_of(seller, buyer, rate=0.1, quantity=0.5):
        return {"energyRate": rate, "energyValue": quantity, "coinsInc": "CO_" + seller, "coinsDec": "CO_" + buyer,
                "energyInc": "EN_" + buyer, "energyDec": "EN_" + seller}

    def rights(self):
        """a participant does what the ledger lets it do, and nothing else"""
        coins = {"coinsID": "C9", "value": 5, "ownerID": "R1", "ownerEntity": "Resident"}
        self.refused("alice", "POST", "/Coins", "CREATE", f"{NETWORK}.Coins#C9'", coins)
        self.refused("alice", "PUT", "/Coins/CO_R1", "UPDATE", f"{NETWORK}.Coins#CO_R1'", {**coins, "coinsID": "CO_R1", "value": 1000})
        self.refused("alice", "DELETE", "/Coins/CO_R2", "DELETE", f"{NETWORK}.Coins#CO_R2'")
        self.refused("alice", "POST", "/CashFundingResident", "CREATE", f"{NETWORK}.CashFundingResident#", {"cashValue": 1, "cashInc": "CA_R1"})
        self.refused("alice", "POST", "/EnergyToCoins", "CREATE", f"{NETWORK}.EnergyToCoins#", self.trade_of("E1", "R2"))
        self.refused("alice", "POST", "/system/identities/issue", "CREATE", "org.hyperledger.composer.system.Identity#",
                     {"participant": f"{NETWORK}.Resident#R1", "userID": "more"})
        self.refused("bob", "PUT", "/Resident/R1", "UPDATE", f"{NETWORK}.Resident#R1'", {
            "firstName": "Mine", "lastName": "L", "email": "e", "coins": "CO_R1", "cash": "CA_R1", "energy": "EN_R1"}, who="Resident#R2")
        self.ask("alice", "PUT", "/Resident/R1", {"firstName": "New", "lastName": "L", "email": "e", "coins": "CO_R1", "cash": "CA_R1",
                                                  "energy": "EN_R1"})
        assert self.ask(KEY, "GET", "/Resident/R1")["firstName"] == "New"
        # Within what the buyer has published, and above it.
        done = self.ask("alice", "POST", "/EnergyToCoins", self.trade_of("R1", "R2", 0.1629))
        self.ask("alice", "POST", "/EnergyToCoins", self.trade_of("R1", "R2", 0.5), status=500)
        self.ask("alice", "POST", "/EnergyToCoins", self.trade_of("R1", "R2", 0.1, 50), status=500,
                 message="Insufficient energy in producer account")
        record = self.ask("alice", "GET", "/system/historian/" + done["transactionId"])
        assert record["participantInvoking"] == reference("Resident", "R1"), record
        assert [row["transactionId"] for row in self.ask("alice", "GET", "/EnergyToCoins")] == [done["transactionId"]]
        assert self.ask(KEY, "GET", "/Energy/EN_R2")["value"] == 4

    def events(self):
        """each transaction is one frame for those who may read it, at every peer"""
        for headers in ({}, {"x-api-key": "nobody"}):
            try:
                WebSocket(self.island.peers[1]["http"], "/", headers)
                raise AssertionError("a stranger listens")
            except Refused as refused:
                assert refused.status == 401, refused
        everything = WebSocket(self.island.peers[1]["http"], "/", {"x-api-key": KEY})
        alices = WebSocket(self.island.peers[0]["http"], "/any/path", {"x-api-key": "alice"})
        bobs = WebSocket(self.island.peers[0]["http"], "/api", {"x-api-key": "bob"})
        of_bob = self.ask(KEY, "POST", "/EnergyToCoins", self.trade_of("R2", "E1"))["transactionId"]
        of_both = self.ask("bob", "POST", "/EnergyToCoins", self.trade_of("R2", "R1", 0.1629))["transactionId"]
        self.ask(KEY, "PUT", "/Coins/CO_E1", {"value": 100, "ownerID": "E1", "ownerEntity": "UtilityCompany"})  # none of the five
        funding = self.ask(KEY, "POST", "/CashFundingResident", {"cashValue": 1, "cashInc": "CA_R1"})["transactionId"]
        wanted = {"everything": [of_bob, of_both, funding], "alices": [of_both, funding], "bobs": [of_bob, of_both]}
        for name, listener in (("everything", everything), ("alices", alices), ("bobs", bobs)):
            heard = [json.loads(listener.text()) for _ in wanted[name]]
            assert [event["eventId"] for event in heard] == [one + "#0" for one in wanted[name]], (name, heard)
            assert all(event["$class"] == NETWORK + ".TransactionEvent" and event["timestamp"].endswith("Z") for event in heard), heard
            assert heard[-1]["transaction"].startswith(f"resource:{NETWORK}."), heard
            listener.close()

    def other_peers(self):
        """a wallet is the peer's that imported the card, and survives its death; the card works at any peer"""
        self.ask("alice", "GET", "/Coins", peer=2, status=500, message="A business network card has not been specified")
        body, kind = form(self.cards["alice"])
        self.ask("alice", "POST", "/wallet/import", body, peer=2, status=204, headers={"Content-Type": kind})
        assert self.ask("alice", "GET", "/system/ping", peer=2)["participant"] == f"{NETWORK}.Resident#R1"
        self.island.kill(0)
        self.island.restart(0)
        wait_for(lambda: self.island.ready(0), 60, "the peer ready again")
        assert self.ask("alice", "GET", "/system/ping")["participant"] == f"{NETWORK}.Resident#R1"
        for path, body in (("/Coins", {"coinsID": "CO_B1"}), ("/Cash", {"cashID": "CA_B1", "currency": "EUR"})):
            self.ask(KEY, "POST", path, {**body, "value": 9, "ownerID": "B1", "ownerEntity": "Bank"})
        self.ask(KEY, "POST", "/Bank", {"bankID": "B1", "name": "Bank", "coins": "CO_B1", "cash": "CA_B1"})
        self.ask("alice", "POST", "/CashToCoins", {"cashRate": 1, "cashValue": 1, "coinsInc": "CO_R1", "coinsDec": "CO_B1",
                                                   "cashInc": "CA_B1", "cashDec": "CA_R1"})

    def revoked(self):
        """a revoked identity opens nothing at any peer, and a forgotten card neither"""
        (identity,) = self.ask("alice", "GET", "/system/identities")
        self.ask(KEY, "POST", f"/system/identities/{identity['identityId']}/revoke", {}, status=204)
        for peer in (0, 2):
            wait_for(lambda: self.raw("alice", "GET", "/Coins", peer=peer)[0] == 500, 20, f"the revocation at peer {peer}")
            answer = self.ask("alice", "GET", "/Coins", peer=peer, status=500)
            assert "has been revoked" in answer["error"]["message"], answer
        self.import_card("alice", query="?name=again", status=500)
        self.ask("bob", "DELETE", "/wallet/bob@smile-energy-network", status=204)
        self.ask("bob", "GET", "/Coins", status=500, message="A business network card has not been specified")


def main():
    with Island(["--empty", "--api-key", KEY, "--composer-multiuser"]) as island:
        users = Users(island)
        for check in (users.set_up, users.empty_wallet, users.forged_cards, users.wallets, users.reads, users.rights, users.events,
                      users.other_peers, users.revoked):
            check()
            print(f"ok: {check.__doc__}", flush=True)
        totals = island.get(0, "/v1/ledger/totals")[1]
        assert all(entry["total"] == "0" for entry in totals.values()), totals


if __name__ == "__main__":
    main()
