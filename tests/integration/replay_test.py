"""Real profiles through four real peers: every figure of the summary is exact, every reading is in the ledger once."""

import csv
import json
import subprocess
import sys
import time
from fractions import Fraction

from island import BINARY, COMMUNITY, LONG, Island, need_community



def reference(slots):
    """The figures of the first `slots` slots, from the profiles, in exact arithmetic of this test's own."""
    with open(COMMUNITY / "community_scenario.csv") as file:
        homes = list(csv.DictReader(file))
    with open(COMMUNITY / "load_w_15min.csv") as file:
        loads = list(csv.DictReader(file))[:slots]
    with open(COMMUNITY / "pv_pu_15min.csv") as file:
        plants = list(csv.DictReader(file))[:slots]
    imported = exported = traded = 0
    for load, plant in zip(loads, plants):
        need = surplus = 0
        for home in homes:
            kwh = Fraction(load[home["home"]]) / 4000
            if home["pv_profile"]:
                kwh -= Fraction(plant[home["pv_profile"]]) * Fraction(home["pv_kwp"]) / 4
            nano = round(kwh * 10**9)  # Python rounds fractions half to even
            need += max(nano, 0)
            surplus += max(-nano, 0)
        imported, exported, traded = imported + need, exported + surplus, traded + min(need, surplus)
    return {"imported_kwh": imported, "exported_kwh": exported, "traded_kwh": traded}


def nano(text):
    return int(Fraction(text) * 10**9)


def replay(island):
    """What the ledger of a peer that has ended comes to by the rule that it was settled by."""
    done = subprocess.run([BINARY, "market", "replay", "--ledger", str(island.data(0)), "--rule", "pay_as_clear", "--json"],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["scenarios"][0]


def run(name, slots, until, minutes):
    begin = time.monotonic()
    with Island(["--speed", "max", "--profiles", str(COMMUNITY)] + (["--until", until] if until else []),
                once=True) as island:
        summary = island.finish(minutes * 60)
        replayed = replay(island)
    seconds = time.monotonic() - begin
    for field in ("traded_kwh", "imported_kwh", "exported_kwh"):
        assert replayed[field] == summary[field], (field, replayed[field], summary[field])
    expected = reference(slots)
    assert summary["slots"] == slots, summary
    assert summary["homes"] == 16, summary
    assert summary["readings"] == 16 * slots, summary
    for field, value in expected.items():
        assert nano(summary[field]) == value, (field, summary[field], value)
    assert summary["audit"] == "ok", summary
    assert len({peer["state_root"] for peer in summary["peers"]}) == 1 and len(summary["peers"]) == 4, summary
    cost = (expected["imported_kwh"] - expected["traded_kwh"]) * Fraction("0.1629") / 10**9
    assert abs(Fraction(summary["cost"]) - cost) < Fraction(1, 10**4), (summary["cost"], float(cost))
    print(f"{name}: {slots} slots, {16 * slots} readings in {seconds:.1f} s, "
          f"{16 * slots / seconds:.0f} readings/s, traded {summary['traded_kwh']} kWh, "
          f"self-sufficiency {summary['self_sufficiency']}")
    return summary


def main():
    need_community()
    if not LONG:
        run("3 days", 288, "2021-02-18T00:00:00+01:00", 15)
        return
    week = run("week", 672, "2021-02-22T00:00:00+01:00", 30)
    assert week["traded_kwh"] == "147.126227375" and week["imported_kwh"] == "1017.227107371", week
    assert week["exported_kwh"] == "349.075464375", week
    whole = run("45 days", 4316, None, 120)
    assert whole["traded_kwh"] == "1084.398577525", whole
    assert f"{whole['self_sufficiency']:.4f}" == "0.3037", whole
    assert f"{float(whole['cost']):.4f}" == "802.9431", whole
    assert f"{float(whole['cost_without_market']):.4f}" == "979.5917", whole


if __name__ == "__main__":
    sys.exit(main())
