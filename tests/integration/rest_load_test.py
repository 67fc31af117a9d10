"""Thousands of REST transactions from 32 connections while a peer is killed -9 and comes back: each is answered, each is in the
ledger once, none is lost; and two debits of one account at the same time never overspend it."""

import collections
import concurrent.futures
import http.client
import json
import threading
from urllib.parse import urlparse

from island import LONG, Island, wait_for

KEY = "SECRET-KEY"
CONNECTIONS = 32
COUNT = 10_000 if LONG else 2_000
RESIDENTS = 8
MAX_TRIES = 400  # each waits for an answer or a refusal; far more than one outage needs


class Client:
    """One connection, kept alive, that goes to the next peer when its own fails or has no time."""

    def __init__(self, island, peer):
        self.addresses = [urlparse(one["http"]).netloc for one in island.peers]
        self.peer, self.connection, self.repeats = peer, None, 0

    def once(self, method, path, body=None, headers=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.addresses[self.peer], timeout=20)
        self.connection.request(method, "/api" + path, body and json.dumps(body),
                                {"x-api-key": KEY, "Content-Type": "application/json", **(headers or {})})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def move(self):
        if self.connection:
            self.connection.close()
        self.connection, self.peer = None, (self.peer + 1) % len(self.addresses)
        self.repeats += 1

    def insist(self, path, body, key):
        """Until some peer answers for the transaction itself; always with the same Idempotency-Key."""
        for _ in range(MAX_TRIES):
            try:
                status, answer = self.once("POST", path, body, {"Idempotency-Key": key})
            except (OSError, http.client.HTTPException):
                self.move()
                continue
            if status not in (429, 503):
                return status, answer
            self.move()
        raise AssertionError(f"no answer to {path} {key}")


def must(client, path, body):
    status, answer = client.once("POST", path, body)
    assert status == 200, (path, body, status, answer)
    return answer


def set_up(client):
    for i in range(RESIDENTS):
        must(client, "/Cash", {"cashID": f"CA_R{i}", "currency": "EUR", "value": 0, "ownerID": f"R{i}", "ownerEntity": "Resident"})
        must(client, "/Coins", {"coinsID": f"CO_R{i}", "value": COUNT, "ownerID": f"R{i}", "ownerEntity": "Resident"})
        must(client, "/Energy", {"energyID": f"EN_R{i}", "units": "kwH", "value": COUNT, "ownerID": f"R{i}", "ownerEntity": "Resident"})
        must(client, "/Resident", {"residentID": f"R{i}", "firstName": "F", "lastName": "L", "email": "e", "coins": f"CO_R{i}",
                                   "cash": f"CA_R{i}", "energy": f"EN_R{i}"})


def transaction(number):
    """Every other one funds, the rest trade, between pairs that share accounts."""
    seller, buyer = number % RESIDENTS, (number + 1) % RESIDENTS
    if number % 2:
        return "/CashFundingResident", {"cashValue": 1, "cashInc": f"CA_R{seller}"}
    return "/EnergyToCoins", {"energyRate": 0.5, "energyValue": 0.25, "coinsInc": f"CO_R{seller}", "coinsDec": f"CO_R{buyer}",
                              "energyInc": f"EN_R{buyer}", "energyDec": f"EN_R{seller}"}


