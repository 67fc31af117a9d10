"""Peers of two versions run one chain, whose genesis is from before the newer one's features: side by side under load, over the
switch and after it. Whoever cannot follow stops by itself with one sentence and comes back once it is upgraded; where all are
upgraded before the switch nobody stops at all.

An older program is the same program with `feature_level_max: 1` in its configuration."""

import json
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from disk_load import Load, all_equal, logs  # noqa: E402
from island import Island, alive, audit, wait_for  # noqa: E402
from membership_test import Members, addresses, run  # noqa: E402

WRONG_CONFIGURATION = 78
UNKNOWN = "not_admitted: This chain's feature level does not know such a transaction yet"
SENTENCE = "powershare: the chain goes on at feature level 2, this program knows levels up to 1: install a newer one"


class OldIsland(Island):
    """An island whose genesis is at feature level 1."""

    def start(self):
        super().start()
        self.process.terminate()
        assert self.process.wait(40) == 0, self.process.returncode
        genesis = self.chain_folder / "genesis.json"
        content = json.loads(genesis.read_text())
        assert content["feature_level"] >= 2, content["feature_level"]
        registry = [entry for entry in content["registry"] if entry["type"] != "SetCalendar"]
        parameters = {name: value for name, value in content["parameters"].items() if not name.startswith("gateway_daily")}
        genesis.write_text(json.dumps({**content, "registry": registry, "parameters": parameters, "feature_level": 1}))
        for peer in range(4):
            shutil.rmtree(self.data(peer))
        (self.folder / "island.json").unlink()
        self.log.close()
        return super().start()


class Versions(Members):
    """Which peers are older, and their upgrades."""

    def __init__(self, island, load):
        super().__init__(island)
        self.load = load

    def run_as(self, peer, older):
        """Ends the peer if it runs and starts it as the one or the other program; the others go on meanwhile."""
        config = pathlib.Path(self.island.peers[peer]["config"])
        text = re.sub(r"(?m)^feature_level_max: .*\n", "", config.read_text())
        config.write_text(text + ("feature_level_max: 1\n" if older else ""))
        before = len(self.load.applied)
        if alive(self.island.pid(peer)):
            self.island.kill(peer)
        process = self.island.restart(peer)
        wait_for(lambda: self.island.ready(peer), 60, f"peer {peer} is ready as the {'older' if older else 'newer'} program")
        wait_for(lambda: len(self.load.applied) > before + 10, 60, "transactions are applied beside the restart")
        return process

    def level(self, peer):
        return self.members(peer)["current"]["feature_level"]

    def answers(self, *arguments):
        """What each peer says to the same command of the administrator."""
        return [run("governance", *arguments, "--key", self.administrator, "--peer", peer["http"]) for peer in self.island.peers[:4]]

    def newer_transactions_are_refused(self, member):
        """Below level 2 a membership transaction is nothing that anybody knows, for the older and for the newer program."""
        for arguments in (("add-member", "--member", member), ("remove-member", "--id", self.island.peers[3]["id"]),
                          ("replace-keys", "--member", member)):
            answers = self.answers(*arguments)
            assert all(code == 1 and errors.endswith(f"/v1/transactions: {UNKNOWN}") for code, _, errors in answers), answers
        assert self.members()["pending"] is None

    def newer_transactions_are_known(self):
        """At level 2 the rule itself answers: four members are the fewest."""
        answers = self.answers("remove-member", "--id", self.island.peers[3]["id"])
        assert all(code == 1 and "too_few_members" in errors for code, _, errors in answers), answers

    def add_a_member(self):
        number, member = self.new_peer()
        peer = self.island.peers[number]
        self.govern("add-member", "--member", member, "--control", peer["control"], "--bulk", peer["bulk"])
        self.reach(self.epoch() + (0 if self.members()["pending"] is None else 1), range(number + 1))
        assert len(self.members(number)["current"]["members"]) == number + 1

    def switch(self):
        pending = self.govern("feature-level", "2")["pending"]
        assert pending["feature_level"] == 2, pending
        return pending["last_sequence"]

    def goes_on(self, blocks=20):
        target = self.island.height() + blocks
        wait_for(lambda: self.island.height() >= target, 60, f"height {target}")


