"""kill -9 of a backup, of the primary, and of all four peers at once in mid-run: the run completes, nothing that was acknowledged is
missing, nothing is double, the audit holds."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from island import LONG, Island, wait_for  # noqa: E402

HOMES = 12
SLOTS = 96


def run(name, disturb):
    with Island(["--speed", "max"], once=True) as island:
        disturb(island)
        summary = island.finish(900)
    assert summary["slots"] == SLOTS and summary["readings"] == HOMES * SLOTS, summary
    assert summary["audit"] == "ok" and len(summary["peers"]) == 4, summary
    print(f"{name}: {summary['readings']} readings, audit ok, heights {[p['height'] for p in summary['peers']]}")


def progress(island, blocks):
    """Waits until the chain has grown by `blocks` from here."""
    target = island.height() + blocks
    wait_for(lambda: island.height() >= target or island.process.poll() is not None, 120, f"height {target}")
    assert island.process.poll() is None, "the run was over before the fault came"


def kill_backup(island):
    progress(island, 10)
    backup = (island.primary() + 1) % 4
    island.kill(backup)
    progress(island, 10)
    island.restart(backup)


def kill_primary(island):
    for _ in range(3 if LONG else 1):
        progress(island, 10)
        primary = island.primary()
        island.kill(primary)
        progress(island, 5)
        island.restart(primary)


def kill_all(island):
    for _ in range(3 if LONG else 1):
        progress(island, 10)
        for peer in range(4):
            island.kill(peer)
        for peer in range(4):
            island.restart(peer)
        wait_for(lambda: all(island.ready(peer) for peer in range(4)), 60, "all ready again")


def main():
    run("a backup", kill_backup)
    run("the primary", kill_primary)
    run("all four at once", kill_all)


if __name__ == "__main__":
    sys.exit(main())