def load(island):
    """each of the transactions is answered and stands in the ledger once, at every peer"""
    answered, lock, victim = {}, threading.Lock(), 2
    done = threading.Condition(lock)
    numbers = iter(range(COUNT))

    def run(index):
        client = Client(island, index % 4)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return client.repeats
            path, body = transaction(number)
            status, answer = client.insist(path, body, f"load-{number}")
            assert status == 200, (path, body, status, answer)
            with done:
                answered[number] = (path, answer["transactionId"])
                done.notify_all()

    def crash():
        with done:
            assert done.wait_for(lambda: len(answered) >= COUNT // 4, 600), len(answered)
        island.kill(victim)
        with done:
            assert done.wait_for(lambda: len(answered) >= COUNT // 2, 600), len(answered)
        island.restart(victim)

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS + 1) as pool:
        killer = pool.submit(crash)
        repeats = sum(pool.map(run, range(CONNECTIONS)))
        killer.result()
    assert len(answered) == COUNT, len(answered)
    assert repeats >= 1, "the kill was felt by nobody"
    wait_for(lambda: island.ready(victim), 120, "the killed peer ready")
    height = island.height()
    wait_for(lambda: all((island.status(peer) or {"height": 0})["height"] >= height for peer in range(4)), 120, "one height")
    wanted = collections.defaultdict(list)
    for path, name in answered.values():
        wanted[path].append(name)
    for peer in range(4):
        client = Client(island, peer)
        for path, names in wanted.items():
            assert len(set(names)) == len(names), f"two answers of {path} name one transaction"
            listed = [record["transactionId"] for record in client.once("GET", path)[1]]
            assert sorted(names) == listed, (peer, path, len(names), len(listed))
        cash = sum(account["value"] for account in client.once("GET", "/Cash")[1])
        assert cash == len(wanted["/CashFundingResident"]), (peer, cash)
        energy = [account["value"] for account in client.once("GET", "/Energy")[1]]
        assert sum(energy) == RESIDENTS * COUNT, (peer, energy)
    # Each once more, elsewhere: the first effect again, and no other.
    client = Client(island, 3)
    for number in range(0, COUNT, COUNT // 20):
        path, body = transaction(number)
        status, answer = client.insist(path, body, f"load-{number}")
        assert (status, answer["transactionId"]) == (200, answered[number][1]), (number, status, answer)
    assert sum(account["value"] for account in client.once("GET", "/Cash")[1]) == len(wanted["/CashFundingResident"])
    print(f"{COUNT} transactions over {CONNECTIONS} connections, {repeats} repetitions at another peer")


def overspend(island):
    """of two debits at the same time, at different peers, that an account cannot both pay, one is refused"""
    admin = Client(island, 0)
    must(admin, "/Cash", {"cashID": "CA_P", "currency": "EUR", "value": 0, "ownerID": "P", "ownerEntity": "Resident"})
    must(admin, "/Resident", {"residentID": "P", "firstName": "F", "lastName": "L", "email": "e", "coins": "CO_P", "cash": "CA_P",
                              "energy": "EN_P"})
    clients, balance = [Client(island, peer) for peer in range(4)], 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for turn in range(12):
            must(admin, "/CashFundingResident", {"cashValue": 10, "cashInc": "CA_P"})
            balance += 10
            debit = {"cashValue": balance - 3, "cashDec": "CA_P"}
            pair = [clients[turn % 4], clients[(turn + 1 + turn // 4) % 4]]
            answers = list(pool.map(lambda c: c.insist("/CashWithdrawalResident", debit, f"debit-{turn}-{c.peer}"), pair))
            assert sorted(status for status, _ in answers) == [200, 500], answers
            refused = next(answer for status, answer in answers if status == 500)
            assert refused["error"]["message"] == "Insufficient cash", refused
            balance = 3
        # All of them at once, more than there is: exactly as many as the balance pays.
        must(admin, "/CashFundingResident", {"cashValue": 7, "cashInc": "CA_P"})
        answers = list(pool.map(lambda i: Client(island, i % 4).insist("/CashWithdrawalResident", {"cashValue": 1, "cashDec": "CA_P"},
                                                                       f"many-{i}"), range(24)))
    assert sum(status == 200 for status, _ in answers) == 10, [status for status, _ in answers]
    height = island.height()
    for peer in range(4):
        wait_for(lambda: island.status(peer)["height"] >= height, 30, f"peer {peer} at height {height}")
        assert Client(island, peer).once("GET", "/Cash/CA_P")[1]["value"] == 0, peer


def main():
    with Island(["--empty", "--api-key", KEY]) as island:
        set_up(Client(island, 0))
        for check in (load, overspend):
            check(island)
            print(f"ok: {check.__doc__}", flush=True)
        totals = island.get(0, "/v1/ledger/totals")[1]
        assert all(entry["total"] == "0" for entry in totals.values()), totals


if __name__ == "__main__":
    main()
