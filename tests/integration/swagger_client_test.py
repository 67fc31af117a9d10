"""A client that is generated from our swagger.json alone creates, reads, changes and deletes each resource, and calls every
operation that is described. No path of a resource stands in this file."""

import itertools
import json
import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

import json_schema
from island import Island

KEY = "SECRET-KEY"


class Failure(Exception):
    def __init__(self, status, body):
        super().__init__(status, body)
        self.status = status


class Client:
    """client.call("Coins.create", data={...}): what a generator makes of a Swagger 2.0 document."""

    def __init__(self, base, key):
        self.base = base
        config = json.loads(self.send("GET", base + "/explorer/config.json")[1])
        self.document = json.loads(self.send("GET", base + config["url"])[1])
        assert self.document["swagger"] == "2.0", self.document["swagger"]
        (scheme,) = self.document["securityDefinitions"].values()
        assert scheme["type"] == "apiKey" and scheme["in"] == "header", scheme
        self.headers = {scheme["name"]: key, "Accept": "application/json"}
        self.operations, self.called = {}, set()
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                assert operation["operationId"] not in self.operations, operation["operationId"]
                self.operations[operation["operationId"]] = (method.upper(), path, operation)

    @staticmethod
    def send(method, url, data=None, headers=None):
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            raise Failure(error.code, error.read().decode(errors="replace")) from None

    def call(self, name, **values):
        """The answer, checked against the operation's own description."""
        method, path, operation = self.operations[name]
        query, data = {}, None
        for parameter in operation["parameters"]:
            given = values.pop(parameter["name"], None)
            if given is None:
                assert not parameter["required"], (name, parameter["name"])
                continue
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", quote(str(given), safe=""))
            elif parameter["in"] == "query":
                query[parameter["name"]] = given
            else:
                assert parameter["in"] == "body", parameter
                json_schema.validate(given, parameter["schema"], self.document, name + " request")
                data = json.dumps(given).encode()
        assert not values, (name, "has no parameters", values)
        headers = {**self.headers, **({"Content-Type": self.document["consumes"][0]} if data is not None else {})}
        if "application/octet-stream" in operation.get("produces", []):
            headers["Accept"] = "*/*"
        url = self.base + self.document["basePath"] + path + ("?" + urlencode(query) if query else "")
        status, body = self.send(method, url, data, headers)
        described = operation["responses"].get(str(status))
        assert described, (name, status, list(operation["responses"]))
        self.called.add(name)
        schema = described.get("schema")
        if schema is None:
            assert not body or method == "HEAD", (name, status, body[:100])
            return None
        if schema.get("type") == "file":
            return body
        answer = json.loads(body)
        json_schema.validate(answer, relaxed(schema, self.document), self.document, name)
        return answer

    def refused(self, status, name, **values):
        try:
            answer = self.call(name, **values)
        except Failure as failure:
            assert failure.status == status, (name, failure)
            return
        raise AssertionError(f"{name} {values} is answered with {answer}, not {status}")


def relaxed(schema, document):
    """Definitions say what may be left out by their lists of required fields; those without one require nothing."""
    schema = json_schema.resolve(schema, document)
    if schema.get("type") == "array":
        return {**schema, "items": relaxed(schema["items"], document)}
    return {"required": [], **schema}


class Models:
    """What the document tells of its types: which are created and deleted, which only created, and their fields."""

    def __init__(self, client):
        self.document = client.document
        names = [tag["name"] for tag in self.document["tags"] if tag["name"] in self.document["definitions"]]
        offered = client.operations
        self.resources = [name for name in names if f"{name}.deleteById" in offered]
        self.transactions = [name for name in names if name not in self.resources]
        self.assets = [name for name in self.resources if "ownerEntity" in self.fields(name)]
        self.participants = [name for name in self.resources if name not in self.assets]
        self.owners = self.fields(self.assets[0])["ownerEntity"]["enum"]

    def fields(self, name):
        return self.document["definitions"][name]["properties"]

    def identifier(self, name):
        """The first required field: so the former server's models were generated."""
        return self.document["definitions"][name]["required"][0]

    def target(self, field):
        """The asset that a reference is about, by its name: "coinsInc" -> Coins."""
        found = [asset for asset in self.assets if field.lower().startswith(asset.lower())]
        return found[0] if found else None

    def owned(self, asset, owner):
        return f"{asset}-{owner}"

    def instance(self, name, key, references, owner=None):
        """Values for all required fields."""
        result = {"$class": self.fields(name)["$class"]["default"]}
        for field in self.document["definitions"][name]["required"]:
            schema = json_schema.resolve(self.fields(name)[field], self.document)
            if field == self.identifier(name) and name in self.resources:
                result[field] = key
            elif field == "ownerEntity":
                result[field] = owner
            elif field == "ownerID":
                result[field] = "owner-" + (owner or self.owners[0])
            elif field == "currency":
                result[field] = "EUR"
            elif "enum" in schema:
                result[field] = schema["enum"][0]
            elif schema.get("type") == "number":
                result[field] = 5 if name in self.resources else 1
            elif schema.get("type") == "string":
                result[field] = "some text"
            else:
                result[field] = references(field)
        return result


