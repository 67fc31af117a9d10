"""Members change under load: four peers become seven and four again, one key is replaced, and every
certificate still verifies from the genesis alone.

Each change is a governance transaction; it takes effect at the checkpoint that ends the epoch. New peers are started
before the chain knows them, removed ones are stopped after their epoch, and transactions are posted all the time.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "integration"))
from island import BINARY, Island, alive, free_ports, wait_for  # noqa: E402


def run(*arguments, text=None):
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class Load(threading.Thread):
    """Registers residents one after the other, each at another of the peers of the genesis that are alive: the gateways
    of peers that came later act for the administrator only once they are told so."""

    def __init__(self, island, peers):
        super().__init__(daemon=True)
        self.island, self.peers = island, peers
        self.applied, self.failures, self.longest_gap_seconds = [], [], 0.0
        self.halt = threading.Event()

    def run(self):
        last = time.monotonic()
        number = 0
        while not self.halt.is_set():
            number += 1
            name = f"R{number}"
            while not self.halt.is_set() and not self.register(name, self.peers[number % len(self.peers)]):
                time.sleep(0.05)  # as a client would; then the same request again, with its idempotency key
            now = time.monotonic()
            self.longest_gap_seconds = max(self.longest_gap_seconds, now - last)
            last = now

    def register(self, name, peer):
        try:
            code, answer = self.island.request(peer, "POST", "/v1/participants", {"type": "Resident", "id": name}, {
                "x-api-key": self.island.key, "Idempotency-Key": name}, timeout=30)
        except OSError as error:
            self.failures.append(str(error))
            return False
        if code != 200:
            self.failures.append((code, answer))
            return False
        self.applied.append(name)
        return True

    def stop(self):
        self.halt.set()
        self.join(60)


class Members:
    def __init__(self, island):
        self.island = island
        self.genesis = island.chain_folder / "genesis.json"
        self.administrator = island.chain_folder / "administrator.key"

    def members(self, peer=0):
        return self.island.get(peer, "/v1/members")[1]

    def epoch(self, peer=0):
        return self.members(peer)["current"]["epoch"]

    def govern(self, *arguments):
        code, output, errors = run("governance", *arguments, "--key", self.administrator, "--peer",
                                   self.island.peers[0]["http"], "--json")
        assert code == 0, (arguments, code, output, errors)
        return json.loads(output.splitlines()[-1])

    def new_peer(self):
        """Keys, configuration and process of a further peer; the chain does not know it yet."""
        number = len(self.island.peers)
        name = f"{self.island.chain_folder.name}-{number}"
        folder = self.island.chain_folder / name
        folder.mkdir()
        code, entry, errors = run("keys", "--folder", folder / "keys", "--peer", name)
        assert code == 0, errors
        (folder / "member.json").write_text(entry + "\n")
        http = free_ports(4)
        metrics, control, bulk = http + 1, http + 2, http + 3
        text = pathlib.Path(self.island.peers[0]["config"]).read_text()
        first = pathlib.Path(self.island.peers[0]["config"]).parent
        remotes = "".join(f"\n  - peer: {peer['id']}\n    control: {peer['control']}\n    bulk: {peer['bulk']}"
                          for peer in self.island.peers)
        config = folder / "peer.yaml"
        config.write_text(f"""peer: {name}
