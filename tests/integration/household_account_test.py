"""A household of the built-in neighbourhood from its invitation to its end: each step at another peer, its news by mail and webhook
from one peer only, whoever is gone."""

import base64
import datetime
import decimal
import email
import hashlib
import hmac
import http.client
import http.server
import json
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse
import zlib

from island import Island, wait_for

LOGIN = {"login": "ana@example.org", "password": "correct horse battery"}


class Hook(http.server.ThreadingHTTPServer):
    """Takes webhooks, and first refuses as many as it is told."""

    def __init__(self):
        self.got, self.refuse = [], 0
        super().__init__(("127.0.0.1", 0), type("Handler", (http.server.BaseHTTPRequestHandler,), {
            "do_POST": lambda handler: self.take(handler), "log_message": lambda *_: None}))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        # The first of the approvals: which news comes first is the peers' affair.
        refused = self.refuse > 0 and json.loads(body)["news"]["kind"] == "cash_request_approved"
        self.refuse -= refused
        self.got.append((refused, dict(handler.headers), body))
        handler.send_response(500 if refused else 204)
        handler.end_headers()

    def news(self, kind):
        return [body for refused, _, body in self.got if not refused and json.loads(body)["news"]["kind"] == kind]


class Relay(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs that logs in by AUTH PLAIN."""
    daemon_threads = True

    def __init__(self):
        self.mails, self.logins = [], []
        super().__init__(("127.0.0.1", 0), type("Session", (socketserver.StreamRequestHandler,), {
            "handle": lambda session: self.talk(session)}))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def talk(self, session):
        say = lambda line: session.wfile.write(line.encode() + b"\r\n")
        say("220 relay")
        to = None
        for line in session.rfile:
            word = line.decode().strip()
            if word.startswith("EHLO"):
                session.wfile.write(b"250-relay\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH PLAIN":
                say("334 ")
                self.logins.append(base64.b64decode(session.rfile.readline()))
                say("235 welcome")
            elif word.startswith("RCPT"):
                to = word
                say("250 good")
            elif word == "DATA":
                say("354 go on")
                lines = []
                while (one := session.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(one)
                self.mails.append((to, b"".join(lines)))
                say("250 taken")
            elif word == "QUIT":
                return say("221 bye")
            else:
                say("250 good")


class Walk:
    def __init__(self, island):
        self.island, self.hook, self.relay = island, Hook(), Relay()
        self.turn = 0

    # Asking, each time at the next peer.

    def ask(self, method, path, body=None, token=None, admin=False, peer=None):
        headers = {"x-api-key": self.island.key} if admin else {"Authorization": "Bearer " + token} if token else {}
        if peer is None:
            self.turn = (self.turn + 1) % 4
            peer = self.turn
        for _ in range(100):
            code, answer = self.island.request(peer, method, path, body, headers)
            if code != 503 or answer["error"]["code"] != "behind":
                return code, answer
            wait_for(lambda: self.island.status(peer)["height"] >= self.island.height(), 20, "the peer to catch up")
        raise AssertionError((peer, method, path))

    def must(self, method, path, body=None, status=200, **more):
        code, answer = self.ask(method, path, body, **more)
        assert code == status, (self.turn, method, path, body, code, str(answer)[:600])
        return answer

    def own(self, method, path, body=None, **more):
        return self.must(method, path, body, token=self.token, **more)

    def everywhere(self, answer):
        height = answer["block"]["height"]
        for peer in range(4):
            wait_for(lambda: (self.island.status(peer) or {"height": -1})["height"] >= height, 30, f"height {height} at {peer}")
        return answer

    # The walk.

    def configure(self):
        """each peer learns of a relay and may call this machine, and is started anew"""
        password = self.island.folder / "password"
        password.write_text("a password\n")
        password.chmod(0o600)
        settings = {"private_webhooks": True, "mail": {"relay": f"smtp://127.0.0.1:{self.relay.server_address[1]}", "user": "island",
                                                       "from": "island@example.org", "password_file": str(password), "require_tls": False}}
        for peer in range(4):
            with open(self.island.peers[peer]["config"], "a") as file:
                file.write("notifications: " + json.dumps(settings) + "\n")
            self.island.kill(peer)
            self.island.restart(peer)
            wait_for(lambda: self.island.ready(peer), 60, f"peer {peer} ready")

    def sign_up(self):
        """a home that has traded is invited, accepts, and logs in"""
        trade = wait_for(lambda: self.ask("GET", "/v1/trades?venue=local&limit=1", admin=True)[1]["items"], 120, "a trade")[0]
        self.who = trade["buyer"]
        code = self.everywhere(self.must("POST", "/v1/invitations", {"participant": self.who}, admin=True))["code"]
        self.everywhere(self.must("POST", "/etms/accept", {"code": code, **LOGIN}))
        self.token = self.must("POST", "/etms/login", LOGIN)["token"]
        me = self.own("GET", "/etms/me")
        assert me["participant"] == self.who and not me["has_picture"], me

    def picture(self):
        """a picture taken at one peer is shown by all, and nobody else sees it unless the home shows its name"""
        self.everywhere(self.own("PUT", "/etms/me/picture", png(300, 20)))
        for peer in range(4):
            wait_for(lambda: self.ask("GET", "/etms/me/picture", token=self.token, peer=peer)[0] == 200, 20, f"the picture at {peer}")
        assert self.shown(2).startswith(b"\xff\xd8\xff"), "no JPEG"
        assert self.own("PUT", "/etms/me/picture", b"no picture", status=400)["error"]["code"] == "bad_parameter"

    def shown(self, peer):
        return self.file("/etms/me/picture", peer, "image/jpeg")

    def file(self, path, peer, kind="application/pdf"):
        address = urllib.parse.urlparse(self.island.peers[peer]["http"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        connection.request("GET", path, headers={"Authorization": "Bearer " + self.token})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"] == kind, (path, answer.status)
        return answer.read()

    def set_delivery(self):
        """the household says where its news go"""
        self.everywhere(self.own("PATCH", "/etms/me", {"first_name": "Ana", "email": "ana@example.org"}))
        self.everywhere(self.own("PUT", "/etms/delivery", {
            "mail": True, "webhook": f"http://127.0.0.1:{self.hook.server_address[1]}/hook", "kinds": ["cash_request_approved", "cash_request_refused"]}))
        self.secret = self.own("GET", "/etms/delivery")["webhook_secret"]
        assert self.own("GET", "/etms/me")["has_picture"], "the picture is gone with the change of another thing"

    def cash(self):
        """cash is paid in, refused and taken back; coins are bought and sold; each is told once, signed, by mail and webhook"""
        before = self.own("GET", "/etms/wallet")
        request = self.everywhere(self.own("POST", "/etms/wallet/fund", {"cash": 20}))["transaction"]
        assert request in str(self.must("GET", "/v1/cash-requests", admin=True)), "the desk does not show it"
        self.hook.refuse = 1
        self.everywhere(self.must("POST", f"/v1/cash-requests/{request}", {"approved": True}, admin=True))
        after = self.own("GET", "/etms/wallet")
        assert cash_of(after) - cash_of(before) == 20, (before, after)
        refused = self.everywhere(self.own("POST", "/etms/wallet/withdraw", {"cash": 5}))["transaction"]
        self.everywhere(self.must("POST", f"/v1/cash-requests/{refused}", {"approved": False}, admin=True))
        back = self.everywhere(self.own("POST", "/etms/wallet/withdraw", {"cash": 1}))["transaction"]
        self.everywhere(self.own("DELETE", f"/etms/wallet/requests/{back}"))
        assert cash_of(self.own("GET", "/etms/wallet")) == cash_of(after)
        wait_for(lambda: self.hook.news("cash_request_refused"), 180, "the webhook")
        wait_for(lambda: len(self.relay.mails) >= 2, 60, "the mails")
        self.told()

    def told(self):
        assert len(self.hook.news("cash_request_refused")) == 1 and len(self.relay.mails) == 2, (self.hook.got, self.relay.mails)
        for _, headers, body in self.hook.got:
            stamp = headers["X-PowerShare-Timestamp"]
            wanted = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
            assert headers["X-PowerShare-Signature"] == "sha256=" + wanted, headers
            assert json.loads(body)["participant"] == self.who and headers["X-PowerShare-Delivery"] == json.loads(body)["delivery"]
        to, text = self.relay.mails[0]
        mail = email.message_from_bytes(text)
        assert to == "RCPT TO:<ana@example.org>" and mail["Subject"].startswith("Power Share: ") and mail["Message-ID"], text
        assert "pedido de dinheiro" in mail.get_payload(decode=True).decode(), text
        assert set(self.relay.logins) == {b"\0island\0a password"}, self.relay.logins
        # What failed once is seen by the household at every peer, and tried again.
        for peer in range(4):
            last = wait_for(lambda: self.ask("GET", "/etms/delivery", token=self.token, peer=peer)[1]["last"], 20, f"outcomes at {peer}")
            assert {one["way"] for one in last} <= {"mail", "webhook"}, last

    def trade(self):
        """criteria, an order and its end; own trades, history, bills and ranking"""
        self.everywhere(self.own("PUT", "/etms/criteria", {"buy": {"enabled": True, "price_coins_per_kwh": 0.15}, "sell": {"enabled": True}}))
        assert self.own("GET", "/etms/criteria")["set"], "criteria are not set"
        time = self.must("GET", "/v1/parameters")["island_time"]
        slot = datetime.datetime.fromisoformat(time[:19]).replace(minute=0, second=0) + datetime.timedelta(hours=6)
        order = self.everywhere(self.own("POST", "/etms/orders", {
            "side": "buy", "first_slot": slot.strftime("%Y-%m-%dT%H:%M:%SZ"), "energy_kwh": 0.01, "limit_coins_per_kwh": 0.14}))["order"]
        assert order in str(self.own("GET", "/etms/orders")), order
        self.everywhere(self.own("DELETE", f"/etms/orders/{order}"))
        assert order not in str(self.own("GET", "/etms/orders")), order
        trades = self.own("GET", "/etms/trades")["items"]
        assert trades, "no trades"
        history = self.own("GET", "/etms/history?period=week")
        assert history["total"]["consumption_kwh"] > 0, history["total"]
        self.bill()
        for path in ("/etms/ranking", "/etms/flow", "/etms/slot", "/etms/wallet/statement", "/etms/neighbours", "/etms/bills"):
            self.own("GET", path)

    def bill(self):
        """a bill is the same at two peers, as page and as data, and its numbers lead to slots and reasons"""
        month = self.must("GET", "/v1/parameters")["island_time"][:7]
        path, end = f"/etms/bills?month={month}", time.monotonic() + 300
        while True:  # between two slots: while one is settled the peers' bills differ for a moment
            bills = [self.own("GET", path, peer=peer) for peer in (0, 1, 0)]
            pages = [self.file(f"{path}&format=pdf&language=en", peer) for peer in (0, 1)]
            bills += [self.own("GET", path, peer=peer) for peer in (0, 1)]
            if all(one["proof"] == bills[0]["proof"] for one in bills):
                break
            assert time.monotonic() < end, "the peers' bills do not come to rest"
        assert pages[0] == pages[1] and pages[0].startswith(b"%PDF-"), "the page differs from peer to peer"
        self.page(pages[0], bills[0])
        portuguese = self.text_of(self.file(f"{path}&format=pdf&language=pt", 2))
        assert "Extrato de energia" in portuguese and "não é uma fatura fiscal" in portuguese, portuguese
        slot = self.reasons(month)
        why = self.own("GET", f"/etms/slots/{slot}/why")
        assert why["rule"] == "pay_as_clear" and why["book"]["own_orders"] and why["trades"], why

    def reasons(self, month):
        why = self.own("GET", f"/etms/bills/{month}/why?line=bought&limit=1000")
        assert why["items"] and abs(sum(one["energy_kwh"] for one in why["items"]) - why["energy_kwh"]) < 1e-6, why
        return why["items"][0]["slot"]

    def page(self, page, bill):
        """qpdf finds no fault in it, and it says what the data says"""
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(page)
            file.flush()
            subprocess.run(["qpdf", "--check", file.name], check=True, stdout=subprocess.DEVNULL)
            fonts = subprocess.run(["pdffonts", file.name], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
        assert fonts and all("DejaVuSans" in font and font.split()[-5] == "yes" for font in fonts), fonts
        text = self.text_of(page)
        assert self.who in text and bill["proof"]["block"] in text and "not a tax invoice" in text, text
        for amount in [line["amount_coins"] for line in bill["lines"]] + [bill[name] for name in (
                "cost_coins", "savings_coins", "cost_without_market_coins", "opening_coins", "closing_coins")]:
            cents = decimal.Decimal(str(amount)).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_EVEN)
            shown = abs(cents) if amount in (bill["cost_coins"], bill["savings_coins"]) else cents + 0
            assert f"{shown:.2f}" in text, (amount, shown, text)
        for line in filter(lambda line: line["energy_kwh"] is not None, bill["lines"]):
            assert f"{decimal.Decimal(str(line['energy_kwh'])):.3f}" in text, (line, text)

    def text_of(self, page):
        return subprocess.run(["pdftotext", "-layout", "-", "-"], input=page, check=True, capture_output=True).stdout.decode()

    def take_away(self):
        """all that is kept of the household, and nothing of others"""
        export = self.own("GET", "/etms/export")
        assert export["participant"] == self.who and export["profile"]["first_name"] == "Ana" and export["profile"]["picture"], export["profile"]
        assert export["slots"] and export["movements"] and export["notifications"], [name for name, value in export.items() if not value]
        assert "<feed" in self.own("GET", "/etms/export/green-button?period=day")
        kinds = [item["kind"] for item in self.own("GET", "/etms/notifications")["items"]]
        assert {"cash_request_approved", "cash_request_refused", "log_in"} <= set(kinds), kinds

    def count(self):
        """screens and faults are counted at the peer that is told, without who says so"""
        self.own("POST", "/etms/usage", {"screens": ["home", "home"], "errors": ["TypeError: ana@example.org"]}, peer=1)
        usage = self.must("GET", "/v1/usage", admin=True, peer=1)
        assert usage["days"][0]["screens"] == {"home": 2} and self.who not in str(usage) and "ana" not in str(usage), usage

    def end_with_token(self):
        """the household's own events come from any peer, and end when it logs out"""
        address = urllib.parse.urlparse(self.island.peers[3]["http"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        connection.request("GET", "/etms/events", headers={"Authorization": "Bearer " + self.token, "Last-Event-ID": "1.0"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read(4) == b"id: ", answer.status
        self.everywhere(self.own("POST", "/etms/logout", peer=0))
        answer.read()  # to the end, which comes by itself
        connection.close()

    def survive(self):
        """with one peer gone the others deliver what it would have delivered"""
        self.token = self.must("POST", "/etms/login", LOGIN)["token"]
        self.island.kill(2)
        self.turn = 0
        told = len(self.relay.mails)
        for number in range(4):
            request = self.own("POST", "/etms/wallet/fund", {"cash": 1}, peer=number % 2)["transaction"]
            wait_for(lambda: request in str(self.must("GET", "/v1/cash-requests", admin=True, peer=3)), 30, "the request at peer 3")
            self.must("POST", f"/v1/cash-requests/{request}", {"approved": True}, admin=True, peer=3)
        wait_for(lambda: len(self.relay.mails) >= told + 4, 60, "four more mails")
        assert len({email.message_from_bytes(text)["Message-ID"] for _, text in self.relay.mails}) == told + 4, "the same mail twice"

    def erase(self):
        """after the end of the household no peer has its names, picture or addresses"""
        self.must("POST", "/v1/transactions", {"type": "DeleteParticipant", "participant": self.who}, admin=True, peer=1)
        wait_for(lambda: self.ask("GET", "/etms/me", token=self.token, peer=1)[0] == 401, 60, "the end of its session")
        for peer in (0, 1, 3):
            folder = self.island.data(peer) / "people"
            wait_for(lambda: not any(b"ana@example.org" in file.read_bytes() for file in folder.iterdir()), 60, f"nothing left at {peer}")


def cash_of(wallet):
    return sum(one["amount"] for one in wallet["cash"])


def png(width, height):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(width * 3)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    with Island() as island:
        walk = Walk(island)
        for step in (walk.configure, walk.sign_up, walk.picture, walk.set_delivery, walk.cash, walk.trade, walk.take_away, walk.count,
                     walk.end_with_token, walk.survive, walk.erase):
            step()
            print(f"ok: {step.__doc__}", flush=True)


if __name__ == "__main__":
    main()