def make_assets(client, models):
    """one of each asset for each kind of owner that may have it"""
    made = set()
    for asset, owner in itertools.product(models.assets, models.owners):
        if not any(models.target(field) == asset for field in models.fields(owner)):
            continue
        key = models.owned(asset, owner)
        answer = client.call(f"{asset}.create", data=models.instance(asset, key, None, owner))
        assert answer[models.identifier(asset)] == key, answer
        made.add((asset, key))
    return made


def make_participants(client, models):
    """one of each participant, with its assets"""
    for name in models.participants:
        data = models.instance(name, "owner-" + name, lambda field: models.owned(models.target(field), name))
        client.call(f"{name}.create", data=data)
        client.refused(500, f"{name}.create", data=data)
    return {(name, "owner-" + name) for name in models.participants}


def read_and_change(client, models, made):
    """each is listed, found, filtered, changed and read again"""
    for name, key in sorted(made):
        id_field = models.identifier(name)
        listed = [row for row in client.call(f"{name}.find") if row[id_field] == key]
        found = client.call(f"{name}.findById", id=key)
        filtered = client.call(f"{name}.find", filter=json.dumps({"where": {id_field: key}}))
        assert listed == [found] == filtered, (name, key, listed, found, filtered)
        client.call(f"{name}.exists", id=key)
        client.refused(404, f"{name}.exists", id=key + "?")
        client.refused(404, f"{name}.findById", id="nothing/of that name")
        numbers = [field for field, schema in models.fields(name).items() if schema.get("type") == "number"]
        changed = {**found, **{field: 7.25 for field in numbers}}
        client.call(f"{name}.replaceById", id=key, data=changed)
        assert client.call(f"{name}.findById", id=key) == changed, (name, key)


def transact(client, models):
    """each transaction is made between some pair of owners, read and listed"""
    for name in models.transactions:
        accepted, refusals = None, []
        for one, other in itertools.product(models.owners, repeat=2):
            first = []

            def reference(field):
                asset = models.target(field)
                first.append(asset)
                increases = field.endswith("Inc")
                owner = one if increases == (asset == first[0]) else other
                return models.owned(asset, owner)

            try:
                accepted = client.call(f"{name}.create", data=models.instance(name, None, reference))
                break
            except Failure as failure:
                refusals.append(str(failure))
        assert accepted, (name, refusals)
        key = accepted["transactionId"]
        found = client.call(f"{name}.findById", id=key)
        assert found["transactionId"] == key and found["timestamp"], found
        assert found in client.call(f"{name}.find"), name
        client.call(f"{name}.exists", id=key)


def ask_the_rest(client, models):
    """whatever else is described is called: queries, historian, identities"""
    historian = client.call("System.getAllHistorianRecords")
    client.call("System.getHistorianRecordByID", id=historian[0]["transactionId"])
    client.call("System.ping")
    name = models.participants[0]
    whom = models.fields(name)["$class"]["default"] + "#owner-" + name
    client.call("System.issueIdentity", data={"participant": whom, "userID": "generated"})
    client.call("System.bindIdentity", data={"participant": whom, "certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    issued = [one for one in client.call("System.getAllIdentities") if one["name"] == "generated"]
    assert len(issued) == 1, issued
    client.call("System.getIdentityByID", id=issued[0]["identityId"])
    client.call("System.revokeIdentity", id=issued[0]["identityId"])
    answered = 0
    for name, (_, _, operation) in client.operations.items():
        if name.startswith("Query."):
            values = {p["name"]: "owner-" + models.owners[0] if p["type"] == "string" else 1 for p in operation["parameters"]}
            answered += len(client.call(name, **values))
    assert answered, "no query finds anything"


def delete(client, models, made):
    """each is deleted, and gone"""
    for name, key in sorted(made, key=lambda one: (one[0] in models.assets, one)):
        client.call(f"{name}.deleteById", id=key)
        client.refused(404, f"{name}.findById", id=key)
        client.refused(404, f"{name}.deleteById", id=key)
    for name in models.resources:
        assert client.call(f"{name}.find") == [], name


def main():
    json_schema.self_test()
    with Island(["--empty", "--api-key", KEY]) as island:
        client = Client(island.peers[1]["http"], KEY)
        models = Models(client)
        assert len(models.resources) == 7 and len(models.transactions) == 5, (models.resources, models.transactions)
        made = set()
        for step in (make_assets, make_participants, read_and_change, transact, ask_the_rest, delete):
            made |= (step(client, models, made) if step in (read_and_change, delete) else step(client, models)) or set()
            print(f"ok: {step.__doc__}", flush=True)
        left = set(client.operations) - client.called
        assert not left, f"described, never called: {sorted(left)}"
        totals = island.get(0, "/v1/ledger/totals")[1]
        assert all(entry["total"] == "0" for entry in totals.values()), totals


if __name__ == "__main__":
    main()