genesis: {self.genesis}
keys: keys
data: data
http: {{address: 127.0.0.1, port: {http}}}
metrics: {{address: 127.0.0.1, port: {metrics}}}
transport: {{control: "tcp://127.0.0.1:{control}", bulk: "tcp://127.0.0.1:{bulk}"}}
peers:{remotes}
{re.search('administrator_key_sha256: .*', text).group(0)}
watts_per_core: 10
""")
        self.island.peers.append({"id": name, "config": str(config), "http": f"http://127.0.0.1:{http}", "data": str(folder / "data"),
                                  "control": f"tcp://127.0.0.1:{control}", "bulk": f"tcp://127.0.0.1:{bulk}", "pid": 0})
        self.island.restart(number)
        return number, folder / "member.json"

    def reach(self, epoch, peers):
        for peer in peers:
            wait_for(lambda: self.epoch_seen(peer) == epoch, 60, f"epoch {epoch} at peer {peer}")
            wait_for(lambda: self.island.ready(peer), 60, f"peer {peer} ready in epoch {epoch}")

    def epoch_seen(self, peer):
        try:
            return self.members(peer)["current"]["epoch"]
        except OSError:
            return None

    def prove(self, peers):
        """The newest certified block, from any peer, offline against the genesis."""
        for peer in peers:
            height = self.island.status(peer)["height"]
            code, proof = wait_for(lambda: self.certificate(peer, height), 30, f"certificate of {height} at {peer}")
            assert code == 200
            code, output, errors = run("verify-certificate", "--genesis", self.genesis, text=json.dumps(proof))
            assert code == 0, (peer, height, output, errors)
        return output.splitlines()[-1]

    def certificate(self, peer, height):
        code, answer = self.island.get(peer, f"/v1/blocks/{height}/certificate")
        return (code, answer) if code == 200 else None


def addresses(island):
    """Where the first four listen, from their configurations."""
    for peer in island.peers:
        text = pathlib.Path(peer["config"]).read_text()
        peer["control"], peer["bulk"] = re.search(r"control: (\S+)\n\s+bulk: (\S+)", text).groups()


def check_growth(chain, load):
    """From four over five and six to seven, one at a time, each new peer with a vote in its epoch."""
    for epoch in (1, 2, 3):
        number, member = chain.new_peer()
        peer = chain.island.peers[number]
        chain.govern("add-member", "--member", member, "--control", peer["control"], "--bulk", peer["bulk"])
        chain.reach(epoch, range(number + 1))
        assert len(chain.members()["current"]["members"]) == number + 1
        print(f"   epoch {epoch}: {number + 1} members, height {chain.island.height()}, {chain.prove([0, number])}", flush=True)


def check_survives_two(chain, load):
    """Seven members bear two that are killed."""
    load.peers[:] = [0, 1]
    before = chain.island.height()
    for peer in (2, 3):
        chain.island.kill(peer)
    wait_for(lambda: chain.island.height() > before + 5, 60, "blocks with five of seven")
    for peer in (2, 3):
        chain.island.restart(peer)
    chain.reach(3, range(7))
    load.peers[:] = [0, 1, 2, 3]


def check_other_keys(chain, load):
    """One peer gets other keys: restarted with both sets before, signing with the new ones after."""
    peer = chain.island.peers[1]
    folder = pathlib.Path(peer["config"]).parent
    code, entry, errors = run("keys", "--folder", folder / "keys-2", "--peer", peer["id"])
    assert code == 0, errors
    (folder / "member-2.json").write_text(entry + "\n")
    config = pathlib.Path(peer["config"])
    text = config.read_text()
    config.write_text(re.sub(r"(?m)^keys: (.*)$", r"keys: keys-2\nformer_keys: \1", text))
    load.peers[:] = [0, 2, 3]
    chain.island.kill(1)
    chain.island.restart(1)
    wait_for(lambda: chain.island.ready(1), 60, "the peer with both sets of keys")
    chain.govern("replace-keys", "--member", folder / "member-2.json")
    chain.reach(4, range(7))
    chain.island.kill(1)
    config.write_text(re.sub(r"(?m)^keys: (.*)$", r"keys: keys-2", text))
    chain.island.restart(1)
    chain.reach(4, range(7))
    load.peers[:] = [0, 1, 2, 3]


def check_shrinking(chain, load):
    """Back to four: the primary's seat, the oldest and a young peer leave; the rest go on."""
    epoch = 4
    left = list(range(7))
    for leaving in (6, 0, 3):
        epoch += 1
        load.peers[:] = [peer for peer in left if peer < 4 and peer != leaving]
        source = next(peer for peer in left if peer != leaving)
        code, output, errors = run("governance", "remove-member", "--id", chain.island.peers[leaving]["id"], "--key",
                                   chain.administrator, "--peer", chain.island.peers[source]["http"], "--json")
        assert code == 0, (output, errors)
        left.remove(leaving)
        chain.reach(epoch, left)
        wait_for(lambda: not chain.island.ready(leaving), 20, "a peer that has left is not ready")
        print(f"   epoch {epoch}: {len(left)} members, {chain.prove(left[:1])}", flush=True)
        chain.island.kill(leaving)
    return left


def main():
    with Island(["--empty"]) as island:
        addresses(island)
        chain = Members(island)
        load = Load(island, [0, 1, 2, 3])
        load.start()
        for check in (check_growth, check_survives_two, check_other_keys):
            begin = time.monotonic()
            try:
                check(chain, load)
            except BaseException:
                print(f"load: {len(load.applied)} applied, last refusals {load.failures[-5:]}")
                for peer in range(len(island.peers)):
                    print(island.status(peer))
                raise
            print(f"ok {check.__name__} {time.monotonic() - begin:.1f} s", flush=True)
        begin = time.monotonic()
        left = check_shrinking(chain, load)
        load.stop()
        print(f"ok check_shrinking {time.monotonic() - begin:.1f} s", flush=True)
        head = max(chain.island.status(peer)["height"] for peer in left)
        for peer in left:
            wait_for(lambda: island.status(peer)["height"] >= head, 30, f"peer {peer} at height {head}")
            names = set()
            path = "/v1/participants?limit=100"
            while path:
                page = island.get(peer, path)[1]
                names |= {item["id"] for item in page["items"]}
                path = f"/v1/participants?limit=100&after={page['next']}" if page["next"] else None
            missing = [name for name in load.applied if name not in names and f"Resident:{name}" not in names]
            assert not missing, (peer, missing[:5], sorted(names)[:3])
        print(f"{len(load.applied)} residents registered meanwhile, {len(load.failures)} refusals, longest gap {load.longest_gap_seconds:.1f} s")
        pids = [island.pid(peer) for peer in left]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            wait_for(lambda: not alive(pid), 20, f"process {pid} gone after SIGTERM")
        for where in (["--data", island.folder], *(["--peer-dir", island.chain_folder / island.peers[peer]["id"]] for peer in (4, 5, 6))):
            code, output, errors = run("audit", *where)
            assert code == 0, (where, output, errors)
            print(output.splitlines()[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
