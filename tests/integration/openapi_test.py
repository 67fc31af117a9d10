"""The OpenAPI document is true: each route that it describes is called at a real island and answers as described, each route
that the sources name is described, and /explorer/v1 shows them all."""

import json
import re
import sys
import traceback
import urllib.error
import urllib.request
from urllib.parse import quote

import json_schema
from island import ROOT, Island
from openapi_examples import LOGIN, RESIDENT, Call, Scene

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ERROR = {"$ref": "#/components/schemas/Error"}


class Contract:
    def __init__(self, island):
        self.island = island
        self.document = island.get(0, "/v1/openapi.json")[1]
        self.operations = [(method.upper(), path, operation) for path, methods in self.document["paths"].items()
                           for method, operation in methods.items()]
        self.admin = {"x-api-key": island.key}
        self.scene = Scene(island)
        self.covered = set()

    def resident(self, token=None):
        return {"Authorization": "Bearer " + (token or self.scene.token)}

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
                if answer.headers.get_content_type() != "text/event-stream":
                    text = answer.read()
                else:  # one that goes on after an event has something to tell at once
                    text = answer.read(1) if "Last-Event-ID" in headers else b""
                return answer.status, answer.headers.get_content_type(), text.decode(errors="replace"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read().decode(), error.headers

    def target_of(self, method, path, operation, values, optional=True):
        """The target with valid parameters, and the headers among them."""
        target, query, headers = path, [], {}
        for parameter in operation["parameters"]:
            name = parameter["name"]
            value = values.get(name, self.scene.value_of(path, parameter))
            assert value is not None, f"no example for parameter {name} of {method} {path}"
            if parameter["in"] == "path":
                target = target.replace("{" + name + "}", quote(value, safe=""))
            elif parameter["in"] == "query" and value and (optional or parameter["required"]):
                query.append(f"{name}={quote(value)}")
            elif parameter["in"] == "header" and optional:
                headers[name] = value
        return target + ("?" + "&".join(query) if query else ""), headers

    def secured(self, operation, token=None):
        """Headers that open the route."""
        ways = [way for one in operation["security"] for way in one]
        return self.admin if "apiKey" in ways else self.resident(token) if ways else {}

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
        examples, missing = self.scene.examples(), []
        for method, path, operation in self.operations:
            call = examples.pop((method, path), None)
            if call is None and (operation.get("requestBody") or method != "GET"):
                missing.append(f"no example for {method} {path}")
                continue
            try:
                self.try_example(method, path, operation, (call or Call()).ready())
                self.covered.add(f"{method} {path}")
            except AssertionError as fault:
                missing.append(str(fault))
        assert not missing, "\n".join(missing)
        assert not examples, f"examples of routes that are not there: {sorted(examples)}"

    def try_example(self, method, path, operation, call):
        headers, success = self.secured(operation, call.token), call.statuses + ((302,) if path == "/" else ())
        sets = [(call.values, True), *(((call.values, False),) if method == "GET" else ()),
                *(({**call.values, **more}, True) for more in call.more)]
        for values, optional in sets:
            target, more = self.target_of(method, path, operation, values, optional)
            answer = self.ask(method, target, call.body, {**headers, **more})
            assert answer[0] in success, (method, target, answer[0], answer[2][:400])
            self.fits(method, path, operation, answer)

    def check_readers(self):
        """after all those changes, each route that reads answers as described to the administrator, to a household and to nobody"""
        examples, faults = self.scene.examples(), []
        for method, path, operation in self.operations:
            if method != "GET":
                continue
            call = examples.get((method, path), Call())
            target, _ = self.target_of(method, path, operation, call.values, optional=False)
            for who in (self.admin, self.resident(), {}):
                self.note(faults, method, target, None, who, operation, path, {200, 302, 401, 403, *call.statuses})
        assert not faults, "\n".join(faults)

    def note(self, faults, method, target, body, headers, operation, path, expected):
        """Asks; what is wrong about the answer goes to `faults`, so that one run tells them all."""
        answer = self.ask(method, target, body, headers)
        try:
            known = expected is None and (answer[0] < 500 or answer[0] == 503)
            assert known or answer[0] in (expected or ()), (method, target[:120], str(body)[:40], answer[0], answer[2][:300])
            self.fits(method, path, operation, answer)
        except AssertionError as fault:
            faults.append(str(fault)[:600])

    def check_faults(self):
        """each documented route answers silly parameters, malformed bodies and unknown keys as described"""
        examples, asked, faults = self.scene.examples(), 0, []
        for method, path, operation in self.operations:
            call = examples.get((method, path), Call())
            headers = self.secured(operation)
            target, _ = self.target_of(method, path, operation, call.values, optional=False)
            for probe, content, more, expected in self.probes(method, path, operation, target, call.body, headers):
                self.note(faults, method, probe, content, more, operation, path, expected)
                asked += 1
        assert not faults, "\n".join(faults)
        assert asked > 500, asked
        self.check_absent()

    def probes(self, method, path, operation, target, body, headers):
        """(target, body, headers, statuses or None for any that is described) of requests that nobody should send."""
        ways = [way for one in operation["security"] for way in one]
        if not path.endswith("z"):  # the probes of the host's supervisor ask for nothing
            yield target, body, {"x-api-key": "nobody's"}, {401}
        if "bearer" in ways:
            yield target, body, self.resident("ps1.nonsense"), {401}
        if ways and {} not in operation["security"]:
            yield target, body, {}, {401}
        if operation.get("requestBody"):
            for bad in (b"", b"{", b"[[[[", b"\xff\xfe", b'{"a":1e400}', b"null", b"7", b'{"nonsense":1}'):
                # Of lists of things each is judged by itself.
                yield target, bad, headers, {200, 400} if bad.startswith(b'{"') else {400}
            yield target, b"[" * (9 << 20), headers, {413}
        for parameter in operation["parameters"]:
            for value in ("", "-1", "%ff", "x" * 3000, "9" * 30, "a\tb", "'", "Resident:"):
                silly = quote(value, safe="%")
                if parameter["in"] == "path":
                    yield self.target_of(method, path, operation, {parameter["name"]: value or "x"}, False)[0], body, headers, None
                elif parameter["in"] == "query" and method == "GET":
                    parts = [part for part in target.partition("?")[2].split("&") if part and not part.startswith(parameter["name"] + "=")]
                    parts.append(f"{parameter['name']}={silly}")
                    yield f"{target.partition('?')[0]}?{'&'.join(parts)}", body, headers, None
            if parameter["in"] == "header" and method != "GET":
                yield target, body, {**headers, parameter["name"]: "x" * 65}, {400, 404}
        if not path.endswith("z") and method == "GET":
            yield f"{target}{'&' if '?' in target else '?'}nonsense=1", None, headers, {400}

    def check_absent(self):
        """Described faults that need a state of their own."""
        for path in ("/v1/transactions/" + "0" * 64, "/v1/blocks/999999999", "/v1/slots/2001-01-01T00:00:00Z"):
            answer = self.ask("GET", path)
            assert answer[0] == 404, (path, answer[0], answer[2][:200])
            json_schema.validate(json.loads(answer[2]), ERROR, self.document, path)

    def check_required(self):
        """each schema of a body names the fields that it requires, and a body without one of them is refused"""
        examples, asked, faults = self.scene.examples(), 0, []
        for method, path, operation in self.operations:
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if not content:
                continue
            for schema in objects_of(content["schema"]):
                if "required" not in schema:
                    faults.append(f"{method} {path}: no required in {str(schema)[:200]}")
            call = examples.get((method, path))
            schema = content["schema"]
            if schema.get("type") != "object" or not schema.get("required"):
                continue
            call = call.ready()
            target, _ = self.target_of(method, path, operation, call.values, optional=False)
            for field in schema["required"]:
                if not isinstance(call.body, dict) or field not in call.body:
                    faults.append(f"{method} {path}: the example has no {field}")
                    continue
                body = {name: value for name, value in call.body.items() if name != field}
                self.note(faults, method, target, body, self.secured(operation, call.token), operation, path, {400})
                asked += 1
        assert not faults, "\n".join(faults)
        assert asked > 25, asked

    def check_refusals(self):
        """what the ledger refuses is a described 422 with the receipt, and a key or token without the right a described 403"""
        for method, path, body in (
                ("POST", "/v1/participants", {"type": "Resident", "id": "R1"}),
                ("POST", "/v1/meters", {"meter": "M1", "owner": RESIDENT}),
                ("POST", "/v1/transactions", {"type": "EnergyToCoins", "energy_rate": "1", "energy_kwh": "1000", "seller": RESIDENT,
                                              "buyer": "Resident:R2"}),
                ("POST", "/v1/meters/{meter}/disputes/{seq}", {"upheld": True}),
                ("POST", "/etms/orders", {**self.scene.order(), "energy_kwh": 1000000}),
                ("POST", "/etms/wallet/sell", {"coins": 1000000}),
                ("POST", "/etms/wallet/withdraw", {"cash": 1000000}),
                ("POST", "/etms/disputes", {"meter": "M1", "seq": 1, "reason": "other"}),
                ("DELETE", "/etms/orders/{id}", None), ("DELETE", "/etms/sessions/{session}", None),
                ("DELETE", "/etms/invitations/{invitation}", None), ("DELETE", "/etms/keys/{key}", LOGIN)):
            operation = self.document["paths"][path][method.lower()]
            target, _ = self.target_of(method, path, operation, {"seq": "5"}, optional=False)
            answer = self.ask(method, target, body, self.secured(operation))
            assert answer[0] == 422, (method, path, answer[0], answer[2])
            self.fits(method, path, operation, answer)
        reader = {"x-api-key": "meter-key-of-the-test"}
        self.scene.must("/v1/transactions", {"type": "AddApiKey", "hash": sha256(reader["x-api-key"]), "role": "meter", "label": "contract"})
        asked = 0
        for method, path, operation in self.operations:
            if operation["security"] != [{"apiKey": []}]:
                continue
            call = self.scene.examples().get((method, path), Call())
            for who in (reader, self.resident()):
                answer = self.ask(method, self.target_of(method, path, operation, call.values)[0], call.body, who)
                assert answer[0] == 403, (method, path, answer[0], answer[2])
                self.fits(method, path, operation, answer)
            asked += 1
        assert asked, "no route is the administrator's"

    def check_methods(self):
        """a path takes the methods that are described for it, and says so to others"""
        patterns = {path: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in self.document["paths"]}
        for path in self.document["paths"]:
            target = re.sub(r"\{[^}]+\}", "x", path)
            # A literal path may fit a pattern, too, as /v1/transactions/prepare fits /v1/transactions/{id}.
            known = {method.upper() for other, pattern in patterns.items() if pattern.fullmatch(target)
                     for method in self.document["paths"][other]}
            for method in METHODS:
                if method in known:
                    continue
                code, _, text, headers = self.ask(method, target)
                assert code == 405, (method, target, code, text[:200])
                assert {one.strip() for one in headers["Allow"].split(",")} == known, (path, headers["Allow"], known)
                json_schema.validate(json.loads(text), ERROR, self.document, path)

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


    def check_application(self):
        """The application and the console load each file that they name from the same peer"""
        for path in ("/", "/console", "/settings"):
            code, kind, page, headers = self.ask("GET", path, headers={"Accept": "text/html"})
            assert code == 200 and kind == "text/html", (path, code, kind)
            if 'id="root"' not in page:
                print("skipped, the program was built without the application: its files")
                return
            parts = re.findall(r'(?:src|href)="(/[^"]+)"', page)
            assert any(part.startswith("/assets/") for part in parts), parts
            for part in parts:
                with urllib.request.urlopen(self.island.peers[0]["http"] + part, timeout=20) as answer:
                    assert answer.status == 200 and answer.read(), (path, part)


def objects_of(schema):
    """The object schemas that a schema consists of, those in lists and choices too; not the values of maps."""
    if schema.get("type") == "object":
        yield schema
    for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("properties", {}).values()):
        yield from objects_of(part)
    if isinstance(schema.get("items"), dict):
        yield from objects_of(schema["items"])


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
        for name in sys.argv[1:] or ("each_route", "readers", "faults", "required", "refusals", "methods", "nothing_is_hidden", "explorer",
                                     "application"):
            check = getattr(contract, "check_" + name)
            try:
                check()
                print(f"ok: {check.__doc__}", flush=True)
            except Exception:
                failed.append(name)
                print(f"FAILED: {check.__doc__}\n{traceback.format_exc()[-2500:]}", flush=True)
        print(f"covered, {len(contract.covered)} of {len(contract.operations)}: {', '.join(sorted(contract.covered))}")
    assert not failed, failed


if __name__ == "__main__":
    main()