def spare_member(chain):
    """The public half of keys that no peer has."""
    folder = chain.island.folder / "spare"
    code, entry, errors = run("keys", "--folder", folder / "keys", "--peer", "spare-0")
    assert code == 0, errors
    (folder / "member.json").write_text(entry + "\n")
    return folder / "member.json"


def one_stays_behind(chain):
    """One older peer beside three newer ones, when the level is switched on."""
    old = (chain.island.primary() + 1) % 4
    process = chain.run_as(old, older=True)
    assert [chain.level(peer) for peer in range(4)] == [1] * 4
    chain.newer_transactions_are_refused(spare_member(chain))
    chain.goes_on()
    last = chain.switch()
    wait_for(lambda: process.poll() is not None, 60, "the older peer has stopped")
    log = chain.island.data(old).parent / "peer.log"
    said = log.read_text().strip().splitlines()[-1]
    assert (process.returncode, said) == (WRONG_CONFIGURATION, SENTENCE), (process.returncode, said)
    assert f"after sequence {last} the chain is at feature level 2; this program knows 1" in log.read_text(), "it was not announced"
    chain.island.extra.remove(process)
    others = [peer for peer in range(4) if peer != old]
    chain.reach(1, others)
    chain.goes_on()
    # Its ledger ends with the old epoch, and it does not begin the new one however often it is started.
    code, output, errors = run("audit", "--peer-dir", chain.island.data(old).parent, "--json")
    assert code == 0, (code, output, errors)
    height = json.loads(output)["peers"][0]["height"]
    blocks = [chain.island.get(others[0], f"/v1/blocks/{number}")[1]["header"] for number in (height, height + 1)]
    assert blocks[0]["sequence"] <= last < blocks[1]["sequence"], (blocks, last)
    code, _, errors = run("peer", "--config", chain.island.peers[old]["config"])
    assert (code, errors.splitlines()[-1]) == (WRONG_CONFIGURATION, SENTENCE), (code, errors)
    chain.goes_on()
    print(f"   stopped by itself after block {height}, exit {process.returncode}: {said}", flush=True)

    chain.run_as(old, older=False)
    chain.reach(1, range(4))
    # Now one of the others is missing: without the upgraded peer's vote there is no quorum.
    other = others[0]
    chain.island.kill(other)
    chain.goes_on()
    chain.run_as(other, older=False)
    chain.newer_transactions_are_known()
    chain.add_a_member()


def upgraded_before(chain):
    """Four older peers are upgraded one by one, then the level is switched on: nobody stops, nobody waits for anybody."""
    for peer in range(4):
        chain.run_as(peer, older=True)
    chain.newer_transactions_are_refused(spare_member(chain))
    for peer in range(4):
        chain.run_as(peer, older=False)
        chain.newer_transactions_are_refused(chain.island.folder / "spare/member.json")
    pids = [chain.island.pid(peer) for peer in range(4)]
    chain.switch()
    chain.reach(1, range(4))
    assert [chain.level(peer) for peer in range(4)] == [2] * 4
    assert [chain.island.pid(peer) for peer in range(4)] == pids, "a peer was restarted"
    chain.newer_transactions_are_known()
    chain.add_a_member()
    assert [chain.island.pid(peer) for peer in range(4)] == pids, "a peer was restarted"


def main():
    for story in (one_stays_behind, upgraded_before):
        begin = time.monotonic()
        with OldIsland(["--empty"]) as island:
            addresses(island)
            load = Load(island)
            load.start()
            story(Versions(island, load))
            load.stop()
            wait_for(lambda: all_equal(island), 60, "all peers ready and equal")
            acknowledged = load.check_nothing_lost()
            wait_for(lambda: all_equal(island), 60, "all peers equal")
            newest = island.status(4)
            assert newest["state_root"] == island.status(0)["state_root"], newest
            assert "equivocation by" not in logs(island), "a peer signed two things"
            island.process.terminate()
            assert island.process.wait(40) == 0, island.process.returncode
            for process in island.extra:
                process.terminate()
                process.wait(20)
            print(f"{story.__name__}: {acknowledged} acknowledgements, none lost; {audit(island)}; {time.monotonic() - begin:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
