"""Batteries and vehicles of simulated homes: 45 measured days as the requirements say, and a day on a real island."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from island import BINARY, COMMUNITY, Island, audit, wait_for

RESERVE = 4.9
BATTERIES = {"home-01": 5, "home-07": 8, "home-12": 5}


def nano(text):
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(9, "0"))


def replay(storage, vehicles, *more):
    done = subprocess.run([str(BINARY), "market", "replay", "--profiles", str(COMMUNITY), "--rule", "pay_as_clear", "--json",
                           "--storage", storage, "--vehicles", vehicles, *more], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    figures, row = answer["storage"], answer["scenarios"][0]
    get = lambda name: nano(figures[name])
    # All energy is accounted for, to the nano-kWh.
    stored = (get("stored_after_kwh") - get("stored_before_kwh")) + (get("vehicles_after_kwh") - get("vehicles_before_kwh"))
    assert nano(row["imported_kwh"]) + nano(row["produced_kwh"]) - nano(row["exported_kwh"]) == (
        get("load_kwh") + get("driven_kwh") + get("lost_kwh") + get("vehicles_lost_kwh") + stored), figures
    assert figures["load_kwh"] == "7079.01075", figures
    assert figures["trips_served"] == figures["trips"] == (0 if vehicles == "none" else 227), figures
    # The figure that counts is the lower one: what stores lost since the start would have to be bought.
    return min(float(figures["self_sufficiency"]), float(figures["self_sufficiency_refilled"]))


def check_45_days():
    if not (COMMUNITY / "ev_15min.csv").exists():
        print("skipped, not there: ../shared/data/community")
        return
    batteries = replay("community", "none")
    assert batteries >= 0.42, batteries
    own = replay("home", "none")
    assert 0.3037 < own < batteries, own
    naive = replay("none", "naive")
    assert abs(naive - 0.258) < 0.005, naive
    both_naive = replay("community", "naive")
    assert abs(both_naive - 0.350) < 0.005, both_naive
    both = replay("community", "smart")
    assert both >= 0.42, both
    v2g = replay("community", "v2g")
    assert v2g > both, (v2g, both)
    reserve = replay("community", "v2g", "--battery-reserve", "2")
    assert own < reserve < v2g, reserve
    print(f"self-sufficiency of 45 days: batteries {batteries}, at home alone {own}, naive cars {naive}, with batteries "
          f"{both_naive}, smart cars and batteries {both}, V2G {v2g}, V2G and a reserve of 2 kWh {reserve}")


def check_chart():
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(folder) / "chart.svg"
        done = subprocess.run([str(BINARY), "market", "replay", "--rule", "thesis", "--storage", "home", "--vehicles", "v2g", "--chart",
                               str(chart)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "trips served" in done.stdout and "self-sufficiency" in done.stdout and "lost" in done.stdout, done.stdout
        text = chart.read_text()
        assert text.count("<svg") == text.count("</svg>") == 3 and text.count("<polyline") == 7, text[:500]
    for wrong in (["--storage", "all"], ["--vehicles", "fast"], ["--storage", "home", "--battery-reserve", "x"]):
        assert subprocess.run([str(BINARY), "market", "replay", *wrong], capture_output=True, timeout=60).returncode == 64, wrong


def check_island():
    """A day with batteries that share and smart cars: readings tell of the batteries, nobody is suspected, reserves are not sold."""
    until = "2021-06-22T05:00:00Z"
    with Island(["--speed", "max", "--slot", "30m", "--until", until, "--storage", "community", "--vehicles", "smart",
                 "--battery-reserve", str(RESERVE)]) as island:
        last = "/v1/slots/2021-06-22T04:30:00Z"
        wait_for(lambda: island.get(0, last)[1].get("state") in ("provisional", "final"), 300, "the day to be settled")
        admin = {"x-api-key": island.key}
        code, meters = island.get(0, "/v1/meters", headers=admin)
        assert code == 200 and len(meters["items"]) == 12, meters
        assert all(meter["standing"] == "trusted" for meter in meters["items"]), meters
        sold = kept = 0
        for home, capacity in BATTERIES.items():
            code, readings = island.get(0, f"/v1/meters/meter-{home}/readings?limit=200", headers=admin)
            assert code == 200 and len(readings["items"]) == 48, (code, readings)
            charge = {reading["start"]: float(reading["battery_kwh"]) for reading in readings["items"]}
            assert 0 <= min(charge.values()) and max(charge.values()) <= capacity and max(charge.values()) > RESERVE, charge
            code, trades = island.get(0, f"/v1/trades?participant={home}&limit=1000", headers=admin)
            assert code == 200, trades
            slots = {trade["slot"] for trade in trades["items"] if trade["venue"] == "local" and home in json.dumps(trade["seller"])}
            # The criterion counts from the second slot on.
            assert all(charge[slot] >= RESERVE for slot in slots), (home, slots, charge)
            sold += len(slots)
            kept += sum(float(reading["exported_kwh"]) > 0 and charge[reading["start"]] < RESERVE for reading in readings["items"])
        code, readings = island.get(0, "/v1/meters/meter-home-02/readings", headers=admin)
        assert all(reading["battery_kwh"] is None for reading in readings["items"]), readings
        print(f"batteries sold in {sold} slots, and kept what was in reserve in {kept} in which there was something to sell")
        assert sold > 0 and kept > 0, (sold, kept)
        folder = island
        island.process.terminate()
        island.process.wait(60)
        print(audit(folder))


check_chart()
check_45_days()
check_island()
print("ok")
