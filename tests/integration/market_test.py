#!/usr/bin/env python3
"""`powershare market`: one book by every rule, what is wrong with a book, and replays of the same readings."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("POWERSHARE_BINARY") or sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parents[2]

BOOK = {
    "orders": [
        {"id": "o1", "participant": "A", "side": "sell", "energy": "1.5", "price": "0.12", "attributes": {"green": True}},
        {"id": "o2", "participant": "B", "side": "buy", "energy": "1.0", "price": "0.16"},
        {"id": "o3", "participant": "C", "side": "buy", "energy": "0.7", "price": "0.15"},
    ],
    "tariff": {"buy": "0.1629", "feed_in": "0.05"},
    "network": {
        "zones": [{"id": "island", "fee": "0.01"}, {"id": "north", "parent": "island"}, {"id": "south", "parent": "island", "loss": "0.01"}],
        "participants": {"A": "north", "B": "south", "C": "north"},
        "premiums": [{"participant": "B", "partner": "A", "value": "0.005"}],
    },
}


def run(*arguments, text=""):
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def nano(text):
    return round(float(text) * 1e9)


def check_rules():
    code, out, errors = run("market", "rules")
    assert code == 0, errors
    rules = out.split()
    assert len(rules) == 13, rules
    for rule in rules:
        code, out, errors = run("market", "clear", "--rule", rule, text=json.dumps(BOOK))
        assert code == 0, (rule, errors)
        assert f"rule {rule}" in errors, errors
        clearing = json.loads(out.splitlines()[-1])
        assert clearing["rule"] == rule and not clearing.get("fell_back")
        for trade in clearing["trades"]:
            lines = nano(trade["seller_gets"])
            if rule != "nrgcoin":
                lines += sum(nano(fee) for fee in trade["fees"].values()) + nano(trade["losses"])
                assert lines == nano(trade["buyer_pays"]), trade
        if rule == "optimal":
            assert clearing["certificate"]["holds"] and clearing["certificate"]["gap"] == "0", clearing
            assert clearing["volume"] == "1.5" and clearing["unmatched"] == [{"id": "o3", "energy": "0.2"}], clearing
    return len(rules)


def check_faults():
    def faulty(change, code, sentence):
        book = json.loads(json.dumps(BOOK))
        change(book)
        got, _, errors = run("market", "clear", text=json.dumps(book))
        assert got == code and sentence in errors, (got, errors)

    faulty(lambda book: book["orders"][1].update(energy="0"), 65, "energy of an order must be positive")
    faulty(lambda book: book["orders"][1].update(energy="1.0000000001"), 65, "order 2 energy is not a decimal number")
    faulty(lambda book: book["orders"][1].update(side="both"), 65, "order 2 side is neither buy nor sell")
    faulty(lambda book: book["orders"][1].update(id="o1"), 65, "order 2 has an id twice: o1")
    faulty(lambda book: book["orders"][1].update(colour="red"), 65, "order 2 has an unknown field colour")
    faulty(lambda book: book["network"]["zones"][1].update(parent="mars"), 65, "no zone mars")
    assert run("market", "clear", text="{")[0] == 65
    assert run("market", "clear", "--rule", "none", text="{}")[0] == 64
    assert run("market", "clear", "--book", "/nowhere/book.json")[0] == 64
    assert run("market", "replay", "--tariff", "-1")[0] == 64
    assert run("bench", "market", "--rule", "none")[0] == 64


def check_replay(folder):
    shared = pathlib.Path(os.environ.get("POWERSHARE_SHARED") or ROOT / "../shared") / "data/community"
    if shared.exists():
        reference = json.loads((shared / "reference_kpis.json").read_text())["all_45_days"]
        code, out, errors = run("market", "replay", "--profiles", str(shared), "--rule", "pay_as_clear", "--rule", "optimal", "--json")
        assert code == 0, errors
        for row in json.loads(out.splitlines()[-1])["scenarios"]:
            for name in ("imported_kwh", "exported_kwh", "traded_kwh"):
                assert row[name] == reference[name], (name, row)
            assert abs(float(row["self_sufficiency"]) - reference["self_sufficiency_community"]) < 1e-6, row
            assert abs(float(row["self_consumption"]) - reference["self_consumption_community"]) < 1e-6, row
            assert abs(float(row["cost"]) - float(reference["cost_eur"])) < 1e-6, row
    else:
        print("skipped, not there: ../shared/data/community")
    chart = folder / "chart.svg"
    code, out, errors = run("market", "replay", "--fee", "0.02", "--loss", "0.01", "--tariff", "0.1629", "--tariff", "0.2",
                            "--chart", str(chart), "--json")
    assert code == 0, errors
    rows = json.loads(out.splitlines()[-1])["scenarios"]
    assert len(rows) == 26, len(rows)
    for row in rows:
        gains = nano(row["buyers_gain"]) + nano(row["sellers_gain"])
        assert abs(gains - nano(row["welfare"])) < 10_000, row  # rounding of each trade
        assert nano(row["welfare"]) >= 0 and nano(row["fees"]) >= 0
    best = {row["tariff"]: nano(row["welfare"]) for row in rows if row["rule"] == "optimal"}
    for row in rows:
        assert row["rule"] == "nrgcoin" or nano(row["welfare"]) <= best[row["tariff"]] + 10_000, row
    text = chart.read_text()
    assert text.startswith("<svg") and text.rstrip().endswith("</svg>") and text.count("<rect") == 1 + 3 + 3 * 26


def check_bench():
    code, out, errors = run("bench", "market", "--orders", "1000", "--rule", "pay_as_clear", "--rule", "optimal", "--json")
    assert code == 0, errors
    figures = json.loads(out.splitlines()[-1])
    assert figures["ok"] and len(figures["cases"]) == 4, figures
    plain = [case for case in figures["cases"] if not case["network"]]
    assert {case["volume_kwh"] for case in plain} == {238.447}, plain
    for case in figures["cases"]:
        assert not case.get("fell_back") and case.get("gap_coins", "0") == "0", case
    assert [case["surplus_coins"] for case in plain if case["rule"] == "optimal"] == ["29.8216222"], plain


with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    print(f"{check_rules()} rules clear a book through the command")
    check_faults()
    check_replay(work)
    check_bench()
print("ok")
