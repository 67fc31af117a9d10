"""A real island's door under malformed, hostile and clumsy requests: each gets its own answer, and the peers go on."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import shutil
import socket
import struct
import subprocess
import sys
import time
import traceback
import urllib.request
from urllib.parse import quote, urlparse

import ed25519
import merkle
from island import Island, wait_for

SEED = bytes(range(32))  # of the signing meter's key
UTC = datetime.timezone.utc


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Meter:
    """A meter with its own numbers and intervals of three seconds, from the minute (the slot) that it was registered in."""

    def __init__(self, name, active_from):
        self.name = name
        self.sequence = 0
        self.next_start = active_from

    def reading(self, **changes):
        self.sequence += 1
        result = {"meter": self.name, "seq": self.sequence, "start": text_of(self.next_start), "seconds": 3,
                  "imported_kwh": 0.025, "exported_kwh": 0, "produced_kwh": 0, "battery_kwh": None}
        self.next_start += datetime.timedelta(seconds=3)
        return {**result, **changes}


def signed(reading, genesis, seed=SEED):
    """The reading with a signature over the bytes that a meter signs (docs of the ledger's readings)."""
    name = reading["meter"].encode()
    start = datetime.datetime.strptime(reading["start"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    nano = [round(reading[field] * 10**9) for field in ("imported_kwh", "exported_kwh", "produced_kwh")]
    statement = (b"powershare/reading/1" + genesis + bytes([len(name)]) + name +
                 struct.pack(">QqIqqqBqBQ", reading["seq"], int(start.timestamp()) * 1000, reading["seconds"],
                             *nano, 0, 0, 0, 0))
    return {**reading, "signature": ed25519.sign(seed, statement).hex()}


class Door:
    """One island with two residents, a supplier and two meters; the checks below are its methods."""

    def __init__(self, island):
        self.island = island
        for participant in ({"type": "UtilityCompany", "id": "EEM", "supplier": True, "tariff": "0.1629"},
                            {"type": "Resident", "id": "R1"}, {"type": "Resident", "id": "R2"},
                            {"type": "Bank", "id": "B1"}):
            code, answer = island.post(0, "/v1/participants", participant, admin=True)
            assert code == 200, (code, answer)
        for meter in ({"meter": "plain", "owner": "Resident:R1"},
                      {"meter": "signing", "owner": "Resident:R2", "public_key": ed25519.public_key(SEED).hex()}):
            code, answer = island.post(0, "/v1/meters", meter, admin=True)
            assert code == 200, (code, answer)
        block = island.get(0, "/v1/blocks/1")[1]
        self.genesis = bytes.fromhex(block["header"]["genesis"])
        starts = {m["meter"]: datetime.datetime.strptime(m["active_from"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
                  for m in island.get(0, "/v1/meters")[1]["items"]}
        self.plain, self.signing = Meter("plain", starts["plain"]), Meter("signing", starts["signing"])

    # Helpers.

    def readings(self, body, peer=0, admin=True):
        return self.island.post(peer, "/etms/readings", body, admin=admin)

    def refused(self, reading, word, admin=True):
        """One reading, refused with a reason that has `word` in it."""
        code, answer = self.readings(reading, admin=admin)
        assert code == 200 and answer["accepted"] == 0 and answer["duplicates"] == 0, (code, answer)
        assert len(answer["rejected"]) == 1 and word in answer["rejected"][0]["reason"], (word, answer)

    def accepted(self, reading, admin=True, peer=0):
        code, answer = self.readings(reading, admin=admin, peer=peer)
        assert code == 200 and answer["accepted"] == 1 and not answer["rejected"], (code, answer)

    def in_ledger(self, meter, sequence, peer=0):
        def through():
            items = self.island.get(peer, "/v1/meters")[1]["items"]
            return next(i for i in items if i["meter"] == meter)["in_ledger_through"] >= sequence
        wait_for(through, 30, f"reading {sequence} of {meter} in the ledger of peer {peer}")

    def raw(self, content, peer=0, seconds=15):
        """Sends bytes, gives all that comes until the peer closes (or `seconds` pass)."""
        url = urlparse(self.island.peers[peer]["http"])
        with socket.create_connection((url.hostname, url.port), timeout=seconds) as connection:
            try:
                connection.sendall(content)
            except OSError:
                pass  # closed while we were sending: the answer may still be there
            return receive(connection, seconds)

    def alive(self):
        for peer in range(4):
            assert self.island.get(peer, "/livez")[0] == 200, peer

    # Readings.

    def check_malformed_json(self):
        for body in ("", "{", "[", "nonsense", '{"meter":"plain"', "[1,2", '{"a":1}{"b":2}', "\x00", '{"a":"\\ud800"}',
                     "[" * 100_000, '{"a":' * 50_000, "[" * 50_000 + "]" * 50_000, b"\xff\xfe{}", "NaN", "1e400",
                     '"text"', "null", "true", "7"):
            code, answer = self.readings(body)
            assert code == 400 and answer["error"]["code"], (body[:30], code, answer)
        for route in ("/v1/transactions", "/v1/participants", "/v1/meters"):
            for body in ("", "{", "[]", "[" * 100_000, '{"type":1e400}', "null"):
                code, answer = self.island.post(0, route, body, admin=True)
                assert code == 400 and answer["error"]["code"], (route, body[:30], code, answer)

    def check_wrong_types(self):
        good = Meter("plain", self.plain.next_start - datetime.timedelta(hours=30)).reading()
        for field, values in {
                "meter": (None, 7, "", "x" * 65, "a b", [], {}),
                "seq": (None, "1", 0, -1, 1.5, 2**63, 2**64, True, []),
                "start": (None, 5, "yesterday", "2026-13-01T00:00:00Z", "9" * 70, "2026-01-01"),
                "seconds": (None, 0, -900, "900", 1e12, 0.5),
                "imported_kwh": (None, "0.1", [], {}, True, -0.1, 1e30, -1e30, 9.3e9),
                "exported_kwh": (None, "x", -1, 1e300),
                "produced_kwh": ("x", -1, 1e300),
                "battery_kwh": ("x", -1, 1e300),
                "corrects": (0, -1, "1", 1.5),
                "signature": (5, "", "zz", "ab" * 63, "g" * 128, [], {})}.items():
            for value in values:
                code, answer = self.readings({**good, field: value})
                assert code == 200 and len(answer["rejected"]) == 1, (field, value, code, answer)
        for number in ("1e400", "-1e400", "1e-400", "1" * 400, "0." + "1" * 400, "1e99999999999999999999"):
            body = json.dumps(good).replace("0.025", number)
            code, answer = self.readings(body)
            assert code == 400 or (code == 200 and len(answer["rejected"]) + answer["accepted"] == 1), (number, answer)
            if number not in ("1e-400", "0." + "1" * 400):
                assert code == 400 or answer["rejected"], (number, answer)
            good = {**good, "seq": good["seq"] + 1, "start": text_of(datetime.datetime.strptime(
                good["start"], "%Y-%m-%dT%H:%M:%SZ") + datetime.timedelta(minutes=1))}
        body = json.dumps(good)[:-1] + ',"meter":"other"}'
        self.refused(body, "twice")

    def check_absurd_energy(self):
        self.refused(self.plain.reading(imported_kwh=9_000_000_000), "")  # a home at 5·10^11 kW
        self.plain.sequence -= 1

    def check_unknown_meter(self):
        self.refused(Meter("nobody", self.plain.next_start).reading(), "unknown_meter")

    def check_unsigned(self):
        self.refused(self.plain.reading(), "unsigned", admin=False)
        self.plain.sequence -= 1
        self.plain.next_start -= datetime.timedelta(seconds=3)
        reading = self.plain.reading()
        self.accepted(reading)
        self.in_ledger("plain", reading["seq"])
        kept = self.payload_of("plain", reading["seq"])
        assert kept["signature"] is None, kept  # the flag: no signature stands on it

    def payload_of(self, meter, sequence):
        """The reading as it stands in a block."""
        height = 1
        while height:
            page = self.island.get(0, f"/v1/blocks?from={height}&limit=100")[1]
            for block in page["items"]:
                for transaction in block["transactions"]:
                    for reading in (transaction["payload"] or {}).get("readings", []):
                        if reading["meter"] == meter and reading["seq"] == sequence:
                            return reading
            height = page["next"]
        raise AssertionError(f"no block holds reading {sequence} of {meter}")

    def check_signed(self):
        reading = signed(self.signing.reading(), self.genesis)
        self.accepted(reading, admin=False)
        self.in_ledger("signing", reading["seq"])
        assert self.payload_of("signing", reading["seq"])["signature"], "the signature is lost"

    def check_bad_signature(self):
        good = signed(self.signing.reading(), self.genesis)
        for field, value in (("imported_kwh", 0.026), ("seconds", 2), ("seq", good["seq"] + 1), ("battery_kwh", 1),
                             ("signature", "00" * 64), ("signature", "ff" * 64),
                             ("signature", good["signature"][:-1] + "%x" % (int(good["signature"][-1], 16) ^ 1))):
            self.refused({**good, field: value}, "signature", admin=False)
            self.refused({**good, field: value}, "signature", admin=True)
        self.refused(signed({**good, "signature": None}, b"\x00" * 32), "signature", admin=False)  # another chain's
        self.refused(signed({**good, "signature": None}, self.genesis, bytes(32)), "signature", admin=False)
        self.refused({**good, "imported_kwh": 0.0250000001}, "too_precise", admin=False)
        self.accepted(good, admin=False)

    def check_future(self):
        now = datetime.datetime.now(UTC)
        # At the start of a slot: three seconds from anywhere else might reach into the next one.
        soon = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + datetime.timedelta(minutes=30)
        for start in (text_of(soon), "2199-01-01T00:00:00Z", "9999-12-31T23:59:00Z"):
            self.refused({**self.plain.reading(), "start": start}, "future")
            self.plain.sequence -= 1

    def check_repeated(self):
        reading = self.plain.reading()
        self.accepted(reading)
        for wait in (False, True):  # still on its way, and in the ledger
            if wait:
                self.in_ledger("plain", reading["seq"])
            code, answer = self.readings(reading)
            assert code == 200 and answer["duplicates"] == 1 and not answer["rejected"], (wait, answer)
            self.refused({**reading, "imported_kwh": 0.03}, "conflict")
        self.in_ledger("plain", reading["seq"], peer=2)
        code, answer = self.readings(reading, peer=2)
        assert answer["duplicates"] == 1 and answer["in_ledger_through"]["plain"] >= reading["seq"], answer

    def check_overlap(self):
        reading = self.plain.reading()
        self.accepted(reading)
        for wait in (False, True):
            if wait:
                self.in_ledger("plain", reading["seq"])
            self.refused({**self.plain.reading(), "start": reading["start"]}, "overlap")
            self.plain.sequence -= 1

    def check_bad_one_among_good(self):
        batch = [self.plain.reading() for _ in range(5)]
        batch.insert(2, {**batch[0], "seq": 999_999, "imported_kwh": -1})
        batch.append("not a reading")
        code, answer = self.readings(batch)
        assert code == 200 and answer["accepted"] == 5, (code, answer)
        assert [r["index"] for r in answer["rejected"]] == [2, 6], answer
        self.in_ledger("plain", batch[-2]["seq"])

    def check_same_reading_at_all_peers_at_once(self):
        reading = self.plain.reading()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: self.readings(reading, peer=i % 4), range(16)))
        assert all(code == 200 and a["accepted"] + a["duplicates"] == 1 for code, a in answers), answers
        self.in_ledger("plain", reading["seq"])
        # Every later receipt for it says duplicate: it was taken once.
        following = self.plain.reading()
        self.accepted(following)
        self.in_ledger("plain", following["seq"])
        accepted = 0
        for block in self.all_blocks():
            for transaction, receipt in zip(block["transactions"], block["receipts"]):
                for one, result in zip((transaction["payload"] or {}).get("readings", []), receipt["readings"]):
                    if one["meter"] == "plain" and one["seq"] == reading["seq"]:
                        accepted += result["result"] == "accepted"
        assert accepted == 1, accepted

    def all_blocks(self):
        height, blocks = 1, []
        while height:
            page = self.island.get(0, f"/v1/blocks?from={height}&limit=100")[1]
            blocks += page["items"]
            height = page["next"]
        return blocks

    # Bytes on the wire.

    def check_huge_body(self):
        for head in (b"Content-Length: 1000000000", b"Content-Length: 99999999999999999999999"):
            begin = time.monotonic()
            answer = self.raw(b"POST /etms/readings HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n[")
            assert answer[1] and status_of(answer[0]) in (413, 400), (head, answer)
            assert time.monotonic() - begin < 8, "only after waiting for the body"
        assert status_of(self.raw(b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")[0]) == 413
        answer = self.raw(b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        assert answer[1] and status_of(answer[0]) == 413, answer

    def check_chunked(self):
        head = b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        answer = self.raw(head + (b"100000\r\n" + b"[" * 0x100000 + b"\r\n") * 10)
        assert answer[1] and status_of(answer[0]) == 413, answer
        for bad in (b"zz\r\n[]\r\n0\r\n\r\n", b"-1\r\n[]\r\n", b"ffffffffffffffffff\r\n[]\r\n", b"2\r\n[]x\r\n0\r\n\r\n"):
            answer = self.raw(head + bad)
            assert answer[1] and status_of(answer[0]) in (400, 413), (bad, answer)
        body = json.dumps([self.plain.reading()]).encode()
        key = b"x-api-key: " + self.island.key.encode() + b"\r\n"
        half = len(body) // 2
        answer = self.raw(head.replace(b"Host", key + b"Connection: close\r\nHost") + b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (
            half, body[:half], len(body) - half, body[half:]))
        assert status_of(answer[0]) == 200 and b'"accepted":1' in answer[0], answer

    def check_smuggling_and_nonsense(self):
        for content in (b"\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
                        b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                        b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
                        b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked"
                        b"\r\n\r\n0\r\n\r\n"):
            answer = self.raw(content)
            assert not answer[0] or 400 <= status_of(answer[0]) < 506 and status_of(answer[0]) != 500, (content[:40], answer)

    def check_slow_clients(self):
        """Headers, or a body, a byte at a time: cut within the door's own limits; others are served meanwhile."""
        url = urlparse(self.island.peers[0]["http"])
        heads = (b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ",
                 b"POST /etms/readings HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n[")
        connections = [socket.create_connection((url.hostname, url.port)) for _ in range(60)]
        for i, connection in enumerate(connections):
            connection.sendall(heads[i % 2])
            connection.settimeout(0.2)
        open_ones, deadline = dict.fromkeys(connections), time.monotonic() + 30
        while open_ones and time.monotonic() < deadline:
            for connection in list(open_ones):
                try:
                    connection.sendall(b" ")
                except OSError:
                    open_ones.pop(connection)
            begin = time.monotonic()
            assert self.island.get(0, "/v1/status")[0] == 200 and time.monotonic() - begin < 5
            time.sleep(0.5)  # the slowness that this test is about
        for connection in connections:
            connection.close()
        assert not open_ones, f"{len(open_ones)} slow clients are still connected after 30 s"

    def check_pipelining(self):
        request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        answer = self.raw(request * 20 + request.replace(b"Host", b"Connection: close\r\nHost"))
        assert answer[0].count(b"HTTP/1.1 200") == 21, answer

    # Keys, paths, parameters.

    def check_api_keys(self):
        island = self.island
        for key in ("wrong", island.key + "x", "a" * 5000, "'; --"):
            for path in ("/v1/status", "/v1/participants"):
                code, answer = island.get(0, path, headers={"x-api-key": key})
                assert code == 401 and answer["error"]["code"] == "bad_api_key", (code, answer)
            code, answer = island.request(0, "POST", "/v1/meters", {"meter": "x", "owner": "Resident:R1"},
                                          {"x-api-key": key})
            assert code == 401, (code, answer)
        for path in ("/v1/meters", "/v1/participants", "/v1/transactions"):
            assert island.post(0, path, {"type": "Resident", "id": "R9"})[0] == 401, path
        assert island.get(0, "/livez", headers={"x-api-key": "wrong"})[0] == 200

    def check_paths_and_methods(self):
        for path in ("/v1", "/v1/", "/v1/status/", "/v1//status", "/etms", "/v1/blocks/1/2", "/v1/%2e%2e/status"):
            assert self.island.get(0, path)[0] == 404, path
        # Elsewhere the door speaks as the former server did: a key first, then "Cannot GET".
        for path in ("/nowhere", "/V1/STATUS", "/../etc/passwd", "/metrics"):
            assert self.island.get(0, path)[0] == 401, path
            assert self.island.get(0, path, headers={"x-api-key": self.island.key})[0] == 404, path
        for method, path in (("POST", "/v1/status"), ("DELETE", "/v1/participants"), ("PUT", "/v1/meters"),
                             ("PUT", "/etms/readings"), ("PATCH", "/v1/blocks"), ("BREW", "/livez")):
            code, answer = self.island.request(0, method, path, None)
            assert code == 405 and answer["error"]["code"] == "method_not_allowed", (method, path, code, answer)

    def check_openapi(self):
        """Every GET of the description, with sensible and with silly parameters: as described, never a 500."""
        island = self.island
        document = island.get(0, "/v1/openapi.json")[1]
        transaction = island.get(0, "/v1/blocks/1")[1]["transactions"][0]["id"]
        now = datetime.datetime.now(UTC)
        account = island.get(0, "/v1/accounts")[1]["items"][0]["id"]
        sensible = {"account": account, "height": "1", "id": transaction, "from": "1", "limit": "3", "owner": "Resident:R1",
                    "participant": "Resident:R1", "venue": "local", "type": "Resident", "meter": "plain"}
        silly = ("", "-1", "0", "99999999999999999999999", "1e9", "abc", "x" * 3000, "%00", "%ff%fe", "'", "Resident:",
                 ":", "Resident:" + "y" * 500, "9999999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9" * 18, "null",
                 "9223372036854775807", "253402300799999", "../../x")
        asked = 0
        for path, methods in document["paths"].items():
            if "get" not in methods or path == "/v1/events":
                continue
            described = {int(code) for code in methods["get"]["responses"]}
            if {} not in methods["get"]["security"]:  # a household's or the administrator's
                code, answer = island.get(1, path.replace("{start}", "2026-01-01T00:00:00Z"))
                assert code == 401 and 401 in described and answer["error"]["code"], (path, code, answer)
                continue
            parameters = methods["get"].get("parameters", [])
            values = dict(sensible)
            if "time" in path or path.startswith(("/v1/slots", "/v1/trades", "/v1/bills", "/v1/kpis")):
                values["from"] = text_of(now - datetime.timedelta(days=1))
                values["to"] = text_of(now)
            values["start"] = text_of(now.replace(minute=0, second=0) - datetime.timedelta(hours=2))
            query = "&".join(p["name"] + "=" + quote(values[p["name"]]) for p in parameters
                             if p["in"] == "query" and p["name"] in values)
            target = path
            for p in parameters:
                if p["in"] == "path":
                    target = target.replace("{" + p["name"] + "}", quote(values[p["name"]]))
            code, answer = island.get(1, target + ("?" + query if query else ""))
            allowed = (200,) if "start" not in path else (200, 404)
            if path.startswith(("/etms/", "/v1/exports/")) and code == 401:
                assert code in described, target  # an owner's, behind the log-in
                continue
            assert code in allowed and code in described, (target, query, code, answer)
            schema = methods["get"]["responses"]["200"].get("content", {}).get("application/json", {}).get("schema")
            if schema and code == 200:
                fits(answer, schema, document, target)
            for p in parameters:
                for value in silly:
                    if p["in"] == "path":
                        silly_target = path.replace("{" + p["name"] + "}", value or "x")
                    elif p["in"] == "query":
                        silly_target = target + "?" + p["name"] + "=" + value
                    else:
                        continue
                    code, answer = island.get(1, silly_target)
                    asked += 1
                    assert code in described | {400, 404} and code != 500, (silly_target[:80], code, answer)
                    if code != 200:
                        assert answer["error"]["code"] and answer["error"]["message"], (silly_target[:80], answer)
            if parameters:
                assert island.get(1, target + "?nonsense=1")[0] == 400, target
        assert asked > 200, asked

    def check_events(self):
        url = urlparse(self.island.peers[1]["http"])
        for last in (None, "0", "nonsense", "999999999.0", "-5", "1.0", "x" * 3000):
            request = urllib.request.Request(url.geturl() + "/v1/events", headers={"Last-Event-ID": last} if last else {})
            try:
                with urllib.request.urlopen(request, timeout=20) as response:
                    assert response.status == 200, last
                    if last == "0":
                        assert response.readline().strip(), "no event"
            except urllib.error.HTTPError as error:
                assert error.code == 400, (last, error.code)

    # Transactions.

    def submit(self, payload, key=None, peer=0):
        headers = {"x-api-key": self.island.key}
        if key:
            headers["Idempotency-Key"] = key
        return self.island.request(peer, "POST", "/v1/transactions", payload, headers)

    def check_insufficient_energy(self):
        for owner, asset, balance in (("Resident:R1", "EN", "1"), ("Resident:R2", "EN", "0"), ("Resident:R1", "CO", "0"),
                                      ("Resident:R2", "CO", "2")):
            code, answer = self.submit({"type": "ProvisionAsset", "owner": owner, "asset": asset, "balance": balance})
            assert code == 200, (code, answer)
        trade = {"type": "EnergyToCoins", "energy_rate": "0.5", "seller": "Resident:R1", "buyer": "Resident:R2"}
        for energy, text in (("1.000000001", "Insufficient energy in producer account"),
                             ("1000000000", "Insufficient energy in producer account")):
            code, answer = self.submit({**trade, "energy_kwh": energy})
            assert code == 422 and answer["error"]["receipt"]["message"] == text, (code, answer)
            assert answer["error"]["receipt"]["outcome"] == "rejected", answer
        code, answer = self.submit({**trade, "energy_kwh": "1", "energy_rate": "3"})
        assert code == 422 and answer["error"]["receipt"]["message"] == "Insufficient coins in consumer account", answer
        for energy in ("-1", "0", "9223372036.854775807", "9223372036.854775808", "1e400", "NaN", "", None, [], "0x1"):
            code, answer = self.submit({**trade, "energy_kwh": energy})
            assert code in (400, 422) and "applied" not in json.dumps(answer), (energy, code, answer)
        code, answer = self.submit({**trade, "energy_kwh": "1", "seller": "Resident:R2", "buyer": "Resident:R2"})
        assert code == 422, answer  # with oneself
        code, answer = self.submit({**trade, "energy_kwh": "1"})
        assert code == 200 and answer["receipt"]["outcome"] == "applied", (code, answer)
        balances = {}
        for owner in ("Resident:R1", "Resident:R2"):
            for item in self.island.get(0, "/v1/accounts?owner=" + owner)[1]["items"]:
                balances[(owner, item["asset"])] = item["balance"]
        assert sorted(balances.values()) == ["0", "0.5", "1", "1.5"], balances

    def check_same_idempotency_key(self):
        payload = {"type": "AddParticipant", "participant": {"type": "Resident", "id": "Twice"}}
        first = self.submit(payload, "key-1")
        assert first[0] == 200 and first[1]["receipt"]["outcome"] == "applied", first
        for peer in (0, 0, 1, 2, 3):  # also through another gateway, which signs with another key
            code, answer = self.submit(payload, "key-1", peer)
            assert code == 200 and answer["receipt"] == first[1]["receipt"], (peer, code, answer)
            assert answer["transaction"] == first[1]["transaction"] and answer["block"] == first[1]["block"], answer
        other = self.submit({"type": "AddParticipant", "participant": {"type": "Resident", "id": "Other"}}, "key-1")
        assert other[1]["receipt"] == first[1]["receipt"], other
        assert "Other" not in json.dumps(self.island.get(0, "/v1/participants")[1])
        rejected = self.submit(payload, "key-2")
        assert rejected[0] == 422 and self.submit(payload, "key-2")[1] == rejected[1], rejected
        for key in ("", " ", "a" * 65, "ä"):
            try:
                code, answer = self.island.request(0, "POST", "/v1/transactions", payload, {
                    "x-api-key": self.island.key, "Idempotency-Key": key.encode().decode("latin-1")})
            except UnicodeError:
                continue
            assert code == 400, (key, code, answer)

    def check_same_key_at_once(self):
        payload = {"type": "AddParticipant", "participant": {"type": "Resident", "id": "AtOnce"}}
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda i: self.submit(payload, "key-3", i % 4), range(12)))
        assert all(code == 200 for code, _ in answers), answers
        assert len({json.dumps(answer["receipt"]) for _, answer in answers}) == 1, answers

    def check_clumsy_transactions(self):
        for payload in ({"type": "Nothing"}, {"type": "ClockStep", "time": "2030-01-01T00:00:00Z"},
                        {"type": "AddParticipant"}, {"type": "AddParticipant", "participant": []},
                        {"type": "AddParticipant", "participant": {"type": "Resident", "id": ""}},
                        {"type": "AddParticipant", "participant": {"type": "Resident", "id": "x" * 200}},
                        {"type": "AddParticipant", "participant": {"type": "King", "id": "x"}},
                        {"type": "AddParticipant", "participant": {"type": "Resident", "id": "x", "more": 1}},
                        {"type": "Readings", "readings": []}, {"signed": ""}, {"signed": "AAAA"}, {"signed": 5},
                        {"signed": base64.b64encode(bytes(range(256)) * 8).decode()}):
            code, answer = self.submit(payload)
            assert code in (400, 401, 403, 422), (payload, code, answer)
            assert answer["error"]["code"] and answer["error"]["message"], answer

    def check_proof_and_certificate(self):
        code, answer = self.submit({"type": "AddParticipant", "participant": {"type": "Resident", "id": "Proven"}})
        assert code == 200, answer
        path = "/v1/transactions/" + answer["transaction"]
        for peer in range(4):
            found = wait_for(lambda: (lambda r: r[0] == 200 and r[1]["block"]["certificate"] and r[1])(
                self.island.get(peer, path)), 20, f"a certificate at peer {peer}")
            content = base64.b64decode(found["transaction"]["bytes"])
            assert hashlib.sha256(content).hexdigest() == answer["transaction"]
            for proof, item, root in ((found["proof"], content, "transactions_root"),
                                      (found["receipt_proof"], base64.b64decode(found["receipt_bytes"]),
                                       "receipts_root")):
                led_to = merkle.root_of(merkle.leaf(item), proof["index"], proof["size"],
                                        [bytes.fromhex(sibling) for sibling in proof["path"]])
                assert led_to and led_to.hex() == found["block"]["header"][root], (root, proof)
            header = bytes.fromhex(found["block"]["header_bytes"])
            assert hashlib.sha256(header).hexdigest() == found["block"]["hash"] or found["block"]["hash"] in \
                found["block"]["certificate"]["statement"], "the statement is about another block"
            self.verify(found["block"]["certificate"], found["block"]["hash"])

    def verify(self, certificate, block_hash):
        """At least three different members signed a statement that ends in this block's hash."""
        members = {m["peer"]: bytes.fromhex(m["consensus_key"]) for m in self.island.get(0, "/v1/genesis")[1]["members"]}
        statement = bytes.fromhex(certificate["statement"])
        assert bytes.fromhex(block_hash) in statement and self.genesis in statement
        signers = set()
        for endorsement in certificate["endorsements"]:
            assert ed25519.verify(members[endorsement["peer"]], statement, bytes.fromhex(endorsement["signature"]))
            signers.add(endorsement["peer"])
        assert len(signers) >= 3, signers

    def check_agreement(self):
        """All peers hold the same blocks, and the sums over all accounts are zero."""
        height = self.island.height()
        wait_for(lambda: all(s and s["height"] >= height for s in map(self.island.status, range(4))), 30, "one height")
        assert len({self.island.get(peer, f"/v1/blocks/{height}")[1]["hash"] for peer in range(4)}) == 1
        totals = self.island.get(0, "/v1/ledger/totals")[1]
        assert totals, totals

    # Observation.

    def check_probes(self):
        for peer in range(4):
            for path in ("/livez", "/healthz", "/readyz"):
                assert self.island.get(peer, path)[0] == 200, (peer, path)

    def check_metrics(self):
        content = urllib.request.urlopen(self.island.peers[0]["metrics"], timeout=10).read()
        assert b"powershare_settlement_blocks_total" in content
        values = dict(line.rsplit(" ", 1) for line in content.decode().splitlines() if not line.startswith("#"))
        blocks = float(next(v for k, v in values.items() if k.startswith("powershare_settlement_blocks_total")))
        assert blocks >= 6, blocks  # what the set-up alone makes
        wait_for(self.frames_counted, 20, "frames between peers in the metrics")
        if not shutil.which("promtool"):
            print("skipped, promtool is not there: metrics by promtool")
            return
        done = subprocess.run(["promtool", "check", "metrics"], input=content, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()[-2000:] + done.stdout.decode()[-2000:]

    def frames_counted(self):
        lines = urllib.request.urlopen(self.island.peers[0]["metrics"], timeout=10).read().decode().splitlines()
        counts = [float(line.rsplit(" ", 1)[1]) for line in lines
                  if line.startswith("powershare_transport_frames_total{")]
        return len(counts) == 2 and all(counts)


def receive(connection, seconds):
    """(bytes, whether the peer closed)"""
    content, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection.settimeout(max(deadline - time.monotonic(), 0.01))
        try:
            part = connection.recv(65536)
        except socket.timeout:
            return content, False
        except OSError:
            return content, True
        if not part:
            return content, True
        content += part
    return content, False


def status_of(answer):
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 2 and words[0].startswith(b"HTTP/") else 0


def fits(value, schema, document, where):
    """Whether a JSON value is as the schema says: types, properties, enums; as much as the description uses."""
    if "$ref" in schema:
        for name in schema["$ref"].split("/")[1:]:
            document_part = document if name == "components" else document_part
            document_part = document_part[name]
        schema = document_part
    for group in ("anyOf", "oneOf"):
        if group in schema:
            faults = []
            for one in schema[group]:
                try:
                    return fits(value, one, document, where)
                except AssertionError as fault:
                    faults.append(fault)
            raise AssertionError(where, group, faults)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
             "null": type(None)}
    kind = schema.get("type")
    if kind:
        named = kind if isinstance(kind, list) else [kind]
        assert any(isinstance(value, kinds[k]) for k in named), (where, named, value)
    assert "enum" not in schema or value in schema["enum"], (where, schema["enum"], value)
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            assert name in value, (where, "lacks", name)
            fits(value[name], part, document, where + "." + name)
        assert "properties" not in schema or set(value) <= set(schema["properties"]), (where, set(value))
    if isinstance(value, list) and "items" in schema:
        for item in value:
            fits(item, schema["items"], document, where + "[]")
    return None


def main():
    failed = []
    with Island(["--empty", "--slot", "1m"]) as island:
        door = Door(island)
        chosen = sys.argv[1:] or [name for name in dir(door) if name.startswith("check_")]
        for name in sorted(chosen, key=lambda n: (n in ("check_agreement", "check_metrics"), n)):
            begin = time.monotonic()
            try:
                getattr(door, name)()
                door.alive()
            except Exception:
                failed.append(name)
                print(f"FAILED {name}\n{traceback.format_exc()[-1500:]}", flush=True)
            else:
                print(f"ok {name} {time.monotonic() - begin:.1f} s", flush=True)
        assert not failed, failed
    return 0


if __name__ == "__main__":
    sys.exit(main())
