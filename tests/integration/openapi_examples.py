"""Examples of every route that the OpenAPI document describes, beside people, meters and money that they speak of."""

import base64
import datetime
import hashlib
import itertools
import time

import ed25519
from island import wait_for

RESIDENT = "Resident:R1"
LOGIN = {"login": "ana@example.org", "password": "correct horse battery"}
# One red pixel.
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
OTHER_SEED = hashlib.sha256(b"the key that the second resident keeps").digest()
NO_SUCH = "ab" * 32
ISO = "%Y-%m-%dT%H:%M:%SZ"


class Call:
    """One example: a body, values for parameters, further sets of them, and the statuses that are a success for it. `before`
    makes what the call is about, just before it: what it gives back is further values, or "body", or the "token" of a session
    of its own."""

    def __init__(self, body=None, statuses=(200,), before=None, more=(), **values):
        self.body, self.statuses, self.before, self.more, self.values = body, statuses, before, more, values
        self.token = None

    def ready(self):
        made = self.before() if self.before else {}
        self.body = made.pop("body", self.body)
        self.token = made.pop("token", None)
        self.values = {**self.values, **made}
        return self


class Scene:
    """Two residents with money, a vehicle, a bank, meters and readings, beside the homes of the built-in neighbourhood. One of
    them has log-ins that the peers keep, the other keeps a key."""

    def __init__(self, island):
        self.island, self.numbers = island, itertools.count(1)
        self.set_up()

    def must(self, path, body=None, token=None, method="POST"):
        headers = {"Authorization": "Bearer " + token} if token else {"x-api-key": self.island.key}
        code, answer = self.island.request(0, method, path, body, headers)
        assert code == 200, (method, path, body, code, answer)
        return answer

    def set_up(self):
        for body in ({"type": "Resident", "id": "R1"}, {"type": "Resident", "id": "R2"}, {"type": "Bank", "id": "B9"},
                     {"type": "ElectricVehicle", "id": "V1", "owner": "R1"}):
            self.must("/v1/participants", body)
        owned = [(owner, asset) for owner in (RESIDENT, "Resident:R2") for asset in ("EN", "CO", "CA")]
        for owner, asset in (*owned, ("Bank:B9", "CO"), ("Bank:B9", "CA"), ("ElectricVehicle:V1", "CO")):
            self.must("/v1/transactions", {"type": "ProvisionAsset", "owner": owner, "asset": asset, "balance": "100",
                                           **({"currency": "EUR"} if asset == "CA" else {})})
        self.transaction = self.must("/v1/transactions", {
            "type": "EnergyToCoins", "energy_rate": "0.5", "energy_kwh": "1", "seller": RESIDENT, "buyer": "Resident:R2"})["transaction"]
        self.log_in()
        # Before any meter is there that has brought no reading yet: island time waits for it.
        self.slot = wait_for(self.settled_slots, 120, "a slot with trades")[0]["start"]
        for meter in ("M1", "M9"):
            self.must("/v1/meters", {"meter": meter, "owner": RESIDENT})
        self.read_meters()
        self.before = self.must("/v1/transactions?limit=1", method="GET")["next"]
        self.must("/etms/orders", self.order(), self.token)
        self.must("/etms/invitations", LOGIN, self.token)
        self.must("/etms/wallet/fund", {"cash": 1}, self.token)

    def log_in(self):
        self.accept(**LOGIN)
        self.token = self.session(LOGIN)["token"]
        self.must("/etms/accept", {"code": self.code("Resident:R2"), "public_key": ed25519.public_key(OTHER_SEED).hex()})

    def read_meters(self):
        meter = lambda: next(m for m in self.island.get(0, "/v1/meters")[1]["items"] if m["meter"] == "M1")
        self.active_from = meter()["active_from"]
        self.must("/etms/readings", [self.reading(number) for number in (1, 2, 3)])
        wait_for(lambda: meter()["in_ledger_through"] >= 3, 30, "the readings in the ledger")
        self.must("/etms/disputes", {"meter": "M1", "seq": 1, "reason": "too_high"}, self.token)
        wait_for(lambda: self.island.get(0, f"/v1/blocks/{self.island.height() - 1}/certificate")[0] == 200
                 or self.island.get(0, "/v1/blocks/1/certificate")[0] == 200, 30, "a certificate")

    # Makers of what examples need.

    def code(self, participant=RESIDENT):
        return self.must("/v1/invitations", {"participant": participant})["code"]

    def accept(self, **how):
        return self.must("/etms/accept", {"code": self.code(), **how})

    def session(self, login=LOGIN):
        return self.must("/etms/login", login)

    def further_login(self):
        """Of the same household, and nobody else's business."""
        login = {"login": f"guest-{next(self.numbers)}@example.org", "password": "a word of the guest"}
        self.accept(**login)
        return login

    def signed(self, payload):
        """What the one signs who keeps the key."""
        prepared = self.must("/v1/transactions/prepare", {"principal": "Resident:R2", "payload": payload})
        return {"body": prepared["body"], "public_key": ed25519.public_key(OTHER_SEED).hex(),
                "signature": ed25519.sign(OTHER_SEED, base64.b64decode(prepared["statement"])).hex()}

    def own_session(self):
        now = self.time_of("block_time")
        keys = [ed25519.public_key(hashlib.sha256(f"{name}{next(self.numbers)}".encode()).digest()).hex() for name in ("s", "r")]
        return self.signed({"type": "OpenSession", "participant": "Resident:R2", "session": keys[0], "refresh": keys[1],
                            "expires": (now + datetime.timedelta(minutes=10)).strftime(ISO),
                            "refresh_expires": (now + datetime.timedelta(hours=1)).strftime(ISO)})

    def session_to_end(self):
        token = self.session()["token"]
        items = self.must("/etms/sessions", token=token, method="GET")["items"]
        return next(one["session"] for one in items if one["current"])

    def cash_request(self):
        return self.must("/etms/wallet/fund", {"cash": 2, "currency": "EUR"}, self.token)["transaction"]

    def reading(self, number):
        start = datetime.datetime.strptime(self.active_from, ISO) + datetime.timedelta(seconds=3 * (number - 1))
        return {"meter": "M1", "seq": number, "start": start.strftime(ISO), "seconds": 3, "imported_kwh": 0.025,
                "exported_kwh": 0, "produced_kwh": 0, "battery_kwh": None}

    def order(self):
        now, slot = self.time_of("island_time"), datetime.timedelta(minutes=15)
        midnight = now.replace(hour=0, minute=0, second=0)
        first = midnight + ((now - midnight) // slot + 8 + next(self.numbers) % 50) * slot
        return {"side": "buy", "first_slot": first.strftime(ISO), "slots": 2, "energy_kwh": 0.01, "limit_coins_per_kwh": 0.14,
                "only_renewable": False}

    # Times.

    def time_of(self, clock):
        return datetime.datetime.strptime(self.island.get(0, "/v1/parameters")[1][clock][:19], "%Y-%m-%dT%H:%M:%S")

    def settled_slots(self):
        begin, end = self.day()
        slots = self.island.get(0, f"/v1/slots?from={begin}&to={end}")[1]["items"]
        return [slot for slot in slots if slot["state"] in ("provisional", "final") and slot["traded_kwh"] != "0"]

    def day(self):
        """From a day before to an hour after, in the island's own time."""
        now = self.time_of("island_time")
        return [(now + datetime.timedelta(hours=hours)).strftime(ISO) for hours in (-24, 1)]

    # The examples. What only reads needs one only where the values below do not do.

    def examples(self):
        """(method, path) -> Call, for everything that changes something."""
        return {**self.of_registry(), **self.of_access(), **self.of_household(), **self.of_reading(), **self.of_profile()}

    def of_profile(self):
        """What is kept beside the chain. A picture is put before it is taken away, and again after."""
        put = lambda: self.must("/etms/me/picture", PICTURE, self.token, "PUT") and {}
        return {
            ("DELETE", "/etms/me/picture"): Call(before=put),
            ("PUT", "/etms/me/picture"): Call(PICTURE),
            ("GET", "/etms/participants/{id}/picture"): Call(id="R1"),
            ("PUT", "/etms/delivery"): Call({"webhook": "https://example.org/hook", "kinds": ["low_balance", "top_up"]}),
            ("POST", "/etms/usage"): Call({"screens": ["home", "wallet"], "errors": ["TypeError: x is undefined"]}),
        }

    def of_reading(self):
        return {
            ("GET", "/v1/transactions"): Call(type="EnergyToCoins"),
            ("GET", "/v1/bills"): Call(more=({"participant": ""},)),
            ("GET", "/etms/bills"): Call(more=({"format": "csv"}, {"format": "pdf", "language": "pt"})),
            ("GET", "/etms/bills/{month}/why"): Call(more=({"line": "coins", "limit": "1"}, {"line": "bought", "counterparty": "Resident"})),
            # Its resident may have nothing settled in that slot.
            ("GET", "/etms/slots/{start}/why"): Call(statuses=(200, 404)),
            ("GET", "/etms/history"): Call(more=({"format": "csv"}, {"period": "week", "bucket": "day"})),
            ("GET", "/etms/trades"): Call(more=({"limit": "1"},)),
            # The island does not clear by rule optimal; unit.gateway has a slot with a certificate.
            ("GET", "/v1/slots/{start}/certificate"): Call(statuses=(404,)),
        }

    def of_registry(self):
        return {
            ("POST", "/v1/participants"): Call({"type": "Resident", "id": "R3"}),
            ("POST", "/v1/meters"): Call({"meter": "M2", "owner": RESIDENT}),
            ("PATCH", "/v1/meters/{meter}"): Call({"plant_kw": "3.5"}, meter="M9"),
            ("POST", "/v1/meters/{meter}/standing"): Call({"standing": "quarantined"}),
            ("POST", "/v1/meters/{meter}/disputes/{seq}"): Call(
                {"upheld": False},
                before=lambda: self.must("/etms/disputes", {"meter": "M1", "seq": 2, "reason": "other"}, self.token) and {}),
            ("POST", "/v1/transactions"): Call({"type": "UpdateParticipant", "participant": {"type": "Resident", "id": "R2"}}),
            ("POST", "/v1/transactions/prepare"): Call({"principal": RESIDENT, "payload": {
                "type": "SetCriteria", "participant": RESIDENT, "sell_enabled": True, "buy_enabled": True}}),
            ("POST", "/v1/invitations"): Call({"participant": RESIDENT, "days": "3"}),
            ("POST", "/v1/cash-requests/{id}"): Call({"approved": True}, before=lambda: {"id": self.cash_request()}),
            ("POST", "/etms/readings"): Call([self.reading(4), self.reading(5)]),
            ("POST", "/etms/live"): Call([{"meter": "M1", "watts_import": 500, "watts_pv": 120.5, "soc": 0.5},
                                          {"meter": "nobody's", "watts_export": 1}]),
        }

    def of_access(self):
        leaver = lambda: {"body": self.further_login()}

        def changed():
            login = self.further_login()
            return {"token": self.session(login)["token"], "body": {**login, "new_password": "another word entirely"}}

        def own_key():
            key = ed25519.public_key(hashlib.sha256(f"key {next(self.numbers)}".encode()).digest()).hex()
            return {"key": self.accept(public_key=key)["key"]}

        return {
            ("POST", "/etms/login"): Call(LOGIN),
            ("DELETE", "/etms/login"): Call(LOGIN, before=leaver),
            ("POST", "/etms/refresh"): Call({}, before=lambda: {"body": {"refresh_token": self.session()["refresh_token"]}}),
            ("POST", "/etms/password"): Call(LOGIN, before=changed),
            ("POST", "/etms/logout"): Call(before=lambda: {"token": self.session()["token"]}),
            ("POST", "/etms/sessions"): Call({}, before=lambda: {"body": self.own_session()}),
            ("DELETE", "/etms/sessions/{session}"): Call(before=lambda: {"session": self.session_to_end()}),
            ("POST", "/etms/invitations"): Call({**LOGIN, "days": "2"}),
            ("DELETE", "/etms/invitations/{invitation}"): Call(
                before=lambda: {"invitation": self.must("/etms/invitations", LOGIN, self.token)["invitation"]}),
            ("POST", "/etms/accept"): Call({}, before=lambda: {
                "body": {"code": self.code(), "login": f"guest-{next(self.numbers)}", "password": "a word of the guest"}}),
            ("DELETE", "/etms/keys/{key}"): Call(LOGIN, before=own_key),
        }

    def of_household(self):
        return {
            ("PATCH", "/etms/me"): Call({"first_name": "Ana", "email": "ana@example.org"}),
            ("PUT", "/etms/criteria"): Call({
                "sell": {"enabled": True, "tariff_offset_coins_per_kwh": -0.02, "partners": ["R2"],
                         "windows": [{"weekdays": ["mon", "sun"], "from": "08:30", "to": "17:00"}]},
                "buy": {"enabled": True, "price_coins_per_kwh": 0.14}, "automatic": True, "only_renewable": True}),
            ("POST", "/etms/orders"): Call(before=lambda: {"body": self.order()}, body={}),
            ("DELETE", "/etms/orders/{id}"): Call(
                before=lambda: {"id": self.must("/etms/orders", self.order(), self.token)["order"]}),
            ("PUT", "/etms/preferences"): Call({"ranking": "named", "low_balance_coins": 5}),
            ("POST", "/etms/wallet/buy"): Call({"coins": 2, "currency": "EUR"}),
            ("POST", "/etms/wallet/sell"): Call({"coins": 1}),
            ("POST", "/etms/ev/{id}/transfer"): Call({"coins": 3, "direction": "to_vehicle"}, id="V1"),
            ("POST", "/etms/wallet/fund"): Call({"cash": 2}),
            ("POST", "/etms/wallet/withdraw"): Call({"cash": 1, "currency": "EUR"}),
            ("DELETE", "/etms/wallet/requests/{id}"): Call(before=lambda: {"id": self.cash_request()}),
            ("POST", "/etms/disputes"): Call({"meter": "M1", "seq": 3, "reason": "too_low"}),
        }

    def value_of(self, path, parameter):
        """A valid value for a parameter, by its name; None where nobody has told this test one."""
        begin, end = self.day()
        blocks = path.startswith(("/v1/blocks", "/v1/members"))
        today = end[:10]
        values = {"height": "1", "limit": "3", "owner": RESIDENT, "participant": RESIDENT, "type": "Resident", "venue": "local",
                  "meter": "M1", "after": "", "start": self.slot, "id": self.transaction if path.startswith("/v1") else NO_SUCH,
                  "from": "1" if blocks else begin, "to": "5" if blocks else end, "Idempotency-Key": f"example-{time.monotonic()}",
                  "Last-Event-ID": "1.0", "period": "day", "date": today, "bucket": "hour", "format": "json", "month": today[:7],
                  "week": datetime.date.fromisoformat(today).strftime("%G-W%V"), "since": "1.0",
                  "before": self.before, "account": f"participant/{RESIDENT}/CO",
                  "line": "cost", "language": "en", "counterparty": "", "band": "", "level": "",
                  "seq": "2", "key": NO_SUCH, "session": NO_SUCH, "invitation": NO_SUCH}
        return values.get(parameter["name"])
