"""A household's people on a real island: invited, accepted, logged in at one peer, and at home at all others, whoever dies."""

import base64
import hashlib
import sys
from datetime import datetime, timedelta

import ed25519
from island import Island, wait_for

PASSWORD = "correct horse battery"
OWN_SEED = hashlib.sha256(b"a key that never leaves its owner").digest()
CODE_DIGITS = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


class Household:
    def __init__(self, island):
        self.island = island

    def ask(self, peer, method, path, body=None, token=None, admin=False):
        headers = {"Authorization": "Bearer " + token} if token else {"x-api-key": self.island.key} if admin else None
        # A peer that has not executed the log-in yet says so, and means it.
        for _ in range(100):
            code, answer = self.island.request(peer, method, path, body, headers)
            if code != 503 or answer["error"]["code"] != "behind":
                return code, answer
            wait_for(lambda: self.island.status(peer)["height"] >= self.island.height(), 20, "the peer to catch up")
        raise AssertionError((peer, method, path, answer))

    def must(self, peer, method, path, body=None, status=200, **more):
        code, answer = self.ask(peer, method, path, body, **more)
        assert code == status, (peer, method, path, code, answer)
        return answer

    def everywhere(self, height):
        for peer in range(4):
            wait_for(lambda: (self.island.status(peer) or {"height": -1})["height"] >= height, 30, f"height {height} at {peer}")

    def invite(self, participant):
        answer = self.must(0, "POST", "/v1/invitations", {"participant": participant}, admin=True)
        assert set(answer["code"].replace("-", "")) <= CODE_DIGITS and len(answer["code"]) == 23, answer
        self.everywhere(answer["block"]["height"])
        return answer["code"]

    def register(self):
        """the administrator registers two homes"""
        for name in ("R1", "R2"):
            self.must(0, "POST", "/v1/participants", {"type": "Resident", "id": name}, admin=True)
            self.must(0, "POST", "/v1/transactions", {"type": "ProvisionAsset", "owner": "Resident:" + name, "asset": "CO",
                                                      "balance": "20"}, admin=True)

    def join(self):
        """a person accepts the invitation at peer 1, once"""
        code = self.invite("Resident:R1")
        body = {"code": code.lower().replace("-", " "), "login": "Ana@example.org", "password": PASSWORD}
        accepted = self.must(1, "POST", "/etms/accept", body)
        assert accepted["participant"] == "Resident:R1", accepted
        self.everywhere(accepted["block"]["height"])
        self.must(2, "POST", "/etms/accept", {**body, "login": "another"}, status=404)

    def roam(self):
        """logged in at peer 2, the token is good at peers 3, 0 and 1 at once"""
        self.session = self.must(2, "POST", "/etms/login", {"login": "ana@example.org", "password": PASSWORD})
        for peer in (3, 0, 1, 2):
            me = self.must(peer, "GET", "/etms/me", token=self.session["token"])
            assert me["participant"] == "Resident:R1", me
        self.must(3, "PATCH", "/etms/me", {"first_name": "Ana-Maria"}, token=self.session["token"])
        assert self.must(3, "GET", "/etms/me", token=self.session["token"])["profile"]["first_name"] == "Ana-Maria"

    def read(self):
        """its own accounts and nobody else's; nothing of names or passwords in any block"""
        token = self.session["token"]
        accounts = self.must(0, "GET", "/v1/accounts", token=token)["items"]
        assert accounts and all(row["owner"] == "Resident:R1" for row in accounts), accounts
        self.must(0, "GET", "/v1/accounts?owner=R2", token=token, status=403)
        self.must(0, "POST", "/v1/participants", {"type": "Resident", "id": "R3"}, token=token, status=403)
        forbidden = self.must(0, "POST", "/v1/transactions", {"type": "SetCriteria", "participant": "Resident:R2",
                                                              "sell_enabled": True, "buy_enabled": True},
                              token=token, status=422)
        assert forbidden["error"]["code"] == "forbidden", forbidden
        self.must(0, "POST", "/v1/transactions", {"type": "SetCriteria", "participant": "Resident:R1", "sell_enabled": True,
                                                  "buy_enabled": True}, token=token)
        blocks = str(self.must(0, "GET", "/v1/blocks?limit=100", admin=True))
        for secret in ("ana@example", "Ana-Maria", PASSWORD, token.split(".")[1]):
            assert secret not in blocks, secret

    def survive(self):
        """the peer of the log-in is killed; token and refresh go on at the others, a used one is dead"""
        self.island.kill(2)
        self.must(3, "GET", "/etms/me", token=self.session["token"])
        renewed = self.must(3, "POST", "/etms/refresh", {"refresh_token": self.session["refresh_token"]})
        self.must(0, "GET", "/etms/me", token=renewed["token"])
        self.must(3, "GET", "/etms/me", token=self.session["token"], status=401)
        self.must(3, "POST", "/etms/refresh", {"refresh_token": self.session["refresh_token"]}, status=401)
        again = self.must(1, "POST", "/etms/login", {"login": "ana@example.org", "password": PASSWORD})
        assert len(self.must(1, "GET", "/etms/sessions", token=again["token"])["items"]) == 2
        self.must(1, "POST", "/etms/logout", token=again["token"])
        self.must(1, "GET", "/etms/me", token=again["token"], status=401)
        self.session = renewed

    def change_password(self):
        """another password is another key; the former one opens nothing at any peer"""
        fresh = self.must(0, "POST", "/etms/password", {"login": "ana@example.org", "password": PASSWORD,
                                                        "new_password": "another word entirely"}, token=self.session["token"])
        self.must(3, "GET", "/etms/me", token=fresh["token"])
        self.must(3, "GET", "/etms/me", token=self.session["token"], status=401)
        self.must(3, "POST", "/etms/login", {"login": "ana@example.org", "password": PASSWORD}, status=401)
        self.session = fresh

    def sign_alone(self):
        """whoever keeps the key is bound by its public half and signs what a peer prepared; no peer can sign for them"""
        code = self.island.request(1, "POST", "/v1/invitations", {"participant": "Resident:R2"}, {"x-api-key": self.island.key})[1]
        public = ed25519.public_key(OWN_SEED).hex()
        accepted = self.must(1, "POST", "/etms/accept", {"code": code["code"], "public_key": public})
        assert accepted["key"] == public, accepted

        def send(payload, path="/v1/transactions", status=200, seed=OWN_SEED):
            prepared = self.must(1, "POST", "/v1/transactions/prepare", {"principal": "Resident:R2", "payload": payload})
            signature = ed25519.sign(seed, base64.b64decode(prepared["statement"])).hex()
            return self.must(1, "POST", path, {"body": prepared["body"], "public_key": ed25519.public_key(seed).hex(),
                                               "signature": signature}, status=status)

        criteria = {"type": "SetCriteria", "participant": "Resident:R2", "sell_enabled": True, "buy_enabled": True}
        receipt = send(criteria)
        shown = self.must(1, "GET", "/v1/transactions/" + receipt["transaction"], admin=True)
        assert shown["transaction"]["signer"] == public, shown
        send(criteria, seed=hashlib.sha256(b"a stranger").digest(), status=400)
        session, refresh = (hashlib.sha256(name).digest() for name in (b"session", b"refresh"))
        time = self.must(1, "GET", "/v1/parameters")["block_time"]
        opened = {"type": "OpenSession", "participant": "Resident:R2", "session": ed25519.public_key(session).hex(),
                  "refresh": ed25519.public_key(refresh).hex(), "expires": in_minutes(time, 30), "refresh_expires": in_minutes(time, 60)}
        answer = send(opened, "/etms/sessions")
        token = "ps1." + base64.urlsafe_b64encode(session).decode().rstrip("=") + "." + str(answer["block"]["height"])
        assert self.must(3, "GET", "/etms/me", token=token)["participant"] == "Resident:R2"
        send({**opened, "session": "ab" * 32, "refresh": "cd" * 32, "expires": in_minutes(time, 600)}, "/etms/sessions", status=422)

    def lock_out(self):
        """wrong passwords say no more than a wrong name, and lock out at that peer, not at others"""
        wrong = self.must(0, "POST", "/etms/login", {"login": "ana@example.org", "password": "wrong"}, status=401)
        unknown = self.must(0, "POST", "/etms/login", {"login": "nobody", "password": "wrong"}, status=401)
        assert wrong == unknown, (wrong, unknown)
        for _ in range(3):
            self.must(0, "POST", "/etms/login", {"login": "ana@example.org", "password": "wrong"}, status=401)
        self.must(0, "POST", "/etms/login", {"login": "ana@example.org", "password": "another word entirely"}, status=429)
        self.must(3, "POST", "/etms/login", {"login": "ana@example.org", "password": "another word entirely"})


def in_minutes(time, minutes):
    moment = datetime.fromisoformat(time.replace("Z", "+00:00")) + timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def main():
    with Island(["--empty"]) as island:
        household = Household(island)
        for step in (household.register, household.join, household.roam, household.read, household.survive,
                     household.change_password, household.sign_alone, household.lock_out):
            step()
            print(f"ok: {step.__doc__}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
