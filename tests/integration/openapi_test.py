"""The OpenAPI document is true: each route that it describes is called at a real island and answers as described, each route
that the sources name is described, and /explorer/v1 shows them all."""

import datetime
import json
import re
import sys
import time
import traceback
import urllib.error
import urllib.request
from urllib.parse import quote

import json_schema
from island import ROOT, Island, wait_for

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RESIDENT = "Resident:R1"


class Call:
    """What one example is: values for parameters, a body, and the statuses that are a success for it."""

    def __init__(self, body=None, statuses=(200,), **values):
        self.body, self.statuses, self.values = body, statuses, values


class Contract:
    def __init__(self, island):
        self.island = island
        self.document = island.get(0, "/v1/openapi.json")[1]
        self.operations = [(method.upper(), path, operation) for path, methods in self.document["paths"].items()
                           for method, operation in methods.items()]
        self.admin = {"x-api-key": island.key}
        self.set_up()

    def set_up(self):
        """Two residents with money, a meter and a reading in the ledger, beside the homes of the built-in neighbourhood."""
        # First, since island time waits for a meter that has brought no reading yet.
        self.slot = wait_for(self.settled_slots, 60, "a slot with trades")[0]["start"]
        for body in ({"type": "Resident", "id": "R1"}, {"type": "Resident", "id": "R2"}):
            self.must("/v1/participants", body)
        self.must("/v1/meters", {"meter": "M1", "owner": RESIDENT})
        for owner in (RESIDENT, "Resident:R2"):
            for asset in ("EN", "CO"):
                self.must("/v1/transactions", {"type": "ProvisionAsset", "owner": owner, "asset": asset, "balance": "100"})
        self.transaction = self.must("/v1/transactions", {
            "type": "EnergyToCoins", "energy_rate": "0.5", "energy_kwh": "1", "seller": RESIDENT, "buyer": "Resident:R2"})["transaction"]
        meter = lambda: next(m for m in self.island.get(0, "/v1/meters")[1]["items"] if m["meter"] == "M1")
        self.active_from = meter()["active_from"]
        self.must("/etms/readings", self.reading(1))
        wait_for(lambda: meter()["in_ledger_through"] >= 1, 30, "the reading in the ledger")
        wait_for(lambda: self.island.get(0, f"/v1/blocks/{self.island.height() - 1}/certificate")[0] == 200
                 or self.island.get(0, "/v1/blocks/1/certificate")[0] == 200, 30, "a certificate")

    def must(self, path, body):
        code, answer = self.island.post(0, path, body, admin=True)
        assert code == 200, (path, body, code, answer)
        return answer

    def reading(self, number):
        start = datetime.datetime.strptime(self.active_from, "%Y-%m-%dT%H:%M:%SZ") + datetime.timedelta(seconds=3 * (number - 1))
        return {"meter": "M1", "seq": number, "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "seconds": 3, "imported_kwh": 0.025,
                "exported_kwh": 0, "produced_kwh": 0, "battery_kwh": None}

    def settled_slots(self):
        begin, end = self.day()
        slots = self.island.get(0, f"/v1/slots?from={begin}&to={end}")[1]["items"]
        return [slot for slot in slots if slot["state"] in ("provisional", "final") and slot["traded_kwh"] != "0"]

    def day(self):
        """From a day before to an hour after, in the island's own time."""
        now = datetime.datetime.strptime(self.island.get(0, "/v1/parameters")[1]["island_time"][:19], "%Y-%m-%dT%H:%M:%S")
        return [(now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (-24, 1)]

    # Examples: a new route that changes something needs one of its own here. What only reads is covered by the names below.

    def examples(self):
        """(method, path) -> Call, for everything with a body."""
        return {
            ("POST", "/v1/participants"): Call({"type": "Resident", "id": "R3"}),
            ("POST", "/v1/meters"): Call({"meter": "M2", "owner": RESIDENT}),
            ("POST", "/v1/transactions"): Call({"type": "UpdateParticipant", "participant": {"type": "Resident", "id": "R2"}}),
            ("POST", "/etms/readings"): Call([self.reading(2), self.reading(3)]),
        }

    def value_of(self, path, parameter):
        """A valid value for a parameter, by its name; None where nobody has told this test one."""
        begin, end = self.day()
        timed = path.startswith(("/v1/slots", "/v1/trades", "/v1/bills"))
        values = {"height": "1", "limit": "3", "owner": RESIDENT, "participant": RESIDENT, "type": "Resident", "venue": "local",
                  "meter": "M1", "after": "", "class": "CO", "start": self.slot, "id": self.transaction,
                  "from": begin if timed else "1", "to": end if timed else "5", "Idempotency-Key": f"example-{time.monotonic()}",
                  "Last-Event-ID": "1.0"}
        return values.get(parameter["name"])

    def token_headers(self):
        """A bearer token for routes of residents; None while there is no log-in to get one from."""
        return None

    # Calls.

    def ask(self, method, target, body=None, headers=None):
        """(status, content type, text, headers)"""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = dict(headers or {})
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.island.peers[0]["http"] + target, data=data, method=method, headers=headers)
        try:
            with NO_REDIRECT.open(request, timeout=20) as answer:
                stream = answer.headers.get_content_type() == "text/event-stream"
                return answer.status, answer.headers.get_content_type(), \
                    (answer.read(1) if stream else answer.read()).decode(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read().decode(), error.headers

    def target_of(self, method, path, operation, call, optional=True):
        """The target with valid parameters, and the headers among them."""
        target, query, headers = path, [], {}
        for parameter in operation["parameters"]:
            name = parameter["name"]
            value = call.values.get(name, self.value_of(path, parameter))
            assert value is not None, f"no example for parameter {name} of {method} {path}"
            if parameter["in"] == "path":
                target = target.replace("{" + name + "}", quote(value, safe=""))
            elif parameter["in"] == "query" and value and (optional or parameter["required"]):
                query.append(f"{name}={quote(value)}")
            elif parameter["in"] == "header" and optional:
                headers[name] = value
        return target + ("?" + "&".join(query) if query else ""), headers

    def secured(self, operation):
        """Headers that open the route."""
        ways = [way for one in operation["security"] for way in one]
        if "apiKey" in ways:
            return self.admin
        return self.token_headers() if ways else {}

    def fits(self, method, path, operation, answer):
        """Status, content type and body are as described."""
        status, kind, text, _ = answer
        where = f"{method} {path} -> {status}"
        described = operation["responses"].get(str(status))
        assert described is not None, f"{where} is not described: {text[:300]}"
        content = described.get("content", {})
        if not content:
            assert not text, (where, text[:200])
            return
        assert kind in content, f"{where}: {kind}, described are {sorted(content)}"
        schema = content[kind].get("schema")
        if schema:
            json_schema.validate(json.loads(text), schema, self.document, where)

    # Checks.

    def check_each_route(self):
        """each documented route answers with success, as its schema says, with all of its parameters and with none"""
        examples, missing = self.examples(), []
        for method, path, operation in self.operations:
            call = examples.pop((method, path), None)
            if call is None and (operation.get("requestBody") or method != "GET"):
                missing.append(f"no example for {method} {path}")
                continue
            headers = self.secured(operation)
            if headers is None:
                missing.append(f"no example for {method} {path}: no bearer token")
                continue
            call = call or Call()
            for optional in (True, False) if method == "GET" else (True,):
                target, more = self.target_of(method, path, operation, call, optional)
                answer = self.ask(method, target, call.body, {**headers, **more})
                success = call.statuses + ((302,) if path == "/" else ())
                assert answer[0] in success, (method, target, answer[0], answer[2][:400])
                self.fits(method, path, operation, answer)
        assert not missing, missing
        assert not examples, f"examples of routes that are not there: {sorted(examples)}"

    def check_faults(self):
        """each documented route answers silly parameters, malformed bodies and unknown keys as described"""
        examples, asked = self.examples(), 0
        for method, path, operation in self.operations:
            call = examples.get((method, path), Call())
            headers = self.secured(operation) or {}
            target, _ = self.target_of(method, path, operation, call, optional=False)
            body = call.body
            probes = []
            if not path.endswith("z"):  # the probes of the host's supervisor ask for nothing
                probes.append((target, body, {"x-api-key": "nobody's"}, {401}))
            if not any(not way for way in operation["security"]):
                probes.append((target, body, {}, {401}))
            if operation.get("requestBody"):
                for bad in (b"", b"{", b"[[[[", b"\xff\xfe", b'{"a":1e400}', b"null", b"7", b'{"nonsense":1}'):
                    probes.append((target, bad, headers, {400} if bad != b'{"nonsense":1}' else {200, 400, 422}))
                probes.append((target, b"[" * (9 << 20), headers, {413}))
            for parameter in operation["parameters"]:
                for value in ("", "-1", "%ff", "x" * 3000, "9" * 30, "a\tb", "'", "Resident:"):
                    silly = quote(value, safe="%")
                    if parameter["in"] == "path":
                        probes.append((path.replace("{" + parameter["name"] + "}", silly or "x"), body, headers, None))
                    elif parameter["in"] == "query" and method == "GET":
                        probes.append((f"{target}{'&' if '?' in target else '?'}{parameter['name']}={silly}", body, headers, None))
            if not path.endswith("z") and method == "GET":
                probes.append((f"{path}{'&' if '?' in path else '?'}nonsense=1".replace("{", "").replace("}", ""), None, headers, {400, 404}))
            for probe, content, more, expected in probes:
                answer = self.ask(method, probe, content, more)
                asked += 1
                assert expected is None or answer[0] in expected, (method, probe[:120], str(content)[:40], answer[0], answer[2][:300])
                assert answer[0] < 500, (method, probe[:120], answer[0], answer[2][:300])
                self.fits(method, path, operation, answer)
        assert asked > 200, asked
        # Described faults that need a state of their own.
        for path in ("/v1/transactions/" + "0" * 64, "/v1/blocks/999999999", "/v1/slots/2001-01-01T00:00:00Z"):
            answer = self.ask("GET", path)
            assert answer[0] == 404, (path, answer[0], answer[2][:200])
            json_schema.validate(json.loads(answer[2]), {"$ref": "#/components/schemas/Error"}, self.document, path)

    def check_refusals(self):
        """what the ledger refuses is a described 422 with the receipt, and a key without the right a described 403"""
        refused = (("/v1/participants", {"type": "Resident", "id": "R1"}), ("/v1/meters", {"meter": "M1", "owner": RESIDENT}),
                   ("/v1/transactions", {"type": "EnergyToCoins", "energy_rate": "1", "energy_kwh": "1000", "seller": RESIDENT,
                                         "buyer": "Resident:R2"}))
        for path, body in refused:
            answer = self.ask("POST", path, body, self.admin)
            assert answer[0] == 422, (path, answer[0], answer[2])
            self.fits("POST", path, self.document["paths"][path]["post"], answer)
        reader = {"x-api-key": "meter-key-of-the-test"}
        self.must("/v1/transactions", {"type": "AddApiKey", "hash": sha256(reader["x-api-key"]), "role": "meter", "label": "contract"})
        asked = 0
        for method, path, operation in self.operations:
            if [way for way in operation["security"] if way] != operation["security"] or "apiKey" not in operation["security"][0]:
                continue
            call = self.examples().get((method, path), Call())
            answer = self.ask(method, self.target_of(method, path, operation, call)[0], call.body, reader)
            assert answer[0] == 403, (method, path, answer[0], answer[2])
            self.fits(method, path, operation, answer)
            asked += 1
        assert asked, "no route is the administrator's"

    def check_methods(self):
        """a path takes the methods that are described for it, and says so to others"""
        for path, methods in self.document["paths"].items():
            known = {method.upper() for method in methods}
            target = re.sub(r"\{[^}]+\}", "x", path)
            for method in METHODS:
                if method in known:
                    continue
                code, _, text, headers = self.ask(method, target)
                assert code == 405, (method, target, code, text[:200])
                assert {one.strip() for one in headers["Allow"].split(",")} == known, (path, headers["Allow"], known)
                json_schema.validate(json.loads(text), {"$ref": "#/components/schemas/Error"}, self.document, path)

    def check_nothing_is_hidden(self):
        """every path of /v1 and /etms that the sources name is described"""
        named = set()
        for file in sorted((ROOT / "gateway").rglob("*.cpp")):
            if "composer" not in file.parts:
                named |= set(re.findall(r'"(/(?:v1|etms)/[a-z][^"\s?]*)"', file.read_text(encoding="utf8")))
        named = {path for path in named if not path.endswith(("/", "."))}
        assert len(named) > 15, named
        assert named <= set(self.document["paths"]), f"served, not described: {sorted(named - set(self.document['paths']))}"
        ids = [operation["operationId"] for _, _, operation in self.operations]
        assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
        for method, path, operation in self.operations:
            in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert in_path == set(re.findall(r"\{([^}]+)\}", path)), (method, path, in_path)
            assert operation["summary"], (method, path)
            for way in operation["security"]:
                assert set(way) <= set(self.document["components"]["securitySchemes"]), (method, path, way)

    def check_explorer(self):
        """/explorer/v1 loads what it needs from the same peer, under a policy that lets nothing else in"""
        code, kind, page, headers = self.ask("GET", "/explorer/v1")
        assert code == 200 and kind == "text/html", (code, kind)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, policy
        parts = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert parts and all(part.startswith("/explorer/v1/") for part in parts), parts
        assert "<script>" not in page and " style=" not in page and not re.search(r"\son[a-z]+=", page), "inline code"
        for part in parts:
            assert self.ask("GET", part)[0] == 200, part
        script = self.ask("GET", "/explorer/v1/explorer.js")[2]
        for word in ("/v1/openapi.json", "x-api-key", "Bearer ", "securitySchemes"):
            assert word in script, word
        for field in ("key", "token"):
            assert f'id="{field}"' in page, field
        schemes = self.document["components"]["securitySchemes"]
        assert schemes["bearer"]["scheme"] == "bearer" and schemes["apiKey"]["name"] == "x-api-key", schemes


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


NO_REDIRECT = urllib.request.build_opener(NoRedirect)


def sha256(text):
    import hashlib
    return hashlib.sha256(text.encode()).hexdigest()


def main():
    json_schema.self_test()
    failed = []
    with Island() as island:
        contract = Contract(island)
        for name in sys.argv[1:] or ("each_route", "faults", "refusals", "methods", "nothing_is_hidden", "explorer"):
            check = getattr(contract, "check_" + name)
            try:
                check()
                print(f"ok: {check.__doc__}", flush=True)
            except Exception:
                failed.append(name)
                print(f"FAILED: {check.__doc__}\n{traceback.format_exc()[-2500:]}", flush=True)
    assert not failed, failed


if __name__ == "__main__":
    main()
