"""One list of abuse against a real peer's door: each has its exact answer, nothing of it has an effect, the peer lives on, and
its memory stays flat however often the list is repeated."""

import base64
import datetime
import json
import re
import socket
import struct
import sys
import time
import traceback
from urllib.parse import urlparse

import ed25519
from island import ROOT, Island, wait_for

KEY = "SECRET-KEY"
ROUNDS = 12
CLOSED = 0  # the peer closes without an answer
MIB = 1 << 20


def request(method, target, *headers, body=b"", host=b"Host: peer", length=True):
    """A request as bytes, for those that no HTTP library would send."""
    lines = [method.encode() + b" " + (target if isinstance(target, bytes) else target.encode()) + b" HTTP/1.1"]
    lines += [host] if host else []
    lines += [h if isinstance(h, bytes) else h.encode() for h in headers]
    if body and length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def api(method, target, body=b"", *headers, kind="application/json", key=KEY):
    more = ([f"x-api-key: {key}"] if key is not None else []) + ([f"Content-Type: {kind}"] if kind else [])
    return request(method, target, *more, *headers, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def oversized():
    yield "a body of a gigabyte, announced", 413, request("POST", "/etms/readings", "Content-Length: 1000000000")
    yield "a body for /api above 100 kB", 413, api("POST", "/api/Coins", b'{"a":"' + b"x" * (100 * 1024) + b'"}')
    yield "a body for /v1 above 256 KiB", 413, api("POST", "/v1/participants", b" " * (257 * 1024))
    yield "a length that no number holds", 400, request("POST", "/etms/readings", "Content-Length: 99999999999999999999999")
    yield "a header of 20 kB", 431, request("GET", "/v1/status", "X-Big: " + "x" * 20_000)
    yield "ten thousand headers", 431, request("GET", "/v1/status", *["a: b"] * 10_000)
    yield "a target of 20 kB", 414, request("GET", "/" + "a" * 20_000)
    yield "a query of 12 kB", 400, request("GET", "/v1/blocks?limit=" + "1" * 12_000)
    yield "an API key of 5 kB", 401, api("GET", "/api/Coins", key="k" * 5_000)
    yield "an Idempotency-Key of 65", 400, api("POST", "/api/CashFundingResident", {"cashValue": 1, "cashInc": "CA_R1"},
                                              "Idempotency-Key: " + "k" * 65)
    yield "an array of 101 items", 400, api("POST", "/api/Coins", b"[" + b",".join([b"{}"] * 101) + b"]")
    yield "a filter with 300 conditions", 400, api("GET", "/api/Coins?filter=" + quoted(
        {"where": {"or": [{"ownerID": str(i)} for i in range(300)]}}))


def malformed():
    for body in (b"{", b"[", b'"text"', b"5", b"null", b'{"a":1}{', b'{"a":"\\ud800"}', b"\xff\xfe{}", b"NaN", b"\x00"):
        yield f"/api with the body {body[:12]!r}", 400, api("POST", "/api/Coins", body)
        yield f"/v1 with the body {body[:12]!r}", 400, api("POST", "/v1/participants", body)
        yield f"/etms with the body {body[:12]!r}", 400, api("POST", "/etms/readings", body)
    for nested in (b"[" * 90_000, b'{"a":' * 18_000, b"[" * 45_000 + b"]" * 45_000):
        for path in ("/api/Coins", "/v1/transactions", "/etms/readings"):
            yield f"{path} with {nested[:5]!r} nested", 400, api("POST", path, nested)
    yield "a filter of nested ands", 400, api("GET", "/api/Coins?filter=" + "%7B%22where%22%3A" + "%7B%22and%22%3A%5B" * 400)
    yield "a number of 400 digits for a field", 422, api("POST", "/api/Coins", b'{"coinsID":1e400}')
    yield "brackets too deep", 400, api("GET", "/api/Coins?filter" + "%5Ba%5D" * 2_000 + "=1")
    yield "brackets that would be cut", 400, api("GET", "/api/Coins?filter%5Bwhere%5D" + "%5Band%5D%5B0%5D" * 8 + "%5Bvalue%5D%5Bgt%5D=1")
    yield "a form of 2,000 fields", 413, api("POST", "/api/Coins", b"&".join(b"a%d=1" % i for i in range(2_000)),
                                             kind="application/x-www-form-urlencoded")
    yield "a form of nested brackets", 400, api("POST", "/api/Coins", b"a" + b"[a]" * 20_000 + b"=1", kind="application/x-www-form-urlencoded")


def wrong_types():
    coins = {"coinsID": "CO_X", "value": 1, "ownerID": "X", "ownerEntity": "Resident"}
    for field, value, status in (("value", {}, 422), ("value", "x", 422), ("value", True, 422), ("value", "1e400", 422), ("value", -1, 500),
                                 ("ownerEntity", "Martian", 500), ("coinsID", "", 422), ("coinsID", "   ", 500), ("extra", 1, 500),
                                 ("coinsID", "x" * 200, 500), ("coinsID", "a\nb", 500)):
        yield f"{field} = {value!r:.20}", status, api("POST", "/api/Coins", {**coins, field: value})
    for body in ({"type": 7}, {"type": "King", "id": "x"}, {"type": "Resident", "id": []}, {"type": "Resident", "id": "x", "more": 1}, []):
        yield f"a participant {body!r:.30}", 400, api("POST", "/v1/participants", body)
    yield "a balance that overflows", 400, api("POST", "/v1/transactions", {"type": "ProvisionAsset", "owner": "Resident:R1", "asset": "CO",
                                                                             "balance": "99999999999999999999"})
    yield "another charset", 415, api("POST", "/api/Coins", b"{}", kind="application/json; charset=iso-8859-1")
    yield "another type, so no fields", 422, api("POST", "/api/Coins", coins, kind="text/xml")
    yield "no type, so no fields", 422, api("POST", "/api/Coins", coins, kind=None)
    yield "a client that wants XML", 406, api("GET", "/api/Coins", b"", "Accept: application/xml")


def paths():
    for target, status in (("/v1/%2e%2e/%2e%2e/etc/passwd", 404), ("/%2e%2e/%2e%2e/etc/passwd", 401), ("/../../etc/passwd", 401),
                           ("/api/%2e%2e/v1/status", 404), ("/api/..%2f..%2fv1/status", 404), ("/api/Coins/%252e%252e", 404),
                           ("/api/Coins/..%5c..", 404), ("/v1/status%00", 400), ("/api/Coins/%00", 400), ("/v1/%ff%fe", 404),
                           ("/api/Coins/%E0%A4%A", 400), ("/v1/status;x=1", 404), ("/v1/status%2f", 404), ("//v1//status", 404),
                           ("/v1/blocks/1%0d%0aX-Evil:%201", 400), ("/explorer/..%2f..%2fetc%2fpasswd", 404), ("/V1/status", 401),
                           ("/explorer/%2e%2e/%2e%2e/data", 404), ("v1/status", 400), ("/v1/status#x", 400), ("/v1/\x01status", 400)):
        own = "/api" in target
        yield f"the path {target!r}", status, api("GET", target, key=KEY if own else None)


def headers():
    one = b'{"cashValue":1,"cashInc":"CA_R1"}'
    fund = ("POST", "/api/CashFundingResident")
    yield "no Host", 400, request("GET", "/v1/status", host=None)
    yield "two Hosts", 400, request("GET", "/v1/status", "Host: other")
    for bad in (b"a b", b"a/b", b"a@b", b"a,b", b"\xff", b"a?b"):
        yield f"Host {bad!r}", 400, request("GET", "/v1/status", host=b"Host: " + bad)
    yield "two lengths", 400, request(*fund, f"x-api-key: {KEY}", "Content-Length: 33", "Content-Length: 5", body=one, length=False)
    yield "a list of lengths", 400, request(*fund, f"x-api-key: {KEY}", "Content-Length: 33, 5", body=one, length=False)
    for bad in ("-1", "+33", "0x21", "33x", "", "3 3"):
        yield f"the length {bad!r}", 400, request(*fund, f"x-api-key: {KEY}", "Content-Length: " + bad, body=one, length=False)
    hidden = b"0\r\n\r\n" + request(*fund, f"x-api-key: {KEY}", "Content-Type: application/json", body=one)
    yield "length and chunks", 400, request("POST", "/api/Coins", f"x-api-key: {KEY}", "Content-Length: %d" % len(hidden),
                                            "Transfer-Encoding: chunked", body=hidden, length=False)
    for coding in ("chunked, identity", "identity", "xchunked", "gzip, chunked"):
        yield f"the coding {coding!r}", 501, request("POST", "/api/Coins", f"x-api-key: {KEY}", "Transfer-Encoding: " + coding,
                                                     body=hidden, length=False)
    yield "two codings", 400, request("POST", "/api/Coins", "Transfer-Encoding: chunked", "Transfer-Encoding: identity", body=hidden,
                                      length=False)
    yield "a blank before the colon", 400, request("POST", "/api/Coins", "Transfer-Encoding : chunked", body=hidden, length=False)
    yield "a folded header, unfolded", 200, request("GET", "/v1/status", "X-A: b\r\n c: d")
    yield "a bare line feed", 505, b"GET /v1/status HTTP/1.1\nHost: x\n\n"
    yield "a bare carriage return", 400, request("GET", "/v1/status", "X-A: b\rX-B: c")
    yield "a NUL in a header", 400, request("GET", "/v1/status", "X-A: b\0c")
    yield "chunks without a size", 400, request("POST", "/etms/readings", "Transfer-Encoding: chunked", body=b"zz\r\n[]\r\n0\r\n\r\n",
                                                length=False)
    yield "a chunk of 2^70", 400, request("POST", "/etms/readings", "Transfer-Encoding: chunked", body=b"fffffffffffffffffff\r\n",
                                          length=False)
    yield "another expectation", 417, request("POST", "/etms/readings", "Expect: miracles", body=b"[]")
    yield "HTTP/9.9", 505, b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"
    yield "TLS", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"
    yield "no method", 400, b" / HTTP/1.1\r\nHost: x\r\n\r\n"


def keys(document):
    for key in ("wrong", KEY.lower(), KEY + " x", "", "Bearer " + KEY):
        yield f"the key {key!r}", 401, api("GET", "/api/Coins", key=key)
    yield "no key", 401, api("GET", "/api/Coins", key=None)
    yield "a stranger's malformed body", 401, api("POST", "/api/Coins", b"{", key="wrong")
    yield "the key as a parameter", 401, api("GET", "/api/Coins?x-api-key=" + KEY, key=None)
    yield "the key as a bearer token", 401, api("GET", "/api/Coins", b"", f"Authorization: Bearer {KEY}", key=None)
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    tokens = ("x", "", "." * 3, none + ".e30.", none + "." + base64.urlsafe_b64encode(b'{"sub":"Resident:R1","exp":9999999999}').decode() + ".",
              "A" * 300, "ä", base64.b64encode(bytes(96)).decode(), "v1." + "0" * 128, KEY)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not any("bearer" in way for way in operation["security"]):
                continue
            target = re.sub(r"\{[^}]+\}", "x", path)
            for token in tokens:
                yield f"{method} {path} with the token {token[:16]!r}", 401, request(
                    method.upper(), target, "Content-Type: application/json", f"Authorization: Bearer {token}".encode(), body=b"{}")


# Transactions that somebody else signs: the bytes of protocol/transaction.proto, by hand.

def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def funding(genesis, seed, key, seconds=600, statement=b"powershare/transaction/1", signer=None, principal=b"administrator"):
    """CashFundingResident of 1 EUR to R1, signed."""
    resident = b"\x08\x01" + field(2, b"R1")
    payload = b"\x09" + struct.pack("<q", 10**9) + field(2, b"EUR") + field(3, resident)
    expires = int((time.time() + seconds) * 1000)
    body = field(1, genesis) + field(2, principal) + field(3, key) + b"\x21" + struct.pack("<q", expires) + field(29, payload)
    signature = ed25519.sign(seed, statement + genesis + body)
    return field(1, body) + field(2, signer or ed25519.public_key(seed)) + field(3, signature)


def signed(transaction):
    return api("POST", "/v1/transactions", {"signed": base64.b64encode(transaction).decode()}, key=None)


def transactions(genesis, seed):
    good = funding(genesis, seed, b"abuse")
    yield "a signed transaction, the first time", 200, signed(good)
    for again in range(2):
        yield f"the same, replayed {again + 1}", 200, signed(good)
    stranger = bytes(range(32))
    yield "another chain's", 400, signed(funding(bytes(32), seed, b"other-1"))
    yield "another chain's signature on ours", 400, signed(field(1, bodies(good)[0]) + field(2, bodies(good)[1]) + field(
        3, ed25519.sign(seed, b"powershare/transaction/1" + bytes(32) + bodies(good)[0])))
    yield "a reading's signature", 400, signed(funding(genesis, seed, b"other-2", statement=b"powershare/reading/1"))
    yield "an expired one", 400, signed(funding(genesis, seed, b"other-3", seconds=-60))
    yield "one that never expires", 400, signed(funding(genesis, seed, b"other-4", seconds=10**7))
    yield "a stranger's", 400, signed(funding(genesis, stranger, b"other-5"))
    yield "a stranger's under our key", 400, signed(funding(genesis, stranger, b"other-6", signer=ed25519.public_key(seed)))
    yield "one with a byte too many", 400, signed(good + b"\0")
    yield "one with another body", 400, signed(good.replace(b"abuse", b"abusE"))
    yield "one without a key", 400, signed(funding(genesis, seed, b""))
    yield "no transaction", 400, signed(b"\0" * 100)


def bodies(transaction):
    """body, public key of a SignedTransaction."""
    parts, at = [], 0
    while at < len(transaction):
        at += 1
        length = shift = 0
        while True:
            length |= (transaction[at] & 0x7F) << shift
            shift += 7
            at += 1
            if transaction[at - 1] < 0x80:
                break
        parts.append(transaction[at:at + length])
        at += length
    return parts[0], parts[1]


def quoted(value):
    from urllib.parse import quote
    return quote(json.dumps(value))


class Victim:
    def __init__(self, island):
        self.island = island
        url = urlparse(island.peers[0]["http"])
        self.address = (url.hostname, url.port)
        for path, body in (("/Cash", {"cashID": "CA_R1", "currency": "EUR", "value": 0, "ownerID": "R1", "ownerEntity": "Resident"}),
                           ("/Resident", {"residentID": "R1", "firstName": "F", "lastName": "L", "email": "e", "coins": "CO_R1",
                                          "cash": "CA_R1", "energy": "EN_R1"})):
            code, answer = island.request(0, "POST", "/api" + path, body, {"x-api-key": KEY})
            assert code == 200, (path, code, answer)
        self.genesis = bytes.fromhex(island.get(0, "/v1/blocks/1")[1]["header"]["genesis"])
        self.seed = bytes.fromhex((island.chain_folder / "administrator.key").read_text().strip())
        self.document = island.get(0, "/v1/openapi.json")[1]

    def answers(self, content):
        """All statuses until the peer closes, or the first complete answer is there; and the text."""
        with socket.create_connection(self.address, timeout=20) as connection:
            try:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were still sending: the answer may be there
            received = b""
            while True:
                try:
                    part = connection.recv(65536)
                except ConnectionError:
                    break
                if not part:
                    break
                received += part
        return [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d{3})", received)], received

    def run(self, cases):
        """Sends each; gives what was answered otherwise than the list says."""
        wrong, count = [], 0
        for name, status, content in cases:
            statuses, text = self.answers(content)
            count += 1
            if statuses != ([status] if status != CLOSED else []):
                wrong.append(f"{name}: {statuses}, not {status}: {text[:300]!r}")
            if b"Evil" in text.split(b"\r\n\r\n")[0]:
                wrong.append(f"{name}: a header of the attacker's in {text[:300]!r}")
            for secret in (KEY.encode(), str(ROOT).encode(), b".cpp", b"std::", b"stack"):
                if secret in text.replace(content, b"") and secret not in content:
                    wrong.append(f"{name}: {secret!r} in the answer {text[:300]!r}")
        return wrong, count

    def cash(self):
        return self.island.request(0, "GET", "/api/Cash/CA_R1", headers={"x-api-key": KEY})[1]["value"]

    def resident_bytes(self):
        status = open(f"/proc/{self.island.pid(0)}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def abuses(self):
        for part in (oversized, malformed, wrong_types, paths, headers):
            yield from part()
        yield from keys(self.document)

    # Checks.

    def check_list(self):
        """each abuse has its exact answer and no effect"""
        before = self.island.height()
        wrong, count = self.run(self.abuses())
        assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
        assert count > 150, count
        assert self.cash() == 0, "an abuse had an effect"
        assert self.island.get(0, "/livez")[0] == 200
        print(f"{count} abuses, {self.island.height() - before} blocks of them")

    def check_transactions(self):
        """a signed transaction counts once, and none that another chain, time or key is on"""
        before = self.cash()
        wrong, _ = self.run(transactions(self.genesis, self.seed))
        assert not wrong, "\n".join(wrong)
        assert self.cash() == before + 1, self.cash()

    def check_expired_key(self):
        """an API key opens until it expires or is revoked, and not after"""
        key, digest = "short-lived", __import__("hashlib").sha256(b"short-lived").hexdigest()
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        payload = {"type": "AddApiKey", "hash": digest, "role": "auditor", "label": "short", "expires": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
        code, answer = self.island.request(0, "POST", "/v1/transactions", payload, {"x-api-key": KEY})
        assert code == 200, answer
        status = lambda path: self.island.request(1, "GET", path, headers={"x-api-key": key})[0]
        wait_for(lambda: status("/v1/participants") == 200, 10, "the key known at another peer")

        def expired():
            # The ledger's time is that of its blocks.
            self.island.request(0, "POST", "/api/CashFundingResident", {"cashValue": 1, "cashInc": "CA_R1"}, {"x-api-key": KEY})
            return status("/v1/participants") == 401
        wait_for(expired, 20, "the key expired")
        assert status("/api/Coins") == 401

    def check_memory(self):
        """the peer's memory stays flat over many rounds of it"""
        cases = list(self.abuses())
        self.run(cases)
        before, sizes = self.resident_bytes(), []
        for _ in range(ROUNDS):
            self.run(cases)
            sizes.append(self.resident_bytes())
        sent = ROUNDS * sum(len(content) for _, _, content in cases)
        print(f"{sent // MIB} MiB of abuse; resident {before // MIB} MiB before, {[size // MIB for size in sizes]} MiB after each round")
        # Less than an eighth of what was sent may stay, and the second half adds next to nothing.
        assert sizes[-1] - before < max(16 * MIB, sent // 8), (before, sizes)
        assert sizes[-1] - sizes[ROUNDS // 2] < 8 * MIB, (before, sizes)


def main():
    failed = []
    with Island(["--empty", "--api-key", KEY]) as island:
        victim = Victim(island)
        for name in sys.argv[1:] or ("list", "transactions", "expired_key", "memory"):
            check = getattr(victim, "check_" + name)
            try:
                check()
                print(f"ok: {check.__doc__}", flush=True)
            except Exception:
                failed.append(name)
                print(f"FAILED: {check.__doc__}\n{traceback.format_exc()[-12000:]}", flush=True)
        assert all(island.ready(peer) for peer in range(4)), "a peer does not live"
    assert not failed, failed


if __name__ == "__main__":
    main()
